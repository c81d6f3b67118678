import Icare
import Rosters
import Store
import Units

/// Brings a roster into ICARE, and what people did there back.
public struct RosterPush: Sendable {
  private let roster: Roster
  private let file: PushedRosterFile
  private let clock: ServiceClock
  private var bridge: RosterBridge
  private let sync: RosterSync
  private let lock: InstanceLock
  /// Reads, plans and sends until nothing is left; more than a move with faults ever takes.
  private static let mostRounds = 25

  /// - Parameter state: the state folder, in which is kept what was pushed.
  /// - Throws: `IcareError`, or `ConfigurationError` when another push of the roster is under way.
  public init(_ roster: Roster, access: IcareAccess, state: String, clock: ServiceClock) async throws {
    self.roster = roster
    self.clock = clock
    file = try PushedRosterFile(state: state, key: roster.key)
    lock = try InstanceLock(path: file.path + ".lock")
    guard lock.take() else { throw ConfigurationError("another push of \(roster.campaign) is under way") }
    bridge = try await RosterBridge(access, campaign: roster.key)
    sync = RosterSync(.init(bot: Username(bridge.bot)))
  }

  /// User names of the group's members, for the checks.
  public var knownUsers: Set<Username> { bridge.usernames }

  /// What would be sent, and what differs. Reads only.
  public func plan() async throws -> SyncPlan {
    let now = clock.now()
    let pushed = try file.load()
    let reading = try await bridge.reading(of: roster, pushed: pushed, now: now)
    return sync.plan(roster, pushed: pushed, icare: reading, now: now)
  }

  /// What became of a push.
  public struct Result: Sendable {
    /// In the order in which they were carried out.
    public var done: [SyncAction] = []
    /// What ICARE would not have, and why.
    public var refused: [SyncAction: String] = [:]
    /// As ICARE stands now.
    public var plan: SyncPlan
    /// Why it ended early; run it again to go on.
    public var interrupted: String?
  }

  /// Sends until ICARE holds the roster or says no. What it knows is stored before and after each request, so
  /// that it can be ended at any time and run again.
  public mutating func push(pause: @Sendable (Duration) async -> Void) async throws -> Result {
    var result = Result(plan: try await plan())
    for _ in 0..<Self.mostRounds {
      try file.save(result.plan.pushed)
      let wanted = result.plan.actions.filter { result.refused[$0] == nil }
      guard !wanted.isEmpty else { return result }
      let before = result.done.count
      let trouble = try await carryOut(wanted, of: result.plan, into: &result)
      if let trouble { await pause(.seconds(trouble == .unsent ? 5 : 1)) }
      result.plan = try await plan()
      if trouble == nil, result.done.count == before { break }
    }
    let isOpen = result.plan.actions.contains { result.refused[$0] == nil }
    if isOpen { result.interrupted = "ICARE did not take all of it; run it again" }
    return result
  }

  private enum Trouble { case ambiguous, unsent }

  /// One run through the actions, ended where reading again is due.
  private mutating func carryOut(
    _ actions: [SyncAction], of plan: SyncPlan, into result: inout Result
  ) async throws -> Trouble? {
    var pushed = plan.pushed
    for action in actions {
      let id = pushed.target(of: action)
      if case .create = action.step {} else if id == nil { continue }
      if action.needsRecheck, let id {
        guard plan.holds(action, for: try await bridge.shift(id)) else { continue }
      }
      pushed.begin(action, at: clock.now())
      try file.save(pushed)
      let outcome = try await bridge.perform(action, on: id)
      pushed.finish(action, outcome)
      try file.save(pushed)
      switch outcome {
      case .done: result.done.append(action)
      case .refused(let why): result.refused[action] = why
      case .ambiguous: return .ambiguous
      case .unsent: return .unsent
      }
    }
    return nil
  }

  /// Takes over a person's ruling on all that differs about one shift; the next push acts on it.
  /// - Returns: the differences it settled.
  public func settle(_ shift: ShiftID, _ decision: SyncDecision) async throws -> [SyncDifference] {
    let plan = try await plan()
    var pushed = plan.pushed
    let open = plan.differences.filter { $0.key.shift == shift }
    for difference in open {
      if case .twin(let id) = difference.kind, decision == .icare, let shift = try await bridge.shift(id) {
        pushed.adopt(shift, as: difference.key)
      } else {
        pushed.settle(difference, decision)
      }
    }
    try file.save(pushed)
    return open
  }
}

extension RosterPush.Result {
  /// Status: 0 ICARE holds the roster; 1 a person must decide something; 2 ICARE refused something or it
  /// ended early.
  public var report: CommandReport {
    var lines = done.map { "done: \($0)" }
    lines += plan.differences.map(\.description)
    lines += refused.map { "refused: \($0.key): \($0.value)" }.sorted()
    if let interrupted { lines.append(interrupted) }
    let isSettled = refused.isEmpty && interrupted == nil
    let conflicts = plan.differences.filter(\.isConflict).count
    if isSettled {
      lines.append(
        conflicts > 0
          ? "\(conflicts) to be decided: `vesper roster push --take roster|icare --shift DAY/SLOT`"
          : done.isEmpty ? "nothing to do: ICARE holds the roster" : "ICARE holds the roster")
    }
    return CommandReport(lines, !isSettled ? .failed : conflicts > 0 ? .look : .good)
  }
}

extension SyncPlan {
  /// Status 0 when ICARE holds the roster, 1 when anything differs.
  public var report: CommandReport {
    let lines = actions.map { "would send: \($0)" } + differences.map(\.description)
    return CommandReport(
      lines.isEmpty ? ["ICARE holds the roster"] : lines, lines.isEmpty ? .good : .look)
  }
}
