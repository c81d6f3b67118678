extension Roster {
  static let pulledPrefix = "ICARE: "

  /// Takes over what people did in ICARE: who joined, who left, and shifts that were deleted (which then have
  /// nobody, so that the checks say so). Each becomes an override of its shift.
  ///
  /// A coordinator who left the shifts stays the week's coordinator: that is not theirs alone to change.
  public func pulling(_ differences: [SyncDifference], check: RosterCheck) -> RosterChange {
    var roster = self
    let own = differences.filter { $0.key.campaign == key }
    for (id, list) in Dictionary(grouping: own, by: \.key.shift).sorted(by: { $0.key < $1.key }) {
      guard let shift = shift(id) else { continue }
      var members = Set(shift.members)
      var words: [String] = []
      for difference in list {
        switch difference.kind {
        case .joined(let user) where members.insert(user).inserted: words.append("\(user) joined")
        case .left(let user) where members.remove(user) != nil: words.append("\(user) left")
        case .deleted where !members.isEmpty:
          members = []
          words.append("the shift was deleted")
        default: break
        }
      }
      if !words.isEmpty {
        roster.setMembers(members.sorted(), on: id, why: Self.pulledPrefix + words.joined(separator: ", "))
      }
    }
    return RosterChange(from: self, to: roster, check: check)
  }
}
