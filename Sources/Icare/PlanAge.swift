import Units

/// Which of two plans is the newer one, whoever made them. Numbers do not tell: a service that lost its store
/// counts from 1 again while it reads the old notices once more.
public struct PlanAge: Codable, Hashable, Comparable, Sendable {
  /// When the newest of the notices was made by its sender that the plan takes into account.
  public var informed: NaiveUTC?
  /// When the plan was decided.
  public var decided: NaiveUTC

  public init(informed: Instant?, decided: Instant) {
    self.informed = informed.map { NaiveUTC($0) }
    self.decided = NaiveUTC(decided)
  }

  /// What a request's payload says in ICARE; nil when it does not say.
  init?(_ payload: JSONNode) {
    guard let decided = payload.moment(IcareKeys.decided) else { return nil }
    self.decided = decided
    informed = payload.moment(IcareKeys.informed)
  }

  var payload: JSONNode {
    let time: JSONNode = [IcareKeys.decided: .string(decided.text)]
    return informed.map { time.merging([IcareKeys.informed: .string($0.text)]) } ?? time
  }

  public static func < (a: Self, b: Self) -> Bool {
    a.informed == b.informed ? a.decided < b.decided : isBefore(a.informed, b.informed)
  }

  /// Of two moments, nil comes first.
  private static func isBefore(_ a: NaiveUTC?, _ b: NaiveUTC?) -> Bool {
    guard let b else { return false }
    return a.map { $0 < b } ?? true
  }
}
