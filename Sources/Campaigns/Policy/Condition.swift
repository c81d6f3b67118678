/// Kleene's three values: a missing fact makes a comparison unknown, never false.
public enum Truth: String, Hashable, Sendable {
  case yes, no, unknown

  public init(_ value: Bool) { self = value ? .yes : .no }
  public var negated: Truth {
    switch self {
    case .yes: .no
    case .no: .yes
    case .unknown: .unknown
    }
  }
  static func all(_ values: some Sequence<Truth>) -> Truth {
    values.reduce(.yes) { $0 == .no || $1 == .no ? .no : $0 == .unknown || $1 == .unknown ? .unknown : .yes }
  }
  static func any(_ values: some Sequence<Truth>) -> Truth { all(values.map(\.negated)).negated }
}

/// What a rule asks.
public indirect enum Condition: Hashable, Sendable {
  case all([Condition])
  case any([Condition])
  case not(Condition)
  case fact(FactName, Comparison)
}

/// A question about one value.
public enum Comparison: Hashable, Sendable {
  case below(Double), atMost(Double), above(Double), atLeast(Double)
  case isFlag(Bool)
  case oneOf([String])
  case includesAny([String])
  /// Whether there is a value at all; the only comparison that is never unknown.
  case known(Bool)

  /// As a person would say it: `below 200`.
  public var text: String {
    switch self {
    case .below(let x): "below \(Wording.number(x))"
    case .atMost(let x): "at most \(Wording.number(x))"
    case .above(let x): "above \(Wording.number(x))"
    case .atLeast(let x): "at least \(Wording.number(x))"
    case .isFlag(let b): b ? "is yes" : "is no"
    case .oneOf(let words): words.count == 1 ? "is \(words[0])" : "is one of \(words.joined(separator: ", "))"
    case .includesAny(let words): "includes \(words.joined(separator: " or "))"
    case .known(let b): b ? "is known" : "is not known"
    }
  }

  /// A value of another kind than the comparison wants is unknown.
  func judge(_ value: FactValue?) -> Truth {
    if case .known(let wanted) = self { return Truth((value != nil) == wanted) }
    switch (self, value) {
    case (.below(let limit), .number(let x)): return Self.compare(x) { $0 < limit }
    case (.atMost(let limit), .number(let x)): return Self.compare(x) { $0 <= limit }
    case (.above(let limit), .number(let x)): return Self.compare(x) { $0 > limit }
    case (.atLeast(let limit), .number(let x)): return Self.compare(x) { $0 >= limit }
    case (.isFlag(let wanted), .flag(let b)): return Truth(b == wanted)
    case (.oneOf(let words), .word(let w)): return Truth(words.contains(w))
    case (.includesAny(let words), .words(let list)): return Truth(words.contains { list.contains($0) })
    default: return .unknown
    }
  }

  private static func compare(_ x: Double, _ test: (Double) -> Bool) -> Truth {
    x.isNaN ? .unknown : Truth(test(x))
  }
}

/// One comparison of a rule, with what it saw.
public struct ClauseTrace: Hashable, Sendable {
  public let fact: FactName
  public let comparison: Comparison
  /// Nil when the value is not known.
  public let saw: FactValue?
  /// Of the comparison itself; a `not` around it is in `isNegated`.
  public let truth: Truth
  public let isNegated: Bool

  /// `area90_deg2 below 200: 180 [pass]`
  public var text: String {
    let asked = "\(isNegated ? "not " : "")\(fact.rawValue) \(comparison.text)"
    let verdict =
      switch isNegated ? truth.negated : truth {
      case .yes: "pass"
      case .no: "fail"
      case .unknown: "unknown"
      }
    return "\(asked): \(saw?.text ?? "not known") [\(verdict)]"
  }
}

extension Condition {
  /// Judges every part, so that all of them can be shown.
  func judge(_ facts: EventFacts, negated: Bool = false, into traces: inout [ClauseTrace]) -> Truth {
    switch self {
    case .all(let parts):
      var values: [Truth] = []
      for part in parts { values.append(part.judge(facts, negated: negated, into: &traces)) }
      return .all(values)
    case .any(let parts):
      var values: [Truth] = []
      for part in parts { values.append(part.judge(facts, negated: negated, into: &traces)) }
      return .any(values)
    case .not(let part):
      return part.judge(facts, negated: !negated, into: &traces).negated
    case .fact(let name, let comparison):
      let truth = comparison.judge(facts[name])
      traces.append(
        ClauseTrace(
          fact: name, comparison: comparison, saw: facts[name], truth: truth, isNegated: negated))
      return truth
    }
  }
}
