import Synchronization
import Units

@testable import Dashboard

/// A desk with one event, one telescope and what is handed in.
final class FakeDesk: Desk {
  struct State {
    var notices: [[UInt8]] = []
    var log: [ChangeLine] = []
    var isFull = false
  }
  let state = Mutex(State())

  static let tokens: [String: Identity] = [
    "viewer": Identity(name: "board", scopes: [.view]),
    "robot": Identity(name: "robot", scopes: [.notices]),
    "leader": Identity(name: "shift leader", scopes: [.lead]),
    "root": Identity(name: "administrator", scopes: [.admin]),
  ]

  static let plan = PlanLine(
    id: "S230518h-r1-0123abcd", state: "live", madeUTC: "2023-05-18T14:00:00Z", probability: 0.86,
    areaDeg2: 4000, telescopes: 12, assignments: 900)
  static let event = EventLine(
    id: "S230518h", kind: "gravitational_wave", status: "active", isMock: false,
    timeUTC: "2023-05-18T12:59:08Z", revision: 1, decision: "GO", clause: "R6", area90Deg2: 666,
    distanceMpc: nil, plan: plan, updatedUTC: "2023-05-18T14:00:00Z")
  static let telescope = TelescopeLine(
    id: "TAROT/TCA", slug: "TAROT-TCA", name: "TAROT Calern", latitudeDeg: 43.75, longitudeDeg: 6.92,
    elevationM: 1270, apertureM: 0.25, fieldDeg2: 3.5, usable: "tiling", note: nil)

  func log(_ text: String, kind: String = "note") {
    state.withLock { state in
      let sequence = Int64(state.log.count + 1)
      state.log.append(
        ChangeLine(
          sequence: sequence, timeUTC: "2023-05-18T14:00:00Z", actor: "vesper", kind: kind, event: "S230518h",
          text: text))
    }
  }

  func health() async -> HealthView {
    let isFull = state.withLock(\.isFull)
    return HealthView(
      version: "1.0", nowUTC: "2023-05-18T14:00:00Z", isLeading: true,
      parts: [.init("store", isFull ? .failed : .good, isFull ? "the disk is full" : "ready")])
  }

  func metrics() async -> [Metric] {
    [
      Metric("vesper_notices_total", .counter, "Notices by outcome.", 3, labels: [("outcome", "handled")]),
      Metric("vesper_notices_total", .counter, "Notices by outcome.", 1, labels: [("outcome", "a\"b\\c\nd")]),
      Metric("vesper_lag_seconds", .gauge, "Back\\slash.", 0.25),
    ]
  }

  func identity(ofToken token: String) async throws(DeskError) -> Identity? { Self.tokens[token] }

  func events(limit: Int, before: String?) async throws(DeskError) -> [EventLine] { [Self.event] }
  func event(_ id: String) async throws(DeskError) -> EventSheet {
    guard id == Self.event.id else { throw .notFound("no event is called \(id)") }
    return EventSheet(
      event: Self.event,
      card: [.init(kind: "clause", label: "area", text: "666 deg2 < 1000 deg2", verdict: "pass")],
      revisions: [.init(number: 1, stage: "initial", createdUTC: nil, status: "active")],
      plans: [Self.plan], history: state.withLock(\.log))
  }
  func plans(of event: String) async throws(DeskError) -> [PlanLine] { try await self.event(event).plans }
  func planFile(event: String, plan: String, path: String) async throws(DeskError) -> FileView {
    _ = try await self.event(event)
    guard plan == Self.plan.id || plan == "current" else { throw .notFound("no plan \(plan)") }
    let files = ["plan.json": "{}\n", "TAROT-TCA/plan.txt": "# END\n", "../secret": "no"]
    guard let text = files[path] else { throw .notFound("no file \(path)") }
    return FileView(
      bytes: Array(text.utf8), mediaType: path.hasSuffix("json") ? "application/json" : "text/plain",
      isImmutable: plan != "current")
  }

  func telescopes() async throws(DeskError) -> [TelescopeLine] { [Self.telescope] }
  func telescope(_ slug: String) async throws(DeskError) -> TelescopeSheet {
    guard slug == Self.telescope.slug else { throw .notFound("no telescope is called \(slug)") }
    let assignment = TelescopeSheet.Assignment(
      event: "S230518h", plan: Self.plan.id, tile: "12", state: "sent", startUTC: "2023-05-18T20:00:00Z",
      endUTC: "2023-05-18T20:01:00Z", raDeg: 10, decDeg: -20, filter: nil, exposureS: 60)
    return TelescopeSheet(
      telescope: Self.telescope, status: "GO", message: "1 tile tonight", assignments: [assignment])
  }

  func notices(limit: Int, state: String?) async throws(DeskError) -> [NoticeLine] {
    self.state.withLock { s in s.notices.indices.map { Self.line($0, s.notices[$0]) } }
  }
  func notice(_ id: Int64) async throws(DeskError) -> FileView {
    let bytes = state.withLock { s in s.notices.indices.contains(Int(id)) ? s.notices[Int(id)] : nil }
    guard let bytes else { throw .notFound("no notice \(id)") }
    return FileView(bytes: bytes, mediaType: "application/octet-stream", isImmutable: true)
  }
  func submit(
    notice bytes: [UInt8], name: String?, by identity: Identity
  ) async throws(DeskError) -> NoticeLine {
    let isFull = state.withLock(\.isFull)
    guard !isFull else {
      throw .unavailable("the disk is full: the notice was not kept, send it again later")
    }
    let id = state.withLock { s in
      s.notices.append(bytes)
      return s.notices.count - 1
    }
    return Self.line(id, bytes)
  }
  func replay(notice id: Int64, by identity: Identity) async throws(DeskError) -> NoticeLine {
    throw .conflict("notice \(id) is being handled already")
  }

  func changes(after sequence: Int64, limit: Int) async throws(DeskError) -> [ChangeLine] {
    state.withLock { Array($0.log.filter { $0.sequence > sequence }.prefix(limit)) }
  }
  func lastChange() async throws(DeskError) -> Int64 { state.withLock { Int64($0.log.count) } }
  func waitForChange() async {
    // A sleep that is cut short by cancellation is what is wanted here.
    try? await Task.sleep(for: .milliseconds(20))
  }

  private static func line(_ id: Int, _ bytes: [UInt8]) -> NoticeLine {
    NoticeLine(
      id: Int64(id), source: "http", receivedUTC: "2023-05-18T14:00:00Z", sizeBytes: bytes.count,
      sha256: SHA256.hexDigest(of: bytes), state: "new", attempts: 0, reason: nil, event: nil)
  }
}
