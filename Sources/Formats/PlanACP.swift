import Units

/// `plan.acp`: an observing plan of ACP Observatory Control ("About Observing Plans" of its reference).
///
/// Lines are comments (`;`), directives (`#`) or targets: name TAB right ascension TAB declination,
/// J2000. A right ascension without colons is in **hours**. A `#WAITUNTIL` with a date is UTC and is
/// passed over when its time has gone, so a plan that is started late does not stall.
public enum PlanACP {
  /// Lines end with LF here; `PlanFormat` turns them into CRLF.
  static func render(_ plan: PlanDocument, _ preferences: SitePreferences) -> String {
    var lines = PlanHead.comments(plan, preferences, mark: ";")
    if preferences.usesACPQuitAt, !plan.rows.isEmpty {
      lines.append("#QUITAT \(date(plan.valid.end.instant.iso8601()))")
    }
    for row in plan.rows { lines += target(row, preferences) }
    lines.append(PlanHead.end(plan, mark: ";"))
    return lines.map { $0 + "\n" }.joined()
  }

  private static func target(_ row: PlanDocument.Row, _ preferences: SitePreferences) -> [String] {
    var lines = [
      "; " + PlanHead.rowText(row, preferences),
      "#WAITUNTIL 1, \(date(row.startUTC.instant.secondsRoundedUp()))",
      "#COUNT \(row.nexp)",
      "#INTERVAL \(row.exptimeS.trimmed(3))",
      "#BINNING 1",
    ]
    // The directive holds for all later targets: a row without a filter takes what is in place.
    if let filter = row.filter { lines.append("#FILTER \(filterName(filter))") }
    if preferences.usesACPPositionAngle { lines.append("#POSANG \(row.paDeg.fixed(2))") }
    lines.append("\(name(row.target))\t\(place(row, preferences))")
    return lines
  }

  private static func place(_ row: PlanDocument.Row, _ preferences: SitePreferences) -> String {
    switch preferences.coordinates {
    case .sexagesimal:
      return Angle.degrees(row.raDeg).hoursMinutesSeconds + "\t"
        + Angle.degrees(row.decDeg).degreesMinutesSeconds
    case .decimal:
      // Eight decimals of an hour: 0.5 mas.
      let hours = (row.raDeg / 15).fixed(8)
      return (hours.hasPrefix("24") ? 0.0.fixed(8) : hours) + "\t" + row.decDeg.signedFixed(8)
    }
  }

  /// Names become file names: `[A-Za-z0-9_]{1,40}`.
  static func name(_ target: String) -> String {
    let word = String(
      ASCIIText.plain(target).prefix(40).map { $0.isLetter || $0.isNumber ? $0 : "_" })
    return word.isEmpty ? "_" : word
  }

  /// A comma would part a list and a semicolon begin a comment.
  private static func filterName(_ filter: String) -> String {
    String(ASCIIText.token(filter).map { $0 == "," || $0 == ";" ? "_" : $0 })
  }

  /// `21-Nov-2026 03:05:00` of an ISO 8601 text.
  static func date(_ iso: String) -> String {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let month = Int(iso.dropFirst(5).prefix(2)) ?? 1
    // Windows knows no second 60: the next minute is a second late and never early.
    let time = String(iso.dropFirst(11).prefix(8))
    guard (1...12).contains(month), !time.hasSuffix("60") else {
      return Instant(iso8601: iso).map { date($0.advanced(bySeconds: 1).iso8601()) } ?? iso
    }
    return "\(iso.dropFirst(8).prefix(2))-\(months[month - 1])-\(iso.prefix(4)) \(time)"
  }
}

/// What the formats with comments say about a plan and its rows.
enum PlanHead {
  static let width = 127

  static func comments(_ plan: PlanDocument, _ preferences: SitePreferences, mark: String) -> [String] {
    let token = ASCIIText.token
    var lines = [
      "\(mark) GRANDMA plan  telescope=\(token(plan.telescope.name))  event=\(token(plan.event.id))"
        + "  STATUS=\(plan.status.rawValue)",
      "\(mark) plan=\(token(plan.planID))  made=\(plan.made.instant.iso8601())",
      "\(mark) valid=\(plan.valid.start.instant.iso8601())/\(plan.valid.end.instant.iso8601())"
        + "  frame=ICRS J2000  times=UTC",
    ]
    if let local = preferences.localTime {
      lines.append(
        "\(mark) local=\(local.text(plan.valid.start))/\(local.text(plan.valid.end))"
          + "  zone=\(token(local.zone))")
    }
    if plan.status == .stop {
      lines.append("\(mark) STOP: observe nothing for this event; earlier plans for it are void.")
    } else if plan.rows.isEmpty {
      lines.append("\(mark) nothing to observe in this plan")
    }
    for note in plan.notes { lines += ASCIIText.wrapped(note, prefix: "\(mark) note: ", width: width) }
    return lines
  }

  /// A file without this line is cut short.
  static func end(_ plan: PlanDocument, mark: String) -> String {
    "\(mark) END rows=\(plan.rows.count) sha256=\(ASCIIText.token(plan.seal))"
  }

  static func rowText(_ row: PlanDocument.Row, _ preferences: SitePreferences) -> String {
    var text = "rank=\(row.rank) field=\(ASCIIText.token(row.fieldID))"
    text += " start=\(row.startUTC.instant.secondsRoundedUp()) latest=\(row.latestStartUTC.instant.iso8601())"
    if let local = preferences.localTime { text += " local=\(local.text(row.startUTC))" }
    return text + " prob_%=\(row.prob.percent(decimals: 3, width: 6))"
  }
}
