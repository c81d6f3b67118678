import Channels
import Dashboard
import Formats
import Foundation
import Store
import Units
import WebClient

/// The ways in that carry their own proof, and what is kept at hand behind them.
final class Doors: Sendable {
  /// Signs links; nil: there are none.
  let linkSecret: Secret?
  /// Where people reach the service, such as `https://vesper.example`.
  let base: String?
  private let slack: Guard<SlackSignature?>
  private let shelf = Guard<[(id: String, document: NetworkPlanDocument)]>([])
  private static let shelfSize = 8
  private let files = Guard<[FileKey: FileView]>([:])
  private static let mostFiles = 256
  private let rests = Guard<[RestKey: PlanDocument]>([:])

  /// What is left of one telescope's part of a plan.
  struct RestKey: Hashable {
    let seal: String
    let tiles: Set<String>
  }

  /// Equal documents and preferences give equal bytes.
  struct FileKey: Hashable {
    let seal: String
    let format: PlanFormat
    let preferences: SitePreferences
    let isImmutable: Bool
  }

  init(linkSecret: Secret? = nil, base: String? = nil, slackSecret: Secret? = nil) {
    self.linkSecret = linkSecret
    self.base = base
    slack = Guard(slackSecret.map { SlackSignature(secret: $0) })
  }

  convenience init(_ configuration: ServiceConfiguration, environment: [String: String]) throws {
    self.init(
      linkSecret: try configuration.links.map { try $0.load(environment: environment) },
      base: configuration.links?.base,
      slackSecret: try configuration.slack?.signingSecret.map {
        try SecretReference($0).load(environment: environment)
      })
  }

  /// nil where Slack's buttons are not set up.
  func verdict(
    on body: [UInt8], timestamp: String?, signature: String?, now: Instant
  ) -> SlackSignature.Verdict? {
    slack.withLock { machine in
      machine?.verify(timestamp: timestamp, signature: signature, body: body, now: now)
    }
  }

  /// A stored plan, read once while it is in use: robots ask for the same one every few seconds.
  func document(_ id: String, _ bytes: [UInt8]) throws -> NetworkPlanDocument {
    if let known = shelf.withLock({ $0.first { $0.id == id }?.document }) { return known }
    let document = try NetworkPlanDocument(json: bytes)
    shelf.withLock { list in
      list.removeAll { $0.id == id }
      list.append((id, document))
      if list.count > Self.shelfSize { list.removeFirst() }
    }
    return document
  }

  /// A file as it was made before, or made now: many robots ask for the same one.
  func file(_ key: FileKey, _ make: () -> FileView) -> FileView {
    if let known = files.withLock({ $0[key] }) { return known }
    let file = make()
    files.withLock { all in
      if all.count >= Self.mostFiles { all.removeAll() }
      all[key] = file
    }
    return file
  }

  /// What is left of a plan, as it was sealed before, or is sealed now: that costs more than all else about it.
  func rest(of plan: PlanDocument, _ tiles: Set<String>) -> PlanDocument {
    let key = RestKey(seal: plan.sha256 ?? plan.digest(), tiles: tiles)
    if let known = rests.withLock({ $0[key] }) { return known }
    let rest = plan.left { tiles.contains($0.tileKey) }
    rests.withLock { all in
      if all.count >= Self.mostFiles { all.removeAll() }
      all[key] = rest
    }
    return rest
  }

  func knows(_ id: String) -> NetworkPlanDocument? {
    shelf.withLock { $0.first { $0.id == id }?.document }
  }
}

extension ServiceConfiguration.Links {
  /// - Throws: without the secret, or for one that can be guessed.
  func load(environment: [String: String]) throws -> Secret {
    let secret = try SecretReference(self.secret).load(environment: environment)
    guard secret.reveal().utf8.count >= 32 else {
      throw ConfigurationError("links.secret: 32 characters or more, as `openssl rand -hex 32` gives them")
    }
    return secret
  }
}

/// Makes links for teams, and ends them.
public struct LinkDesk {
  private let configuration: ServiceConfiguration
  private let environment: [String: String]
  private let clock: ServiceClock

  public init(
    _ configuration: ServiceConfiguration, environment: [String: String], clock: ServiceClock = .system
  ) {
    self.configuration = configuration
    self.environment = environment
    self.clock = clock
  }

  /// - Parameter slug: of a telescope.
  /// - Returns: the address, as far as the configuration knows where the service is reached.
  public func link(for slug: String, days: Int) throws -> String {
    guard let links = configuration.links else {
      throw ConfigurationError("links: not set up; give links.secret as file:PATH or env:NAME")
    }
    var generator = SystemRandomNumberGenerator()
    let random = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let link = SignedLink.sign(
      slug: slug, until: clock.now() + .hours(24 * Double(days)), random: random,
      secret: try links.load(environment: environment))
    let base = links.base ?? "http://\(configuration.http.host):\(configuration.http.port)"
    return (base.hasSuffix("/") ? String(base.dropLast()) : base) + link.path
  }

  /// - Parameter link: the address, or its nonce.
  public func revoke(_ link: String) async throws -> String {
    let nonce =
      link.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("n=") }
      .map { String($0.dropFirst(2)) } ?? link
    guard nonce.count == 32, nonce.allSatisfy(\.isHexDigit) else {
      throw ConfigurationError("`\(link.prefix(80))` is no link and no nonce of one")
    }
    let store = try configuration.openStore()
    try await store.revokeLink(nonce, actor: "command line", at: clock.now())
    try store.close()
    return nonce
  }
}
