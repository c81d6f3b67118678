/// A policy file as found.
public struct PolicyFile: Hashable, Sendable {
  /// The name of the file without its extension, which is the name of the policy.
  public let name: String
  /// For messages.
  public let path: String
  public let text: String

  public init(name: String, path: String, text: String) {
    self.name = name
    self.path = path
    self.text = text
  }
}

/// Policies by name. Of two files with one name the one of the earlier place counts, so that a user's
/// folder wins over what is shipped, for included policies too.
public struct PolicyLibrary: Sendable {
  /// The policy in use when none is named.
  public static let standardName = "grandma"

  private let files: [String: PolicyFile]

  /// - Parameter places: the files of each place, the one that wins first.
  public init(_ places: [PolicyFile]...) {
    files = Dictionary(places.joined().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public var names: [String] { files.keys.sorted() }
  public func file(named name: String) -> PolicyFile? { files[name] }

  /// - Throws: `PolicyError` with every problem of the file, or a suggestion for an unknown name.
  public func policy(named name: String = standardName) throws(PolicyError) -> Policy {
    let file = try found(name)
    let policy = try Policy(yaml: file.text, file: file.path) { name throws(PolicyError) in
      try self.found(name)
    }
    guard policy.name == name else {
      throw .invalid(
        file: file.path,
        [
          .init(
            line: 1, key: "policy", what: "is `\(policy.name)` in a file called `\(name)`",
            remedy: "give both the same name")
        ])
    }
    return policy
  }

  /// Everything that is wrong with the policies, by file and line.
  /// - Parameter telescopes: the ids of the registry; nil leaves the telescopes unchecked.
  public func lint(telescopes: [String]? = nil) -> [PolicyFinding] {
    var findings: [PolicyFinding] = []
    for name in names {
      do throws(PolicyError) {
        let policy = try policy(named: name)
        findings += policy.doubts(in: files[name]?.path ?? name, telescopes: telescopes)
      } catch {
        findings += error.findings
      }
    }
    // A faulty policy is met again by everything that includes it.
    var seen: Set<PolicyFinding> = []
    return findings.filter { seen.insert($0).inserted }
  }

  private func found(_ name: String) throws(PolicyError) -> PolicyFile {
    guard let file = files[name] else {
      throw .unknownPolicy(name, suggestion: Wording.suggestion(for: name, among: names))
    }
    return file
  }
}

/// Something that the linter says of a policy file.
public struct PolicyFinding: Hashable, Sendable, CustomStringConvertible {
  public enum Severity: String, Hashable, Sendable { case error, warning }
  public let severity: Severity
  public let file: String
  public let line: Int?
  public let message: String

  /// `policies/x.yaml:12: error: ...`, as compilers write it.
  public var description: String {
    "\(file):\(line.map { "\($0):" } ?? "") \(severity.rawValue): \(message)"
  }
}

extension PolicyError {
  /// One finding per problem.
  public var findings: [PolicyFinding] {
    switch self {
    case .unreadable(let file, let line, let reason):
      [PolicyFinding(severity: .error, file: file, line: line, message: reason)]
    case .invalid(let file, let problems):
      problems.map { PolicyFinding(severity: .error, file: file, line: $0.line, message: $0.message) }
    case .unknownPolicy(let name, _):
      [PolicyFinding(severity: .error, file: name, line: nil, message: description)]
    case .missingResources:
      [PolicyFinding(severity: .error, file: "policies", line: nil, message: description)]
    }
  }
}

extension Policy {
  /// What is legal but surely not meant.
  func doubts(in file: String, telescopes known: [String]?) -> [PolicyFinding] {
    var findings: [PolicyFinding] = []
    func warn(_ line: Int?, _ message: String) {
      findings.append(PolicyFinding(severity: .warning, file: file, line: line, message: message))
    }
    for (i, rule) in rules.enumerated() {
      if rule.when.neverHolds {
        warn(rule.line, "rule `\(rule.name)` can never hold: its conditions exclude each other")
      }
      if let before = rules[..<i].first(where: { $0.when == rule.when }) {
        warn(rule.line, "rule `\(rule.name)` is never reached: `\(before.name)` asks the same before it")
      }
    }
    for mention in mentions {
      guard let known, !known.contains(mention.telescope) else { continue }
      warn(
        mention.line,
        "`\(mention.telescope)` is not in the registry; "
          + Wording.suggestion(for: mention.telescope, among: known))
    }
    return findings
  }
}

extension Condition {
  /// Whether the numeric comparisons that must all hold leave no number. Only what stands in one `all` is
  /// compared; of what an `any` holds nothing is concluded unless each part excludes itself.
  var neverHolds: Bool {
    switch self {
    case .all(let parts):
      if parts.contains(where: \.neverHolds) { return true }
      var limits: [FactName: (low: Double, high: Double, open: Bool)] = [:]
      for case .fact(let fact, let comparison) in parts.flatMap(\.conjuncts) {
        var range = limits[fact] ?? (-.infinity, .infinity, false)
        switch comparison {
        case .below(let x) where x <= range.high: (range.high, range.open) = (x, true)
        case .atMost(let x) where x < range.high: (range.high, range.open) = (x, range.low == x && range.open)
        case .above(let x) where x >= range.low: (range.low, range.open) = (x, true)
        case .atLeast(let x) where x > range.low: (range.low, range.open) = (x, range.high == x && range.open)
        default: continue
        }
        if range.low > range.high || range.low == range.high && range.open { return true }
        limits[fact] = range
      }
      return false
    case .any(let parts): return parts.allSatisfy(\.neverHolds)
    case .not, .fact: return false
    }
  }

  private var conjuncts: [Condition] {
    if case .all(let parts) = self { parts.flatMap(\.conjuncts) } else { [self] }
  }
}
