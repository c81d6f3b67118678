import Units

/// `plan.rts2`: a POSIX shell script with the commands of RTS2 that enter targets, their scripts and
/// fixed start times: `rts2-newtarget`, `rts2-target`, `rts2-plan` (manual pages of the RTS2 project).
///
/// All commands stand in one function that the last command calls: a script that was cut short does
/// nothing. Times carry `U`, since RTS2 takes `T` for local time. No end time is given: with one, RTS2
/// repeats the script until then. A decimal right ascension is in degrees; declinations have a sign.
public enum PlanRTS2 {
  static func render(_ plan: PlanDocument, _ preferences: SitePreferences) -> String {
    var lines = ["#!/bin/sh"] + PlanHead.comments(plan, preferences, mark: "#")
    if !plan.rows.isEmpty {
      lines.append("plan() {")
      for row in plan.rows { lines += commands(row, preferences) }
      lines += ["}", "plan"]
    }
    lines.append(PlanHead.end(plan, mark: "#"))
    return lines.map { $0 + "\n" }.joined()
  }

  private static func commands(_ row: PlanDocument.Row, _ preferences: SitePreferences) -> [String] {
    let name = PlanACP.name(row.target)
    let start = row.startUTC.instant.secondsRoundedUp().dropLast().replacing("T", with: "U")
    return [
      "# " + PlanHead.rowText(row, preferences),
      "rts2-newtarget -a -f \(name) \(ShellText.quoted(place(row, preferences))) || return",
      "rts2-target --name-only -c \(preferences.rts2Camera) -s \(ShellText.quoted(script(row))) \(name) || return",
      "rts2-plan --add \(name) \(start) || return",
    ]
  }

  private static func place(_ row: PlanDocument.Row, _ preferences: SitePreferences) -> String {
    switch preferences.coordinates {
    case .sexagesimal:
      Angle.degrees(row.raDeg).hoursMinutesSeconds + " " + Angle.degrees(row.decDeg).degreesMinutesSeconds
    case .decimal: row.raText(8) + " " + row.decDeg.signedFixed(8)
    }
  }

  /// `filter=i for 3 { E 60 }`: elements parted by spaces.
  private static func script(_ row: PlanDocument.Row) -> String {
    let exposure = "E \(row.exptimeS.trimmed(3))"
    let repeated = row.nexp == 1 ? exposure : "for \(row.nexp) { \(exposure) }"
    guard let filter = row.filter else { return repeated }
    // Braces are blocks and quotes group in a script.
    let safe = String(ASCIIText.token(filter).map { "{}\"".contains($0) ? "_" : $0 })
    return "filter=\(safe) \(repeated)"
  }
}

enum ShellText {
  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// One word for a POSIX shell, whatever it holds.
  static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
