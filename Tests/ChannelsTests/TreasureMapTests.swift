import Deliveries
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import Channels

func pointing(_ n: Int, band: String = "r", depth: Double? = 18.2, later: Double = 0) throws
  -> TreasureMapPointing
{
  // Beyond 180 degrees, where the map's database turns the sign.
  try TreasureMapPointing(
    at: Direction(ra: .degrees(221.338_200_12 + Double(n)), dec: .degrees(-23.809_4)),
    start: now + .minutes(Double(n)) + .seconds(later), band: band, depth: depth.map { Magnitude($0) })
}

struct MapBench {
  let far: TreasureMapFarSide
  let channel: TreasureMapChannel

  init(
    faults: [Treatment] = [], readFaults: [Treatment] = [], token: String = canary,
    refusedBands: Set<String> = [], takesChanges: Bool = true,
    deadlines: Deadlines = patient
  ) throws {
    far = try TreasureMapFarSide(
      token: canary, events: ["S230518h"], history: History(), faults: FaultPlan(faults),
      readFaults: FaultPlan(readFaults), refusedBands: refusedBands, takesChanges: takesChanges)
    var configuration = TreasureMapChannel.Configuration(token: Secret(token))
    configuration.base = far.base
    configuration.deadlines = deadlines
    channel = try TreasureMapChannel(configuration, client: WebClient())
  }

  func item(_ kind: String, _ items: [TreasureMapPayload.Item], event: String = "S230518h") throws -> Delivery
  {
    let payload = try TreasureMapPayload(event: event, instrument: 47, items: items)
    return delivery("treasure-map/\(event)/\(kind)", "treasure-map", kind, try payload.encoded())
  }
  func planned(_ numbers: [Int] = [1, 2, 3]) throws -> Delivery {
    try item("planned", numbers.map { .init(try pointing($0)) })
  }
  func send(_ delivery: Delivery) async -> SendOutcome {
    await channel.send(delivery, receipts: [:], now: now)
  }
  func readBack(_ delivery: Delivery) async -> ReadBack {
    await channel.readBack(delivery, receipts: [:], now: now)
  }
}

