import Units

/// A draft of a GCN Circular (plain ASCII text, lines of at most 72 characters outside the table).
enum CircularText {
  static func render(_ event: ReportedEvent?, _ record: ShiftRecord) -> String {
    guard let e = event else { return "Event: \(ShiftReport.empty)\n" }
    var lines = [
      "SUBJECT: \(e.isMock ? "[NOT TO BE SENT: MOCK] " : "")\(e.id): GRANDMA observations", "",
      "\(ShiftReport.empty) (authors)", "report on behalf of the GRANDMA collaboration:", "",
    ]
    lines += wrapped(opening(e))
    if !e.observations.isEmpty {
      lines += [""] + table(e)
      lines += [""] + wrapped(coverage(e))
    }
    lines += [""]
    lines += wrapped(
      "Magnitudes are in the \(ShiftReport.empty) system and not corrected for Galactic extinction. "
        + "Images were reduced with \(ShiftReport.empty).")
    lines += [""]
    lines += wrapped(
      "GRANDMA is a worldwide telescope network "
        + "devoted to the observation of transients in the context of multi-messenger astrophysics.")
    return ascii(lines.joined(separator: "\n") + "\n")
  }

  private static func opening(_ e: ReportedEvent) -> String {
    let place = "of \(e.id) (GCN \(ShiftReport.empty))"
    guard let first = e.observations.map(\.start).min() else {
      return "No observation \(place) is on record yet."
    }
    let names = unique(e.observations.map(\.telescope))
    let delay =
      e.time.map { ", \(Phrase.number(first.seconds(since: $0) / 3600, 2)) h after the trigger" } ?? ""
    return "We observed the localization \(place) with \(names.joined(separator: ", ")), starting at "
      + "\(Phrase.minute(first)) UTC\(delay)."
  }

  /// A row per telescope, filter and exposure: first start, how many, how long.
  private static func table(_ e: ReportedEvent) -> [String] {
    struct Key: Hashable {
      let telescope: String
      let filter: String?
      let exposure: Duration
    }
    let groups = Dictionary(grouping: e.observations) {
      Key(telescope: $0.telescope, filter: $0.filter, exposure: $0.exposure)
    }
    let width = max(10, groups.keys.map { $0.telescope.count + 2 }.max() ?? 0)
    func row(_ delay: String, _ telescope: String, _ filter: String, _ exposure: String, _ limit: String)
      -> String
    {
      Phrase.padded(delay, 10) + Phrase.padded(telescope, width) + Phrase.padded(filter, 8)
        + Phrase.padded(exposure, 16) + limit
    }
    let sorted = groups.map { ($0, $1.map(\.start).min() ?? e.observations[0].start, $1) }
      .sorted { ($0.1, $0.0.telescope) < ($1.1, $1.0.telescope) }
    return [row("T-T0 (h)", "Telescope", "Filter", "Exposure", "Magnitude or 5-sigma limit")]
      + sorted.map { key, first, list in
        let delay = e.time.map { Phrase.number(first.seconds(since: $0) / 3600, 2) } ?? ShiftReport.empty
        let count = list.reduce(0) { $0 + $1.count }
        return row(
          delay, key.telescope, Phrase.or(key.filter),
          "\(count) x \(Phrase.number(key.exposure.seconds, 0)) s",
          limits(list))
      }
  }

  /// `> 20.1`, or from the least to the greatest; empty where one of them was not reported.
  private static func limits(_ list: [Observation]) -> String {
    let known = list.compactMap(\.limit)
    guard known.count == list.count, let least = known.min(), let most = known.max() else {
      return ShiftReport.empty
    }
    let (a, b) = (Phrase.number(least.value, 1), Phrase.number(most.value, 1))
    return a == b ? "> \(a)" : "> \(a) to \(b)"
  }

  /// What the observed fields hold. Where it was not counted, the shares that pointings add lie apart on the sky,
  /// whatever else of the plan was done or not: their sum is never more than the truth.
  private static func coverage(_ e: ReportedEvent) -> String {
    let byField = Dictionary(grouping: e.observations) { "\($0.telescope)\u{1f}\($0.field)" }
    let fields = byField.count
    let subject = fields == 1 ? "The one field covers" : "The \(fields) fields cover"
    let whole = "of the probability of the sky map"
    if let observed = e.observed {
      return "\(subject) \(Phrase.percent(observed)) \(whole) used for planning."
    }
    // Several exposures of a field add its share once.
    let shares = byField.values.compactMap { $0.compactMap(\.added).max() }
    guard shares.count == fields, !shares.isEmpty else {
      return "\(subject) \(ShiftReport.empty) \(whole)."
    }
    let sum = Fraction(clamping: shares.reduce(0) { $0 + $1.value })
    return "\(subject) at least \(Phrase.percent(sum)) \(whole) used for planning."
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  static func wrapped(_ text: String, width: Int = 72) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      if !lines[lines.count - 1].isEmpty, lines[lines.count - 1].count + 1 + word.count > width {
        lines.append("")
      }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines
  }

  /// Circulars are plain text: what is not ASCII becomes `?`, and is for the sender to put right.
  private static func ascii(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
  }
}
