import Testing

@testable import Service

/// What the log says to people who read it for the first time.
@Suite struct WordsTests {
  @Test(arguments: [
    (
      "delivery.done", ["key": "files/S1/3", "channel": "files", "from": "inFlight", "receipt": "r003"],
      "files, message 3: arrived as r003"
    ),
    (
      "delivery.dead",
      ["key": "icare/S1/plan/2/tca", "channel": "icare", "from": "ready", "reason": "no field"],
      "icare, plan/2/tca: will not be taken, no field"
    ),
    (
      "delivery.parked", ["key": "mail/S1/1", "channel": "mail", "reason": "no answer"],
      "mail, message 1: may have arrived, a person must look, no answer"
    ),
    (
      "feed.offsetMoved", ["topic": "t", "partition": "0", "from": "", "to": "4", "reason": "first"],
      "t, partition 0: read from 4 on: first"
    ),
    (
      "feed.offsetMoved", ["topic": "t", "partition": "0", "from": "9", "to": "4", "reason": "dropped"],
      "t, partition 0: read from 4 on instead of 9: dropped"
    ),
  ])
  func entriesInWords(_ kind: String, _ fields: [String: String], _ expected: String) {
    #expect(StoreDesk.words(kind, fields) == expected)
  }

  /// A full disk is no warning: nothing can be taken in.
  @Test func aFullDiskIsAFailure() {
    #expect(StoreDesk.disk(freeMB: 1000).state == .good)
    #expect(StoreDesk.disk(freeMB: 255).state == .warning)
    let full = StoreDesk.disk(freeMB: 3)
    #expect(full.state == .failed && full.message.contains("make room"))
  }

  @Test func whatHasNoWordsOfItsOwnKeepsItsFields() {
    #expect(StoreDesk.words("delivery.strange", ["key": "a/b/c", "channel": "a"]) == nil)
    #expect(StoreDesk.words("token.issued", ["label": "robot"]) == nil)
  }
}
