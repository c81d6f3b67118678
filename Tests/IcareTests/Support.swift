import Deliveries
import FakeIcare
import Foundation
import Icare
import TestSupport
import Units
import WebClient

/// A clock that tests move.
final class VirtualClock: @unchecked Sendable {
  private let lock = NSLock()
  private var instant: Instant
  init(_ text: String) { instant = Instant(iso8601: text)! }
  var now: Instant {
    lock.lock()
    defer { lock.unlock() }
    return instant
  }
  func advance(_ seconds: Double) {
    lock.lock()
    defer { lock.unlock() }
    instant = instant.advanced(bySeconds: seconds)
  }
}

/// Counts and chooses under a lock, for fault rules that run on the server's threads.
final class Chooser: @unchecked Sendable {
  private let lock = NSLock()
  private var generator: SeededGenerator
  private var count = 0
  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }
  func next() -> Int {
    lock.lock()
    defer { lock.unlock() }
    count += 1
    return count
  }
  func chance(_ probability: Double) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    return Double.random(in: 0..<1, using: &generator) < probability
  }
}

func at(_ text: String) -> Instant { Instant(iso8601: text)! }

/// The fake server, its clock, and clients of it.
struct World {
  let fake: FakeIcare
  let clock: VirtualClock

  init(_ time: String = "2026-11-21T18:00:00") throws {
    fake = try FakeIcare()
    clock = VirtualClock(time)
    let clock = clock
    fake.setClock { clock.now }
    fake.edit { $0.backgroundDelay = .seconds(1) }
  }

  /// Fast: the limits are tested on their own.
  func client(token: String = FakeIcare.token, patience: Double = 1) throws -> IcareClient {
    var configuration = IcareClient.Configuration(
      address: try WebURL(fake.address), token: Secret(token))
    configuration.rate = RateLimit(capacity: 1000, perSecond: 100_000)!
    configuration.requestsAtOnce = 8
    configuration.patience = patience
    return try IcareClient(configuration)
  }

  /// Lets the server finish what it was still busy with.
  func settle() async throws {
    fake.setFaults { _ in nil }
    clock.advance(600)
    _ = try await client().version()
  }

  func channel(token: String = FakeIcare.token) throws -> IcareChannel {
    IcareChannel(client: try client(token: token))
  }
}

/// A small outbox: keeps deliveries, calls the channel, obeys its outcomes, moves the clock.
final class Driver {
  enum State: Equatable {
    case ready(Instant)
    case ambiguous(Instant)
    case done(String)
    case refused(String)
    case halted
  }

  let world: World
  var channel: IcareChannel
  private(set) var states: [DeliveryKey: State] = [:]
  private let deliveries: [Delivery]
  /// Called before each attempt; true kills the process while the attempt is under way.
  var crashes: () -> Bool = { false }
  private(set) var restarts = 0

  init(_ world: World, _ deliveries: [Delivery]) throws {
    self.world = world
    self.deliveries = deliveries
    channel = try world.channel()
    for delivery in deliveries { states[delivery.key] = .ready(delivery.notBefore) }
  }

  var receipts: [DeliveryKey: String] {
    states.compactMapValues { if case .done(let receipt) = $0 { receipt } else { nil } }
  }
  var isFinished: Bool {
    states.values.allSatisfy {
      switch $0 {
      case .done, .refused, .halted: true
      case .ready, .ambiguous: false
      }
    }
  }
  var refusals: [String] {
    states.compactMap { if case .refused(let why) = $0.value { "\($0.key): \(why)" } else { nil } }
  }

  /// Rounds of 5 s of the virtual clock, until all is settled.
  func run(rounds: Int = 400) async throws {
    for _ in 0..<rounds {
      try await round()
      if isFinished { return }
      world.clock.advance(5)
    }
  }

  private func round() async throws {
    let receipts = receipts
    let now = world.clock.now
    let due = deliveries.filter { delivery in
      guard delivery.needs.allSatisfy({ receipts[$0] != nil }) else { return false }
      switch states[delivery.key] {
      case .ready(let at), .ambiguous(let at): return at <= now
      default: return false
      }
    }
    for group in stride(from: 0, to: due.count, by: 8).map({ Array(due[$0..<min($0 + 8, due.count)]) }) {
      let crash = crashes()
      let channel = channel
      let before = states
      await withTaskGroup(of: (DeliveryKey, State).self) { tasks in
        for delivery in group {
          let isDoubtful = if case .ambiguous = before[delivery.key] { true } else { false }
          tasks.addTask {
            (delivery.key, await Self.attempt(delivery, isDoubtful, channel, receipts, now))
          }
        }
        for await (key, state) in tasks {
          // A process that dies knows nothing of what came back.
          states[key] = crash ? .ambiguous(now) : state
        }
      }
      if crash {
        restarts += 1
        self.channel = try world.channel()
      }
    }
  }

