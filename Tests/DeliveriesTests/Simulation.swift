import Deliveries
import TestSupport
import Units

/// What the simulation needs of a ledger beside the protocol.
protocol SimulatedLedger: DeliveryLedger {
  func add(_ batch: [Delivery], at now: Instant) async throws(DeliveryError)
  func takeBack(_ key: DeliveryKey, at now: Instant) async throws(DeliveryError)
  func allEntries() async throws(DeliveryError) -> [OutboxEntry]
  /// As after a crash: only what is durable is left.
  func reopened() async throws(DeliveryError) -> Self
}

extension MemoryLedger: SimulatedLedger {
  func add(_ batch: [Delivery], at now: Instant) async throws(DeliveryError) {
    try self.enqueue(batch, at: now)
  }
  func takeBack(_ key: DeliveryKey, at now: Instant) throws(DeliveryError) {
    _ = try self.withdraw(key, reason: "the event was retracted", at: now)
  }
  func allEntries() -> [OutboxEntry] { Array(outbox.entries.values) }
  func reopened() -> MemoryLedger { self }
}

/// How a far side of the simulation can be asked.
enum FarSideKind: CaseIterable { case keyAware, readable, blind }

struct FarSide {
  let name: String
  let kind: FarSideKind
  let width: Int
  let acceptsMocks: Bool
  var effects: [DeliveryKey: Int] = [:]
  var landed: [(key: DeliveryKey, slot: String?)] = []
  var haltedUntil: Instant?
}

/// What one seed came to.
struct SimulationReport {
  var violations: [String] = []
  var states: [DeliveryState: Int] = [:]
  var sends = 0
  var ambiguous = 0
  var crashes = 0
  var fenced = 0
}

/// One seed = one run: random deliveries, far sides and faults, crashes at random steps, a virtual clock.
///
/// It makes the calls of a process and keeps its own history; it judges by that history alone.
struct Simulation<Ledger: SimulatedLedger> {
  enum Event {
    case plan
    case wake(process: Int, channel: Int)
    case finish(process: Int, channel: Int, claim: Claim, result: CallResult)
    case effect(channel: Int, claim: Claim)
    case crash
    case takeOver
  }
  struct Scheduled {
    let at: Instant
    let order: Int
    let event: Event
  }

  var ledger: Ledger
  var random: SeededGenerator
  var now = Instant(tai: 800_000_000_000_000_000)
  var queue: [Scheduled] = []
  var order = 0
  var process = 0
  var epoch: Int64 = 1
  var sides: [FarSide]
  var asking: [Set<DeliveryKey>]
  var calls: [Int]
  var plans = 0
  var deliveries: [Delivery] = []
  var doubtful: Set<DeliveryKey> = []
  var calmFrom: Instant
  var report = SimulationReport()
  let policy: OutboxPolicy

  init(seed: UInt64, ledger: Ledger, policy: OutboxPolicy) {
    self.ledger = ledger
    self.policy = policy
    random = SeededGenerator(seed: seed)
    sides = []
    for (i, kind) in FarSideKind.allCases.enumerated() {
      let width = Int.random(in: 1...2, using: &random)
      sides.append(FarSide(name: "side\(i)", kind: kind, width: width, acceptsMocks: i == 0))
    }
    asking = sides.map { _ in [] }
    calls = sides.map { _ in 0 }
    calmFrom = now + .minutes(20)
  }

  mutating func run() async throws -> SimulationReport {
    _ = try await ledger.recover(epoch: epoch, at: now)
    for _ in 0..<4 { schedule(.plan, in: .seconds(chance(600))) }
    for _ in 0..<Int.random(in: 1...4, using: &random) { schedule(.crash, in: .seconds(chance(1200))) }
    if Bool.random(using: &random) { schedule(.takeOver, in: .seconds(chance(1200))) }
    wakeAll()
    var steps = 0
    while let next = pop() {
      now = max(now, next.at)
      steps += 1
      guard steps < 20_000 else {
        report.violations.append("it never comes to rest")
        break
      }
      try await handle(next.event)
    }
    try await judge()
    return report
  }

  private mutating func handle(_ event: Event) async throws {
    switch event {
    case .plan: try await plan()
    case .wake(let process, let channel):
      if process == self.process { try await work(channel) }
    case .finish(let process, let channel, let claim, let result):
      try await finish(process, channel, claim, result)
    case .effect(let channel, let claim): land(channel, claim)
    case .crash:
      report.crashes += 1
      try await restart()
    case .takeOver:
      // The old process lives on as a ghost: its calls still come back, with the old epoch.
      try await restart()
    }
  }

  private mutating func restart() async throws {
    ledger = try await ledger.reopened()
    process += 1
    epoch += 1
    asking = sides.map { _ in [] }
    calls = sides.map { _ in 0 }
    now = now + .seconds(chance(20))
    _ = try await ledger.recover(epoch: epoch, at: now)
    wakeAll()
  }

  // MARK: - The process

