import Units

/// A roster after an operation, with what the checks say differently now.
public struct RosterChange: Equatable, Sendable {
  public let roster: Roster
  /// Findings that were not there before.
  public let appeared: [RosterFinding]
  /// Findings that are gone.
  public let vanished: [RosterFinding]

  init(from old: Roster, to new: Roster, check: RosterCheck) {
    roster = new
    let before = check.findings(old)
    let after = check.findings(new)
    let (had, has) = (Set(before), Set(after))
    appeared = after.filter { !had.contains($0) }
    vanished = before.filter { !has.contains($0) }
  }

  /// No new error: warnings are for people to weigh.
  public var isSound: Bool { !appeared.contains { $0.severity == .error } }
}

extension Roster {
  /// Two people exchange one shift each. The roster is returned also when the checks find something new:
  /// whether to take it is for the caller, by `isSound`.
  public func swapping(
    _ a: Username, on first: ShiftID, with b: Username, on second: ShiftID, check: RosterCheck
  ) throws(RosterError) -> RosterChange {
    let (x, y) = (try doing(a, first), try doing(b, second))
    guard a != b, first != second else {
      throw .pointless("a swap needs two people and two shifts, not \(a) on \(first) with \(b) on \(second)")
    }
    if x.members.contains(b) { throw .pointless("\(b) is on \(first) already") }
    if y.members.contains(a) { throw .pointless("\(a) is on \(second) already") }
    var roster = self
    roster.override(x, replacing: a, by: b, why: "\(a) swapped with \(b) for \(second)")
    roster.override(y, replacing: b, by: a, why: "\(b) swapped with \(a) for \(first)")
    return RosterChange(from: self, to: roster, check: check)
  }

  /// Somebody takes over one shift of somebody else.
  public func replacing(
    _ a: Username, on id: ShiftID, by b: Username, check: RosterCheck
  ) throws(RosterError) -> RosterChange {
    let shift = try doing(a, id)
    if shift.members.contains(b) { throw .pointless("\(b) is on \(id) already") }
    var roster = self
    roster.override(shift, replacing: a, by: b, why: "\(b) for \(a)")
    return RosterChange(from: self, to: roster, check: check)
  }

  private func doing(_ user: Username, _ id: ShiftID) throws(RosterError) -> Shift {
    guard let shift = shift(id) else { throw .noSuchShift(id.description, campaign: campaign) }
    guard shift.members.contains(user) else { throw .notOnShift(user, shift: id, members: shift.members) }
    return shift
  }

  private mutating func override(_ shift: Shift, replacing a: Username, by b: Username, why: String) {
    setMembers(shift.members.filter { $0 != a } + [b], on: shift.id, why: why)
  }

  /// Names the people of one shift. An override that says what the week says anyway is dropped.
  public mutating func setMembers(_ members: [Username], on id: ShiftID, why: String) {
    let wanted = Array(Set(members)).sorted()
    overrides.removeAll { $0.shift == id }
    if shift(id)?.members == wanted { return }
    overrides.append(Override(shift: id, members: wanted, why: why))
    overrides.sort { $0.shift < $1.shift }
  }
}
