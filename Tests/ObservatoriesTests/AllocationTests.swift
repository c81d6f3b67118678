import Foundation
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Observatories

private let now = Instant(iso8601: "2026-03-10T20:00:00Z")!

private func telescope(_ extra: String) throws -> Telescope {
  try Telescope(
    yaml: """
      id: T
      name: T 50 cm
      status: operational
      automation: manual
      site: {name: S, country: France, setting: dark, lat_deg: 43.75, lon_deg: 6.92, elevation_m: 1270}
      aperture_m: 0.5
      field: {shape: square, side_deg: 0.4}
      exposure: {range_s: [60, 300]}
      assumed: [depth, exposure.typical_s, timing.readout_s, timing.slew_deg_per_s, timing.settle_s,
        limits.min_alt_deg, limits.max_airmass, limits.moon_sep_deg, limits.max_sun_alt_deg]
      \(extra)
      """, file: "t.yaml")
}

@Suite struct AllocationTests {
  @Test func levelsSetTheTermsThatAreNotGiven() throws {
    #expect(try telescope("usage: {level: VF}").terms.hoursPerNight == 3)
    #expect(try telescope("usage: {level: R}").terms.requests == .init(most: 1, days: 91))
    #expect(try telescope("usage: {level: special}").terms == Telescope.Allocation())
    let own = try telescope("usage: {level: F}\nallocation: {hours_per_night: 0.75}").terms
    #expect(own.hoursPerNight == 0.75 && own.requests == nil)
    let both = try telescope("usage: {level: VR}\nallocation: {fields_per_night: 5}").terms
    #expect(both.fieldsPerNight == 5 && both.requests == .init(most: 1, days: 182))
  }

  @Test func theTightestBoundCounts() throws {
    let terms = try telescope(
      """
      allocation: {hours_per_night: 3, hours_per_semester: 20, hours_per_event: 4, fields_per_night: 20,
        fields_per_event: 8, from: 2026-02-01, to: 2026-08-01}
      """
    ).terms
    var use = AllocationUse()
    use.hoursTonight = 1
    use.hoursThisSemester = 19.5
    use.fieldsTonight = 5
    use.fieldsForEvent = 5
    let left = terms.remainder(after: use, now: now)
    #expect(left.time == .hours(0.5) && left.timeLimit == .hoursPerSemester(20, used: 19.5))
    #expect(left.fields == 3 && left.fieldLimit == .fieldsPerEvent(8, used: 5))
    #expect(left.exhausted == nil)
    use.quotaLeftHours = 0
    #expect(terms.remainder(after: use, now: now).exhausted == .quota(0))
    let early = terms.remainder(after: .none, now: Instant(iso8601: "2026-01-31T00:00:00Z")!)
    #expect("\(early.exhausted!)" == "its allocation starts on 2026-02-01")
    let late = terms.remainder(after: .none, now: Instant(iso8601: "2026-08-01T00:00:00Z")!)
    #expect("\(late.exhausted!)" == "its allocation ended on 2026-08-01")
    #expect(Telescope.Allocation().remainder(after: .none, now: now).time == nil)
  }

  @Test func requestsAreCountedInTheirSpan() throws {
    let terms = try telescope("usage: {level: O}").terms
    func left(_ days: [Double]) -> AllocationRemainder {
      var use = AllocationUse()
      use.requests = days.map { now - .hours(24 * $0) }
      return terms.remainder(after: use, now: now)
    }
    #expect(left([]).exhausted == nil && left([31, 60]).exhausted == nil)
    // A request of tomorrow is none yet.
    #expect(left([-1]).exhausted == nil)
    #expect("\(left([12]).exhausted!)" == "one request in 30 days; the next from 2026-03-28 on")
    let two = try telescope("allocation: {requests: {most: 2, days: 10}}").terms
    var use = AllocationUse()
    use.requests = [1, 4, 8].map { now - .hours(24 * $0) }
    // Of three in the span the second youngest must leave it first.
    #expect("\(two.remainder(after: use, now: now).exhausted!)".contains("2026-03-16"))
  }