  private mutating func work(_ c: Int) async throws {
    let lane = Lane(
      channel: sides[c].name, acceptsMocks: sides[c].acceptsMocks, width: sides[c].width, asking: asking[c])
    switch try await ledger.next(on: lane, epoch: epoch, at: now).step {
    case .idle(let until):
      if let until { schedule(.wake(process: process, channel: c), at: max(until, now + .milliseconds(1))) }
    case .send(let claim):
      try await inspect(claim, c)
      if isFaulty, roll(0.03) {
        report.crashes += 1
        try await restart()  // between the claim and the call
        return
      }
      send(claim, c)
      schedule(.wake(process: process, channel: c), in: .zero)
    case .readBack(let claim):
      asking[c].insert(claim.delivery.key)
      schedule(
        .finish(process: process, channel: c, claim: claim, result: .asked(answer(claim, c))),
        in: .seconds(0.1 + chance(2)))
      schedule(.wake(process: process, channel: c), in: .zero)
    }
  }

  private mutating func finish(_ from: Int, _ c: Int, _ claim: Claim, _ result: CallResult) async throws {
    if from == process {
      asking[c].remove(claim.delivery.key)
      if case .sent = result { calls[c] -= 1 }
    }
    do throws(DeliveryError) {
      _ = try await ledger.settle(claim, with: result, at: now, jitter: Fraction(clamping: chance(1)))
      if from != process { report.violations.append("a ghost was not fenced") }
    } catch {
      switch error {
      case .fenced where from != process: report.fenced += 1
      // Something else resolved what was asked about (it was withdrawn, or its patience ran out).
      case .stale:
        if case .sent = result { report.violations.append("the end of a send was stale: \(error)") }
      default: report.violations.append("settle: \(error)")
      }
    }
    wakeAll()
  }

  // MARK: - The far sides

  private mutating func send(_ claim: Claim, _ c: Int) {
    report.sends += 1
    calls[c] += 1
    if calls[c] > sides[c].width { report.violations.append("more calls at once than the width") }
    let (result, after, lands) = fate(claim, c)
    if case .sent(.ambiguous) = result {
      report.ambiguous += 1
      doubtful.insert(claim.delivery.key)
    }
    if let lands { schedule(.effect(channel: c, claim: claim), in: lands) }
    schedule(.finish(process: process, channel: c, claim: claim, result: result), in: after)
  }

  /// - Returns: what the caller sees, when, and when it takes effect, if ever. An effect comes at the latest
  ///   a deadline and a settling time after the call began.
  private mutating func fate(_ claim: Claim, _ c: Int) -> (CallResult, Duration, Duration?) {
    let quick = Duration.seconds(0.05 + chance(1))
    let receipt = CallResult.sent(.confirmed(receipt: "r-\(claim.delivery.key)"))
    guard isFaulty else { return (receipt, quick, quick - .milliseconds(1)) }
    if let until = sides[c].haltedUntil, until > now { return (.sent(.halted(reason: "401")), quick, nil) }
    let late = Duration.seconds(chance((policy.deadline + policy.settle).seconds - 0.001))
    switch chance(1) {
    case ..<0.35: return (receipt, quick, quick - .milliseconds(1))
    case ..<0.50: return (.sent(.ambiguous(reason: "504")), quick, late)
    case ..<0.60:
      let after = roll(0.5) ? now + .seconds(chance(90)) : nil
      return (.sent(.unsent(reason: "429", after: after)), quick, nil)
    case ..<0.70: return (.sent(.ambiguous(reason: "timeout")), policy.deadline, roll(0.5) ? late : nil)
    case ..<0.85: return (.sent(.ambiguous(reason: "reset")), quick, roll(0.5) ? late : nil)
    case ..<0.93: return (.sent(.ambiguous(reason: "lost")), quick, nil)
    case ..<0.97: return (.sent(.refused(reason: "422")), quick, nil)
    default:
      sides[c].haltedUntil = now + .minutes(chance(30))
      return (.sent(.halted(reason: "401")), quick, nil)
    }
  }

  private mutating func answer(_ claim: Claim, _ c: Int) -> ReadBack {
    if sides[c].kind == .blind { return .unknown(reason: "it cannot be asked", final: true) }
    if isFaulty, roll(0.3) { return .unknown(reason: "502", final: false) }
    let present = (sides[c].effects[claim.delivery.key] ?? 0) > 0
    return present ? .present(receipt: "r-\(claim.delivery.key)") : .absent
  }

  private mutating func land(_ c: Int, _ claim: Claim) {
    let key = claim.delivery.key
    if sides[c].kind == .keyAware, sides[c].effects[key] != nil { return }
    sides[c].effects[key, default: 0] += 1
    if let slot = claim.delivery.slot, let own = deliveries.firstIndex(where: { $0.key == key }) {
      for earlier in sides[c].landed where earlier.slot == slot {
        if let other = deliveries.firstIndex(where: { $0.key == earlier.key }), other > own {
          report.violations.append("\(key) landed after the newer \(earlier.key)")
        }
      }
    }
    sides[c].landed.append((key, claim.delivery.slot))
  }

