import Foundation
import Observatories
import Planning
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

/// That plans keep to what telescopes may be asked for, and say so.
@Suite struct AllocationPlanTests {
  private static let name = "MS261009b-two-detectors.multiorder.fits"

  private func asked(
    _ names: [String] = ["TRE"], hours: Double = 24, change: (inout Telescope) -> Void
  ) throws -> PlanRequest {
    let map = try fixtureMap(Self.name)
    var list = try telescopes(benchmarkNetwork, names)
    for i in list.indices { change(&list[i]) }
    return request(map, list, start: try #require(map.header.eventTime), hours: hours)
  }

  private func note(_ plan: Plan) -> String { plan.telescopes.first?.notes.joined(separator: "; ") ?? "" }

  /// Nights from local noon to noon, counted by hand.
  private func byNight(_ part: Plan.TelescopePlan) -> [Int] {
    let longitude = part.telescope.site.position.longitude.degrees
    let groups = Dictionary(grouping: part.assignments) {
      Int(($0.start.mjdUTC + longitude / 360 - 0.5).rounded(.down))
    }
    return groups.values.map(\.count)
  }

  @Test func fieldsANightAreANightsFields() throws {
    var asked = try asked(hours: 72) {
      $0.allocation = .init()
      $0.allocation?.fieldsPerNight = 7
    }
    let free = try Planner.plan(try self.asked(hours: 72) { _ in })
    let plan = try Planner.plan(asked)
    #expect(byNight(free.telescopes[0]).contains { $0 > 7 })
    #expect(byNight(plan.telescopes[0]).allSatisfy { $0 <= 7 } && plan.timeline.count > 14)
    #expect(
      note(plan).contains("limited by its allocation to \(plan.timeline.count) exposures: 7 fields a night"))
    #expect(!note(free).contains("allocation"))

    asked.window = TimeWindow(asked.window.start, asked.window.start + .hours(24))
    let full = try Planner.plan(asked).timeline.count
    var use = AllocationUse()
    use.fieldsForEvent = 3
    asked.telescopes[0].allocation?.fieldsPerEvent = 5
    asked.used = [asked.telescopes[0].id: use]
    let left = try Planner.plan(asked)
    #expect(full > 2 && left.timeline.count == 2)
    #expect(note(left).contains("5 fields an event, 3 of them used"))
  }

  @Test func aQuotaIsKept() throws {
    var asked = try asked { _ in }
    var use = AllocationUse()
    use.quotaLeftHours = 0.25
    asked.used = [asked.telescopes[0].id: use]
    let plan = try Planner.plan(asked)
    // 60 s and 10 s of readout: twelve in a quarter of an hour.
    #expect(plan.timeline.count == 12)
    #expect(note(plan).contains("0.25 h left of its quota"))
    #expect(asked.digest != (try self.asked { _ in }).digest)
  }

  @Test func sharedHoursAreSharedOnce() throws {
    let names = ["TRE", "TCH"]
    let free = try Planner.plan(try asked(names) { _ in })
    #expect(free.telescopes.count == 2)
    let ids = free.telescopes.map(\.telescope.id)
    let plan = try Planner.plan(
      try asked(names) { t in
        t.allocation = .init()
        t.allocation?.hoursPerNight = 0.75
        t.allocation?.sharedWith = ids.filter { $0 != t.id }
      })
    let spent = plan.timeline.reduce(0) {
      $0 + $1.assignment.exposure.seconds + $1.telescope.timing.readout.seconds
    }
    #expect(spent <= 0.75 * 3600 && spent > 0.7 * 3600)
    #expect(plan.telescopes.allSatisfy { $0.notes.contains { $0.contains("0.75 h a night, shared with") } })
    let again = try judged(plan, on: try fixtureMap(Self.name))
    #expect(again.violations.isEmpty)
  }

  @Test func spentAllocationsLeaveAnEmptyPlanThatSaysWhy() throws {
    var asked = try asked(["TRE", "TCH"]) {
      $0.allocation = .init()
      $0.allocation?.fieldsPerNight = 20
    }
    var use = AllocationUse()
    use.fieldsTonight = 20
    asked.used = Dictionary(uniqueKeysWithValues: asked.telescopes.map { ($0.id, use) })
    let plan = try Planner.plan(asked)
    #expect(plan.telescopes.isEmpty && plan.network.probability == .zero)
    #expect(plan.omissions.map(\.code) == ["allocation_spent", "allocation_spent"])
    #expect(plan.omissions[0].reason.contains("20 of 20 fields used tonight"))
    _ = try judged(plan, on: asked.map)
  }

