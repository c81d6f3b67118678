import Units

/// The three-way comparison for the shifts of one key.
struct ShiftReconciler {
  let key: ShiftKey
  let want: WantedShift?
  var record: PushedRoster.Record
  /// Shifts in ICARE that belong to the key, by id.
  let present: [IcareShift]
  /// Hand-made shifts at the wanted time.
  let twins: [IcareShift]
  let settings: RosterSync.Settings
  let now: Instant
  let readFrom: Instant?

  private(set) var actions: [SyncAction] = []
  private(set) var differences: [SyncDifference] = []

  init(
    key: ShiftKey, want: WantedShift?, record: PushedRoster.Record, present: [IcareShift],
    twins: [IcareShift],
    settings: RosterSync.Settings, now: Instant, readFrom: Instant?
  ) {
    self.key = key
    self.want = want
    self.record = record
    self.present = present
    self.twins = twins
    self.settings = settings
    self.now = now
    self.readFrom = readFrom
  }

  var hasConflict: Bool { differences.contains(where: \.isConflict) }

  mutating func add(_ step: SyncAction.Step, to shift: Int?, _ why: String) {
    actions.append(
      SyncAction(key: key, shift: shift, span: shift == nil ? want?.span : nil, step: step, why: why))
  }
  mutating func show(_ kind: SyncDifference.Kind) {
    let difference = SyncDifference(key: key, kind: kind)
    if !differences.contains(difference) { differences.append(difference) }
  }

  mutating func run() {
    if isHistory { return }
    settleAttempts()
    guard let want else {
      retire()
      return
    }
    forgetDeletedExtras()
    guard let keeper = keeper(want) else {
      if !hasConflict { create(want) }
      return
    }
    if record.copies[keeper.id] == nil {
      record.copies[keeper.id] = .init(span: keeper.times, text: keeper.text)
    }
    let extras = present.filter { $0.id != keeper.id && !record.twins.contains($0.id) }
    for extra in extras {
      noteLeaves(extra, want)
      carryOver(extra, to: keeper, want)
    }
    if extras.isEmpty, record.attempts.isEmpty {
      (record.carrying, record.carried, record.gone, record.flagged) = ([:], [:], [], [:])
    }
    comparePeople(keeper, want)
    compareRemark(keeper, want)
    // What overwrites comes in a run of its own, planned on a shift that nothing else is changing.
    if actions.isEmpty { compareText(keeper, want) }
    if actions.isEmpty, !hasConflict { clearAway(extras, want) }
  }

  /// Over for all concerned, or started before what was read.
  private var isHistory: Bool {
    let ends =
      present.map(\.times.end) + record.copies.values.map(\.span.end) + (want.map { [$0.span.end] } ?? [])
    if ends.allSatisfy({ $0 <= now }) { return true }
    guard let readFrom else { return false }
    let starts = record.copies.values.map(\.span.start) + (want.map { [$0.span.start] } ?? [])
    return starts.contains { $0 < readFrom }
  }

  // MARK: requests without an answer

  /// Finds out from what ICARE shows whether open requests arrived.
  private mutating func settleAttempts() {
    for attempt in record.attempts {
      let action = attempt.action
      switch arrived(action) {
      case .some(true):
        record.apply(action, id: created(by: action) ?? record.target(of: action))
      case .some(false):
        let isRecent = now - Instant(tai: attempt.tai) <= settings.grace
        if !isRecent, isUndoable(action) {
          show(.unconfirmed(action.step))
          continue
        }
      case .none: break
      }
      record.attempts.removeAll { $0 == attempt }
    }
  }

  /// Nil when it does not matter: then the comparison decides afresh.
  private func arrived(_ action: SyncAction) -> Bool? {
    switch action.step {
    case .create: return created(by: action) != nil
    case .addMember(let user, _, _):
      return target(action).map { $0.person(user) != nil }
    case .removeMember(let user):
      return target(action).map { $0.person(user) == nil }
    case .delete:
      guard let id = action.shift else { return nil }
      return present.contains { $0.id == id } ? nil : true
    case .comment(let text):
      return target(action).map { shift in shift.comments.contains { $0.text == text } }
    case .flagReplacement(let user, _):
      return target(action).map { $0.person(user)?.needsReplacement == true }
    case .update(let text, _): return target(action).map { $0.text == text }
    }
  }

  /// Whether a person could have undone it, so that its absence can mean two things.
  private func isUndoable(_ action: SyncAction) -> Bool {
    switch action.step {
    case .create, .addMember, .removeMember: true
    default: false
    }
  }

  private func target(_ action: SyncAction) -> IcareShift? {
    let id = record.target(of: action)
    return present.first { $0.id == id }
  }

  /// A shift that a create made and that we have no other account of.
  private func created(by action: SyncAction) -> Int? {
    guard case .create(let span, _) = action.step else { return nil }
    return present.first { $0.times == span && record.copies[$0.id] == nil }?.id
  }

  private func isBlocked(_ step: SyncAction.Step) -> Bool {
    record.attempts.contains { $0.action.step == step }
  }

  // MARK: which copy stays

  private func keeper(_ want: WantedShift) -> IcareShift? {
    let fitting = present.filter { $0.times == want.span && !record.twins.contains($0.id) }
    return fitting.first { record.copies[$0.id] != nil } ?? fitting.first
  }

  /// A person who deletes one of two copies cleared it away for us.
  private mutating func forgetDeletedExtras() {
    let ids = Set(present.map(\.id))
    guard record.copies.keys.contains(where: ids.contains) else { return }
    record.copies = record.copies.filter { ids.contains($0.key) }
  }

