import Foundation
import Icare
import Units

/// A server that behaves as ICARE's contract says it does, weaknesses included, on a port of 127.0.0.1.
///
/// Everything is in memory and can be looked at (`rows`, `log`) and changed as a person would (`edit`).
/// Faults are chosen per request by a rule. Its clock is the caller's, so that a day passes in a test
/// without waiting.
public final class FakeIcare: Sendable {
  public let port: Int
  /// The token of the planner's own user, with the rights it needs.
  public static let token = "11111111-2222-4333-8444-555555555555"
  /// An administrator's token.
  public static let adminToken = "99999999-8888-4777-8666-aaaaaaaaaaaa"

  private let listener: FakeListener
  private let box: Box

  private final class Box: @unchecked Sendable {
    let lock = NSLock()
    var state = FakeState()
    var log: [FakeRequest] = []
    var faults: @Sendable (FakeRequest) -> FakeFault? = { _ in nil }
    var clock: @Sendable () -> Instant = { FakeIcare.systemTime }
    var limit: (perSecond: Double, burst: Double)?
    var tokens: [String: (left: Double, at: Double)] = [:]
    var refused429 = 0
    var late: [(due: Instant, request: FakeRequest)] = []

    /// Carries out what the application was still busy with.
    func catchUp(_ now: Instant) {
      let due = late.filter { $0.due <= now }
      late.removeAll { $0.due <= now }
      for work in due { _ = state.handle(work.request, now: now, dieAfterCommit: nil) }
    }
  }

  public init() throws {
    listener = try FakeListener()
    port = listener.port
    box = Box()
    box.state.seed()
    let box = box
    listener.run { connection in
      while let request = connection.request(number: Self.next(box)) {
        guard Self.serve(request, on: connection, box) else { return }
      }
    }
  }

  public var address: String { "http://127.0.0.1:\(port)" }
  public func stop() { listener.stop() }
  deinit { listener.stop() }

  /// Chooses a fault for each request; nil for none. Called with the server's lock released.
  public func setFaults(_ rule: @escaping @Sendable (FakeRequest) -> FakeFault?) {
    locked { $0.faults = rule }
  }
  public func setClock(_ clock: @escaping @Sendable () -> Instant) { locked { $0.clock = clock } }
  /// nginx's limit per token; off at first.
  public func setLimit(perSecond: Double, burst: Double) { locked { $0.limit = (perSecond, burst) } }
  public var log: [FakeRequest] { locked { $0.log } }
  public func clearLog() { locked { $0.log = [] } }
  /// Requests refused by the limit.
  public var refusedByLimit: Int { locked { $0.refused429 } }

  /// A copy of what is stored.
  public var state: FakeState { locked { $0.state } }
  /// Changes what is stored, as a person would.
  @discardableResult
  public func edit<Value>(_ change: (inout FakeState) -> Value) -> Value {
    locked { change(&$0.state) }
  }

  private func locked<Value>(_ body: (Box) -> Value) -> Value {
    box.lock.lock()
    defer { box.lock.unlock() }
    return body(box)
  }

  private static func next(_ box: Box) -> Int {
    box.lock.lock()
    defer { box.lock.unlock() }
    return box.log.count
  }

  /// - Returns: false when the connection ends.
  private static func serve(_ request: FakeRequest, on connection: FakeConnection, _ box: Box) -> Bool {
    box.lock.lock()
    box.log.append(request)
    let rule = box.faults
    let now = box.clock()
    let limited = Self.isOverLimit(request, box)
    box.catchUp(now)
    box.lock.unlock()
    let date = httpDate(now)
    if limited { return connection.send(page(429), date: date) }
    let fault = rule(request)
    switch fault {
    case .page(let status): return connection.send(page(status), date: date)
    case .closeBeforeActing: return false
    case .actLater(let delay):
      box.lock.lock()
      box.late.append((now + delay, request))
      box.lock.unlock()
      return connection.send(page(504), date: date)
    case .tooMany: return connection.send(page(429), date: date)
    case .canned(let status, let body):
      return connection.send(FakeAnswer(status: status, body: body), date: date)
    case .databaseDown:
      let text = "HTTP 503: Service Unavailable (Database is temporarily unavailable; please retry shortly.)"
      return connection.send(FakeReply.error(text, 503).answer, date: date)
    default: break
    }
    var commits: Int?
    if case .dieAfterCommit(let n) = fault { commits = n }
    box.lock.lock()
    let reply = box.state.handle(request, now: now, dieAfterCommit: commits)
    box.lock.unlock()
    switch fault {
    case .actThenPage(let status): return connection.send(page(status), date: date)
    case .actThenClose: return false
    case .slowBody(let seconds): return connection.send(reply.answer, date: date, slowly: seconds)
    default: return connection.send(reply.died ? page(502) : reply.answer, date: date)
    }
  }

  private static func isOverLimit(_ request: FakeRequest, _ box: Box) -> Bool {
    guard let limit = box.limit, let token = request.token else { return false }
    let now = Date().timeIntervalSince1970
    var bucket = box.tokens[token] ?? (limit.burst, now)
    bucket.left = min(limit.burst, bucket.left + (now - bucket.at) * limit.perSecond)
    bucket.at = now
    let over = bucket.left < 1
    if over { box.refused429 += 1 } else { bucket.left -= 1 }
    box.tokens[token] = bucket
    return over
  }

  private static func page(_ status: Int) -> FakeAnswer {
    let html = "<html><head><title>\(status)</title></head><body><center>nginx</center></body></html>"
    return FakeAnswer(status: status, contentType: "text/html", body: Array(html.utf8))
  }

  private static var systemTime: Instant {
    let seconds = Date().timeIntervalSince1970
    return Instant(utcYear: 1972, month: 1, day: 1).map { epoch in
      // 63,072,000 s from 1970 to 1972; leap seconds come in through the calendar.
      let days = Int((seconds - 63_072_000) / 86_400)
      let rest = (seconds - 63_072_000) - Double(days) * 86_400
      return Instant(mjdUTC: 41_317 + Double(days) + rest / 86_400) ?? epoch
    } ?? Instant(tai: 0)
  }

  private static func httpDate(_ instant: Instant) -> String {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let u = instant.utc
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return "Sat, \(two(u.day)) \(names[u.month - 1]) \(u.year) \(two(u.hour)):\(two(u.minute)):"
      + "\(two(min(u.second, 59))) GMT"
  }
}

/// What a handler gives back.
struct FakeReply: Sendable {
  var answer: FakeAnswer
  /// The process died before it could answer.
  var died = false

  static func success(_ data: JSONNode = [:]) -> FakeReply {
    let node: JSONNode = ["status": "success", "data": data, "version": "1.4.0"]
    return FakeReply(answer: FakeAnswer(body: node.bytes))
  }

  static func error(_ message: String, _ status: Int = 400) -> FakeReply {
    let node: JSONNode = [
      "status": "error", "message": .string(message), "data": [:], "version": "1.4.0",
    ]
    return FakeReply(answer: FakeAnswer(status: status, body: node.bytes))
  }

  static var death: FakeReply {
    FakeReply(answer: FakeAnswer(status: 502, body: []), died: true)
  }
}
