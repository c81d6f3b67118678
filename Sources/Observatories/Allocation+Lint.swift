import Units

extension TelescopeLinter {
  /// Terms that contradict each other or the telescope.
  static func allocation(_ t: Telescope) -> [Finding] {
    guard let a = t.allocation else { return [] }
    var findings: [Finding] = []
    func error(_ key: String, _ what: String, _ remedy: String) {
      findings.append(Finding(.error, .allocation, t.id, key: "allocation.\(key)", what, remedy))
    }
    func ordered(_ small: Double?, _ key: String, _ large: Double?, _ other: String) {
      guard let small, let large, small > large else { return }
      error(
        key, "\(Text.number(small)) is more than `\(other)` allows (\(Text.number(large)))",
        "one of the two is wrong: ask the team")
    }
    ordered(a.hoursPerNight, "hours_per_night", a.hoursPerSemester, "hours_per_semester")
    ordered(a.hoursPerEvent, "hours_per_event", a.hoursPerSemester, "hours_per_semester")
    if let own = a.hoursPerNight, let stated = t.usage?.hoursPerNight, own != stated {
      error(
        "hours_per_night", "\(Text.number(own)) h, but `usage.hours_per_night` has \(Text.number(stated)) h",
        "keep one of the two")
    }
    if let rule = a.tiling {
      let chosen = (rule.mostProbable ?? 0) + (rule.bestAirmass ?? 0)
      ordered(Double(chosen), "tiling", a.fieldsPerNight.map(Double.init), "fields_per_night")
      let range = t.exposure.shortest...t.exposure.longest
      // An assumed range is a custom of the class; stated terms know better.
      let isAssumed = t.assumptions.contains { $0.key == "exposure.range_s" }
      if !isAssumed, let each = rule.exposure, !range.contains(each) {
        error(
          "tiling.exposure_s", "\(Text.number(each.seconds)) s is outside the telescope's exposures",
          "correct it or `exposure.range_s`")
      }
    }
    if t.usage?.level == .notOperational {
      error("", "is given for a telescope marked nOP", "take it away or correct `usage.level`")
    }
    if a.sharedWith.contains(t.id) { error("shared_with", "names the telescope itself", "take it away") }
    return findings
  }

  /// What is shared must be known and shared on both sides, with equal terms.
  static func sharedAllocations(_ telescopes: [Telescope]) -> [Finding] {
    let byID = Dictionary(telescopes.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    var findings: [Finding] = []
    for t in telescopes {
      for name in t.allocation?.sharedWith ?? [] where name != t.id {
        func error(_ what: String, _ remedy: String) {
          findings.append(
            Finding(.error, .allocation, t.id, key: "allocation.shared_with", what, remedy))
        }
        guard let other = byID[name] else {
          error("`\(name)` is the id of no telescope", "write the id as its own file has it")
          continue
        }
        guard other.allocation?.sharedWith.contains(t.id) == true else {
          error("\(name) does not share with \(t.id)", "add `\(t.id)` to its `allocation.shared_with`")
          continue
        }
        let (mine, its) = (t.terms, other.terms)
        if mine.hoursPerNight != its.hoursPerNight || mine.fieldsPerNight != its.fieldsPerNight
          || mine.hoursPerSemester != its.hoursPerSemester
        {
          error("\(name) has other hours or fields for the same allocation", "give both the same")
        }
      }
    }
    return findings
  }
}
