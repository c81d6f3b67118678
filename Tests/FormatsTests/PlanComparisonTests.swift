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

  @Test func whatHadBegunIsNotCalledDropped() {
    func pointing(_ telescope: String, _ tile: String, _ minute: Double) -> PlanComparison.Pointing {
      .init(telescope: telescope, tile: tile, filter: "r", start: Instant(tai: 0) + .minutes(minute))
    }
    let old = [pointing("a", "1", 0), pointing("a", "2", 29), pointing("a", "3", 30), pointing("b", "1", 5)]
    let new = [pointing("a", "4", 40), pointing("b", "1", 50)]
    let found = PlanComparison(old, new, at: Instant(tai: 0) + .minutes(30))
    var total = PlanComparison.Counts()
    (total.moved, total.new, total.dropped, total.past) = (1, 1, 1, 2)
    #expect(found.total == total)
    #expect(found.lines == ["a: 1 new, 1 dropped, 2 past", "b: 1 moved"])
    // Nobody needs to be told that time goes by.
    #expect(PlanComparison(old, Array(old.suffix(2)), at: Instant(tai: 0) + .minutes(30)).lines.isEmpty)
  }
}
