/// One thing that must hold, and where it does not.
struct Finding: Sendable {
  let name: String
  /// How many things were looked at.
  let checked: Int
  let violations: [String]
}

/// Collects findings.
struct Verdict: Sendable {
  private(set) var findings: [Finding] = []
  var isClean: Bool { findings.allSatisfy { $0.violations.isEmpty } }

  mutating func add(_ name: String, of checked: Int, _ violations: [String]) {
    findings.append(Finding(name: name, checked: checked, violations: violations))
  }

  /// A check that cannot be made is a violation.
  mutating func check(_ name: String, _ body: () throws -> (Int, [String])) {
    do {
      let (checked, violations) = try body()
      add(name, of: checked, violations)
    } catch {
      add(name, of: 0, ["cannot be checked: \(error)"])
    }
  }
}
