import Notices
import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct EventTests {
  let sequence = [
    wave("S310203ab", .earlyWarning, minute: 0), wave("S310203ab", .preliminary, minute: 1),
    wave("S310203ab", .preliminary, minute: 5), wave("S310203ab", .initial, minute: 40),
    wave("S310203ab", .update, minute: 300), wave("S310203ab", .retraction, minute: 400),
  ]

  func events(_ notices: [Notice]) -> [Event] {
    var book = EventBook()
    for notice in notices { book.insert(notice) }
    return book.events
  }

  @Test func everyOrderAndRepetitionEndsAlike() {
    let expected = events(sequence)
    #expect(expected.count == 1)
    #expect(expected[0].status == .retracted)
    #expect(expected[0].revisions.map(\.number) == [1, 2, 3, 4, 5, 6])
    var random = SeededGenerator(seed: 41)
    func permute(_ rest: [Notice], _ chosen: [Notice]) {
      guard !rest.isEmpty else {
        var list = chosen
        list.insert(chosen.randomElement(using: &random)!, at: Int.random(in: 0...chosen.count, using: &random))
        #expect(events(list) == expected)
        return
      }
      for i in rest.indices {
        var left = rest
        let next = left.remove(at: i)
        permute(left, chosen + [next])
      }
    }
    permute(sequence, [])
  }

  @Test func retractionFirstLeavesATombstone() {
    #expect(events([sequence[5]])[0].isTombstone)
    #expect(events([sequence[5], sequence[3]])[0].status == .retracted)
  }

  @Test func returnAfterRetractionAsksAHuman() {
    let again = wave("S310203ab", .update, minute: 500)
    var book = EventBook()
    for notice in sequence + [again] { book.insert(notice) }
    #expect(book.events[0].status == .awaitingReinstatement)
    book.record(
      Reinstatement(retractionKey: sequence[5].duplicateKey, role: "weekly coordinator", at: again.created!))
    #expect(book.events[0].status == .active)
  }

  @Test func namesNeverMatchInPart() {
    #expect(events([wave("S240422ed", .initial, minute: 0), wave("S240422e", .update, minute: 1)]).count == 2)
  }

  @Test func mocksStayApart() {
    let both = events([
      wave("S310203ab", .initial, minute: 0), wave("S310203ab", .update, minute: 1, role: .mock),
    ])
    #expect(both.map(\.realm) == [.real, .mock])
    #expect(both.allSatisfy { $0.notices.count == 1 })
  }
}
