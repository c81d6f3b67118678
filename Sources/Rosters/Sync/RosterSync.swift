import Units

/// What to send so that ICARE holds the roster, without undoing anything people did there.
public struct SyncPlan: Hashable, Sendable {
  /// In order of shifts; a shift's requests in the order in which they must be sent.
  public let actions: [SyncAction]
  /// What stays different, in order of shifts.
  public let differences: [SyncDifference]
  /// To be stored before the first request is sent.
  public let pushed: PushedRoster
  /// The shifts that steps which overwrite were planned on.
  let seen: [Int: IcareShift]

  /// Whether a step that `needsRecheck` may still be sent to the shift as it was read a moment ago.
  public func holds(_ action: SyncAction, for current: IcareShift?) -> Bool {
    guard action.needsRecheck else { return true }
    guard let id = action.shift, let current else { return false }
    return seen[id] == current
  }

  /// Nothing to send, nothing to decide.
  public var isSettled: Bool { actions.isEmpty && !differences.contains(where: \.isConflict) }
}

/// Compares the roster, what was pushed, and what ICARE has now.
///
/// Invariants, held by a property test with a simulated ICARE: each shift of the roster is there exactly once
/// in the end; nobody who joined is removed and nobody who left is put back; a shift that moves is complete
/// under its new times before the old one goes; a second run sends nothing.
///
/// To carry out a plan: store `plan.pushed`; for each action `begin`, store, send, `finish`, store; then read
/// ICARE and plan again, until `actions` is empty. After an ambiguous answer read and plan at once. One writer.
public struct RosterSync: Sendable {
  public struct Settings: Hashable, Sendable {
    /// Our own user in ICARE, whose memberships and comments are not people's.
    public var bot: Username?
    /// A request without an answer, of which ICARE shows nothing: within this time it is taken for not
    /// arrived and sent again; later a person may have undone it, and is asked.
    public var grace: Duration
    public init(bot: Username? = nil, grace: Duration = .minutes(10)) {
      self.bot = bot
      self.grace = grace
    }
  }

  public var settings: Settings
  public init(_ settings: Settings = Settings()) { self.settings = settings }

  /// Shifts that are over are left as they are: they are history. O(shifts * people).
  public func plan(_ roster: Roster, pushed: PushedRoster, icare: IcareReading, now: Instant) -> SyncPlan {
    let wanted = Dictionary(
      roster.shifts.map { (ShiftKey(campaign: roster.key, shift: $0.id), $0) },
      uniquingKeysWith: { a, _ in a })
    let owners = Self.owners(pushed, icare, campaign: roster.key)
    var byKey: [ShiftKey: [IcareShift]] = [:]
    for shift in icare.shifts { if let key = owners[shift.id] { byKey[key, default: []].append(shift) } }
    let recorded = pushed.records.keys.compactMap { ShiftKey($0) }.filter { $0.campaign == roster.key }
    let strays = Dictionary(grouping: icare.shifts.filter { owners[$0.id] == nil }, by: \.times)
    var result = pushed
    var actions: [SyncAction] = []
    var differences: [SyncDifference] = []
    var seen: [Int: IcareShift] = [:]
    for key in Set(wanted.keys).union(byKey.keys).union(recorded).sorted() {
      let want = wanted[key].map { WantedShift($0, key: key, roster: roster) }
      var reconciler = ShiftReconciler(
        key: key, want: want, record: pushed.records[key.description] ?? .init(),
        present: (byKey[key] ?? []).sorted { $0.id < $1.id },
        twins: want.map { (strays[$0.span] ?? []).filter { ShiftKey.find(in: $0.text.description) == nil } }
          ?? [],
        settings: settings, now: now, readFrom: icare.from)
      reconciler.run()
      actions += reconciler.actions
      differences += reconciler.differences
      for action in reconciler.actions where action.needsRecheck {
        if let id = action.shift { seen[id] = reconciler.present.first { $0.id == id } }
      }
      result.records[key.description] = reconciler.record == .init() ? nil : reconciler.record
    }
    // Nothing goes while anything is still to come: a slot that was renamed is there twice before it is there once.
    let isOnlyDeleting = actions.allSatisfy { $0.step == .delete }
    if !isOnlyDeleting { actions.removeAll { $0.step == .delete } }
    return SyncPlan(actions: actions, differences: differences, pushed: result, seen: seen)
  }

  /// The key each shift of ICARE's belongs to: the one we know its id under, else the one it carries.
  private static func owners(_ pushed: PushedRoster, _ icare: IcareReading, campaign: String) -> [Int:
    ShiftKey]
  {
    var owners: [Int: ShiftKey] = [:]
    for shift in icare.shifts {
      if let key = ShiftKey.find(in: shift.text.description), key.campaign == campaign {
        owners[shift.id] = key
      }
    }
    for (name, record) in pushed.records {
      guard let key = ShiftKey(name), key.campaign == campaign else { continue }
      for id in record.copies.keys { owners[id] = key }
    }
    return owners
  }
}

/// A shift of the roster as it should stand in ICARE.
struct WantedShift {
  let span: ShiftSpan
  let text: ShiftText
  /// Whether each person is to be an administrator.
  let people: [Username: Bool]
  /// Why somebody else does it than the week says.
  let remark: String?

  init(_ shift: Shift, key: ShiftKey, roster: Roster) {
    span = ShiftSpan(shift.window)
    text = ShiftText(
      name: "\(roster.campaign), \(shift.id.day) slot \(shift.slot.name)",
      description:
        "Shift of \(roster.campaign), week of \(shift.week). The roster follows who joins or leaves here. "
        + key.marker, capacity: roster.rules.capacity)
    var people = Dictionary(uniqueKeysWithValues: shift.members.map { ($0, false) })
    if roster.rules.coordinatorIsAdmin, let coordinator = shift.coordinator { people[coordinator] = true }
    self.people = people
    let why = roster.overrides.first { $0.shift == shift.id }?.why ?? ""
    // What came from there need not be told there.
    remark = why.isEmpty || why.hasPrefix(Roster.pulledPrefix) ? nil : "Roster: \(why)"
  }
}
