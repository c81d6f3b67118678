import Foundation
import Testing
import Units

@testable import Notices

@Suite("igwn.gwalert")
struct GWAlertTests {
  @Test func wholeAlert() throws {
    let n = try ownNotice("gw-preliminary.json")
    #expect(n.kind == .gravitationalWave)
    #expect(n.stage == .preliminary)
    #expect(n.role == .observation)
    #expect(n.isReal)
    #expect(n.ids == [NativeID("lvk", "S310203ab")])
    #expect(n.created == time("2031-02-03T04:05:06Z"))
    #expect(n.eventTime == time("2031-02-03T04:00:00.123Z"))
    #expect(n.falseAlarmRateHz == 1.5e-9)
    let wave = try #require(n.wave)
    #expect(wave.significant == true)
    #expect(wave.instruments == ["H1", "L1", "V1"])
    #expect((wave.group, wave.pipeline, wave.search) == ("CBC", "gstlal", "AllSky"))
    #expect(wave.probability(of: "BNS")?.value == 0.6)
    #expect(wave.probability(of: "MassGap") == nil)
    #expect(wave.property("HasRemnant")?.value == 0.75)
    #expect(wave.chirpMass == ChirpMassHistogram(edges: [1, 1.2, 1.4], probabilities: [0.25, 0.75]))
    #expect(wave.duration == nil)
    // No embedded map, but an address.
    #expect(
      n.localization
        == .remoteMap(
          url: "https://example.org/superevents/S310203ab/files/bayestar.multiorder.fits,0", region: nil))
    #expect(n.has(.missingSkymap))
  }

  @Test func coincidence() throws {
    let n = try ownNotice("gw-preliminary.json")
    let c = try #require(n.wave?.coincidence)
    #expect(c.noticeID == "991234567")
    #expect(c.timeDifference == .seconds(1.7))
    #expect(c.timeSkyFARHz == 1e-15)
    #expect(c.combinedMap == nil)
    #expect(n.has(.missingCombinedSkymap))
    // The burst's own notice carries the same name, so that the two can be matched exactly.
    #expect(n.related == [NativeID("fermi", "991234567")])
    #expect(try ownNotice("gbm-flight.xml").ids == n.related)
  }

  @Test func combinedMapIsPlannedOnAndOwnMapKept() throws {
    let own = Data(fitsStart).base64EncodedString()
    let joint = Data(fitsStart + [1, 2, 3]).base64EncodedString()
    let n = try parse(
      gwAlert(
        event: "{\"skymap\":\"\(own)\"}",
        rest:
          ",\"external_coinc\":{\"gcn_notice_id\":\"sb31020301\",\"observatory\":\"SVOM\",\"combined_skymap\":\"\(joint)\"}"
      ))
    #expect(n.localization == .embeddedMap(bytes: fitsStart, region: nil))
    #expect(n.bestLocalization == .embeddedMap(bytes: fitsStart + [1, 2, 3], region: nil))
    #expect(n.related == [NativeID("svom", "sb31020301")])
  }

  @Test func retraction() throws {
    let n = try ownNotice("gw-retraction.json")
    #expect(n.stage == .retraction)
    #expect(n.retraction?.ids == [NativeID("lvk", "S310203ab")])
    #expect(n.localization == .none(.notGiven))
    #expect(n.findings.isEmpty)
  }

  @Test(arguments: [
    ("S310203ab", NoticeRole.observation), ("GW170817", .observation), ("MS310203ab", .mock), ("MF12", .mock),
    ("TS310203a", .test), ("X310203a", .test), ("E12345", .test),
  ])
  func prefixDecidesTheRole(id: String, role: NoticeRole) throws {
    let n = try parse(gwAlert(id: "\"\(id)\"", type: "RETRACTION", event: "null"))
    #expect(n.role == role)
    #expect(n.isReal == (role == .observation))
    #expect(n.has(.unknownPrefix) == ["MF12", "X310203a", "E12345"].contains(id))
  }

  @Test func mockSearchIsNeverReal() throws {
    let n = try parse(gwAlert(event: "{\"search\":\"MDC\"}"))
    #expect(n.role == .mock)
    #expect(n.has(.mockSearch))
  }

  @Test(arguments: ["null", "\"\"", "{}", "[]", "\"../../etc\"", "\"S310203ab S310203ac\"", "\"310203\""])
  func unusableName(id: String) throws {
    let r = try #require(rejection(gwAlert(id: id)))
    #expect(["missing.superevent_id", "invalid.superevent_id"].contains(r.code))
    #expect(r.deservesAlarm)
  }

  @Test func unknownTypeIsKeptAndReported() throws {
    let n = try parse(gwAlert(type: "SUPERUPDATE"))
    #expect(n.stage == .other("SUPERUPDATE"))
    #expect(n.findings.contains { $0.code == .unknownAlertType && $0.severity == .alarm })
    #expect(rejection("{\"superevent_id\":\"S310203ab\"}")?.code == "missing.alert_type")
  }

  @Test(arguments: [
    ("-1", Finding.Code.outOfRange), ("NaN", .notJSONNumber), ("Infinity", .notJSONNumber),
    ("1e999", .invalidNumber),
    ("\"often\"", .invalidNumber), ("[1]", .wrongType), ("1e300", .outOfRange),
  ])
  func badRate(text: String, code: Finding.Code) throws {
    let n = try parse(gwAlert(event: "{\"far\":\(text)}"))
    #expect(n.falseAlarmRateHz == nil)
    #expect(n.has(code))
  }

  @Test(arguments: [("1e-41", 1e-41), ("0", 0), ("\" 2.5e-7 \"", 2.5e-7)])
  func oddButGoodRate(text: String, value: Double) throws {
    #expect(try parse(gwAlert(event: "{\"far\":\(text)}")).falseAlarmRateHz == value)
  }

  @Test func probabilities() throws {
    let n = try parse(gwAlert(event: "{\"classification\":{\"BNS\":1.5,\"BBH\":0.3,\"NSBH\":1.0000000001}}"))
    #expect(n.wave?.probability(of: "BNS") == nil)
    #expect(n.wave?.probability(of: "NSBH")?.value == 1)
    #expect(n.has(.outOfRange))
    #expect(n.has(.classSum))
    #expect(
      try parse(gwAlert(event: "{\"classification\":{}}")).findings.allSatisfy { $0.code == .missingSkymap })
  }

  @Test func instruments() throws {
    let n = try parse(gwAlert(event: "{\"instruments\":\"H1, L1\"}"))
    #expect(n.wave?.instruments == ["H1", "L1"])
    #expect(!n.has(.unknownInstrument))
    #expect(try parse(gwAlert(event: "{\"instruments\":[\"MbtaL-Hon-clustered\"]}")).has(.unknownInstrument))
  }

  @Test func embeddedMapWithLineEnds() throws {
    let text = Data(fitsStart).base64EncodedString(options: [.lineLength76Characters])
      .replacingOccurrences(of: "\r\n", with: "\\n")
    let n = try parse(gwAlert(event: "{\"skymap\":\"\(text)\"}"))
    #expect(n.localization == .embeddedMap(bytes: fitsStart, region: nil))
  }

  @Test(arguments: [
    ("hhhh...", Finding.Code.undecodableSkymap), ("hhhh", .notASkymap), ("A", .undecodableSkymap),
  ])
  func unusableMap(text: String, code: Finding.Code) throws {
    let n = try parse(gwAlert(event: "{\"skymap\":\"\(text)\"}"))
    #expect(n.localization == .none(.notGiven))
    #expect(n.has(code))
  }

  @Test func earlyWarningMayPrecedeItsEvent() throws {
    let n = try parse(gwAlert(type: "EARLYWARNING", event: "{\"time\":\"2031-02-03T05:00:07.5Z\"}"))
    let event = try #require(n.eventTime)
    let created = try #require(n.created)
    #expect(event.seconds(since: created) == 7.5)
    #expect(!n.has(.futureTime))
  }

  @Test func timeFarAheadOfReceipt() throws {
    let bytes = Array(gwAlert().utf8)
    let n = try NoticeParser.parse(
      bytes: bytes, topic: "igwn.gwalert", receivedAt: time("2031-02-01T00:00:00Z"))
    #expect(n.has(.futureTime))
    #expect(n.received == time("2031-02-01T00:00:00Z"))
  }

  @Test func duplicatesHaveOneKey() throws {
    let a = try NoticeParser.parse(bytes: Array(gwAlert().utf8), topic: "igwn.gwalert")
    let b = try NoticeParser.parse(bytes: Array(("[" + gwAlert() + "]").utf8), topic: nil)
    #expect(a.duplicateKey == b.duplicateKey)
    #expect(a.duplicateKey != (try parse(gwAlert(type: "UPDATE"))).duplicateKey)
    #expect(a.duplicateKey != (try parse(gwAlert(id: "\"S310203abc\""))).duplicateKey)
  }
}
