import Campaigns
import Channels
import Deliveries
import Feeds
import Foundation
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
    if let slack = configuration.slack {
      var made = SlackChannel.Configuration(
        conversation: slack.conversation,
        token: try SecretReference(slack.token).load(environment: environment))
      if let base = slack.base { made.base = base }
      made.acceptsMocks = slack.mocks
      var options = SlackOptions()
      options.callsEverybody = slack.callsEverybody
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
      var made = IcareClient.Configuration(
        address: try WebURL(icare.address),
        token: try SecretReference(icare.token).load(environment: environment))
      made.allowsPlainHTTP = icare.plainHTTP
      let known = Set(telescopes.map(\.slug))
      for slug in icare.instruments.keys.sorted() where !known.contains(slug) {
        doubts.append("icare.instruments names \(slug), which is no telescope")
      }
      add(
        IcareChannel(client: try IcareClient(made), acceptsMocks: icare.mocks),
        .icare(IcareOptions(group: icare.group, instruments: icare.instruments)))
    }
    self.channels = channels
    recipients = Recipients(entries)
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
