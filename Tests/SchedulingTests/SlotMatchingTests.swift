import TestSupport
import Testing

@testable import Scheduling

@Suite struct SlotMatchingTests {
  /// Accepts exactly what brute force says can be seated, whatever the order of arrival.
  @Test(arguments: 0..<200)
  func agreesWithBruteForce(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let slots = Int.random(in: 1...7, using: &random)
    let limit = Bool.random(using: &random) ? nil : Int.random(in: 0...slots, using: &random)
    var matching = SlotMatching(slots: slots, limit: limit)
    var accepted: [SlotMatching.Options] = []
    for id in 0..<Int32(10) {
      let options = Self.randomOptions(slots: slots, using: &random)
      let fits = accepted.count < (limit ?? slots) && Self.canSeat(accepted + [options], slots: slots)
      #expect(matching.insert(id, options: options) == fits, "seed \(seed), candidate \(id)")
      if fits { accepted.append(options) }
      Self.expectConsistent(matching, accepted: accepted.count)
    }
  }

  static func randomOptions(slots: Int, using random: inout SeededGenerator) -> SlotMatching.Options {
    var options: SlotMatching.Options = []
    var start = 0
    while start < slots {
      let low = Int.random(in: start...slots, using: &random)
      let high = Int.random(in: low...slots, using: &random)
      if low < high { options.append(Int32(low)..<Int32(high)) }
      start = high + 1
    }
    return options
  }

  static func canSeat(_ all: [SlotMatching.Options], slots: Int, taken: Set<Int32> = []) -> Bool {
    guard let first = all.first else { return true }
    for range in first {
      for slot in range where !taken.contains(slot) {
        if canSeat(Array(all.dropFirst()), slots: slots, taken: taken.union([slot])) { return true }
      }
    }
    return false
  }

  static func expectConsistent(_ matching: SlotMatching, accepted: Int) {
    let seated = matching.occupant.filter { $0 >= 0 }
    #expect(seated.count == accepted)
    #expect(Set(seated).count == accepted)
  }

  @Test func everySeatIsOneOfTheCandidatesOwn() {
    var random = SeededGenerator(seed: 5)
    var matching = SlotMatching(slots: 300, limit: nil)
    var options: [Int32: SlotMatching.Options] = [:]
    for id in 0..<Int32(500) {
      let wanted = Self.randomOptions(slots: 300, using: &random)
      if matching.insert(id, options: wanted) { options[id] = wanted }
    }
    for (slot, id) in matching.occupant.enumerated() where id >= 0 {
      #expect(options[id]!.contains { $0.contains(Int32(slot)) })
    }
    #expect(matching.accepted == options.count)
  }
}
