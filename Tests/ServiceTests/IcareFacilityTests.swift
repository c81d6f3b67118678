import Dashboard
import Deliveries
import FakeIcare
import Foundation
import Icare
import Logging
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// What comes back from telescopes by way of ICARE, and what goes there of what they did.
extension IcareRequestTests {
  /// What a team reports becomes executed observations of the plan's own fields, once, and reads back equal.
  @Test func exposuresAreUploaded() async throws {
    let made = try await IcareBench(
      at: "2026-11-21T20:02:00Z", options: IcareOptions(group: "GRANDMA", instruments: ["tca": "CAM-tca"]))
    defer { made.fake.stop() }
    made.fake.edit { state in
      state.addSite(
        telescope: "tca", instrument: "CAM-tca", filters: ["ps1::open", "clear", "sdssr"], api: "GENERICAPI")
    }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    let state = ServiceState(
      store: made.bench.store, settings: await made.bench.engine.settings, channels: [],
      clock: made.bench.time.clock)
    let desk = StoreQueueDesk(state: state)
    let pointing = try #require(try await desk.queue(of: "tca", reader: nil).pointings.first)
    made.bench.time.advance(
      max(try #require(Instant(iso8601: pointing.endUTC)) - made.bench.time.now, .seconds(1)))
    var done = ReportForm(startUTC: pointing.startUTC, exposureS: pointing.exposureS)
    (done.tile, done.limitMag, done.filter) = ("\(pointing.id)", 18.5, "r")
    var elsewhere = ReportForm(startUTC: pointing.startUTC, exposureS: 30)
    (elsewhere.raDeg, elsewhere.decDeg, elsewhere.event) = (12.0, -22.0, Self.id)
    (elsewhere.limitMag, elsewhere.filter) = (18, "r")
    let fields = made.fake.state.rows("field").count
    for _ in 0..<2 {
      let told = try await desk.report([done], for: "tca", by: Answerer(name: "t", way: "api"))
      #expect(told.allSatisfy { $0.error == nil }, "\(told)")
      try await made.bench.settle()
      try await made.deliver()
    }
    let asked = try await made.deliveries(.executed)
    #expect(asked.map(\.state) == [.done], "\(asked.map { $0.reason ?? "" })")
    let rows = made.fake.state.rows("observation")
    #expect(rows.count == 1 && rows[0]["limmag"] == 18.5 && rows[0]["filt"] == "sdssr")
    #expect(made.fake.state.rows("field").count == fields, "the plan's own field")
    // Of its own choice: a field is made for it.
    _ = try await desk.report([elsewhere], for: "tca", by: Answerer(name: "t", way: "api"))
    try await made.bench.settle()
    try await made.deliver()
    #expect(made.fake.state.rows("observation").count == 2)
    #expect(made.fake.state.rows("field").count == fields + 1)
    #expect(try await made.deliveries(.executed).map(\.state) == [.done, .done])
    #expect(made.channel.status.differences == [:])
    // What there is cannot be changed there, and is not put beside it once more: a comment says what was told since.
    elsewhere.limitMag = 17.5
    let told = try await desk.report([elsewhere], for: "tca", by: Answerer(name: "t", way: "api"))
    #expect(told.map(\.result) == ["corrected"], "\(told)")
    try await made.bench.settle()
    try await made.deliver()
    #expect(made.fake.state.rows("observation").count == 2)
    let comments = made.fake.state.rows("comment").compactMap { $0["text"]?.text }
    let said = comments.filter { $0.contains("reported anew") }
    #expect(
      said.count == 1 && said[0].contains("CAM-tca") && said[0].contains("limit 17.5, not 18.0"), "\(said)")
    let number = made.fake.state.rows("observation").last?["observation_id"]?.int ?? 0
    #expect(said.first?.contains("- \(number): ") == true, "\(said)")
  }

  /// TAROT and TRT tell ICARE nothing by themselves: it is made to ask them, now and then, and the others never.
  @Test func facilitiesThatTellNothingAreAsked() async throws {
    let made = try await bench()
    defer { made.fake.stop() }
    try await made.bench.bring(svom())
    try await made.bench.settle()
    try await made.deliver()
    let watch = RequestWatch(
      store: made.bench.store, channel: made.channel, clock: made.bench.time.clock, logger: Logger(label: "t")
    )
    func row(_ slug: String) -> Int? {
      made.fake.state.rows("followup").first {
        $0["payload"]?["planner_request_id"]?.text?.hasSuffix("/\(slug)") ?? false
      }?["id"]?.int
    }
    let tarot = try #require(row("tre"))
    let asked = { made.fake.state.facilityCalls.filter { $0.verb == "retrieve" }.map(\.followup) }
    try await watch.turn()
    // In words as TAROT has them; that it could not be asked says nothing of the request.
    let slug = "tre"
    let plan = try #require(try await made.bench.store.plans(of: Self.id, state: .live).first)
    func states() async throws -> Set<QueueState> {
      Set(
        try await made.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }
          .map(\.state))
    }
    for (news, state) in [
      ("submitted: planified for 2026-11-21 20:40:00", QueueState.sent), ("failed to retrieve", .sent),
      ("complete", .observed),
    ] {
      made.fake.edit { $0.facilityNews[tarot] = news }
      made.bench.time.advance(.minutes(11))
      let before = asked().count
      #expect(try await watch.turn() == 1, "\(news)")
      #expect(try await watch.turn() == 0, "not asked again at once")
      #expect(
        asked().count(where: { $0 == tarot }) == asked().prefix(before).count(where: { $0 == tarot }) + 1)
      #expect(try await states() == [state], "\(news)")
    }
    // What is over is not asked for any more; GENERICAPI and the others never.
    let count = asked().count(where: { $0 == tarot })
    made.bench.time.advance(.minutes(30))
    try await watch.turn()
    #expect(asked().count(where: { $0 == tarot }) == count)
    let others = ["tca", "oaj", "fzu-auger"].compactMap(row)
    #expect(Set(asked()).isDisjoint(with: others))
  }
}