  @Test func contradictionsAreFound() throws {
    func lint(_ yaml: String) throws -> [String] {
      TelescopeLinter.allocation(try telescope(yaml)).map(\.key)
    }
    #expect(
      try lint("allocation: {hours_per_night: 3, hours_per_semester: 2}") == ["allocation.hours_per_night"])
    #expect(
      try lint("usage: {level: F, hours_per_night: 1}\nallocation: {hours_per_night: 2}")
        == ["allocation.hours_per_night"])
    #expect(
      try lint("allocation: {fields_per_night: 5, tiling: {most_probable: 4, best_airmass: 4}}")
        == ["allocation.tiling"])
    #expect(try lint("allocation: {tiling: {exposure_s: 600}}") == ["allocation.tiling.exposure_s"])
    #expect(try lint("usage: {level: nOP}\nallocation: {fields_per_night: 5}") == ["allocation."])
    #expect(try lint("allocation: {shared_with: [T]}") == ["allocation.shared_with"])
    #expect(try lint("allocation: {fields_per_night: 5}").isEmpty)
  }

  @Test func sharingIsMutual() throws {
    var (a, b) = (try telescope("allocation: {fields_per_night: 5, shared_with: [B]}"), try telescope(""))
    #expect(TelescopeLinter.sharedAllocations([a, b]).count == 1)
    b = try telescopeB("allocation: {fields_per_night: 5}")
    #expect(TelescopeLinter.sharedAllocations([a, b]).map(\.subject) == ["T"])
    b = try telescopeB("allocation: {fields_per_night: 6, shared_with: [T]}")
    #expect(TelescopeLinter.sharedAllocations([a, b]).count == 2)
    b = try telescopeB("allocation: {fields_per_night: 5, shared_with: [T]}")
    #expect(TelescopeLinter.sharedAllocations([a, b]).isEmpty)
    a.allocation = nil
    #expect(TelescopeLinter.sharedAllocations([a, b]).count == 1)
  }

  private func telescopeB(_ extra: String) throws -> Telescope {
    let yaml = try String(contentsOf: packageRoot.appending(path: "telescopes/kao.yaml"), encoding: .utf8)
    var t = try Telescope(yaml: yaml, file: "kao.yaml")
    let other = try telescope(extra)
    t = Telescope(
      id: "B", slug: "b", fullName: "B", status: .operational, site: other.site, exposure: other.exposure,
      timing: other.timing, limits: other.limits)
    t.allocation = other.allocation
    return t
  }

  @Test func wrongKeysAreRefused() {
    func message(_ yaml: String) -> String {
      do { return "\(try telescope(yaml).id)" } catch { return "\(error)" }
    }
    #expect(message("allocation: {hours_per_nigth: 3}").contains("did you mean `hours_per_night`?"))
    #expect(message("allocation: {fields_per_night: 2.5}").contains("not a whole number"))
    #expect(message("allocation: {fields_per_night: -1}").contains("outside 0...100000"))
    #expect(message("allocation: {requests: {most: 1}}").contains("days: is missing"))
    #expect(message("allocation: {from: 2026-08-01, to: 2026-02-01}").contains("is not after `from`"))
    #expect(message("allocation: {from: 2026-08-01}").contains("to: is missing"))
    #expect(message("allocation: {tiling: {probability_percent: 170}}").contains("outside 0...100"))
  }

  /// The rule of GRANDMA's automatic requests to TAROT, in each of the three files; the terms are in the digest.
  @Test func tarotHasItsRule() throws {
    let registry = try TelescopeFiles.load(packageRoot.appending(path: "telescopes")).registry
    for id in ["TAROT-TCA", "TAROT-TCH", "TAROT-TRE"] {
      let t = try #require(registry[id])
      let rule = try #require(t.allocation?.tiling)
      #expect(rule.probability?.percent == 70 && rule.mostProbable == 10 && rule.bestAirmass == 10)
      #expect(rule.exposureCount == 3 && rule.exposure == .seconds(200) && rule.sites == 3)
      #expect(rule.fieldsPerSite == 7)
      #expect(t.terms.fieldsPerNight == 20 && t.terms.hoursPerNight == 3 && t.terms.exposuresPerRequest == 6)
      var other = t
      other.allocation?.fieldsPerNight = 21
      #expect(other.digest != t.digest)
      other = t
      other.allocation?.tiling?.fieldsPerSite = 8
      #expect(other.digest != t.digest)
    }
    #expect(TelescopeLinter.check(registry).filter { $0.check == .allocation }.isEmpty)
  }
}
