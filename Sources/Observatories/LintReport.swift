import JSON
/// What `vesper telescopes lint` prints.
public enum LintReport {
  /// One line per finding and one with the totals.
  ///
  /// `error    TRT-SBO  site.lat_deg  hemisphere: the latitude has the wrong sign ...; use ...`
  public static func text(_ findings: [TelescopeLinter.Finding], telescopes: Int) -> String {
    let rows = findings.map { f in
      [
        f.severity.rawValue, f.subject, f.key.isEmpty ? "-" : f.key,
        "\(f.check.rawValue): \(f.message); \(f.suggestion)",
      ]
    }
    let table = rows.isEmpty ? "" : Text.table(rows) + "\n"
    return table + totals(findings, telescopes: telescopes) + "\n"
  }

  private static func totals(_ findings: [TelescopeLinter.Finding], telescopes: Int) -> String {
    func count(_ n: Int, _ word: String) -> String { "\(n) \(word)\(n == 1 ? "" : "s")" }
    return count(telescopes, "telescope") + ": " + count(errors(findings), "error") + ", "
      + count(findings.count - errors(findings), "warning")
  }

  /// How many findings make the set unfit; none is exit code 0.
  public static func errors(_ findings: [TelescopeLinter.Finding]) -> Int {
    findings.count { $0.severity == .error }
  }

  public static func json(_ findings: [TelescopeLinter.Finding], telescopes: Int) -> String {
    let list = findings.map { f in
      JSONValue.object([
        ("severity", .string(f.severity.rawValue)), ("check", .string(f.check.rawValue)),
        ("subject", .string(f.subject)), ("key", .text(f.key.isEmpty ? nil : f.key)),
        ("message", .string(f.message)), ("suggestion", .string(f.suggestion)),
      ])
    }
    return JSONPrinter.text(
      .object([
        ("telescopes", .integer(telescopes)), ("errors", .integer(errors(findings))),
        ("warnings", .integer(findings.count - errors(findings))), ("findings", .array(list)),
      ]), .indented) + "\n"
  }
}
