import Channels
import Dashboard
import Foundation
import Logging
import ServiceLifecycle
import Store
import TestSupport
import Units
import WebClient

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
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, found) = AsyncStream<Int>.makeStream()
    let app = DashboardServer.make(
      StoreDesk(state: state),
      options: DashboardOptions(host: "127.0.0.1", port: 0, openReading: openReading), logger: logger
    ) { found.yield($0) }
    let group = ServiceGroup(
      configuration: .init(services: [.init(service: app)], gracefulShutdownSignals: [], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let client = try WebClient()
      for await port in ports {
        do {
          try await body(QueueSite(port: port, client: client))
        } catch {
          await group.triggerGracefulShutdown()
          throw error
        }
        break
      }
      await client.shutdown()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}

struct QueueSite: Sendable {
  let port: Int
  let client: WebClient

  func send(
    _ method: WebRequest.Method, _ path: String, token: String? = nil, scheme: String = "Bearer",
    type: String = "application/json", headers: [(String, String)] = [], _ body: String? = nil
  ) async throws -> WebResponse {
    var request = WebRequest(method, try WebURL("http://127.0.0.1:\(port)\(path)"))
    // Plans are made beside it, on a machine that may be busy with other tests.
    request.deadlines = Deadlines(connect: .seconds(30), total: .seconds(120))
    for (name, value) in headers { request.headers[name] = value }
    if let token { request.secretHeaders = [.authorization(scheme, Secret(token))] }
    if let body { request.body = WebBody(Array(body.utf8), contentType: type) }
    return try await client.send(request)
  }
}

extension WebResponse {
  var object: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }
}
