import Formats
import Planning
import Testing
import Units

/// Telescopes share the sky that both reach; who is favored goes first.
@Suite struct FavorTests {
  private static let names = ["TCA", "OAJ"]

  private static func plan(_ favor: [String: Double]) throws -> Plan {
    let map = try fixtureMap(PlannerTests.maps[1])
    var asked = request(
      map, try telescopes(benchmarkNetwork, names), start: try #require(map.header.eventTime))
    asked.favor = favor
    return try Planner.plan(asked)
  }

  private static func share(_ name: String, of plan: Plan) -> Double {
    plan.telescopes.first { $0.telescope.id == name }?.probability.value ?? 0
  }

  @Test(arguments: names) func whoIsFavoredShowsMoreOfTheSky(_ name: String) throws {
    let plain = try Self.plan([:])
    let more = try Self.plan([name: 10])
    let less = try Self.plan([name: 0.1])
    let shares = [less, plain, more].map { Self.share(name, of: $0) }
    let all = [less, plain, more].map(\.network.probability)
    print("\(name), a tenth, once, ten times: \(shares), all \(all)")
    // One that has all that it reaches already cannot have more.
    #expect(shares[0] <= shares[1] && shares[1] <= shares[2] && shares[0] < shares[2])
    #expect(Set([plain, more, less].map(\.id)).count == 3)
    for plan in [less, more] {
      // Nobody is asked for nothing, and little is lost.
      #expect(Self.names.allSatisfy { Self.share($0, of: plan) > 0 })
      #expect(plan.network.probability.value > 0.95 * plain.network.probability.value)
      let bound = try #require(plan.network.upperBound)
      #expect(plan.network.probability <= bound)
    }
  }

  /// It asks for other shares, so what was planned before does not stay for its own sake.
  @Test func aPlanBeforeGivesWay() throws {
    let map = try fixtureMap(PlannerTests.maps[1])
    var asked = request(
      map, try telescopes(benchmarkNetwork, Self.names), start: try #require(map.header.eventTime))
    let before = NetworkPlanDocument(try Planner.plan(asked)).standing(after: asked.now)
    asked.favor = ["OAJ": 10]
    let (next, free) = (try Planner.replan(asked, before: before), try Planner.plan(asked))
    #expect(next.id == free.id)
  }
}
