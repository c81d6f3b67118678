import Checking
import Formats
import Foundation
import Observatories
import Skymaps
import TestSupport
import Testing
import Units

@testable import Planning

/// Visits in several filters, held against the judge, who knows of no visits.
@Suite struct FilterPlanTests {
  /// Sums of the same pieces in another order.
  private static let rounding = 1e-12
  private static let gr = FilterRecipe([.init([.init("g"), .init("r", count: 2)])])

  /// Two telescopes with wheels: one says how long a change takes, the other leaves it to the table.
  private static func asked(_ recipe: FilterRecipe?, _ names: [String] = ["TCA", "OAJ"]) throws -> PlanRequest
  {
    var list = try telescopes(benchmarkNetwork, names)
    for i in list.indices {
      list[i].filters = ["g", "SDSSr", "clear"]
      list[i].exposure.filter = "clear"
      list[i].timing.filterChange = i == 0 ? .seconds(23) : nil
      list[i].allocation = nil
      list[i].usage = nil
    }
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    var asked = request(map, list, start: try #require(map.header.eventTime), hours: 14)
    asked.effort = 3000
    asked.filters = recipe
    return asked
  }

  private static func visits(_ part: Plan.TelescopePlan) -> [[Plan.Assignment]] {
    part.assignments.reduce(into: [[Plan.Assignment]]()) { visits, row in
      if let last = visits.last?.last, FilterKey.visit(last.tileKey) == FilterKey.visit(row.tileKey) {
        visits[visits.count - 1].append(row)
      } else {
        visits.append([row])
      }
    }
  }

  @Test func aVisitIsOneRowAFilterWithTheChangeBetween() throws {
    let asked = try Self.asked(Self.gr)
    let plan = try Planner.plan(asked)
    #expect(plan.telescopes.count == 2)
    for part in plan.telescopes {
      let t = part.telescope
      let visits = Self.visits(part)
      #expect(visits.count > 3 && visits.allSatisfy { $0.count == 2 })
      var inPlace: String?
      for visit in visits {
        #expect(Set(visit.map(\.filter)) == ["g", "SDSSr"] && visit[0].center == visit[1].center)
        #expect(visit.first { $0.filter == "SDSSr" }?.exposureCount == 2)
        let pause = visit[1].start.seconds(since: visit[0].end)
        #expect(abs(pause - t.timing.readout.seconds - t.filterChange.seconds) < 1e-6)
        // No change between visits: the next begins where this one ended.
        if let inPlace { #expect(visit[0].filter == inPlace) }
        inPlace = visit[1].filter
        #expect(visit[1].added.value < 1e-9)
        #expect(abs(visit[0].probability.value - visit[1].probability.value) < Self.rounding)
      }
      #expect(t.assumptions.contains { $0.key == "timing.filter_change_s" } == (t.timing.filterChange == nil))
      #expect(part.notes.contains { $0.contains("for each change of filter") })
    }
    #expect(try judged(plan, on: asked.map).violations.isEmpty)
    // Two filters take the time of more than one.
    let once = try Planner.plan(try Self.asked(nil))
    #expect(once.network.probability > plan.network.probability)
    #expect(plan.network.upperBound! >= plan.network.probability)
    #expect(once.network.upperBound! > plan.network.upperBound!)
    #expect(try Self.asked(nil).digest != asked.digest)
  }

  /// The judge takes the time of a change from the registry: were it longer, the same plan would not do.
  @Test func theJudgeKnowsWhatAChangeTakes() throws {
    let asked = try Self.asked(Self.gr, ["TCA"])
    let plan = try Planner.plan(asked)
    var slow = plan
    slow.telescopes[0].telescope.timing.filterChange = .seconds(24)
    let report = try judged(slow, on: asked.map)
    let changes = Self.visits(plan.telescopes[0]).count
    #expect(report.violations.count { $0.rule == .shortGap } == changes)
    // A plan of one filter does not mind.
    var one = try Planner.plan(try Self.asked(nil, ["TCA"]))
    one.telescopes[0].telescope.timing.filterChange = .seconds(600)
    #expect(try judged(one, on: asked.map).violations.isEmpty)
  }

  @Test func fieldsOfAnAllocationAreVisits() throws {
    var asked = try Self.asked(Self.gr, ["TCA"])
    asked.telescopes[0].allocation = .init()
    asked.telescopes[0].allocation?.fieldsPerNight = 5
    let plan = try Planner.plan(asked)
    let part = try #require(plan.telescopes.first)
    // 24 h from the event touch two nights of the telescope at most.
    #expect(Self.visits(part).count >= 5 && Self.visits(part).count <= 10)
    #expect(part.limitedBy?.hasPrefix("5 fields a night") == true)
    var kept = asked
    kept.held = NetworkPlanDocument(plan).standing(after: asked.now).pointings
    let again = try Planner.plan(kept)
    #expect(again.telescopes.first.map(Self.visits)?.count == Self.visits(part).count)
    #expect(again.timeline.map(\.assignment.tileKey) == plan.timeline.map(\.assignment.tileKey))
    // With one visit less, of two rows, there is room for one.
    let last = FilterKey.visit(try #require(kept.held.last).tileKey)
    kept.held.removeAll { FilterKey.visit($0.tileKey) == last }
    let refilled = try Planner.plan(kept)
    #expect(refilled.telescopes.first.map(Self.visits)?.count == Self.visits(part).count)
  }

  @Test func revisitsGoThroughTheFiltersAgain() throws {
    var asked = try Self.asked(Self.gr, ["TCA"])
    asked.revisits = .init(count: 2, gap: .seconds(1800))
    let plan = try Planner.plan(asked)
    let byField = Dictionary(grouping: plan.telescopes[0].assignments, by: \.fieldID)
    #expect(byField.values.contains { $0.count == 4 } && byField.values.allSatisfy { $0.count % 2 == 0 })
    #expect(try judged(plan, on: asked.map).violations.isEmpty)
  }

  /// What is kept of a plan stays, and what is new around it has time to change the filter.
  @Test func aPlanIsKeptWithItsFilters() throws {
    var asked = try Self.asked(Self.gr)
    let before = try Planner.plan(asked)
    let standing = NetworkPlanDocument(before).standing(after: asked.now)
    asked.held = standing.pointings.enumerated().filter { $0.offset % 4 < 2 }.map(\.element)
    let plan = try Planner.plan(asked)
    let keys = Set(plan.timeline.map(\.assignment.tileKey))
    #expect(asked.held.allSatisfy { keys.contains($0.tileKey) } && plan.timeline.count > asked.held.count)
    #expect(try judged(plan, on: asked.map).violations.isEmpty)
    // Of a plan in other filters nothing stays.
    var one = try Self.asked(nil)
    one.held = standing.pointings
    #expect(try Planner.plan(one).timeline.allSatisfy { $0.assignment.filter == "clear" })
  }

  @Test func telescopesObserveInWhatTheyHave() throws {
    var asked = try Self.asked(FilterRecipe([.init([.init("i"), .init("r"), .init("z")])]))
    var plan = try Planner.plan(asked)
    for part in plan.telescopes {
      #expect(part.assignments.allSatisfy { $0.filter == "SDSSr" && !$0.tileKey.contains("@") })
      #expect(part.notes.contains { $0.hasPrefix("it has no filter i, z") })
    }
    // Unfiltered light is no band, but may be asked for by its name.
    for i in asked.telescopes.indices { asked.telescopes[i].filters = ["clear"] }
    plan = try Planner.plan(asked)
    #expect(plan.timeline.allSatisfy { $0.assignment.filter == "clear" })
    // By role, and what is said of a role comes first.
    asked = try Self.asked(
      FilterRecipe([.init([.init("clear")]), .init([.init("g"), .init("r")], role: .tiler)]))
    asked.telescopes[0].roles = [.tiler]
    asked.telescopes[1].roles = [.photometry]
    plan = try Planner.plan(asked)
    for part in plan.telescopes {
      let isTiler = part.telescope.roles.contains(.tiler)
      #expect(Set(part.assignments.map(\.filter)) == (isTiler ? ["g", "SDSSr"] : ["clear"]))
    }
    // A filter that is out is not planned.
    asked = try Self.asked(Self.gr, ["TCA"])
    asked.outages = [
      .init(telescopeID: asked.telescopes[0].id, filter: "g", window: asked.window, reason: "stuck")
    ]
    plan = try Planner.plan(asked)
    #expect(plan.timeline.allSatisfy { $0.assignment.filter == "SDSSr" && $0.assignment.exposureCount == 2 })
  }

  /// Every format names each exposure's filter, in order; `network.csv` has every exposure.
  @Test func everyFormatNamesTheFilters() throws {
    let asked = try Self.asked(Self.gr, ["TCA"])
    let network = NetworkPlanDocument(try Planner.plan(asked))
    let document = try #require(network.plans.first)
    let filters = document.rows.map { $0.filter ?? "-" }
    #expect(document.timing.filterChangeS == 23)
    #expect(NetworkPlanDocument(try Planner.plan(try Self.asked(nil))).plans[0].timing.filterChangeS == nil)
    func text(_ format: PlanFormat) -> [Substring] {
      String(decoding: format.render(document), as: UTF8.self).split(whereSeparator: \.isNewline)
    }
    #expect(text(.acp).filter { $0.hasPrefix("#FILTER ") }.map { String($0.dropFirst(8)) } == filters)
    let scripts = text(.rts2).filter { $0.contains("rts2-target ") }
    #expect(scripts.count == filters.count)
    #expect(zip(scripts, filters).allSatisfy { $0.contains("filter=\($1) ") })
    let targets = text(.nina).dropFirst()
    #expect(targets.count == filters.count && zip(targets, filters).allSatisfy { $0.contains("_\($1)_") })
    for format in [PlanFormat.text, .csv, .ecsv] {
      let lines = text(format).filter { line in document.rows.contains { line.contains($0.fieldID) } }
      #expect(lines.count == filters.count, "\(format)")
      #expect(zip(lines, filters).allSatisfy { $0.contains($1) }, "\(format)")
    }
    #expect(Set(document.rows.map(\.target)).count == filters.count)
    let exposures = NetworkCSV.render(network).split(separator: "\n").count - 1
    #expect(exposures == document.rows.reduce(0) { $0 + $1.nexp })
    #expect(try NetworkPlanDocument(json: Array(network.json().utf8)) == network)
  }

  @Test func aSequenceTakesItsTime() throws {
    var t = try telescopes(benchmarkNetwork, ["TCA"])[0]
    t.timing.readout = .seconds(7)
    t.timing.filterChange = .seconds(20)
    let sequence = VisitSequence(
      [
        .init(filter: "g", exposure: .seconds(60), count: 1),
        .init(filter: "r", exposure: .seconds(30), count: 3),
        .init(filter: "i", exposure: .seconds(100), count: 2),
      ], t)
    // 60 + 27 + (3 x 30 + 2 x 7) + 27 + (2 x 100 + 7)
    #expect(sequence.duration == .seconds(425))
    #expect(sequence.spans(isReversed: true).map(\.start) == [0, 234, 365])
    #expect(sequence.spans(isReversed: true).last?.end == 425)
    #expect(
      sequence.isReversed(after: "i") && !sequence.isReversed(after: "g") && !sequence.isReversed(after: nil))
    #expect(FilterRecipe(sum: "g + r").choices == [.init([.init("g"), .init("r")])])
  }
}
