import Formats
import Foundation
import Planning
import TestSupport
import Testing
import Units

/// A plan made anew changes what must change, and little else.
@Suite struct ReplanningTests {
  private static func plain(_ name: String = PlannerTests.maps[1]) throws -> (PlanRequest, Plan) {
    let map = try fixtureMap(name)
    let start = try #require(map.header.eventTime)
    let request = request(map, try telescopes(benchmarkNetwork), start: start)
    return (request, try Planner.plan(request))
  }

  private static func held(_ plan: Plan, after now: Instant) throws -> StandingPlan {
    // Through the document, as everybody gets it: times are rounded there.
    try NetworkPlanDocument(json: NetworkPlanDocument(plan).json().utf8).standing(after: now)
  }

  private static func comparison(_ old: Plan, _ new: Plan, after now: Instant) -> PlanComparison {
    PlanComparison(NetworkPlanDocument(old), NetworkPlanDocument(new), after: now)
  }

  @Test func nothingNewChangesNothing() throws {
    let (request, plan) = try Self.plain()
    let again = try Planner.replan(request, before: try Self.held(plan, after: request.now))
    let change = Self.comparison(plan, again, after: request.now)
    #expect(change.total.moved == 0 && change.total.dropped == 0)
    #expect(change.total.kept == plan.network.assignmentCount)
    #expect(again.network.probability.value >= plan.network.probability.value - 1e-9)
    #expect(try judged(again, on: request.map).violations.isEmpty)
  }

  /// Nor does the whole registry get second looks that it did not have.
  @Test func nothingNewAsksNobodyForMore() throws {
    let map = try fixtureMap(PlannerTests.maps[1])
    let request = request(map, try telescopes("telescopes"), start: try #require(map.header.eventTime))
    let plan = try Planner.plan(request)
    let again = try Planner.replan(request, before: try Self.held(plan, after: request.now))
    let change = Self.comparison(plan, again, after: request.now).total
    let more = Set(again.timeline.map(\.assignment.tileKey)).subtracting(
      plan.timeline.map(\.assignment.tileKey))
    print("nothing new, registry: \(change)")
    #expect(change.moved == 0 && change.dropped == 0 && change.kept == plan.network.assignmentCount)
    // New sky alone, and that is worth as good as nothing.
    #expect(
      again.timeline.allSatisfy { !more.contains($0.assignment.tileKey) || $0.assignment.added.value > 0 })
    #expect(change.new * 50 <= change.kept)
  }

  /// One telescope is out for good: the others keep what they have, and more of the sky is saved than lost.
  @Test func othersKeepTheirsWhenOneIsOut() throws {
    var (request, plan) = try Self.plain()
    let busiest = try #require(plan.telescopes.max { $0.added < $1.added })
    request.outages = [
      Outage(telescopeID: busiest.telescope.id, window: request.window, reason: "clouds")
    ]
    let before = try Self.held(plan, after: request.now)
    let next = try Planner.replan(request, before: before)
    #expect(try judged(next, on: request.map).violations.isEmpty)
    #expect(!next.telescopes.contains { $0.telescope.id == busiest.telescope.id })
    let change = Self.comparison(plan, next, after: request.now)
    let others = plan.network.assignmentCount - busiest.assignments.count
    print("one out: \(change.total), \(plan.network.probability) -> \(next.network.probability)")
    // Either the others keep everything, or a free plan covers clearly more.
    var steady = request
    steady.held = before.pointings
    let kept = try Planner.plan(steady)
    #expect(Self.comparison(plan, kept, after: request.now).total.kept == others)
    let fresh = try Planner.plan(request)
    #expect(next.network.probability.value >= 0.995 * fresh.network.probability.value)
    #expect(change.total.kept == others || next.network.probability > kept.network.probability)
  }

  /// One telescope is asked no more: the others keep what they have only where a free plan covers no more.
  @Test(arguments: PlannerTests.maps)
  func aTelescopeThatIsGoneIsMadeUpFor(_ map: String) throws {
    let (all, plan) = try Self.plain(map)
    let before = try Self.held(plan, after: all.now)
    for gone in plan.telescopes.map(\.telescope.id) {
      var request = all
      request.telescopes.removeAll { $0.id == gone }
      let next = try Planner.replan(request, before: before)
      let fresh = try Planner.plan(request)
      print("without \(gone): \(next.network.probability), free \(fresh.network.probability)")
      #expect(next.network.probability.value >= 0.995 * fresh.network.probability.value)
    }
  }

