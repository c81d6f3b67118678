import Notices
import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct EventTests {
  static let sequence = [
    wave("S310203ab", .earlyWarning, minute: 0), wave("S310203ab", .preliminary, minute: 1),
    wave("S310203ab", .preliminary, minute: 5), wave("S310203ab", .initial, minute: 40),
    wave("S310203ab", .update, minute: 300), wave("S310203ab", .retraction, minute: 400),
  ]

  func events(_ notices: [Notice]) -> [Event] {
    var book = EventBook()
    book.insert(contentsOf: notices)
    return book.events
  }

  @Test func revisionsFollowTheSender() throws {
    let event = try #require(events(Self.sequence.reversed()).first)
    #expect(event.status == .retracted)
    #expect(event.revisions.map(\.number) == [1, 2, 3, 4, 5, 6])
    #expect(
      event.revisions.map(\.stage) == [
        .earlyWarning, .preliminary, .preliminary, .initial, .update, .retraction,
      ])
    #expect(event.revisions.map(\.status) == Array(repeating: .active, count: 5) + [.retracted])
    #expect(event.latest?.stage == .update)
    #expect(event.isTombstone == false)
  }

  @Test func everyPermutationEndsAlike() throws {
    let expected = events(Self.sequence)
    let record = try RecordJSON.text(EventRecord(expected[0]))
    var count = 0
    func permute(_ rest: [Notice], _ chosen: [Notice]) throws {
      guard !rest.isEmpty else {
        count += 1
        let got = events(chosen)
        #expect(got == expected)
        #expect(try RecordJSON.text(EventRecord(got[0])) == record)
        return
      }
      for i in rest.indices {
        var left = rest
        let next = left.remove(at: i)
        try permute(left, chosen + [next])
      }
    }
    try permute(Self.sequence, [])
    #expect(count == 720)
  }

  @Test func tenThousandRandomOrdersWithRepetitionsEndAlike() {
    let seed: UInt64 = 41
    let expected = events(Self.sequence)
    var random = SeededGenerator(seed: seed)
    var failures = 0
    for round in 0..<10_000 {
      var list = Self.sequence
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        // A second delivery: another time of arrival, perhaps another topic.
        var again = Self.sequence.randomElement(using: &random)!
        again.received = time("2031-02-04T00:00:00Z").advanced(bySeconds: Double(round))
        again.source.topic = "replay"
        list.append(again)
      }
      list.shuffle(using: &random)
      // What arrived when is not part of what is compared.
      let got = events(list).map(EventRecord.init)
      if got != expected.map(EventRecord.init) { failures += 1 }
    }
    #expect(failures == 0, "seed \(seed)")
  }

  @Test func oneByOneEqualsAllAtOnce() {
    var book = EventBook()
    var last: Event?
    for notice in Self.sequence.reversed() { last = book.insert(notice) }
    #expect(last == events(Self.sequence)[0])
  }

  @Test func repetitionsAreOneNotice() {
    let twice = events(Self.sequence + Self.sequence)
    #expect(twice[0].notices.count == 6)
    #expect(twice[0].contradictions.isEmpty)
  }

  @Test func twoContentsUnderOneKeyAreReported() {
    let a = wave("S310203ab", .initial, minute: 0)
    var b = a
    b.wave?.significant = true
    let one = events([a, b])
    #expect(one == events([b, a]))
    #expect(one[0].contradictions == [a.duplicateKey])
  }

  /// The order of an object's members says nothing: a message written anew is the same message.
  @Test func anotherOrderOfMembersIsNoContradiction() throws {
    var a = wave("S310203ab", .initial, minute: 0)
    a.wave?.classification = [
      .init(name: "BNS", probability: Fraction(clamping: 0.9)),
      .init(name: "NSBH", probability: Fraction(clamping: 0.1)),
    ]
    a.wave?.properties = [
      .init(name: "HasNS", probability: Fraction(clamping: 1)),
      .init(name: "HasRemnant", probability: Fraction(clamping: 1)),
    ]
    var b = a
    b.wave?.classification.reverse()
    b.wave?.properties.reverse()
    try #require(a != b)
    #expect(events([a, b]) == events([b, a]))
    #expect(events([a, b])[0].contradictions.isEmpty)
    // Another value is one.
    b.wave?.classification[0] = .init(name: "NSBH", probability: Fraction(clamping: 0.2))
    #expect(events([a, b])[0].contradictions == [a.duplicateKey])
  }

  @Test func retractionFirstLeavesATombstone() {
    let tombstone = events([Self.sequence[5]])[0]
    #expect(tombstone.isTombstone)
    #expect(tombstone.status == .retracted)
    for late in 0..<5 {
      let event = events([Self.sequence[5], Self.sequence[late]])[0]
      #expect(event.status == .retracted)
      #expect(event.notices.count == 2)
    }
  }

  @Test func returnAfterRetractionAsksAHuman() throws {
    let again = wave("S310203ab", .update, minute: 500)
    var book = EventBook()
    book.insert(contentsOf: Self.sequence + [again])
    #expect(book.events[0].status == .awaitingReinstatement)
    let answer = Reinstatement(
      retractionKey: Self.sequence[5].duplicateKey, role: "weekly coordinator", at: again.created!)
    book.record(answer)
    #expect(book.events[0].status == .active)
    #expect(book.events[0].reinstatements == [answer])
    // A second retraction is another one: the answer does not cover it.
    let second = book.insert(wave("S310203ab", .retraction, minute: 600))
    #expect(second?.status == .retracted)
  }

  @Test func withdrawnMessagesLeaveTheRestStanding() {
    var bad = wave("S310203ab", .preliminary, minute: 1)
    bad.source.ivorn = "ivo://x/1"
    let good = wave("S310203ab", .initial, minute: 40)
    var withdrawal = wave("S310203ab", .retraction, minute: 60)
    withdrawal.retraction = Retraction(ids: withdrawal.ids, messages: ["ivo://x/1"])
    #expect(events([bad, good, withdrawal])[0].status == .active)
    #expect(events([bad, good, withdrawal])[0].standing == [good])
    #expect(events([bad, withdrawal])[0].status == .retracted)
  }

  @Test func namesNeverMatchInPart() {
    let two = events([wave("S240422ed", .initial, minute: 0), wave("S240422e", .update, minute: 1)])
    #expect(two.map(\.name) == ["S240422e", "S240422ed"])
    // A retraction of the one leaves the other alone.
    let one = events([wave("S240422ed", .initial, minute: 0), wave("S240422e", .retraction, minute: 1)])
    #expect(one.first { $0.name == "S240422ed" }?.status == .active)
  }

  @Test func aNoticeWithTwoNamesJoinsTheirEvents() {
    var a = burst("fermi", "745121685", seconds: 0)
    var b = burst("swift", "1234", seconds: 3)
    let bridge: Notice = {
      var notice = burst("fermi", "745121685", seconds: 9)
      notice.ids.append(NativeID("swift", "1234"))
      return notice
    }()
    a.created = a.eventTime
    b.created = b.eventTime
    #expect(events([a, b]).count == 2)
    #expect(events([a, b, bridge]).count == 1)
    #expect(events([bridge, b, a]) == events([a, b, bridge]))
    #expect(events([a, b, bridge])[0].ids.map(\.value) == ["745121685", "1234"])
  }

  @Test func publicNamesJoinWhateverTheirSpelling() {
    var a = burst("fermi", "1", seconds: 0)
    a.ids.append(NativeID("name", "GRB 230410A"))
    var b = burst("swift", "2", seconds: 1)
    b.ids.append(NativeID("name", "grb230410a"))
    #expect(events([a, b]).count == 1)
  }

  @Test func mocksStayApart() {
    let both = events([
      wave("S310203ab", .initial, minute: 0), wave("S310203ab", .update, minute: 1, role: .mock),
    ])
    #expect(both.map(\.realm) == [.real, .mock])
    #expect(both.allSatisfy { $0.notices.count == 1 })
  }

  @Test func aMockRetractionTouchesNothingReal() {
    for role in [NoticeRole.mock, .test] {
      let list = [
        wave("S310203ab", .initial, minute: 0), wave("S310203ab", .retraction, minute: 9, role: role),
      ]
      #expect(events(list).first { $0.isReal }?.status == .active)
    }
  }

  @Test func aRetractionThatLooksRealWithdrawsAMockOfItsName() {
    let mock = wave("S1234", .initial, minute: 0, role: .mock)
    let retraction = wave("S1234", .retraction, minute: 9)
    for list in [[mock, retraction], [retraction, mock]] {
      let got = events(list)
      #expect(got.map(\.realm) == [.mock])
      #expect(got[0].status == .retracted)
    }
  }

  /// R18: names that contain one another, mocks and tests, in 10,000 mixed notices.
  @Test func nothingLeaksBetweenTenThousandMixedNotices() {
    let seed: UInt64 = 7
    var random = SeededGenerator(seed: seed)
    let names = ["S240422e", "S240422ed", "S240422edx", "MS240422e", "TS240422ed", "S240422"]
    let stages: [NoticeStage] = [.preliminary, .initial, .update]
    var list: [Notice] = []
    for minute in 0..<10_000 {
      let name = names.randomElement(using: &random)!
      let role: NoticeRole =
        name.hasPrefix("M") ? .mock : name.hasPrefix("T") ? .test : minute % 3 == 0 ? .mock : .observation
      list.append(wave(name, stages.randomElement(using: &random)!, minute: minute % 40, role: role))
    }
    var book = EventBook()
    book.insert(contentsOf: list)
    for event in book.events {
      #expect(event.notices.allSatisfy { $0.wave?.supereventID == event.name && $0.realm == event.realm })
      if event.isReal { #expect(event.notices.allSatisfy { $0.role == .observation }) }
    }
    #expect(book.events.count == 10, "seed \(seed)")
  }

  @Test func circularsAreLinkedAndMakeNoEvent() {
    var circular = Notice(
      source: NoticeSource(mission: .gcn, stream: "gcn.circulars", format: .circularJSON), kind: .circular)
    circular.source.ivorn = "circular/33603.5/1"
    circular.related = [NativeID("lvk", "S310203ab")]
    #expect(events([circular]).isEmpty)
    let event = events([circular, Self.sequence[3]])[0]
    #expect(event.circulars.count == 1)
    #expect(event.notices.count == 1)
  }

  @Test func aNarrowPlaceIsNotLostToALaterWideOne() {
    var wide = burst("fermi", "1", seconds: 60, radius: .degrees(8))
    wide.source.instrument = "GBM"
    var narrow = burst("fermi", "1", seconds: 30, radius: .arcseconds(3))
    narrow.source.mission = .swift
    narrow.source.instrument = "XRT"
    #expect(events([wide, narrow])[0].localizing == narrow)
  }

  @Test func mapsAreHeldOutsideTheNotice() {
    var notice = wave("S310203ab", .initial, minute: 0)
    notice.localization = .embeddedMap(bytes: [1, 2, 3], region: nil)
    let (light, maps) = notice.withMapsHeld()
    #expect(maps.map(\.bytes) == [[1, 2, 3]])
    #expect(light.localization.heldMap == maps[0].reference)
    #expect(maps[0].reference == "sha256:039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81")
    #expect(light.duplicateKey == notice.duplicateKey)
  }

  @Test func recordsReadBackUnchanged() throws {
    let record = EventRecord(events(Self.sequence)[0])
    let text = try RecordJSON.text(record)
    #expect(try RecordJSON.value(EventRecord.self, of: text) == record)
    #expect(try RecordJSON.text(RecordJSON.value(EventRecord.self, of: text)) == text)
    #expect(text.contains(#""created":"2031-02-03T02:30:00.000000000Z""#))
  }
}
