import Testing
import Units

@testable import Planning

/// Narrow fields, which can choose among thousands of tiles.
@Suite struct NarrowFieldTests {
  /// The densest sky is up for a part of the night. A field so narrow that it could spend the whole night there goes on
  /// with what is up afterwards: near what no plan can exceed, and to the end.
  @Test(arguments: ["KAO", "Euler"]) func theWholeNightIsUsed(_ name: String) throws {
    let map = try fixtureMap("MS261009b-two-detectors.multiorder.fits")
    let asked = request(
      map, try telescopes("telescopes", [name]), start: try #require(map.header.eventTime), hours: 24)
    let plan = try Planner.plan(asked)
    let bound = try #require(plan.network.upperBound?.value)
    let part = try #require(plan.telescopes.first)
    let last = try #require(part.assignments.last)
    print("\(name): \(plan.network.probability.value) of \(bound), \(part.assignments.count) pointings")
    #expect(plan.network.probability.value > 0.75 * bound)
    #expect(try judged(plan, on: map).violations.isEmpty)
    // Its quota of tiles is no end in itself: more of them change little.
    #expect(last.start > asked.window.start)
  }
}