  private mutating func create(_ want: WantedShift) {
    if record.isDeleted || (!record.copies.isEmpty && present.isEmpty) {
      show(.deleted)
      return
    }
    for shift in present {
      guard let copy = record.copies[shift.id], copy.span != shift.times else { continue }
      show(.timesChanged(shift.times))
      return
    }
    if let twin = twins.first(where: { !record.twins.contains($0.id) }) {
      show(.twin(twin.id))
      return
    }
    for shift in present { noteLeaves(shift, want) }
    let isMove = !present.isEmpty
    add(
      .create(want.span, want.text), to: nil,
      isMove ? "the shift moved; the old one goes when this is complete" : "in the roster")
    for (user, isAdmin) in want.people.sorted(by: { $0.key < $1.key }) {
      if record.left.contains(user) {
        show(.left(user))
      } else {
        let asks = present.contains { $0.person(user)?.needsReplacement == true }
        add(.addMember(user, isAdmin: isAdmin, needsReplacement: asks), to: nil, "in the roster")
      }
    }
  }

  // MARK: people

  private mutating func comparePeople(_ keeper: IcareShift, _ want: WantedShift) {
    record.left = record.left.filter { want.people[$0] != nil }
    let isHere = Set(keeper.people.map(\.user))
    record.owed.formIntersection(isHere)
    // Nobody goes before their replacement is there, unless the limit leaves no other way.
    let isLimited = keeper.text.capacity != nil
    if isLimited { compareOthers(keeper, want) }
    compareExpected(keeper, want)
    if !isLimited { compareOthers(keeper, want) }
    let kept = (record.copies[keeper.id]?.confirmed ?? []).filter {
      isHere.contains($0) || want.people[$0] != nil
    }
    record.copies[keeper.id]?.confirmed = kept
    if !keeper.strangers.isEmpty { show(.strangers(keeper.strangers)) }
  }

  private mutating func compareOthers(_ keeper: IcareShift, _ want: WantedShift) {
    for person in keeper.people where want.people[person.user] == nil && person.user != settings.bot {
      let user = person.user
      if record.owed.contains(user) || record.copies[keeper.id]?.confirmed.contains(user) == true {
        if !isBlocked(.removeMember(user)) {
          add(.removeMember(user), to: keeper.id, "no longer in the roster")
        }
      } else {
        show(.joined(user))
        if person.needsReplacement { show(.replacementWanted(user)) }
      }
    }
  }

  private mutating func compareExpected(_ keeper: IcareShift, _ want: WantedShift) {
    var room = keeper.text.capacity.map { $0 - keeper.people.count - keeper.strangers.count } ?? .max
    for action in actions {
      switch action.step {
      case .addMember: room -= 1
      case .removeMember: if room < .max { room += 1 }
      default: break
      }
    }
    for (user, isAdmin) in want.people.sorted(by: { $0.key < $1.key }) {
      let person = keeper.person(user)
      if record.owed.contains(user) {
        if !isBlocked(.removeMember(user)) {
          add(.removeMember(user), to: keeper.id, "left the earlier copy of the shift")
        }
        show(.left(user))
      } else if let person {
        record.left.remove(user)
        record.copies[keeper.id]?.confirmed.insert(user)
        if person.needsReplacement { show(.replacementWanted(user)) }
        if person.isAdmin != isAdmin { show(.role(user, isAdmin: person.isAdmin)) }
      } else if record.left.contains(user) || record.copies[keeper.id]?.confirmed.contains(user) == true {
        record.left.insert(user)
        show(.left(user))
      } else if record.attempts.contains(where: { $0.action.isAdding(user) })
        || actions.contains(where: { $0.isAdding(user) })
      {
        continue
      } else if room <= 0 {
        show(.full(user))
      } else {
        room -= 1
        add(.addMember(user, isAdmin: isAdmin, needsReplacement: false), to: keeper.id, "in the roster")
      }
    }
  }

  private mutating func compareRemark(_ keeper: IcareShift, _ want: WantedShift) {
    if let remark = want.remark { say(remark, on: keeper, "why somebody else does it") }
  }

  mutating func say(_ text: String, on keeper: IcareShift, _ why: String) {
    guard !record.said.contains("\(keeper.id) \(text)") else { return }
    if keeper.comments.contains(where: { $0.text == text }) {
      record.said.insert("\(keeper.id) \(text)")
    } else if !actions.contains(where: { $0.step == .comment(text) }) {
      add(.comment(text), to: keeper.id, why)
    }
  }

  // MARK: name, description, limit

  private mutating func compareText(_ keeper: IcareShift, _ want: WantedShift) {
    guard let base = record.copies[keeper.id]?.text else { return }
    let theirs = keeper.text
    if theirs == want.text {
      record.copies[keeper.id]?.text = want.text
      return
    }
    var (merged, agreed) = (theirs, base)
    var clashes = false
    var keeps = false
    func merge<Value: Equatable>(_ field: WritableKeyPath<ShiftText, Value>) {
      let (b, o, t) = (base[keyPath: field], want.text[keyPath: field], theirs[keyPath: field])
      if o == t || t == b {
        (merged[keyPath: field], agreed[keyPath: field]) = (o, o)
      } else if o == b {
        keeps = true
      } else {
        clashes = true
      }
    }
    merge(\.name)
    merge(\.description)
    merge(\.capacity)
    if clashes { show(.textConflict(theirs)) }
    if keeps { show(.textChanged(theirs)) }
    if clashes || merged == theirs { return }
    if let most = merged.capacity, keeper.people.count + keeper.strangers.count > most {
      show(.textConflict(theirs))
      return
    }
    add(.update(merged, remember: agreed), to: keeper.id, "the roster says it differently")
  }
}

extension SyncAction {
  func isAdding(_ user: Username) -> Bool {
    if case .addMember(let other, _, _) = step { other == user } else { false }
  }
}