@Suite struct TreasureMapTests {
  @Test func plannedCompletedCancelled() async throws {
    let bench = try MapBench()
    #expect(await bench.readBack(try bench.planned()) == .absent)
    #expect(await bench.send(try bench.planned()).receipt == "pointings 101,102,103")
    #expect(await bench.readBack(try bench.planned()) == .present(receipt: "pointings 101,102,103"))
    let done = try bench.item(
      "completed",
      [.init(try pointing(1, later: 30), planned: try pointing(1)), .init(try pointing(9, depth: 19.1))])
    #expect(await bench.readBack(done) == .absent)
    #expect(await bench.send(done).receipt == "pointings 101,104")
    #expect(await bench.readBack(done).word == "present")
    let cancelled = try bench.item("cancelled", [1, 2, 3].map { .init(try pointing($0)) })
    #expect(await bench.readBack(cancelled) == .absent)
    #expect(await bench.send(cancelled).receipt == "cancelled 102,103")
    #expect(await bench.readBack(cancelled).word == "present")
    #expect(bench.far.pointings.map(\.status) == ["completed", "cancelled", "cancelled", "completed"])
    // All of it once more changes nothing.
    for delivery in [done, cancelled] { #expect(await bench.send(delivery).word == "confirmed") }
    #expect(bench.far.pointings.count == 4)
    #expect(bench.far.server.requests.filter { $0.method == "POST" }.count == 3)
    #expect(bench.far.server.requests.allSatisfy { $0.header("api_token") == canary })
  }

  /// What was completed is changed in its place, by whatever it differs; again it is not touched.
  @Test func completedIsCorrected() async throws {
    let bench = try MapBench()
    let old = [try pointing(1, depth: 18), try pointing(2, depth: 18), try pointing(3, depth: 18)]
    #expect(await bench.send(try bench.item("completed", old.map { .init($0) })).word == "confirmed")
    let new = [try pointing(1, depth: 19.25), try pointing(2, depth: 18, later: 40)]
    let corrected = try bench.item("corrected", zip(new, old).map { .init($0, planned: $1) })
    #expect(await bench.readBack(corrected) == .absent)
    #expect(await bench.send(corrected).receipt == "pointings 101,102")
    #expect(bench.far.pointings.map(\.depth) == [19.25, 18, 18])
    #expect(bench.far.pointings.map(\.time) == [new[0].time, new[1].time, old[2].time])
    #expect(bench.far.pointings.allSatisfy { $0.status == "completed" })
    #expect(await bench.readBack(corrected).word == "present")
    #expect(await bench.send(corrected).word == "confirmed")
    #expect(bench.far.server.requests.filter { $0.method == "PUT" }.count == 2)
    // Corrected once more, from what it was corrected to.
    let again = try bench.item("corrected", [.init(try pointing(1, depth: 19.5), planned: new[0])])
    #expect(await bench.send(again).receipt == "pointings 101")
    #expect(bench.far.pointings.map(\.depth) == [19.5, 18, 18])
    // What is not there is not made.
    let unknown = try bench.item(
      "corrected", [.init(try pointing(7, depth: 19.5), planned: try pointing(8))])
    #expect(await bench.send(unknown).word == "refused")
    #expect(bench.far.pointings.count == 3)
  }

  /// A server that knows no changes says so, and a person reads why.
  @Test func aServerWithoutChangesRefuses() async throws {
    let bench = try MapBench(takesChanges: false)
    #expect(
      await bench.send(try bench.item("completed", [.init(try pointing(1, depth: 18))])).word == "confirmed")
    let corrected = try bench.item(
      "corrected", [.init(try pointing(1, depth: 19), planned: try pointing(1, depth: 18))])
    #expect(await bench.send(corrected).word == "refused")
    #expect(bench.far.pointings.map(\.depth) == [18])
    #expect(throws: ChannelError.self) {
      try TreasureMapPayload(of: try bench.item("corrected", [.init(try pointing(1))]))
    }
  }

  @Test func timesHaveNoZone() throws {
    #expect(try pointing(0).time == "2026-11-21T02:58:12")
    #expect(try pointing(0).ra == 221.3382)
    #expect(try pointing(0).depth_unit == "ab_mag")
    let edge = try TreasureMapPointing(
      at: Direction(ra: .degrees(359.999_999_9), dec: .degrees(0)), start: now, band: "r")
    #expect((0..<360).contains(edge.ra))
  }

  @Test(arguments: [
    Treatment.acceptedThen504, .acceptedThenReset, .acceptedThenHang, .acceptedThenTruncated,
    .acceptedThenPage,
    .resetUnread, .hangUnread, .pageUnread,
  ])
  func ambiguousIsReadBack(_ treatment: Treatment) async throws {
    let bench = try MapBench(faults: [treatment], deadlines: impatient)
    #expect(await bench.send(try bench.planned()).word == "ambiguous")
    #expect(await bench.readBack(try bench.planned()).word == (treatment.accepts ? "present" : "absent"))
    #expect(await bench.send(try bench.planned()).word == "confirmed")
    #expect(bench.far.pointings.count == 3)
  }

  @Test func halfDoneIsFinished() async throws {
    let bench = try MapBench()
    _ = await bench.send(try bench.planned([1, 2]))
    #expect(await bench.readBack(try bench.planned([1, 2, 3])) == .absent)
    #expect(await bench.send(try bench.planned([1, 2, 3])).receipt == "pointings 101,102,103")
    #expect(bench.far.pointings.count == 3)
  }

  @Test func errorsBehindA200AreSaid() async throws {
    let bench = try MapBench(refusedBands: ["q"])
    let outcome = await bench.send(
      try bench.item("planned", [.init(try pointing(1)), .init(try pointing(2, band: "q"))]))
    #expect(outcome == .refused(reason: "1 of 2 pointings refused: Invalid band; 1 were taken"))
    #expect(bench.far.pointings.count == 1)
  }

  @Test func othersPointingsStay() async throws {
    let bench = try MapBench()
    let mine = try pointing(1)
    bench.far.add(
      .init(
        id: 7, graceid: "S230518h", instrument: 47, status: "planned", ra: mine.ra, dec: mine.dec,
        time: mine.time, band: "r", positionAngle: 0, depth: nil, isForeign: true))
    let outcome = await bench.send(try bench.item("cancelled", [.init(mine)]))
    #expect(outcome.word == "refused")
    #expect(bench.far.pointings.map(\.status) == ["planned"])
  }

  @Test func wrongTokenUnknownEventAndLimits() async throws {
    let bench = try MapBench(token: canary + "x")
    let outcome = await bench.send(try bench.planned())
    #expect(outcome.word == "halted")
    #expect(!"\(outcome) \(bench.channel)".contains("CANARY"))
    let right = try MapBench(faults: [.tooMany])
    #expect(await right.send(try right.planned()).after == now + .seconds(7))
    let unknown = await right.send(try right.item("planned", [.init(try pointing(1))], event: "S240101z"))
    #expect(unknown.word == "refused")
    #expect("\(unknown)".contains("does not exist"))
  }

  @Test(arguments: [Treatment.pageUnread, .resetUnread, .tooMany, Treatment(accepts: true, .truncated)])
  func withoutReadingNothingIsSent(_ treatment: Treatment) async throws {
    let bench = try MapBench(readFaults: [treatment, treatment])
    #expect(await bench.send(try bench.planned()).word == "unsent")
    #expect(await bench.readBack(try bench.planned()).word == "unknown now")
    #expect(bench.far.pointings.isEmpty)
  }

  @Test func payloadsThatCannotBe() throws {
    let fine = [TreasureMapPayload.Item(try pointing(1))]
    for event in ["", "GRB 230518A", "S230518", "s230518h", "S230518h'", "GW19081", "M230518h", "S230518H"] {
      #expect(throws: ChannelError.self) { try TreasureMapPayload(event: event, instrument: 1, items: fine) }
    }
    for event in ["S230518h", "MS181101ab", "GW190814", "GW190521_074359"] {
      #expect(throws: Never.self) { try TreasureMapPayload(event: event, instrument: 1, items: fine) }
    }
    #expect(throws: ChannelError.self) {
      try TreasureMapPayload(event: "S230518h", instrument: 0, items: fine)
    }
    #expect(throws: ChannelError.self) { try TreasureMapPayload(event: "S230518h", instrument: 1, items: []) }
    #expect(throws: ChannelError.self) { try pointing(1, band: "SDSS r") }
    #expect(throws: ChannelError.self) { try pointing(1, depth: .nan) }
    let shallow = try MapBench().item("completed", [.init(try pointing(1, depth: nil))])
    #expect(throws: ChannelError.self) { try TreasureMapPayload(of: shallow) }
  }

  @Test(arguments: [
    ("r", "r"), ("R", "R"), ("NoFilter", "clear"), ("Luminance", "clear"), ("Clear", "clear"), ("sdssr", "r"),
    ("ps1::g", "g"), ("SDSS i", "i"), ("Johnson V", "V"), ("bessellr", "R"), ("Cousins I", "I"),
    ("Halpha", "other"),
    ("", "other"), ("sdss", "other"),
  ])
  func filters(_ filter: String, _ band: String) { #expect(TreasureMapPointing.band(for: filter) == band) }
}
