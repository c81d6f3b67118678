import Testing
import Units

@testable import Texts

@Suite struct ShiftReportTests {
  private static func time(_ text: String) throws -> Instant { try #require(Instant(iso8601: text)) }

  private static func event() throws -> ReportedEvent {
    var e = ReportedEvent(id: "S230518h", kind: "gravitational wave")
    e.time = try time("2023-05-18T12:59:08Z")
    e.classification = "NSBH"
    e.area90 = .squareDegrees(666.24)
    e.distance = .megaparsecs(276.44)
    e.distanceDeviation = .megaparsecs(79)
    e.outcome = "GO"
    e.clause = "GRANDMA O4: R6"
    e.announcement = "New GW alert: S230518h."
    var plan = PlanRecord(
      id: "S230518h-r1", made: try time("2023-05-18T13:20:00Z"), probability: Fraction(clamping: 0.8634),
      telescopes: [
        .init(name: "TCA", tiles: 12, first: try time("2023-05-18T20:01:00Z"), state: "sent"),
        .init(name: "KAO", tiles: 1, first: nil, state: "cannot", reason: "clouds"),
      ])
    plan.left = [("below 30 degrees all night", ["TRE", "TCH"])]
    e.plan = plan
    return e
  }

  private static func record() throws -> ShiftRecord {
    var r = ShiftRecord(
      window: TimeWindow(try time("2023-05-18T11:00:00Z"), try time("2023-05-18T19:00:00Z")),
      now: try time("2023-05-18T18:55:00Z"))
    r.people = ["ana", "bo"]
    r.events = [try event()]
    r.entries = [
      .init(
        at: try time("2023-05-18T13:05:00Z"), actor: "policy", kind: "decision.made", event: "S230518h",
        text: "GO"),
      .init(
        at: try time("2023-05-18T16:00:00Z"), actor: "KAO", kind: "assignment.failed", event: "S230518h",
        text: "clouds"),
      .init(
        at: try time("2023-05-18T13:01:00Z"), actor: "engine", kind: "notice.handled", event: nil, text: "n"),
      .init(
        at: try time("2023-05-18T17:00:00Z"), actor: "engine", kind: "question.asked", event: "S230518h",
        text: "which map?"),
    ]
    return r
  }

  @Test func theLogHasItsFiveSections() throws {
    var record = try Self.record()
    record.events[0].plan?.telescopes.append(.init(name: "TRE", tiles: 3, first: nil, state: "planned"))
    let text = ShiftReport.log.render(record)
    let heads = text.split(separator: "\n").filter { $0.first?.isNumber == true }
    #expect(
      heads == [
        "1. General: alerts and decisions", "2. Telescope contacts", "3. Image status", "4. GCN activity",
        "5. Comments and to-dos",
      ])
    for line in [
      "- S230518h, TRE: plan planned, no answer on record [____]", "On shift: ana, bo",
      "Weekly coordinator: [____]",
      "- S230518h: NSBH, 90 % in 666.2 deg2, distance 276.4 +/- 79.0 Mpc, decision GO (GRANDMA O4: R6)",
      "- 16:00 S230518h: clouds [KAO]", "- S230518h, TCA: plan sent, no answer on record [____]",
      "- no observation on record", "- 17:00 S230518h: which map? [engine]",
    ] { #expect(text.contains(line + "\n"), "\(line)") }
  }

  @Test func theHandOverSaysItInASentence() throws {
    let text = ShiftReport.handover.render(try Self.record())
    #expect(
      text.contains(
        "1 event running: S230518h; 2 telescopes have a plan, 0 observe, 1 have not answered.\n"))
    #expect(text.contains("To: [____]\n"))
    #expect(text.contains("  - KAO: 1 tile, cannot: clouds\n"))
    #expect(text.contains("  not planned: TRE, TCH: below 30 degrees all night\n"))
  }

  /// What was retracted is stopped, whatever had been decided; what was sent and not answered is a contact to make.
  @Test func whatEndedAndWhatIsOpenIsSaid() throws {
    var record = try Self.record()
    record.events[0].isRetracted = true
    let over = ShiftReport.handover.render(record)
    #expect(over.contains("Stopped\n- S230518h: RETRACTED, STOP\n"), "\(over)")
    let log = ShiftReport.log.render(try Self.record())
    #expect(log.contains("- S230518h, TCA: plan sent, no answer on record [____]\n"), "\(log)")
    #expect(!log.contains("KAO: plan"))
  }

