import Testing
import Units

@testable import Formats

@Suite struct PlanComparisonTests {
  @Test func pointingByPointing() {
    func pointing(_ telescope: String, _ tile: String, _ minute: Double) -> PlanComparison.Pointing {
      .init(telescope: telescope, tile: tile, filter: "r", start: Instant(tai: 0) + .minutes(minute))
    }
    let old = [pointing("a", "1", 0), pointing("a", "1", 60), pointing("a", "2", 10), pointing("b", "1", 0)]
    let new = [pointing("a", "1", 1), pointing("a", "1", 90), pointing("a", "3", 10), pointing("c", "1", 0)]
    let found = PlanComparison(old, new)
    var total = PlanComparison.Counts()
    (total.kept, total.moved, total.new, total.dropped) = (1, 1, 2, 2)
    #expect(found.total == total)
    #expect(found.lines == ["a: 1 kept, 1 moved, 1 new, 1 dropped", "b: 1 dropped", "c: 1 new"])
    #expect(PlanComparison(old, old).lines.isEmpty)
  }
}