  private static func attempt(
    _ delivery: Delivery, _ isDoubtful: Bool, _ channel: IcareChannel, _ receipts: [DeliveryKey: String],
    _ now: Instant
  ) async -> State {
    let later = now + .seconds(15)
    if isDoubtful {
      switch await channel.readBack(delivery, receipts: receipts, now: now) {
      case .present(let receipt): return .done(receipt)
      case .absent: return .ready(now)
      case .unknown(let why, let final): return final ? .refused(why) : .ambiguous(later)
      }
    }
    switch await channel.send(delivery, receipts: receipts, now: now) {
    case .confirmed(let receipt): return .done(receipt)
    case .unsent(_, let after): return .ready(max(after ?? later, now))
    case .ambiguous: return .ambiguous(now)
    case .refused(let why): return .refused(why)
    case .halted: return .halted
    }
  }
}

// MARK: a night

enum Night {
  static let identity = EventIdentity(
    time: at("2026-11-21T17:10:20"), triggerID: "S261121ab", aliases: ["S261121ab"])
  static let map = MapReference(
    name: "bayestar.multiorder.fits,0",
    digest: IcareMap.digest(uniq: [1024, 1025, 1026], density: [0.5, 0.25, 0.125]))
  static let window = TimeWindow(at("2026-11-21T19:00:00"), at("2026-11-22T05:00:00"))

  static func position(_ i: Int, _ j: Int) -> Direction<ICRS> {
    Direction(ra: .degrees(Double((i * 7 + j) % 360) + 0.123456), dec: .degrees(Double(j) - 10.654321))
  }

  /// A site with fields 1...20 and, for every third one, none at all.
  static func addSites(_ count: Int, to world: World, api: String = "GENERICAPI") {
    world.fake.edit { state in
      for i in 0..<count {
        let fields = (1...20).map { j in
          (
            number: j, ra: (position(i, j).ra.degrees * 1e6).rounded() / 1e6,
            dec: (position(i, j).dec.degrees * 1e6).rounded() / 1e6
          )
        }
        state.addSite(
          telescope: "Telescope \(i)", instrument: "CAM\(i)", api: api, fields: i % 3 == 0 ? [] : fields,
          queue: i % 5 == 0)
      }
    }
  }

  static func plan(_ i: Int, pointings count: Int = 12, revision: Int = 1) -> PlanPush {
    let pointings = (1...count).map { j in
      PlanPush.Pointing(
        field: i % 3 == 0 ? nil : j, position: position(i, j),
        start: window.start.advanced(bySeconds: Double(j) * 300), exposure: .seconds(119.6),
        filter: "sdssr", weight: 1 / Double(j + 2), overhead: .seconds(15))
    }
    let name = PlanPush.name(
      event: "S261121ab", revision: revision, telescope: "cam\(i)", contents: "\(i)/\(revision)")
    return PlanPush(
      event: identity, map: map, allocation: AllocationKey(instrument: "CAM\(i)", group: "GRANDMA"),
      name: name, window: window, pointings: pointings,
      series: "S261121ab/cam\(i)", planID: "plan-\(i)-\(revision)")
  }

  static func followup(_ i: Int) -> FollowupPush {
    FollowupPush(
      source: SourceTarget(id: "GRB261121A_c\(i / 4)", position: position(i / 4, 3)),
      allocation: AllocationKey(instrument: "CAM\(i % 5)", group: "GRANDMA"),
      request: .generic(
        filters: ["sdssr"], exposureSeconds: 120, exposures: 3, maximumAirmass: 2, minimumMoonDegrees: 30,
        priority: 1 + i % 5),
      window: window, groups: ["GRANDMA"])
  }

  static let eventKey = "icare/S261121ab/event"
  static let mapKey = "icare/S261121ab/map"

