import Campaigns
import Channels
import Deliveries
import Feeds
import Foundation
import Galaxies
import GalaxyFiles
import Icare
import Observatories
import TelescopeFiles
import WebClient

/// What a configuration names, read and made.
public struct ServiceAssembly {
  public let policy: Policy
  public let telescopes: [Telescope]
  let recipients: Recipients
  let channels: [any DeliveryChannel]
  let duty: DutyRoster?
  let galaxies: GalaxyIndex?
  /// What is odd but no reason to stop.
  public private(set) var doubts: [String] = []

  public init(
    _ configuration: ServiceConfiguration, environment: [String: String], client: WebClient
  ) throws {
    let own = try configuration.policies.map { try PolicyFolder.files(in: URL(filePath: $0)) } ?? []
    policy = try PolicyLibrary(own, try PolicyFolder.shipped()).policy(named: configuration.policy)
    let folder = try TelescopeFiles.load(URL(filePath: configuration.telescopes))
    telescopes = folder.registry.telescopes
    doubts = folder.problems.map { "left out: \($0)" }
    duty = configuration.roster.map { DutyRoster(path: $0) }
    // A roster with a mistake must not keep the service from starting at night.
    if let trouble = duty?.trouble { doubts.append("roster: \(trouble)") }
    galaxies = Self.galaxies(configuration.galaxies, &doubts)
    var entries: [Recipients.Entry] = []
    var channels: [any DeliveryChannel] = []
    func add(_ channel: some DeliveryChannel, _ kind: Recipients.Kind) {
      channels.append(channel)
      entries.append(.init(channel: channel.name, kind: kind, acceptsMocks: channel.acceptsMocks))
    }
    if configuration.files.enabled {
      try FileManager.default.createDirectory(
        atPath: configuration.planRoot, withIntermediateDirectories: true)
      var drop = FileDropChannel.Configuration(root: configuration.planRoot)
      drop.acceptsMocks = configuration.files.mocks
      add(try FileDropChannel(drop), .files)
    }
    for (slug, drop) in configuration.drops.sorted(by: { $0.key < $1.key }) {
      if !telescopes.contains(where: { $0.slug == slug }) {
        doubts.append(Self.stranger("drops", slug, telescopes))
      }
      var made = SiteDropChannel.Configuration(name: "drop:\(slug)", folder: drop.folder)
      made.acceptsMocks = drop.mocks
      add(try SiteDropChannel(made), .drop(DropOptions(slug: slug, format: drop.format)))
    }
    if let slack = configuration.slack {
      var made = SlackChannel.Configuration(
        conversation: slack.conversation,
        token: try SecretReference(slack.token).load(environment: environment))
      if let base = slack.base { made.base = base }
      made.acceptsMocks = slack.mocks
      var options = SlackOptions()
      options.callsEverybody = slack.callsEverybody
      if slack.signingSecret != nil {
        // Robots do not press buttons.
        options.asks = Set(telescopes.filter { $0.automation?.isRobotic != true }.map(\.slug))
      }
      add(try SlackChannel(made, client: client), .slack(options))
    }
    if let mail = configuration.mail {
      add(try Self.mail(mail, environment), .mail(to: mail.to.map { MailAddress($0) }))
    }
    for webhook in configuration.webhooks {
      var made = WebhookChannel.Configuration(
        name: "webhook:\(webhook.name)", address: webhook.address,
        secret: try SecretReference(webhook.secret).load(environment: environment))
      made.readBackAddress = webhook.readBack
      made.acceptsMocks = webhook.mocks
      add(try WebhookChannel(made, client: client), .webhook)
    }
    if let icare = configuration.icare {
      let known = Set(telescopes.map(\.slug))
      for slug in icare.instruments.keys.sorted() where !known.contains(slug) {
        doubts.append(Self.stranger("icare.instruments", slug, telescopes))
      }
      for slug in icare.send where icare.instruments[slug] == nil {
        doubts.append("icare.send names \(slug), which is not in icare.instruments")
      }
      let apis: Set<String> = ["GENERICAPI", "TAROTAPI", "TRTAPI", "SLACKAPI", "COLIBRIAPI"]
      for (slug, api) in icare.requests.sorted(by: { $0.key < $1.key }) {
        let stations = ["SRO", "GAO", "SBO", "CTO"].map { "TRTAPI:\($0)" }
        guard apis.contains(String(api.prefix { $0 != ":" })), icare.instruments[slug] != nil,
          !api.hasPrefix("TRTAPI") || stations.contains(api)
        else {
          throw ConfigurationError(
            "icare.requests: \(slug): \(api): one of \(apis.sorted().joined(separator: ", ")) for a telescope of "
              + "icare.instruments; TRTAPI with its station, TRTAPI:SRO")
        }
      }
      add(
        IcareChannel(client: try icare.client(environment: environment), acceptsMocks: icare.mocks),
        .icare(icare.options(for: telescopes)))
    }
    if let map = configuration.treasureMap {
      var made = TreasureMapChannel.Configuration(
        token: try SecretReference(map.token).load(environment: environment))
      if let base = map.base { made.base = base }
      made.acceptsMocks = map.mocks
      let known = Set(telescopes.map(\.slug))
      for slug in map.instruments.keys.sorted() where !known.contains(slug) {
        doubts.append(Self.stranger("treasure_map.instruments", slug, telescopes))
      }
      if map.instruments.isEmpty { doubts.append("treasure_map.instruments is empty: nothing is reported") }
      add(
        try TreasureMapChannel(made, client: client),
        .treasureMap(TreasureMapOptions(instruments: map.instruments)))
    }
    self.channels = channels
    var recipients = Recipients(entries)
    recipients.teams = try Self.teams(configuration.teams, of: telescopes, &doubts)
    self.recipients = recipients
  }

