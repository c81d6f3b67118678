import Dashboard
import Foundation
import Formats
import Healpix
import Queues
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// From an answer to what follows from it.
@Suite(.serialized) struct QueueFlowTests {
  private static func form(_ plan: String, _ word: String, reason: String? = nil) -> AnswerForm {
    AnswerForm(answer: word, plan: plan, reason: reason)
  }

  @Test func aRefusalPlansTheNetworkAnewAndTheOthersAreTold() async throws {
    let q = try await QueueBench.mock()
    let first = try #require(try await q.live())
    let busy = try await q.busy()
    try #require(busy.count >= 2)
    let (one, other) = (busy[0], busy[1])
    let me = QueueBench.operatorOf("team")
    _ = try await q.desk.answer(Self.form(first.id, "accepted"), for: other, by: me)
    let said = try await q.desk.answer(
      Self.form(first.id, "cannot", reason: "clouds all night"), for: one, by: me)
    #expect(!said.isRepeat && !said.changed.isEmpty)
    try await q.bench.settle()
    let second = try #require(try await q.live())
    #expect(second.id != first.id)
    #expect(try await q.bench.store.queue(of: one, after: q.now).isEmpty)
    let queue = try await q.desk.queue(of: other, reader: nil)
    #expect(!queue.pointings.isEmpty && queue.pointings.allSatisfy { $0.plan == second.id })
    // What was accepted and stayed is not asked again.
    #expect(queue.pointings.contains { $0.state == "accepted" })
    let document = try await q.desk.document(second.id)
    let omission = try #require(document.omissions.first { $0.slug == one })
    #expect(omission.reason.contains("clouds all night"), "\(omission.reason)")
    let told = try await q.bench.store.deliveries(Set([.ready]), event: q.event, limit: 100)
    #expect(told.filter { $0.channel == "hook" && $0.kind == "plan" }.count == 2)
    // A thousand repeats change nothing.
    let (log, made) = (try await q.bench.store.lastLogSequence(), try await q.bench.log("plan.made"))
    for _ in 0..<200 {
      let again = try await q.desk.answer(Self.form(first.id, "refused"), for: one, by: me)
      #expect(again.isRepeat)
    }
    try await q.bench.settle()
    #expect(try await q.bench.store.lastLogSequence() == log)
    #expect(try await q.bench.log("plan.made") == made)
    // The team says that it is clear after all: it is planned again.
    let outage = try #require(try await q.desk.outages(of: one).first)
    #expect(outage.kind == "refusal" && outage.isInForce)
    _ = try await q.desk.endOutage(outage.number, for: one, by: me)
    try await q.bench.settle()
    #expect(try await !q.bench.store.queue(of: one, after: q.now).isEmpty)
  }

  @Test func aTileThatATeamRefusesIsNotGivenToItAgain() async throws {
    let q = try await QueueBench.mock()
    let one = try #require(try await q.busy().first)
    let pointing = try #require(try await q.desk.queue(of: one, reader: nil).pointings.first)
    var form = AnswerForm(answer: "refused", pointing: pointing.id, reason: "behind the dome")
    form.key = "k"
    _ = try await q.desk.answer(form, for: one, by: QueueBench.operatorOf("team"))
    try await q.bench.settle()
    let queue = try await q.desk.queue(of: one, reader: nil).pointings.filter { $0.state == "sent" }
    #expect(!queue.isEmpty)
    #expect(!queue.contains { $0.tile == pointing.tile })
    let place = Direction<ICRS>(ra: .degrees(pointing.raDeg), dec: .degrees(pointing.decDeg))
    for p in queue {
      let other = Direction<ICRS>(ra: .degrees(p.raDeg), dec: .degrees(p.decDeg))
      #expect(other.separation(from: place) > .degrees(0.1))
    }
  }

