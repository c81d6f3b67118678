import Synchronization
import Units

@testable import Dashboard

/// A desk with one event, one telescope and what is handed in.
final class FakeDesk: Desk {
  struct State {
    var notices: [[UInt8]] = []
    var log: [ChangeLine] = []
    var isFull = false
    var signedOut: Set<String> = []
    var swaps: [SwapView] = []
  }
  let state = Mutex(State())
  let queues: (any QueueDesk)? = FakeQueues()
  let fakeFollowups = FakeFollowups()
  var followups: (any FollowupDesk)? { fakeFollowups }
  let reminders: (any ReminderDesk)? = FakeReminders()

  static let tokens: [String: Identity] = [
    "ana": Identity(name: "ana", user: "ana", scopes: [.view]),
    "bo": Identity(name: "bo", user: "bo", scopes: [.telescope("kao")]),
    // The label of a token of nobody.
    "mimic": Identity(name: "ana", scopes: [.view]),
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

  private static let longAfter = Instant(iso8601: "2099-01-01T00:00:00Z")!
  func signIn(token: String) async throws(DeskError) -> Session? { try await session("s-" + token) }
  func session(_ secret: String) async throws(DeskError) -> Session? {
    guard !state.withLock({ $0.signedOut.contains(secret) }) else { return nil }
    return Self.tokens[String(secret.dropFirst(2))].map {
      Session(secret: secret, identity: $0, expires: Self.longAfter)
    }
  }
  func signOut(_ secret: String) async throws(DeskError) {
    _ = state.withLock { $0.signedOut.insert(secret) }
  }

  static let textSheet = TextSheet(
    kind: "log", title: "Shift log", text: "1. General\n- [____]\n", event: nil,
    fromUTC: "2023-05-18T11:00:00Z", toUTC: "2023-05-18T14:00:00Z", emptyFields: 1)
  func textKinds() -> [TextSheet.Kind] {
    [
      .init(name: "comment", title: "Comment", needsEvent: true),
      .init(name: "log", title: "Shift log", needsEvent: false),
    ]
  }
  func text(_ request: TextRequest) async throws(DeskError) -> TextSheet {
    guard request.kind == "log" else { throw .notFound("no text is called \(request.kind)") }
    return Self.textSheet
  }
  static let shift = RosterSheet.Shift(
    id: "2023-05-18/1", slot: "1", startUTC: "2023-05-18T11:00:00Z", endUTC: "2023-05-18T19:00:00Z",
    people: [.init(user: "ana", local: "13:00-21:00 +02:00")], isOverridden: false)
  func roster(week: String?) async throws(DeskError) -> RosterSheet {
    let empty = RosterSheet.Shift(
      id: "2023-05-18/2", slot: "2", startUTC: "2023-05-18T19:00:00Z", endUTC: "2023-05-19T03:00:00Z",
      people: [],
      isOverridden: true)
    var sheet = RosterSheet(
      campaign: "spring", nowUTC: "2023-05-18T14:00:00Z", now: [Self.shift], next: empty, coordinator: "bo",
      week: "2023-05-18", weekCoordinator: "bo", previousWeek: nil, nextWeek: "2023-05-25",
      shifts: [Self.shift, empty], findings: [.init(severity: "error", text: "2023-05-18/2: nobody")],
      users: ["ana", "bo"])
    sheet.coming = [Self.shift]
    sheet.swaps = state.withLock(\.swaps)
    return sheet
  }
  func askSwap(_ form: SwapForm, by identity: Identity) async throws(DeskError) {
    guard form.shift == Self.shift.id else { throw .conflict("\(form.giver) does not do \(form.shift)") }
    state.withLock { state in
      state.swaps.append(
        SwapView(
          id: Int64(state.swaps.count + 1), giver: form.giver, shift: form.shift, taker: form.taker,
          inReturn: form.inReturn, state: "open", askedBy: identity.name, askedUTC: "2023-05-18T13:00:00Z"))
    }
  }
  func answerSwap(_ id: Int64, _ answer: SwapAnswer, by identity: Identity) async throws(DeskError) {
    let isOpen = state.withLock { state in
      guard let place = state.swaps.firstIndex(where: { $0.id == id && $0.state == "open" }) else {
        return false
      }
      (state.swaps[place].state, state.swaps[place].answeredBy) = (answer.rawValue, identity.name)
      return true
    }
    guard isOpen else { throw .conflict("somebody answered already") }
  }
  func calendar(of user: String?) async throws(DeskError) -> FileView {
    FileView(
      bytes: Array("BEGIN:VCALENDAR\r\n".utf8), mediaType: "text/calendar; charset=utf-8", isImmutable: false)
  }

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

  func livePlan(of event: String) async throws(DeskError) -> PlanSheet? {
    var sheet = PlanSheet(
      plan: Self.plan.id, probability: 0.86, reachable: 0.9, upperBound: nil, gap: nil,
      top: [
        .init(
          telescope: "TAROT/TCA", slug: "TAROT-TCA", field: "12", raDeg: 10, decDeg: -20,
          startUTC: "2023-05-18T20:00:00Z", probability: 0.01)
      ],
      parts: [.init(name: "KAO", slug: "KAO", state: "left_out", tiles: 0, reason: "too small a field")],
      change: .init(
        before: "old", kept: 1, moved: 0, new: 2, dropped: 3, past: 4, probabilityChange: 0.1,
        lines: ["KAO: 2 new"]))
    sheet.galaxyCount = 20
    sheet.galaxies = [
      .init(
        name: "NGC 4993", raDeg: 197.448, decDeg: -23.384, distanceMpc: 40.7, weight: 0.31,
        telescopes: ["KAO", "TRT"], startUTC: "2023-05-18T20:05:00Z")
    ]
    return sheet
  }
  func network(of events: [String]) async throws(DeskError) -> NetworkView {
    NetworkView(
      nowUTC: "2023-05-18T14:00:00Z",
      telescopes: [
        TelescopeNow(
          telescope: Self.telescope, night: "dark", darkFromUTC: "2023-05-18T13:00:00Z",
          cells: events.map { .init(event: $0, state: "sent", tiles: 3) })
      ])
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
