import Units

/// What to do about an event.
public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
  /// Nothing is done.
  case no = "NO"
  /// Keep an eye on it: something is missing or a person must judge.
  case watch = "WATCH"
  /// Only the telescopes named.
  case limited = "LIMITED"
  /// Everybody suitable.
  case go = "GO"
  /// End what was started.
  case stop = "STOP"

  /// Whether telescopes move.
  public var isFollowUp: Bool { self == .go || self == .limited }
}

/// How many exposures, of what length, in which filters, per tile or target.
public struct ExposureRecipe: Codable, Hashable, Sendable {
  public let count: Int
  @Coded public private(set) var each: Duration
  public let filters: [String]

  public init(count: Int, each: Duration, filters: [String]) {
    self.count = count
    self.each = each
    self.filters = filters
  }
}

/// What a rule orders when it fires.
public struct Orders: Codable, Hashable, Sendable {
  public var outcome: Outcome
  public var tags: [String] = []
  /// 1 (low) to 5 (drop everything).
  public var priority: Int?
  /// A sentence for the teams.
  public var objective: String?
  /// Telescope ids that may be used; empty means all.
  public var telescopes: [String] = []
  /// Telescope ids that must not be asked.
  public var excluded: [String] = []
  public var exposures: ExposureRecipe?
  /// From the event time on.
  @Coded public var validity: Duration? = nil
  public var maximumAirmass: Double?
  /// Where to stop tiling.
  @Coded public var probability: Fraction? = nil
  public var fieldsPerNight: Int?

  public init(_ outcome: Outcome) { self.outcome = outcome }

  /// Whether a telescope (by its id in the registry) may be asked.
  public func allows(_ telescope: String) -> Bool {
    outcome.isFollowUp && !excluded.contains(telescope)
      && (telescopes.isEmpty || telescopes.contains(telescope))
  }
}

/// A set of named rules, the first of which that holds decides. The language of the files is described in
/// `Policies/README.md`; facts are listed in `FactName`.
///
/// A missing fact makes a comparison unknown, and a rule that is unknown does not fire. But when it would
/// have moved telescopes and the rule that fires instead says NO, the outcome is WATCH: what is not known
/// yet is not held against an event. See `decide(on:after:)`.
public struct Policy: Hashable, Sendable {
  public struct Rule: Hashable, Sendable {
    public let name: String
    public let when: Condition
    public let orders: Orders
    /// Of its file.
    public let line: Int?
  }

  /// A telescope named in the file, and where.
  public struct Mention: Hashable, Sendable {
    public let telescope: String
    public let line: Int?
  }

  public let name: String
  public let title: String
  /// Where the rules come from.
  public let source: String
  public let appliesTo: Condition?
  public let rules: [Rule]
  public let otherwise: Orders
  public let included: [Policy]
  public let scoreCuts: ScoreCuts
  /// SHA-256 of the file, lower-case hexadecimal: tells two versions of a policy apart.
  public let digest: String

  /// All telescopes named in this file, for a check against the registry.
  public let mentions: [Mention]
}

public enum PolicyError: Error, Hashable, Sendable {
  /// Something wrong with one line.
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    public let line: Int?
    /// With its path: `rules[0].when.area90_deg2`.
    public let key: String
    public let what: String
    public let remedy: String
    public var message: String { "`\(key)` \(what); \(remedy)" }
    public var description: String { (line.map { "line \($0): " } ?? "") + message }
  }
  case unreadable(file: String, line: Int?, reason: String)
  /// All problems of the file at once.
  case invalid(file: String, [Problem])
  case unknownPolicy(String, suggestion: String)
  /// The policies shipped with the program are not where they should be.
  case missingResources(looked: [String])
}

extension PolicyError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let file, let line, let reason):
      "\(file)\(line.map { ":\($0)" } ?? ""): \(reason)"
    case .invalid(let file, let problems):
      problems.map { "\(file):\($0.line.map { "\($0): " } ?? " ")\($0.message)" }.joined(separator: "\n")
    case .unknownPolicy(let name, let suggestion): "there is no policy `\(name)`; \(suggestion)"
    case .missingResources(let looked):
      "the policies are missing; looked in \(looked.joined(separator: ", "))"
    }
  }
}