  @Test func observationsAreCountedExactlyAndNotAskedForAgain() async throws {
    let q = try await QueueBench.mock()
    let plan = try #require(try await q.live())
    let busy = try await q.busy()
    let one = busy[0]
    let me = QueueBench.operatorOf("robot")
    let rows = try #require(
      try await q.desk.document(plan.id).plans.first { $0.telescope.slug == one }
    ).rows.prefix(3)
    q.bench.time.advance(rows.last!.endUTC.instant - q.now + .minutes(5))
    let reports = rows.map { row in
      var report = ReportForm(startUTC: row.startUTC.text, exposureS: row.exptimeS)
      (report.raDeg, report.decDeg) = (row.raDeg, row.decDeg)
      report.limitMag = 19
      return report
    }
    let results = try await q.desk.report(Array(reports), for: one, by: me)
    #expect(results.map(\.result) == ["recorded", "recorded", "recorded"])
    try await q.bench.settle()
    let figures = try await q.desk.coverage(of: q.event)
    #expect(figures.observations == 3 && figures.withoutLimit == 0)
    // Tiles of one grid do not overlap: the union is the sum.
    let sum = rows.reduce(0) { $0 + $1.prob }
    #expect(abs(figures.observed - sum) < 1e-5, "\(figures.observed) \(sum)")
    #expect(figures.depthWeighted > 0 && figures.depthWeighted <= figures.observed)
    #expect(figures.accepted >= figures.observed - 1e-9 && figures.remaining > 0)
    // The map of what was done covers the exposures, and not much more.
    let moc = try await q.desk.coverageFile(of: q.event, name: "moc.txt")
    let sky = try Coverage(mocASCII: String(decoding: moc.bytes, as: UTF8.self))
    #expect(sky.area.squareDegrees >= figures.areaDeg2 - 1e-6)
    #expect(sky.area.squareDegrees < figures.areaDeg2 * 1.2)
    // The same again, by another way and key.
    let again = try await q.desk.report(Array(reports), for: one, by: Answerer(name: "x", way: "link"))
    #expect(again.map(\.result) == ["repeated", "repeated", "repeated"])
    try await q.bench.settle()
    #expect(try await q.desk.coverage(of: q.event).observations == 3)
    // The next plan asks for none of it.
    _ = try await q.desk.answer(Self.form(plan.id, "refused"), for: busy[1], by: me)
    try await q.bench.settle()
    let next = try #require(try await q.live())
    #expect(next.id != plan.id)
    let taken = Set(rows.map(\.tileKey))
    let asked = try await q.bench.store.assignments(of: next.id).map(\.assignment.tile)
    #expect(taken.isDisjoint(with: asked))
    // What is observed stays in the queue's record and out of the file to be observed.
    let csv = try await q.desk.currentFile(of: one, name: "plan.csv", wishes: FileWishes())
    let text = String(decoding: csv.bytes, as: UTF8.self)
    for key in rows.map(\.target) { #expect(!text.contains("\(key),")) }
  }

  /// The limit comes when the images have been looked at: it counts, once.
  @Test func aLimitToldLaterCountsInTheCoverage() async throws {
    let q = try await QueueBench.mock()
    let one = try await q.busy()[0]
    let me = QueueBench.operatorOf("robot")
    let pointing = try #require(try await q.desk.queue(of: one, reader: nil).pointings.first)
    q.bench.time.advance(try #require(Instant(iso8601: pointing.endUTC)) - q.now + .minutes(5))
    var report = ReportForm(startUTC: pointing.startUTC, exposureS: pointing.exposureS)
    report.tile = "\(pointing.id)"
    func tell() async throws -> ReportView? {
      let told = try await q.desk.report([report], for: one, by: me).first
      try await q.bench.settle()
      return told
    }
    #expect(try await tell()?.result == "recorded")
    let first = try await q.desk.coverage(of: q.event)
    #expect(first.observations == 1 && first.withoutLimit == 1 && first.depthWeighted == 0)
    report.limitMag = 19
    #expect(try await tell()?.result == "corrected")
    let second = try await q.desk.coverage(of: q.event)
    #expect(second.observations == 1 && second.withoutLimit == 0)
    #expect(second.depthWeighted > 0 && second.observed == first.observed)
    #expect(try await tell()?.result == "repeated")
    // It was of another pointing in the end: the first is not called observed without an exposure.
    let next = try #require(
      try await q.desk.queue(of: one, reader: nil).pointings.first { $0.state == "sent" })
    q.bench.time.advance(try #require(Instant(iso8601: next.endUTC)) - q.now + .minutes(5))
    report.corrects = try #require(try await q.bench.store.observations(for: q.event).first?.number)
    (report.tile, report.startUTC, report.exposureS) = ("\(next.id)", next.startUTC, next.exposureS)
    let moved = try await tell()
    #expect(moved?.result == "corrected" && moved?.pointing == next.id, "\(String(describing: moved))")
    let third = try await q.desk.coverage(of: q.event)
    #expect(third.observations == 1 && third.observed != second.observed)
    // The circular lists one exposure, not the pointing it was first said to be of.
    let sheet = try await StoreDesk(state: q.state).text(TextRequest(kind: "circular", event: q.event))
    #expect(sheet.text.components(separatedBy: "| \(one)").count <= 2, "\(sheet.text)")
    print(sheet.text)
  }

  @Test func anOutageIsHonouredAtOnceAndItsEndToo() async throws {
    let q = try await QueueBench.mock()
    let one = try #require(try await q.busy().first)
    let me = QueueBench.operatorOf("team")
    let before = try await q.bench.store.queue(of: one, after: q.now)
    let middle = before[before.count / 2].assignment.window.start
    var form = OutageForm(
      kind: "weather", startUTC: q.now.iso8601(), endUTC: middle.iso8601(), reason: "wind")
    form.key = "w1"
    let outage = try await q.desk.add(form, for: one, by: me)
    #expect(try await q.desk.add(form, for: one, by: me).number == outage.number)
    try await q.bench.settle()
    let during = try await q.bench.store.queue(of: one, after: q.now)
    #expect(during.allSatisfy { $0.assignment.window.start >= middle - .seconds(1) })
    let made = try await q.bench.log("plan.made")
    #expect(made == 2)
    // Time passing over the end of an outage is no reason for a new plan.
    q.bench.time.advance(middle - q.now + .minutes(1))
    try await q.bench.settle()
    #expect(try await q.bench.log("plan.made") == made)
    await #expect(throws: DeskError.self) {
      try await q.desk.endOutage(999, for: one, by: me)
    }
  }

