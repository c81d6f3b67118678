import Foundation
import Testing

@testable import Observatories

/// What the linter suites share: shipped files edited into the published mistakes.
protocol LintExpecting {}

extension LintExpecting {
  typealias Check = TelescopeLinter.Check
  typealias Finding = TelescopeLinter.Finding

  func errors(_ findings: [Finding]) -> [Finding] { findings.filter { $0.severity == .error } }

  /// The errors of one edited file, alone.
  func alone(_ name: String, _ edits: [(String, String)]) throws -> [Finding] {
    errors(TelescopeLinter.check(try Shipped.edited(name, edits)))
  }

  /// The errors about one telescope when its edited file takes the place of the shipped one.
  func among(_ name: String, _ edits: [(String, String)]) throws -> [Finding] {
    let edited = try Shipped.edited(name, edits)
    let others = try Shipped.registry().telescopes.filter { $0.id != edited.id }
    return errors(TelescopeLinter.check(others + [edited])).filter { $0.subject == edited.id }
  }

  func expect(
    _ findings: [Finding], _ check: Check, _ key: String, _ text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let match = findings.contains {
      $0.check == check && $0.key == key && ($0.message + $0.suggestion).contains(text)
    }
    #expect(
      match, "wanted \(check) at \(key) with `\(text)`, got \(findings)", sourceLocation: sourceLocation)
  }
}
