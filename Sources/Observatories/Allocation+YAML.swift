import Units

extension Telescope.Allocation {
  init(_ section: YAMLSection) {
    self.init()
    hoursPerNight = section.number("hours_per_night", in: 0...24, unit: "hours")
    hoursPerSemester = section.number("hours_per_semester", in: 0...4416, unit: "hours")
    hoursPerEvent = section.number("hours_per_event", in: 0...1000, unit: "hours")
    fieldsPerNight = section.count("fields_per_night", upTo: 100_000)
    fieldsPerEvent = section.count("fields_per_event", upTo: 100_000)
    exposuresPerRequest = section.count("exposures_per_request", upTo: 10_000)
    sharedWith = section.texts("shared_with") ?? []
    source = section.text("source")
    if let budget = section.section("requests") {
      let (most, days) = (budget.count("most", upTo: 10_000), budget.count("days", upTo: 3660))
      for key in ["most", "days"] where !budget.has(key) { budget.missing(key, "write {most: 1, days: 30}") }
      if let most, let days { requests = .init(most: most, days: max(1, days)) }
      budget.finish()
    }
    tiling = section.section("tiling").map(Telescope.TilingRule.init)
    window = Self.window(section)
    section.finish()
  }

  private static func window(_ section: YAMLSection) -> TimeWindow? {
    guard section.has("from") || section.has("to") else { return nil }
    func instant(_ key: String) -> Instant? {
      let text = section.requiredText(key)
      let instant = Instant(iso8601: text)
      if instant == nil, !text.isEmpty {
        section.problem(key, "`\(text)` is not a date", "write 2026-08-01 or 2026-08-01T12:00:00Z")
      }
      return instant
    }
    guard let from = instant("from"), let to = instant("to") else { return nil }
    guard from < to else {
      section.problem("to", "is not after `from`", "exchange the two")
      return nil
    }
    return TimeWindow(from, to)
  }
}

extension Telescope.TilingRule {
  init(_ section: YAMLSection) {
    self.init()
    probability = section.number("probability_percent", in: 0...100, unit: "per cent")
      .flatMap(Fraction.init(percent:))
    mostProbable = section.count("most_probable", upTo: 100_000)
    bestAirmass = section.count("best_airmass", upTo: 100_000)
    maxAirmass = section.number("max_airmass", in: 1...40, unit: "sec z")
    sites = section.count("sites", upTo: 1000)
    fieldsPerSite = section.count("fields_per_site", upTo: 100_000)
    exposureCount = section.count("exposures", upTo: 10_000)
    exposure = section.number("exposure_s", in: 0.001...86_400, unit: "s").map(Duration.seconds)
    section.finish()
  }
}

extension YAMLSection {
  /// A whole number from 0 on.
  func count(_ key: String, upTo most: Int) -> Int? {
    guard let value = number(key, in: 0...Double(most), unit: "pieces") else { return nil }
    guard value == value.rounded() else {
      problem(key, "\(Text.number(value)) is not a whole number", "write a whole number")
      return nil
    }
    return Int(value)
  }
}