  @Test func figuresHaveNoSignWithoutAValue() {
    for (value, decimals, text) in [
      (-0.0004, 2, "0.00"), (-0.006, 2, "-0.01"), (-12.3, 0, "-12"), (-0.4, 0, "0"), (0.05, 1, "0.1"),
    ] as [(Double, Int, String)] { #expect(Phrase.number(value, decimals) == text) }
  }

  @Test func nothingIsInvented() throws {
    let bare = ShiftRecord(window: try Self.record().window, now: try Self.record().now)
    for kind in ShiftReport.allCases {
      let text = kind.render(bare, event: ReportedEvent(id: "X", kind: "burst"))
      #expect(text.contains("[____]"), "\(kind)")
      // No number but those of times and sections.
      for word in ["Mpc", " % ", "deg2 "] {
        #expect(!text.contains(word) || text.contains("in [____]"), "\(kind): \(text)")
      }
    }
    #expect(ShiftReport.circular.render(bare, event: nil) == "Event: [____]\n")
    #expect(ShiftReport.handover.render(bare).contains("Nothing is running."))
  }

  @Test func theCircularTellsWhatWasObserved() throws {
    var e = try Self.event()
    func look(_ telescope: String, _ start: String, _ field: String, added: Double?) throws -> Observation {
      Observation(
        telescope: telescope, start: try Self.time(start), filter: telescope == "TCA" ? "r" : nil,
        exposure: .seconds(120), count: 1, field: field, added: added.map { Fraction(clamping: $0) })
    }
    e.observations = [
      try look("TCA", "2023-05-18T20:01:00Z", "1", added: 0.05),
      try look("TCA", "2023-05-18T20:05:00Z", "2", added: 0.02),
      try look("KAO", "2023-05-18T19:00:00Z", "9", added: 0.001),
    ]
    let text = ShiftReport.circular.render(try Self.record(), event: e)
    #expect(text.hasPrefix("SUBJECT: S230518h: GRANDMA observations\n"))
    #expect(
      text.contains(
        """
        T-T0 (h)  Telescope Filter  Exposure        Magnitude or 5-sigma limit
        6.01      KAO       [____]  1 x 120 s       [____]
        7.03      TCA       r       2 x 120 s       [____]

        """))
    #expect(text.replacing("\n", with: " ").contains("The 3 fields cover at least 7.1 % of the probability"))
    // A field that was looked at twice adds its share once.
    e.observations.append(try look("TCA", "2023-05-18T21:01:00Z", "1", added: 0.05))
    #expect(
      ShiftReport.circular.render(try Self.record(), event: e).replacing("\n", with: " ").contains(
        "The 3 fields cover at least 7.1 % of the probability"))
    e.observations.removeLast()
    e.observed = Fraction(clamping: 0.065)
    #expect(
      ShiftReport.circular.render(try Self.record(), event: e).replacing("\n", with: " ").contains(
        "The 3 fields cover 6.5 % of the probability of the sky map used"))
    e.observed = nil
    e.observations[0].added = nil
    #expect(
      ShiftReport.circular.render(try Self.record(), event: e).contains(
        "fields cover [____] of the probability"))
    for line in text.split(separator: "\n") where !line.contains("  ") { #expect(line.count <= 72) }
  }

  @Test func limitsAreThoseReported() throws {
    var e = try Self.event()
    func look(_ telescope: String, _ limit: Double?) throws -> Observation {
      Observation(
        telescope: telescope, start: try Self.time("2023-05-18T20:01:00Z"), filter: "R",
        exposure: .seconds(60),
        count: 1, field: "1", limit: limit.map { Magnitude($0) })
    }
    e.observations = [
      try look("A", 17.24), try look("B", 18), try look("B", 17.5), try look("C", 17), try look("C", nil),
    ]
    let text = ShiftReport.circular.render(try Self.record(), event: e)
    for (name, count, limit) in [("A", 1, "> 17.2"), ("B", 2, "> 17.5 to 18.0"), ("C", 2, "[____]")] {
      #expect(text.contains("7.03      \(name)         R       \(count) x 60 s        \(limit)\n"), "\(text)")
    }
    #expect(text.replacing("\n", with: " ").contains("The 3 fields cover [____] of the probability"))
  }

  @Test func theLogNamesPeoplesDecisionsAndOutages() throws {
    var r = try Self.record()
    func said(_ kind: String, _ text: String, _ time: String = "17:30") throws -> ShiftRecord.Entry {
      .init(
        at: try Self.time("2023-05-18T\(time):00Z"), actor: "ana", kind: kind,
        event: kind == "telescope.outage" ? nil : "S230518h", text: text)
    }
    r.entries += [
      try said("decision.answered", "GO, near"), try said("telescope.outage", "KAO: weather: snow"),
      try said("followup.sent", "to KAO"), try said("stop.proposed", "faded", "18:00"),
    ]
    let sections = ShiftReport.log.render(r).split(separator: "\n\n").map { $0 + "\n" }
    #expect(sections[1].contains("- 17:30 S230518h: GO, near [ana]\n"))
    #expect(sections[2].contains("- 17:30 KAO: weather: snow [ana]\n- 17:30 S230518h: to KAO [ana]\n"))
    // What was answered is open no more; what came later is.
    #expect(sections[5].contains("faded") && !sections[5].contains("which map?"))
    #expect(ShiftReport.weekly.render(r).contains("Telescopes' answers: 1\n"))
  }

  @Test func drillsSaySo() throws {
    var e = try Self.event()
    e.isMock = true
    #expect(
      ShiftReport.circular.render(try Self.record(), event: e).hasPrefix("SUBJECT: [NOT TO BE SENT: MOCK]"))
    #expect(
      ShiftReport.comment.render(try Self.record(), event: e).contains("Event: S230518h (MOCK, not real)"))
  }

  @Test func theWeekIsCounted() throws {
    var r = try Self.record()
    var gone = try Self.event()
    gone.isRetracted = true
    var drill = try Self.event()
    drill.isMock = true
    r.events += [gone, drill]
    let text = ShiftReport.weekly.render(r)
    #expect(text.contains("Alerts: 2, of which GO 1, LIMITED 0, WATCH 0, NO 0, retracted 1; drills 1\n"))
    #expect(text.contains("Telescopes' answers: 1\n"))
  }
}