  /// One tile refused: everybody else keeps theirs, and what is lost is no more than that tile was worth.
  @Test func aRefusalChangesLittle() throws {
    var (request, plan) = try Self.plain()
    var before = try Self.held(plan, after: request.now)
    let refused = before.pointings.removeFirst()
    before.lost = [refused]
    request.refused = [RefusedTile(telescopeID: refused.telescopeID, center: refused.center)]
    let next = try Planner.replan(request, before: before)
    let change = Self.comparison(plan, next, after: request.now)
    #expect(change.total.kept >= before.pointings.count)
    #expect(next.network.probability.value >= 0.995 * plan.network.probability.value)
    #expect(
      !next.timeline.contains {
        $0.telescope.id == refused.telescopeID && $0.assignment.center.dot(refused.center) > 1 - 1e-9
      })
    #expect(try judged(next, on: request.map).violations.isEmpty)
  }

  /// What one telescope can no longer do others take over, and what was planned stays.
  @Test(arguments: [1, 10, 40])
  func refusalsLeaveTheRestAsItIs(_ count: Int) throws {
    var (request, plan) = try Self.plain()
    var before = try Self.held(plan, after: request.now)
    let likeliest = plan.timeline.sorted { $0.assignment.probability > $1.assignment.probability }
    let gone = Set(likeliest.prefix(count).map(\.assignment.tileKey))
    before.lost = before.pointings.filter { gone.contains($0.tileKey) }
    before.pointings.removeAll { gone.contains($0.tileKey) }
    #expect(before.lost.count == count)
    request.refused = before.lost.map { RefusedTile(telescopeID: $0.telescopeID, center: $0.center) }
    let next = try Planner.replan(request, before: before)
    let fresh = try Planner.plan(request)
    let change = Self.comparison(plan, next, after: request.now).total
    print(
      "\(count) refused of \(plan.network.assignmentCount): \(change), \(plan.network.probability) -> "
        + "\(next.network.probability); free \(Self.comparison(plan, fresh, after: request.now).total), "
        + "\(fresh.network.probability)")
    #expect(next.network.probability.value >= 0.995 * fresh.network.probability.value)
    #expect(change.kept == before.pointings.count)
    #expect(try judged(next, on: request.map).violations.isEmpty)
  }

  /// A plan that the new one cannot nearly reach is given up for a better one.
  @Test func aPoorPlanIsNotKept() throws {
    let (request, plan) = try Self.plain()
    let poor = try Self.held(plan, after: request.now).pointings.enumerated().filter { $0.offset % 3 == 0 }
      .map(\.element)
    var steady = request
    steady.held = poor
    let kept = try Planner.plan(steady)
    let next = try Planner.replan(request, before: StandingPlan(poor))
    #expect(next.network.probability.value >= 0.995 * plan.network.probability.value)
    #expect(next.network.probability >= kept.network.probability)
  }

  /// Later in the night what has begun is gone from the plan, and what is left stays and does not overlap.
  @Test func laterInTheNight() throws {
    var (request, plan) = try Self.plain()
    let starts = plan.timeline.map(\.assignment.start)
    let now = starts[starts.count / 3]
    request.now = now
    request.window = TimeWindow(now, request.window.end)
    request.observed = plan.timeline.filter { $0.assignment.start < now }.map {
      ObservedField(
        telescopeID: $0.telescope.id, center: $0.assignment.center, field: $0.telescope.field!, limit: nil)
    }
    let before = try Self.held(plan, after: now)
    #expect(before.pointings.count < plan.network.assignmentCount && !before.pointings.isEmpty)
    let next = try Planner.replan(request, before: before)
    let change = Self.comparison(plan, next, after: now)
    print("later: \(change.total) of \(before.pointings.count)")
    #expect(change.total.kept + change.total.moved + change.total.dropped == before.pointings.count)
    #expect(next.timeline.allSatisfy { $0.assignment.start >= now })
    #expect(try judged(next, on: request.map).violations.isEmpty)
  }

  /// The bound is over all plans, not only those that keep what was planned.
  @Test func theBoundHoldsForFreePlansToo() throws {
    let (request, plan) = try Self.plain()
    var steady = request
    // A poor plan to keep: every third pointing only.
    steady.held = try Self.held(plan, after: request.now).pointings.enumerated().filter { $0.offset % 3 == 0 }
      .map(\.element)
    let kept = try Planner.plan(steady)
    #expect(kept.network.upperBound == plan.network.upperBound)
    #expect(kept.id != plan.id)
    #expect(try judged(kept, on: request.map).violations.isEmpty)
  }
}