  /// Terms that contradict each other, or are no numbers, are all kept: the least holds.
  @Test(arguments: [0.0, -1, .nan, .infinity])
  func senselessTermsDoNotTrap(_ hours: Double) throws {
    let plan = try Planner.plan(
      try asked {
        $0.allocation = .init()
        $0.allocation?.hoursPerNight = hours
        $0.allocation?.hoursPerSemester = 0.001
      })
    #expect(plan.telescopes.isEmpty && plan.omissions.map(\.code) == ["allocation_spent"])
    #expect(!plan.omissions[0].reason.isEmpty)
  }

  @Test func datesOfAnAllocationClose() throws {
    var asked = try asked { _ in }
    let middle = asked.window.start + .hours(12)
    asked.telescopes[0].allocation = .init()
    asked.telescopes[0].allocation?.window = TimeWindow(asked.window.start - .hours(24), middle)
    let plan = try Planner.plan(asked)
    #expect(plan.timeline.allSatisfy { $0.assignment.end <= middle })
    asked.telescopes[0].allocation?.window = TimeWindow(middle + .hours(24), middle + .hours(48))
    #expect(try Planner.plan(asked).omissions.first?.reason.contains("starts on") == true)
  }

  // MARK: rules

  @Test func rulesOfTelescopesAreHeldWhereTheRequestSaysWhatItIs() throws {
    var asked = try asked {
      $0.exclusions = [.init(rule: "no SVOM bursts", condition: .streams(["SVOM"]))]
    }
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)
    asked.circumstances = .init(stream: "svom")
    let plan = try Planner.plan(asked)
    #expect(plan.timeline.isEmpty && plan.omissions.map(\.code) == ["rule"])
    #expect(plan.omissions[0].reason == "its rule: no SVOM bursts")
    asked.circumstances = .init(stream: "Swift")
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)

    asked.telescopes[0].exclusions = [.init(rule: "faint only", condition: .brighterThan(Magnitude(21.5)))]
    asked.circumstances = .init(expectedMagnitude: Magnitude(20))
    #expect(try Planner.plan(asked).omissions.map(\.code) == ["rule"])
    asked.circumstances = .init(expectedMagnitude: Magnitude(22))
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)

    let at3 = Instant(utcYear: 2026, month: 11, day: 9, hour: 3)!
    let at5 = Instant(utcYear: 2026, month: 11, day: 9, hour: 5)!
    asked.telescopes[0].exclusions = [
      .init(rule: "10 to 4", condition: .requestedOutside(from: .hours(10), to: .hours(4)))
    ]
    asked.circumstances = .init(requested: at3)
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)
    asked.circumstances = .init(requested: at5)
    #expect(try Planner.plan(asked).omissions.map(\.code) == ["rule"])

    asked.telescopes[0].exclusions = [.init(rule: "ask first", condition: .unless(.planned))]
    #expect(try Planner.plan(asked).omissions.map(\.code) == ["rule"])
    asked.permissions = [asked.telescopes[0].id: [.planned]]
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)
    asked.permissions = [:]
    asked.named = [asked.telescopes[0].id]
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)
  }

  /// The rule of the three TAROT telescopes, from their own files.
  @Test func tarotsRuleIsData() throws {
    let map = try fixtureMap(Self.name)
    var asked = request(
      map, try telescopes("telescopes", ["TCA", "TCH", "TRE"]), start: try #require(map.header.eventTime))
    // The twenty fields are part of the rule: who does not go by it is free.
    let free = try Planner.plan(asked)
    #expect(free.timeline.count > 20 && free.timeline.allSatisfy { $0.assignment.exposureCount == 1 })
    asked.followsTilingRules = true
    let plan = try Planner.plan(asked)
    #expect(plan.timeline.count > 5 && plan.timeline.count <= 20)
    for (_, one) in plan.timeline {
      #expect(one.exposureCount == 3 && one.exposure == .seconds(200))
      #expect(one.conditions.airmass <= 2.5)
    }
    #expect(plan.network.probability.value < 0.7 + 0.1)
    #expect(plan.telescopes.allSatisfy { $0.notes.contains { $0.contains("rule of its allocation") } })
    #expect(try judged(plan, on: map).violations.isEmpty)

    // Ten of the twenty are for probability, ten for airmass: without the second ten, higher airmass remains.
    // (Shares of sites aside: they choose among other fields.)
    var unshared = asked
    for i in asked.telescopes.indices { unshared.telescopes[i].allocation?.tiling?.fieldsPerSite = nil }
    var onlyProbable = unshared
    for i in asked.telescopes.indices {
      onlyProbable.telescopes[i].allocation?.tiling?.mostProbable = 20
      onlyProbable.telescopes[i].allocation?.tiling?.bestAirmass = 0
    }
    let probable = try Planner.plan(onlyProbable)
    #expect(probable.network.probability >= (try Planner.plan(unshared)).network.probability)

    // A rule that is content with less asks for less.
    for i in asked.telescopes.indices {
      asked.telescopes[i].allocation?.tiling?.probability = Fraction(clamping: 0.02)
    }
    #expect(try Planner.plan(asked).timeline.count < plan.timeline.count)
  }

  /// Spread over the three sites: no site has more than its share while another could use a field.
  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func fieldsOfARuleAreSpreadOverSites() throws {
    let map = try SkymapFile.read(
      contentsOf: Shared.url("data/skymaps/S230518h-Initial_alert.multiorder.fits"))
    var asked = request(
      map, try telescopes("telescopes", ["TCA", "TCH", "TRE"]), start: try #require(map.header.eventTime))
    asked.followsTilingRules = true
    let plan = try Planner.plan(asked)
    func count(_ plan: Plan) -> [String: Int] {
      Dictionary(uniqueKeysWithValues: plan.telescopes.map { ($0.telescope.id, $0.assignments.count) })
    }
    for i in asked.telescopes.indices { asked.telescopes[i].allocation?.tiling?.fieldsPerSite = nil }
    let unspread = try Planner.plan(asked)
    print("TAROT on S230518h: spread \(count(plan)), not \(count(unspread))")
    #expect(plan.timeline.count <= 20 && plan.timeline.count >= unspread.timeline.count)
    let able = count(plan).filter { $0.value > 0 }
    #expect((unspread.telescopes.map(\.assignments.count).max() ?? 0) > 7)
    #expect(able.count >= 2 && able.count > count(unspread).filter { $0.value > 7 }.count)
    // More than a share only where all others have taken what they can.
    let over = able.filter { $0.value > 7 }
    #expect(over.count <= 1 && (able.values.min() ?? 0) >= 3)
    #expect(plan.telescopes.allSatisfy { $0.notes.contains { $0.contains("at most 7 a night here") } })
    if plan.timeline.count == 20 {
      #expect(plan.telescopes.contains { $0.limitedBy?.hasPrefix("20 fields a night, shared with") == true })
    }
    #expect(try judged(plan, on: map).violations.isEmpty)

    // With nobody to share with, all is one's own.
    var alone = request(
      map, try telescopes("telescopes", ["TRE"]), start: try #require(map.header.eventTime))
    alone.followsTilingRules = true
    #expect(try Planner.plan(alone).timeline.count > 7)
  }

  /// The fields of a rule bind all who share its allocation, together.
  @Test func fieldsOfARuleAreShared() throws {
    let map = try fixtureMap(Self.name)
    var asked = request(
      map, try telescopes("telescopes", ["TCA", "TCH", "TRE"]), start: try #require(map.header.eventTime))
    asked.followsTilingRules = true
    for i in asked.telescopes.indices {
      asked.telescopes[i].allocation?.fieldsPerNight = 7
      asked.telescopes[i].allocation?.tiling?.mostProbable = 30
    }
    let plan = try Planner.plan(asked)
    #expect(plan.timeline.count == 7)
    #expect(plan.telescopes.contains { $0.limitedBy?.hasPrefix("7 fields a night, shared with") == true })
  }

  // MARK: usage levels

  /// A level is said of one telescope, and says how often it is asked as a rule: it binds where a request says so.
  @Test func levelsBindWhereTheRequestSaysSo() throws {
    let map = try fixtureMap(Self.name)
    let list = try telescopes("telescopes", ["TCA", "TCH", "TRE"])
    var asked = request(map, list, start: try #require(map.header.eventTime))
    let free = try Planner.plan(asked)
    for i in list.indices {
      asked.telescopes[i].usage = nil
      asked.telescopes[i].allocation = nil
    }
    let bare = try Planner.plan(asked)
    #expect(free.timeline.map(\.assignment.tileKey) == bare.timeline.map(\.assignment.tileKey))
    #expect(free.timeline.map(\.assignment.start) == bare.timeline.map(\.assignment.start))
    #expect(free.network == bare.network)

    asked.telescopes = list
    asked.keepsUsageLevels = true
    let kept = try Planner.plan(asked)
    func hours(_ part: Plan.TelescopePlan) -> [Double] {
      let readout = part.telescope.timing.readout.seconds
      return byNight(part).map { Double($0) * (part.assignments[0].exposure.seconds + readout) / 3600 }
    }
    #expect(free.telescopes.contains { hours($0).contains { $0 > 3.1 } })
    #expect(kept.telescopes.allSatisfy { hours($0).allSatisfy { $0 <= 3 } })
    // Each has its own three hours.
    #expect(kept.telescopes.count { hours($0).contains { $0 > 2 } } >= 2)
    #expect(kept.telescopes.contains { $0.limitedBy == "3 h a night" })

    // VR: one request a semester.
    asked.telescopes = Array(list.prefix(1))
    asked.telescopes[0].usage = .init(level: .veryRare)
    var use = AllocationUse()
    use.requests = [asked.now - .hours(24 * 60)]
    asked.used = [list[0].id: use]
    #expect(try Planner.plan(asked).omissions.first?.reason.contains("one request in 182 days") == true)
    asked.keepsUsageLevels = false
    #expect(!(try Planner.plan(asked)).timeline.isEmpty)
  }

  // MARK: recipes

  @Test func aRecipeIsForAllTelescopesTogether() throws {
    let map = try fixtureMap(Self.name)
    var asked = request(
      map, try telescopes(benchmarkNetwork, ["TCA", "TRE", "TCH"]), start: try #require(map.header.eventTime))
    for i in asked.telescopes.indices { asked.telescopes[i].exposure.longest = .seconds(120) }
    let free = try Planner.plan(asked)
    var rule = Telescope.TilingRule()
    rule.exposureCount = 2
    rule.exposure = .seconds(90)
    rule.maxAirmass = 1.8
    asked.recipe = FieldRecipe(rule, fieldsPerNight: 12)
    let plan = try Planner.plan(asked)
    #expect(plan.timeline.count == 12 && free.timeline.count > 12)
    #expect(
      plan.timeline.allSatisfy {
        $0.assignment.exposureCount == 2 && $0.assignment.exposure == .seconds(90)
          && $0.assignment.conditions.airmass <= 1.8
      })
    #expect(try judged(plan, on: map).violations.isEmpty)
    #expect(plan.telescopes.allSatisfy { $0.notes.contains("fields chosen by the recipe of the order") })
    #expect(plan.telescopes.contains { $0.limitedBy?.hasPrefix("12 fields in 24 h by order") == true })
    // Twelve fields hold no more than the densest sky of their area.
    let fields = asked.telescopes.compactMap { $0.field?.area.steradians }
    let widest = try #require(fields.max())
    let most = CredibleRegions(of: map).probability(within: SolidAngle(steradians: 12 * widest))
    #expect(try #require(plan.network.upperBound).value <= most.value + 1e-9)
    #expect(plan.network.upperBound! >= plan.network.probability)
    // The first is the best of all.
    let best = free.timeline.map(\.assignment.probability.value).max() ?? 1
    #expect((plan.timeline.map(\.assignment.probability.value).max() ?? 0) > 0.8 * best)

    var less = asked
    less.recipe?.rule.probability = Fraction(clamping: 0.5 * plan.network.probability.value)
    let half = try Planner.plan(less)
    #expect(half.timeline.count < 12)
    #expect(half.network.probability.value >= 0.45 * plan.network.probability.value)
    #expect(asked.digest != less.digest)

    // What a telescope cannot, a recipe does not make it.
    less.recipe?.rule.exposure = .seconds(900)
    #expect(try Planner.plan(less).timeline.allSatisfy { $0.assignment.exposure == .seconds(120) })
  }

  // MARK: revisits

  @Test(arguments: [2, 3])
  func fieldsAreVisitedAgain(_ count: Int) throws {
    let gap = 1800.0
    var asked = try asked(["TRE", "TCH"]) { _ in }
    let once = try Planner.plan(asked)
    asked.revisits = .init(count: count, gap: .seconds(gap))
    let plan = try Planner.plan(asked)
    #expect(asked.digest != (try self.asked(["TRE", "TCH"]) { _ in }).digest)
    var complete = 0
    for part in plan.telescopes {
      let byField = Dictionary(grouping: part.assignments, by: \.fieldID)
      for visits in byField.values {
        #expect(visits.count <= count && Set(visits.map(\.tileKey)).count == visits.count)
        for (a, b) in zip(visits, visits.dropFirst()) {
          #expect(b.start.seconds(since: a.end) >= gap - 1e-3)
          #expect(a.center == b.center)
          #expect(b.tileKey.hasSuffix("#2") || b.tileKey.hasSuffix("#3"))
        }
        complete += visits.count == count ? 1 : 0
      }
      #expect(Double(complete) > 0.5 * Double(byField.count))
    }
    #expect(complete > 10)
    #expect(plan.network.probability < once.network.probability)
    #expect(plan.network.upperBound! >= plan.network.probability)
    #expect(try judged(plan, on: asked.map).violations.isEmpty)
  }
}