  /// Keys are slugs; people write what they call a telescope.
  private static func stranger(_ section: String, _ name: String, _ telescopes: [Telescope]) -> String {
    let meant = (try? Registry(telescopes).resolve(name)).map { ": write \($0.slug)" } ?? ""
    return "\(section) names \(name), which is no telescope's slug\(meant)"
  }

  /// Nor must a catalogue that is not there: plans then tile the sky with every field.
  private static func galaxies(_ path: String?, _ doubts: inout [String]) -> GalaxyIndex? {
    guard let path else { return nil }
    do throws(CatalogError) {
      let (index, faults, rows) = try GalaxyIndex.reading(path)
      if faults > 0 { doubts.append("galaxies: \(path): \(faults) of \(rows) rows cannot be used") }
      return index
    } catch {
      doubts.append("galaxies: plans are made without them: \(error)")
      return nil
    }
  }

  private static func teams(
    _ teams: [String: String], of telescopes: [Telescope], _ doubts: inout [String]
  ) throws -> [String: [MailAddress]] {
    let known = Set(telescopes.map(\.slug))
    for slug in teams.keys.sorted() where !known.contains(slug) {
      doubts.append(stranger("teams", slug, telescopes))
    }
    return try teams.mapValues { text in
      let list = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      guard list.allSatisfy({ $0.split(separator: "@").count == 2 }) else {
        throw ConfigurationError("teams: \(text): addresses such as team@example.org, with commas between")
      }
      return list.map { MailAddress($0) }
    }
  }

  private static func mail(
    _ mail: ServiceConfiguration.Mail, _ environment: [String: String]
  ) throws -> MailChannel {
    let security: MailServer.Security =
      mail.security == "tls" ? .implicitTLS : mail.security == "none" ? .none : .startTLS
    let server = MailServer(
      host: mail.host, port: mail.port, security: security, user: mail.user,
      password: try mail.password.map { try SecretReference($0).load(environment: environment) })
    let domain = mail.sender.split(separator: "@").last.map { String($0) } ?? "localhost"
    var made = MailChannel.Configuration(
      server: server, sender: MailAddress(mail.sender, name: "GRANDMA Vesper"), messageHost: domain)
    made.acceptsMocks = mail.mocks
    return try MailChannel(made)
  }
}

extension ServiceConfiguration.Icare {
  /// Telescopes that are reached through ICARE take requests by its generic form unless another is named.
  func options(for telescopes: [Telescope]) -> IcareOptions {
    var apis = requests
    for telescope in telescopes
    where telescope.channel?.kind == "icare" && instruments[telescope.slug] != nil {
      if apis[telescope.slug] == nil { apis[telescope.slug] = "GENERICAPI" }
    }
    var options = IcareOptions(
      group: group, instruments: instruments, requests: apis, filters: filters,
      crossMatch: CrossMatchPolicy(rawValue: crossMatch) ?? .propose,
      createAfter: .seconds(createAfterSeconds))
    options.sends = Set(send)
    options.setsTriggers = triggers
    return options
  }
}

extension ServiceConfiguration.Kafka {
  /// - Throws: `ConfigurationError` without credentials, or for a topic that is no name.
  func feed(environment: [String: String]) throws -> KafkaConfiguration {
    let patterns = try topics.map { text in
      guard let pattern = TopicPattern(text) else {
        throw ConfigurationError("kafka.topics: `\(text)` is no topic")
      }
      return pattern
    }
    var made: KafkaConfiguration
    if security == "plaintext" {
      guard !brokers.isEmpty else { throw ConfigurationError("kafka.brokers is empty") }
      made = KafkaConfiguration(bootstrapServers: brokers, groupID: group, protection: .plaintext)
    } else {
      let endpoint = try WebURL(tokenEndpoint ?? OAuthCredentials.gcnTokenEndpoint)
      guard let credentials = try OAuthCredentials.load(from: environment, tokenEndpoint: endpoint) else {
        throw ConfigurationError(
          "kafka: no credentials; set VESPER_GCN_CLIENT_ID and VESPER_GCN_CLIENT_SECRET, or both with _FILE")
      }
      made = .gcn(groupID: group, credentials: credentials)
      if !brokers.isEmpty { made.bootstrapServers = brokers }
    }
    if !patterns.isEmpty { made.topics = patterns }
    return made
  }
}
