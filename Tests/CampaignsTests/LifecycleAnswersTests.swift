import Foundation
import Testing
import Units

@testable import Campaigns

/// What teams say becomes part of the order.
@Suite struct LifecycleAnswersTests {
  let start = time("2031-02-03T02:31:00Z")

  private func absence(_ telescope: String, _ from: Double, _ to: Double) -> Absence {
    Absence(
      telescope: telescope, window: TimeWindow(start + .minutes(from), start + .minutes(to)), reason: "wind")
  }

  @Test func anAbsenceIsOrderedAroundOnceAndItsEndAloneChangesNothing() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    n.absences = [absence("FRAM-Auger", 0, 60)]
    #expect(n.step(at: start + .minutes(1)).names == ["plan 2"])
    #expect(n.campaign?.order?.absences == n.absences)
    #expect(n.step(at: start + .minutes(2)).isEmpty)
    // Over, and not told any more.
    n.absences = []
    #expect(n.step(at: start + .minutes(61)).isEmpty)
    // Another one, which is taken back before its end.
    n.absences = [absence("TAROT-TCA", 60, 120)]
    #expect(n.step(at: start + .minutes(62)).names == ["plan 3"])
    n.absences = []
    #expect(n.step(at: start + .minutes(63)).names == ["plan 4"])
    // Of a telescope that is none of the order's business.
    let first = n.campaign?.orderCount
    n.refusals = [TileRefusal(telescope: "FRAM-Auger", tile: "t1", center: Direction(ra: .zero, dec: .zero))]
    #expect(n.step(at: start + .minutes(64)).names == ["plan 5"])
    #expect(n.step(at: start + .minutes(65)).isEmpty && first == 4)
  }

  @Test func recordsOfOlderVersionsHaveNone() throws {
    let list = sequence()
    var n = try network(list)
    _ = n.receive(list[0].0, at: start)
    let text = try RecordJSON.text(n.campaign!)
    #expect(!text.contains("absences"))
    let read: Campaign = try RecordJSON.value(of: text)
    #expect(read == n.campaign && read.order?.absences == nil)
    n.absences = [absence("TAROT-TCA", 0, 60)]
    _ = n.step(at: start + .minutes(1))
    let again: Campaign = try RecordJSON.value(of: try RecordJSON.text(n.campaign!))
    #expect(again == n.campaign)
  }
}