  static func deliveries(plans: Int, followups: Int, notBefore: Instant) throws -> [Delivery] {
    let start = notBefore
    func make(_ push: IcarePush, _ key: String, needs: [String] = []) throws -> Delivery {
      try push.delivery(
        key: key, event: "S261121ab", notBefore: start, needs: needs.map { DeliveryKey($0) })
    }
    let content = MapContent.cells(uniq: [1024, 1025, 1026], densityPerSteradian: [0.5, 0.25, 0.125])
    let event = EventPush(
      event: identity, alias: "GRANDMA-S261121ab", createAfter: start + .seconds(60), groups: ["GRANDMA"])
    var all = [
      try make(.event(event), eventKey),
      try make(
        .localization(MapPush(event: identity, map: map, content: content)), mapKey, needs: [eventKey]),
      try make(
        .tag(TagPush(event: identity, text: "GO GRANDMA")), "icare/S261121ab/tag/go", needs: [eventKey]),
      try make(.tag(TagPush(event: identity, text: "BNS")), "icare/S261121ab/tag/bns", needs: [eventKey]),
      try make(
        .comment(CommentPush(event: identity, text: "37 plans follow", groups: ["GRANDMA"])),
        "icare/S261121ab/comment/1", needs: [eventKey]),
      try make(
        .classification(
          ClassificationPush(
            source: SourceTarget(id: "GRB261121A_c0", position: position(0, 3)),
            label: ClassificationPush.go, groups: ["GRANDMA"], decided: start)),
        "icare/S261121ab/go", needs: [eventKey]),
    ]
    for i in 0..<plans {
      let key = "icare/S261121ab/r1/cam\(i)/plan"
      all.append(try make(.plan(plan(i)), key, needs: [mapKey]))
      if i % 5 == 0 {
        all.append(
          try make(.planSend(PlanSendPush(plan: key)), "icare/S261121ab/r1/cam\(i)/send", needs: [key]))
      }
    }
    for i in 0..<followups {
      all.append(try make(.followup(followup(i)), "icare/S261121ab/f\(i)"))
    }
    return all
  }
}

/// What must hold after a night, whatever went wrong on the way; one line for each violation.
func violations(_ state: FakeState, plans: Int, followups: Int, status: [IcareStatus]) -> [String] {
  var found: [String] = []
  func expect(_ condition: Bool, _ text: String) { if !condition { found.append(text) } }
  expect(state.rows("event").count == 1, "\(state.rows("event").count) events")
  expect(state.rows("event").first?["aliases"]?.items?.contains("GRANDMA-S261121ab") ?? false, "no alias")
  expect(state.rows("map").count == 1, "\(state.rows("map").count) maps")
  for text in ["GO GRANDMA", "BNS"] {
    let count = state.rows("tag").filter { $0["text"] == .string(text) }.count
    expect(count == 1, "\(count) tags \(text)")
  }
  let comments = state.rows("comment").filter { $0["text"]?.text?.hasPrefix("37 plans") ?? false }
  expect(comments.count == 1, "\(comments.count) comments")
  expect(state.rows("classification").count == 1, "\(state.rows("classification").count) classifications")
  let reported = Set(status.flatMap { $0.leftovers.keys })
  let remarks = state.rows("comment").compactMap { $0["text"]?.text }
  for i in 0..<plans {
    let key = JSONNode.string("icare/S261121ab/r1/cam\(i)/plan")
    var whole = 0
    for request in state.rows("planRequest") where request["payload"]?["vesper_key"] == key {
      let plan = state.rows("plan").first { $0["observation_plan_request_id"] == request["id"] }
      let observations = state.rows("planned").filter {
        $0["observation_plan_id"] == plan?["id"] && plan != nil
      }
      if observations.count == 12 {
        whole += 1
      } else {
        let name = plan?["plan_name"]?.text ?? "no name"
        let isReported = reported.contains(request["id"]?.int ?? 0) || remarks.contains { $0.contains(name) }
        expect(isReported, "unreported leftover \(request["id"]?.int ?? 0) of \(key)")
      }
    }
    expect(whole == 1, "\(whole) whole plans of \(key)")
  }
  for i in 0..<followups {
    let key = JSONNode.string("icare/S261121ab/f\(i)")
    let rows = state.rows("followup").filter { $0["payload"]?["planner_request_id"] == key }
    expect(rows.count == 1, "\(rows.count) requests \(key)")
    let calls = state.facilityCalls.filter { call in rows.contains { $0["id"]?.int == call.followup } }
    expect(calls.count == 1, "\(calls.count) facility calls for \(key)")
  }
  let sent = Dictionary(grouping: state.queuedPlans) { $0 }.filter { $0.value.count > 1 }
  expect(sent.isEmpty, "sent twice: \(sent.keys.sorted())")
  expect(state.queuedPlans.count == (plans + 4) / 5, "\(state.queuedPlans.count) plans sent")
  expect(!state.rows("source").contains { $0["spoilt"] == true }, "a source was re-posted elsewhere")
  return found
}
