import Channels
import Foundation
import Loopback
import Store
import TestSupport
import Units
import WebClient

@testable import Dashboard
@testable import Service

/// An engine with a plan in force for a mock event, and the desk that operators see.
struct QueueBench: @unchecked Sendable {
  // Tests use one at a time.
  let bench: Bench
  let event: String
  let state: ServiceState
  var desk: StoreQueueDesk { StoreQueueDesk(state: state) }
  var now: Instant { bench.time.now }
  static let linkSecret = Secret(String(repeating: "s", count: 40))
  static let slackSecret = Secret("8f742231b10e8888abcd99yyyzzz85a5")

  static func mock(_ others: [Recipients.Entry] = []) async throws -> QueueBench {
    try await make(
      at: "2026-09-15T17:50:00Z", [UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json"))),
      "MS260915a", others)
  }

  static func make(
    at time: String, _ notice: [UInt8], _ event: String, _ others: [Recipients.Entry] = []
  ) async throws -> QueueBench {
    let bench = try await Bench(at: time, others: others)
    try await bench.bring(notice)
    try await bench.settle()
    let state = ServiceState(
      store: bench.store, settings: await bench.engine.settings, channels: [], clock: bench.time.clock,
      doors: Doors(linkSecret: linkSecret, slackSecret: slackSecret))
    return QueueBench(bench: bench, event: event, state: state)
  }

  static func operatorOf(_ name: String) -> Answerer { Answerer(name: name, way: "api") }

  func live() async throws -> StoredPlan? {
    try await bench.store.plans(of: event, state: .live).first
  }

  /// Telescopes with something to do, the busiest first.
  func busy() async throws -> [String] {
    var counts: [(String, Int)] = []
    for telescope in state.settings.telescopes {
      let queue = try await bench.store.queue(of: telescope.slug, after: now)
      if !queue.isEmpty { counts.append((telescope.slug, queue.count)) }
    }
    return counts.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.map(\.0)
  }

  func token(_ scopes: Set<String>, label: String = "robot") async throws -> String {
    try await bench.store.issueToken(
      label: label, role: "api", scopes: scopes, lifetime: .hours(24), actor: "test",
      at: ServiceClock.system.now()
    ).secret
  }

  func link(for slug: String, until: Instant = ServiceClock.system.now() + .hours(1)) -> SignedLink {
    SignedLink.sign(
      slug: slug, until: until, random: (0..<16).map { _ in UInt8.random(in: .min ... .max) },
      secret: Self.linkSecret)
  }

  /// Runs the real server over this desk on a free port.
  func withSite(openReading: Bool = true, _ body: @Sendable @escaping (QueueSite) async throws -> Void)
    async throws
  {
    try await withLoopback(
      StoreDesk(state: state),
      options: DashboardOptions(host: "127.0.0.1", port: 0, openReading: openReading), body)
  }
}

typealias QueueSite = Loopback

/// A browser in which somebody signed in.
struct SignedInReader: Sendable {
  let site: QueueSite
  let session: Session

  /// Signs in with a token of its own over a state, and runs the site meanwhile.
  static func open(
    _ state: ServiceState, _ scopes: Set<String>, label: String = "night shift",
    _ body: @Sendable @escaping (SignedInReader) async throws -> Void
  ) async throws {
    let session = try await session(state, scopes, label: label)
    try await withLoopback(StoreDesk(state: state)) { site in
      try await body(SignedInReader(site: site, session: session))
    }
  }

  static func session(
    _ state: ServiceState, _ scopes: Set<String>, label: String, user: String? = nil
  ) async throws -> Session {
    let token = try await state.store.issueToken(
      label: label, role: "api", user: user, scopes: scopes, lifetime: .hours(24), actor: "test",
      at: ServiceClock.system.now()
    ).secret
    guard let session = try await StoreDesk(state: state).signIn(token: token) else {
      throw DeskError.unavailable("nobody signed in")
    }
    return session
  }

  func get(_ path: String) async throws -> WebResponse {
    try await site.send(
      .get, path, headers: [("Accept", "text/html")], cookie: "session=\(session.secret)")
  }

  func post(_ path: String, _ fields: [(String, String)]) async throws -> WebResponse {
    let all = fields + [("form_token", session.formToken)]
    let text = all.map { "\(LocalPath.encoded($0.0))=\(LocalPath.encoded($0.1))" }.joined(separator: "&")
    return try await site.send(
      .post, path, type: "application/x-www-form-urlencoded", headers: [("Accept", "text/html")],
      cookie: "session=\(session.secret)", text)
  }

  /// The value of a hidden field of a page.
  static func value(of name: String, in page: String) -> String? {
    page.firstRange(of: "name=\"\(name)\" value=\"").map {
      String(page[$0.upperBound...].prefix { $0 != "\"" })
    }
  }
}

extension WebResponse {
  var object: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }
}
