import Deliveries
import Foundation
import Testing
import Units

@testable import Channels

private let root = DeliveryKey("slack/S230518h/root")

@Suite struct EventMessageTests {
  @Test func theNetworksSentence() {
    var m = EventMessage(event: "S230525a", kind: .gravitationalWave, verdict: .go, made: now)
    m.classification = .init("NSBH")
    m.distance = (.megaparsecs(276), .megaparsecs(79))
    m.score = 2
    #expect(
      m.announcement
        == "New GW alert: S230525a, NSBH, Distance: 276 +/- 79 Mpc, GRANDMA Score: 2, GO-GRANDMA.")
    m.verdict = .no
    #expect(m.announcement.hasSuffix(", no follow up."))
    m.isRetracted = true
    #expect(m.announcement == "GW alert S230525a was retracted, STOP-GRANDMA.")
    m.mock = "DRILL"
    #expect(m.announcement.hasPrefix("DRILL (not a real event): GW alert"))
  }

  @Test func pushSaysWhetherToGetUp() {
    #expect(
      fullMessage().push
        == "GO S230518h UPDATE 2 · NSBH 86 % · 117 +/- 31 Mpc · 90 % in 460 deg2 · 2 telescopes, first TAROT/TCA 03:11 UTC"
    )
    var m = fullMessage()
    m.isRetracted = true
    #expect(m.push == "STOP S230518h RETRACTED · stop observing, withdraw what has not started")
    m.mock = "DRILL"
    #expect(m.push.hasPrefix("DRILL (not a real event): STOP"))
  }

  /// Without facts there are no figures, only `not known` where people look for them.
  @Test func nothingIsInvented() throws {
    var m = EventMessage(event: "S230518h", kind: .gravitationalWave, verdict: .watch, made: now)
    #expect(m.push == "WATCH S230518h")
    #expect(m.announcement == "New GW alert: S230518h, no decision yet.")
    let digits = m.plainText.replacing("S230518h", with: "").replacing("2026-11-21 02:58:12", with: "")
      .replacing("50 / 90 %", with: "")
    #expect(!digits.contains { $0.isNumber })
    #expect(m.plainText.contains("Distance:       not known\n"))
    #expect(m.plainText.contains("Class:          not known\n"))
    #expect(m.plainText.contains("Area 50 / 90 %: not known / not known\n"))
    #expect(!m.plainText.contains("nan") && !m.plainText.contains("nil"))
    _ = try m.slackRoot()
    m.kind = .gammaRayBurst
    m.position = .init(Direction(ra: .degrees(221.3382), dec: .degrees(-0.5)), error: nil)
    #expect(m.plainText.contains("RA 14:45:21.17 Dec -00:30:00.0 (221.3382 -0.5 deg), error not known"))
    #expect(!m.plainText.contains("Area"))
    #expect(!m.plainText.contains("Distance"))
  }

  @Test func theWholeMessage() {
    let text = fullMessage().plainText
    for part in [
      "Updated GW alert: S230518h, NSBH, A90: 460 deg2, A50: 120 deg2, Distance: 117 +/- 31 Mpc, GRANDMA Score: 3, GO-GRANDMA.",
      "Decision: FOLLOW UP\n", "Event time:     2026-11-21 01:58:00 UTC (60 min ago)\n",
      "Class:          NSBH, p = 86 %\n",
      "False alarms:   1 per 100 years\n", "Changed since the last message:\n- area90: 900 -> 460\n",
      "2 telescopes observing, together 42 % of the map:\n", "telescope   dark UTC     first  tiles  prob\n",
      "TAROT/TCA   02:58-05:58  03:11     12   31%\n", "UBAI/NT60: below 30 deg all night\n",
      "GraceDB: https://gracedb.example/superevents/S230518h\n", "On duty: follow-up advocate A\n",
      "GCN:            33813\n",
    ] { #expect(text.contains(part), "missing: \(part)\n\(text)") }
    #expect(!text.contains("javascript"))
    #expect(
      fullMessage().subject == "[GRANDMA GO] S230518h UPDATE 2: 2 telescopes, first TAROT/TCA 03:11 UTC")
  }

  @Test func stopAndMockAreUnmistakable() throws {
    for isRetracted in [true, false] {
      var m = fullMessage()
      m.verdict = .stop
      m.isRetracted = isRetracted
      #expect(m.subject.hasPrefix("[GRANDMA STOP] S230518h"))
      #expect(m.plainText.contains("do not start what is planned"))
      #expect(!m.plainText.contains("observing, together"))
      let payload = try m.slackRoot()
      #expect(payload.text.hasPrefix("STOP S230518h"))
      let json = String(decoding: try payload.encoded(), as: UTF8.self)
      #expect(json.contains("❌ S230518h"))
      #expect(!json.contains("```"))
    }
    var drill = fullMessage()
    drill.mock = "DRILL"
    var options = SlackOptions()
    options.callsEverybody = true
    let json = String(decoding: try drill.slackRoot(options: options).encoded(), as: UTF8.self)
    #expect(!json.contains(SlackText.everybody))
    #expect(drill.plainText.hasPrefix("*** DRILL: THIS IS NOT A REAL EVENT."))
    #expect(drill.subject.contains("DRILL (not a real event)"))
    #expect(drill.push.hasPrefix("DRILL"))
    #expect(
      String(decoding: try fullMessage().slackRoot(options: options).encoded(), as: UTF8.self).contains(
        SlackText.everybody))
  }

  @Test func buttonsSayWhatTheyAreAbout() throws {
    let m = fullMessage()
    let payload = try m.slackRequest(to: m.telescopes[1], planRevision: 4, root: root)
    guard case .actions(let buttons)? = payload.blocks.last else { Issue.record("no buttons"); return }
    #expect(buttons.map(\.action) == ["vesper.accept", "vesper.refuse", "vesper.cannot", "vesper.open"])
    let value = try PayloadJSON.decode(SlackActionValue.self, from: Array((buttons[0].value ?? "").utf8))
    #expect(value == SlackActionValue(event: "S230518h", revision: 4, telescope: "TAROT/TCA"))
    #expect(throws: ChannelError.self) {
      try m.slackRequest(
        to: .init(String(repeating: "x", count: 3000), tiles: 1), planRevision: 1, root: root)
    }
  }

  @Test func manyTelescopesFit() throws {
    var m = fullMessage()
    m.telescopes = (0..<60).map {
      .init("T\($0) \(String(repeating: "n", count: 40))", tiles: 3, firstStart: now + .minutes(Double($0)))
    }
    m.reasons = (0..<100).map { "reason \($0) \(String(repeating: "r", count: 500))" }
    m.changes = m.reasons
    m.links = (0..<40).map { .init("L\($0)", "https://a.example/\($0)") }
    let json = String(decoding: try m.slackRoot().encoded(), as: UTF8.self)
    #expect(json.contains("+48 more"))
    #expect(json.contains("T11 ") && !json.contains("T12 "))
    var all = SlackOptions()
    all.rows = 60
    _ = try m.slackRoot(options: all)
  }

  /// Every text in a message may be hostile: the payload stays within Slack's limits and without markup.
  @Test(arguments: hostileTexts)
  func hostileTextsStayText(_ text: String) throws {
    var m = fullMessage()
    m.event = text
    m.revision = text
    m.classification = .init(text, probability: Fraction(0.5))
    m.instruments = [text]
    m.rule = text
    m.reasons = [text, text]
    m.changes = [text]
    m.onDuty = [text]
    m.plan = text
    m.links = [.init(text, "https://a.example/"), .init("x", text)]
    m.telescopes = [.init(text, tiles: 3, firstTarget: text, note: text, link: text)]
    var options = SlackOptions()
    options.hasDecisionButtons = text.utf8.count < 500
    var payloads = [try m.slackRoot(options: options), try m.slackReply(root: root, broadcast: true)]
    if text.utf8.count < 500 {
      payloads.append(try m.slackRequest(to: m.telescopes[0], planRevision: 1, root: root))
    }
    for payload in payloads {
      #expect(payload.fault == nil)
      #expect(!payload.text.utf8.contains(UInt8(ascii: "<")) && !payload.text.contains("@channel"))
      for block in payload.blocks {
        guard case .section(let object) = block else { continue }
        #expect(!object.text.utf8.contains(UInt8(ascii: "<")))
        if object.form == .markdown { #expect(object.text.components(separatedBy: "```").count == 3) }
      }
    }
    #expect(!m.subject.contains("\n") && !m.subject.contains("\r") && m.subject.utf16.count <= 320)
    let bidi = m.plainText.unicodeScalars.contains { PlainText.isHidden($0) && $0 != "\n" }
    #expect(!bidi)
  }

  @Test func numbersInWords() {
    #expect(Wording.falseAlarms(1e-41 * 3.15e7) == "less than 1 per 10^12 years")
    #expect(Wording.falseAlarms(0) == "not known")
    #expect(Wording.falseAlarms(.nan) == "not known")
    #expect(Wording.falseAlarms(12) == "12 per year")
    #expect(Wording.falseAlarms(1 / 2.5e7) == "1 per 2.5 x 10^7 years")
    #expect(Wording.number(.infinity) == "not known")
    #expect(Wording.percent(Fraction(clamping: 0.0034)) == "0.34 %")
    #expect(Wording.percent(Fraction(clamping: 3.5e-94)) == "0 %")
    #expect(Wording.distance(.megaparsecs(40.44), nil) == "40.4 Mpc")
    #expect(Wording.angle(.arcseconds(3.26)) == "3.3 arcsec")
    #expect(Wording.angle(.degrees(3)) == "3 deg")
    #expect(Wording.span(-100) == "2 min")
    #expect(Wording.clock(now + .hours(24), on: now) == "11-22 02:58")
  }
}
