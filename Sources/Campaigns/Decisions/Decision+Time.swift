import Units

extension Decision {
  /// When a rule that asks for the age of the event may turn without anything else happening. Nil when none
  /// that was judged does.
  ///
  /// The rules judged are those up to the one that fired; the others cannot fire before one of these turns.
  /// - Parameter time: of the event, from which ages count.
  func nextTurn(of time: Instant?, after now: Instant) -> Instant? {
    guard let time else { return nil }
    let turns = rules.flatMap(\.clauses).compactMap { clause -> Instant? in
      guard clause.fact == .age, let hours = clause.comparison.threshold else { return nil }
      // A comparison with the limit itself may be false yet.
      return time + .hours(hours) + .seconds(1)
    }
    return turns.filter { $0 > now }.min()
  }
}

extension Comparison {
  /// The number it compares with.
  var threshold: Double? {
    switch self {
    case .below(let x), .atMost(let x), .above(let x), .atLeast(let x): x
    case .isFlag, .oneOf, .includesAny, .known: nil
    }
  }
}
