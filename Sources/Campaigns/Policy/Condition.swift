/// Kleene's three values: a missing fact makes a comparison unknown, never false.
public enum Truth: String, Codable, Hashable, Sendable {
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
public struct ClauseTrace: Codable, Hashable, Sendable {
  public let fact: FactName
  public let comparison: Comparison
  /// Nil when the value is not known.
  public let saw: FactValue?
  /// Of the comparison itself; a `not` around it is in `isNegated`.
  public let truth: Truth
  public let isNegated: Bool

  /// Whether it speaks for the rule.
  public var verdict: Truth { isNegated ? truth.negated : truth }

  /// `area90_deg2 below 200`
  public var asked: String { "\(isNegated ? "not " : "")\(fact.rawValue) \(comparison.text)" }

  /// `area90_deg2 below 200: 180 [pass]`
  public var text: String { "\(asked): \(saw?.text ?? "not known") [\(verdict.word)]" }
}

extension Truth {
  public var word: String {
    switch self {
    case .yes: "pass"
    case .no: "fail"
    case .unknown: "unknown"
    }
  }
}

/// As in a policy file: `{"below": 200}`.
extension Comparison: Codable {
  private enum Key: String, CodingKey {
    case below, atMost = "at_most", above, atLeast = "at_least", `is`, oneOf = "one_of"
    case includesAny = "includes_any", known
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let key = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a comparison without an operator"))
    }
    switch key {
    case .below: self = .below(try container.decode(Double.self, forKey: key))
    case .atMost: self = .atMost(try container.decode(Double.self, forKey: key))
    case .above: self = .above(try container.decode(Double.self, forKey: key))
    case .atLeast: self = .atLeast(try container.decode(Double.self, forKey: key))
    case .is: self = .isFlag(try container.decode(Bool.self, forKey: key))
    case .oneOf: self = .oneOf(try container.decode([String].self, forKey: key))
    case .includesAny: self = .includesAny(try container.decode([String].self, forKey: key))
    case .known: self = .known(try container.decode(Bool.self, forKey: key))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .below(let x): try container.encode(x, forKey: .below)
    case .atMost(let x): try container.encode(x, forKey: .atMost)
    case .above(let x): try container.encode(x, forKey: .above)
    case .atLeast(let x): try container.encode(x, forKey: .atLeast)
    case .isFlag(let b): try container.encode(b, forKey: .is)
    case .oneOf(let words): try container.encode(words, forKey: .oneOf)
    case .includesAny(let words): try container.encode(words, forKey: .includesAny)
    case .known(let b): try container.encode(b, forKey: .known)
    }
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