  // MARK: - What is owed

  private mutating func plan() async throws {
    plans += 1
    var batch: [Delivery] = []
    for i in 0..<Int.random(in: 2...6, using: &random) {
      let known = deliveries + batch
      let needs = known.isEmpty || roll(0.7) ? [] : [known[Int.random(in: known.indices, using: &random)].key]
      let side = sides[Int.random(in: sides.indices, using: &random)]
      batch.append(
        Delivery(
          key: DeliveryKey("p\(plans)/\(i)"), channel: side.name, kind: "post",
          payload: Array("payload \(plans) \(i)".utf8), event: "E", isMock: roll(0.05),
          notBefore: now + .seconds(roll(0.8) ? 0 : chance(60)),
          expires: roll(0.5) ? nil : now + .seconds(chance(900)),
          urgency: Int.random(in: 0...3, using: &random), slot: roll(0.4) ? nil : "slot\(Int(chance(2)))",
          needs: needs))
    }
    try await ledger.add(batch, at: now)
    deliveries += batch
    if roll(0.3), let some = deliveries.randomElement(using: &random) {
      try await ledger.takeBack(some.key, at: now)
    }
    wakeAll()
  }

  private mutating func inspect(_ claim: Claim, _ c: Int) async throws {
    let delivery = claim.delivery
    let entries = Dictionary(uniqueKeysWithValues: try await ledger.allEntries().map { ($0.key, $0) })
    if let expires = delivery.expires, expires <= now {
      report.violations.append("\(delivery.key) sent expired")
    }
    if now < delivery.notBefore { report.violations.append("\(delivery.key) sent too early") }
    if delivery.isMock, !sides[c].acceptsMocks { report.violations.append("\(delivery.key): a mock left") }
    if sides[c].kind == .blind, doubtful.contains(delivery.key) {
      report.violations.append("\(delivery.key) sent again though it may have arrived")
    }
    for need in delivery.needs {
      if entries[need]?.state != .done || claim.receipts[need] == nil {
        report.violations.append("\(delivery.key) sent before \(need) was done")
      }
    }
    for newer in entries.values where newer.slot != nil && newer.slot == delivery.slot {
      guard newer.channel == delivery.channel, let own = entries[delivery.key] else { continue }
      if newer.sequence > own.sequence, !needs(newer.key, delivery.key) {
        report.violations.append("\(delivery.key) sent though \(newer.key) took its place")
      }
    }
  }

  private func needs(_ key: DeliveryKey, _ other: DeliveryKey) -> Bool {
    guard let delivery = deliveries.first(where: { $0.key == key }) else { return false }
    return delivery.needs.contains(other) || delivery.needs.contains { needs($0, other) }
  }

  private mutating func judge() async throws {
    let entries = try await ledger.allEntries()
    if entries.count != deliveries.count { report.violations.append("deliveries were lost") }
    for entry in entries {
      report.states[entry.state, default: 0] += 1
      guard let c = sides.firstIndex(where: { $0.name == entry.channel }) else { continue }
      let effects = sides[c].effects[entry.key] ?? 0
      let what = "\(entry.key) (\(sides[c].kind), \(entry.state), attempts \(entry.attempts))"
      if effects > 1 { report.violations.append("\(what): \(effects) copies") }
      switch entry.state {
      case .done: if effects == 0 { report.violations.append("\(what): lost") }
      case .ready, .inFlight, .ambiguous:
        // Something parked holds what needs it until a person rules.
        if !waitsForPerson(entry, entries) { report.violations.append("\(what): left open") }
      case .parked: if sides[c].kind != .blind { report.violations.append("\(what): needs a person") }
      case .dead, .expired, .superseded:
        if effects > 0 { report.violations.append("\(what): arrived all the same") }
        if entry.reason == nil { report.violations.append("\(what): without a reason") }
      }
    }
  }

  private func waitsForPerson(_ entry: OutboxEntry, _ all: [OutboxEntry]) -> Bool {
    entry.state == .ready
      && all.contains { entry.needs.contains($0.key) && ($0.state == .parked || waitsForPerson($0, all)) }
  }

  // MARK: - Chance and time

  private var isFaulty: Bool { now < calmFrom }
  private mutating func chance(_ below: Double) -> Double { Double.random(in: 0..<below, using: &random) }
  private mutating func roll(_ probability: Double) -> Bool { chance(1) < probability }

  private mutating func wakeAll() {
    for c in sides.indices { schedule(.wake(process: process, channel: c), in: .zero) }
  }
  private mutating func schedule(_ event: Event, in delay: Duration) { schedule(event, at: now + delay) }
  private mutating func schedule(_ event: Event, at time: Instant) {
    order += 1
    queue.append(Scheduled(at: time, order: order, event: event))
  }
  private mutating func pop() -> Scheduled? {
    guard let i = queue.indices.min(by: { (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order) })
    else { return nil }
    return queue.remove(at: i)
  }
}