  @Test func aStopIsReadInEveryFormat() async throws {
    let q = try await QueueBench.mock()
    let one = try #require(try await q.busy().first)
    let plan = try #require(try await q.live())
    for format in PlanFormat.allCases {
      let file = try await q.desk.currentFile(of: one, name: format.fileName, wishes: FileWishes())
      #expect(String(decoding: file.bytes, as: UTF8.self).contains("GO"), "\(format)")
      #expect(!file.isImmutable && file.mediaType == format.mediaType)
      let fixed = try await q.desk.file(
        plan: plan.id, name: "\(one).\(format.rawValue)", wishes: FileWishes())
      #expect(fixed.isImmutable)
    }
    let kept = try await q.desk.file(plan: plan.id, name: "\(one).txt", wishes: FileWishes())
    let retraction =
      #"{"alert_type": "RETRACTION", "superevent_id": "MS260915a", "event": null, "#
      + #""time_created": "2026-09-15T18:30:00Z", "urls": {}, "external_coinc": null}"#
    try await q.bench.bring(Array(retraction.utf8))
    try await q.bench.settle()
    let queue = try await q.desk.queue(of: one, reader: nil)
    #expect(queue.status == "STOP")
    for format in PlanFormat.allCases {
      let file = try await q.desk.currentFile(of: one, name: format.fileName, wishes: FileWishes())
      #expect(String(decoding: file.bytes, as: UTF8.self).contains("STOP"), "\(format)")
    }
    let json = try await q.desk.currentFile(of: one, name: "plan.json", wishes: FileWishes())
    #expect(try PlanDocument(json: json.bytes).rows.isEmpty)
    // The file of the plan itself is as it was.
    #expect(
      try await q.desk.file(plan: plan.id, name: "\(one).txt", wishes: FileWishes()).sha256 == kept.sha256)
    // Who never had a plan waits.
    let idle = try #require(
      q.state.settings.telescopes.map(\.slug).first { slug in slug == "oaj" || slug == "fzu-auger" })
    _ = try await q.desk.currentFile(of: idle, name: "plan.json", wishes: FileWishes())
  }

  @Test func whatNobodyToldOfExpiresByItself() async throws {
    let q = try await QueueBench.mock()
    let plan = try #require(try await q.live())
    let end = try await q.bench.store.assignments(of: plan.id).map(\.assignment.window.end).max()!
    q.bench.time.advance(end - q.now + .hours(3))
    try await q.bench.settle()
    let states = Set(try await q.bench.store.assignments(of: plan.id).map(\.state))
    #expect(states == [.expired])
  }

  @Test func aCrashBetweenAnswerAndPlanLosesNothing() async throws {
    let q = try await QueueBench.mock()
    let one = try #require(try await q.busy().first)
    let plan = try #require(try await q.live())
    _ = try await q.desk.answer(Self.form(plan.id, "refused"), for: one, by: QueueBench.operatorOf("t"))
    try await q.bench.restart()
    try await q.bench.settle()
    #expect(try await q.live()?.id != plan.id)
    #expect(try await q.bench.store.queue(of: one, after: q.now).isEmpty)
  }
}

/// The night of the issue: recorded S230518h, an acceptance, an observation, a refusal, a new plan.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) struct RecordedQueueTests {
  @Test func theNightOfS230518h() async throws {
    let q = try await QueueBench.make(
      at: "2023-05-18T13:40:00Z", try shared("lvk/gwtm_S230518h-Initial_alert.json"), "S230518h")
    let plan = try #require(try await q.live())
    let busy = try await q.busy()
    try #require(busy.count >= 2)
    let me = QueueBench.operatorOf("team")
    _ = try await q.desk.answer(AnswerForm(answer: "accepted", plan: plan.id), for: busy[0], by: me)
    let first = try #require(try await q.desk.queue(of: busy[0], reader: nil).pointings.first)
    let start = try #require(Instant(iso8601: first.startUTC))
    q.bench.time.advance(start - q.now + .minutes(10))
    var report = ReportForm(startUTC: first.startUTC, exposureS: first.exposureS)
    (report.raDeg, report.decDeg, report.limitMag) = (first.raDeg + 0.05, first.decDeg, 18.2)
    #expect(try await q.desk.report([report], for: busy[0], by: me).first?.pointing == first.id)
    _ = try await q.desk.answer(AnswerForm(answer: "refused", plan: plan.id), for: busy[1], by: me)
    try await q.bench.settle()
    let next = try #require(try await q.live())
    #expect(next.id != plan.id)
    let figures = try await q.desk.coverage(of: "S230518h")
    print(
      "S230518h: \(busy.count) telescopes; observed \(figures.observed), depth \(figures.depthWeighted), "
        + "accepted \(figures.accepted), remaining \(figures.remaining)")
    #expect(figures.observed > 0 && figures.remaining > 0)
  }
}
