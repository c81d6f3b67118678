import JSON
import Observatories
import Photometry
import Units

/// What people read.
public enum FollowupTable {
  /// A ranking of those who can, then the reasons of those who cannot; 7-bit text, times in UTC.
  public static func text(_ answer: FollowupAnswer, of request: FollowupRequest) -> String {
    let position = request.target.position
    var lines = [
      "\(request.target.name)  RA \(position.ra.hoursMinutesSeconds) Dec \(position.dec.degreesMinutesSeconds)"
        + "  (\(Wording.decimal(position.ra.degrees, 5)) \(Wording.decimal(position.dec.degrees, 5)))",
      "\(request.source.curve.title); times in UTC, \(answer.offers.count) telescopes can observe", "",
    ]
    let header = [
      "#", "telescope", "start", "delay", "filter", "exposures", "expected", "limit", "alt", "airmass",
      "Moon",
      "deep",
    ]
    let rows = answer.offers.enumerated().map { i, o in
      [
        "\(i + 1)", o.telescope.id, Wording.time(o.first.start), Wording.delay(o.delay), o.filter ?? "-",
        "\(o.first.exposures.count) x \(Wording.decimal(o.first.exposures.each.seconds, 0)) s",
        Wording.decimal(o.first.expected.value, 1), Wording.decimal(o.first.limit.value, 1),
        Wording.decimal(o.first.altitude.degrees, 0), Wording.decimal(o.first.airmass, 2),
        Wording.decimal(o.first.moonSeparation.degrees, 0), o.isDeepEnough ? "yes" : "no",
      ]
    }
    if !rows.isEmpty { lines += table([header] + rows) }
    for (i, o) in answer.offers.enumerated() {
      let later = o.visits.dropFirst().map { Wording.time($0.start) }
      var remarks = later.isEmpty ? [] : ["again at \(later.joined(separator: ", "))"]
      if o.notify > request.now { remarks.append("tell the team from \(Wording.time(o.notify)) on") }
      remarks += [o.allocation].compactMap { $0 } + o.notes
      if !remarks.isEmpty { lines.append("  \(i + 1) \(o.telescope.id): \(remarks.joined(separator: "; "))") }
    }
    if !answer.omissions.isEmpty {
      lines += ["", "left out:"]
      lines += answer.omissions.map { "  \($0.telescopeID): \($0.reason)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func table(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { c in rows.map { $0[c].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { c, cell in
        cell + String(repeating: " ", count: widths[c] - cell.count)
      }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
  }

  /// The same as JSON; keys carry their units, absent values are null.
  public static func json(_ answer: FollowupAnswer, of request: FollowupRequest) -> String {
    JSONPrinter.text(document(answer, of: request), .indented) + "\n"
  }

  public static func document(_ answer: FollowupAnswer, of request: FollowupRequest) -> JSONValue {
    let target = request.target
    return .object([
      ("schema", .string("grandma.followup/1")),
      (
        "target",
        .object([
          ("name", .string(target.name)), ("ra_deg", number(target.position.ra.degrees, 6)),
          ("dec_deg", number(target.position.dec.degrees, 6)),
          ("error_arcsec", .optional(target.error.map { round($0.arcseconds, 3) })),
        ])
      ),
      ("policy", .string(request.policy.rawValue)), ("priority", .string(request.priority.rawValue)),
      ("model", .string(request.source.curve.id)), ("model_citation", .string(request.source.curve.citation)),
      ("event_time", .string(request.eventTime.iso8601())), ("now", .string(request.now.iso8601())),
      (
        "window",
        .array([.string(request.window.start.iso8601()), .string(request.window.end.iso8601())])
      ),
      ("offers", .array(answer.offers.enumerated().map { offer($1, rank: $0 + 1) })),
      (
        "left_out",
        .array(
          answer.omissions.map {
            .object([
              ("telescope", .string($0.telescopeID)), ("slug", .string($0.slug)), ("code", .string($0.code)),
              ("reason", .string($0.reason)),
            ])
          })
      ),
    ])
  }

  private static func offer(_ o: FollowupAnswer.Offer, rank: Int) -> JSONValue {
    .object([
      ("rank", .integer(rank)), ("telescope", .string(o.telescope.id)), ("slug", .string(o.telescope.slug)),
      ("filter", .text(o.filter)), ("band", .string(o.band.rawValue)),
      ("delay_s", number(o.delay.seconds, 0)), ("deep_enough", .bool(o.isDeepEnough)),
      ("latest_start", .string(o.latestStart.iso8601())), ("notify", .string(o.notify.iso8601())),
      ("usage", .text(o.telescope.usage?.level.rawValue)), ("allocation", .text(o.allocation)),
      ("notes", .strings(o.notes)), ("visits", .array(o.visits.map(visit))),
    ])
  }

  private static func visit(_ v: FollowupAnswer.Visit) -> JSONValue {
    .object([
      ("start", .string(v.start.iso8601())), ("end", .string(v.end.iso8601())),
      ("exposures", .integer(v.exposures.count)), ("exposure_s", number(v.exposures.each.seconds, 1)),
      ("expected_mag", number(v.expected.value, 2)), ("limit_mag", number(v.limit.value, 2)),
      ("margin_mag", number(v.margin, 2)), ("alt_deg", number(v.altitude.degrees, 1)),
      ("airmass", number(v.airmass, 3)), ("moon_sep_deg", number(v.moonSeparation.degrees, 1)),
      ("moon_alt_deg", number(v.moonAltitude.degrees, 1)),
      ("moon_illuminated_percent", number(v.moonIlluminated.percent, 0)),
    ])
  }

  private static func round(_ value: Double, _ decimals: Int) -> Double {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    return (value * scale).rounded() / scale
  }
  private static func number(_ value: Double, _ decimals: Int) -> JSONValue {
    value.isFinite ? .number(round(value, decimals)) : .null
  }
}
