import Foundation
import Testing
import Units

@testable import Notices

@Suite("unified schema")
struct UnifiedTests {
  @Test func einsteinProbe() throws {
    let n = try ownNotice("ep-wxt.json")
    #expect(n.source.mission == .einsteinProbe)
    #expect(n.source.stream == "einstein_probe.wxt.alert")
    #expect(n.kind == .xRayTransient)
    #expect(n.stage == .initial)
    #expect(n.tense == .current)
    #expect(n.ids == [NativeID("einstein_probe", "01709999999")])
    #expect(n.eventTime == time("2031-05-06T07:08:09.5Z"))
    #expect(
      n.localization
        == .region(
          .circle(center: direction(201.5, -12.25), radius: .degrees(0.05), containment: Fraction(0.9)!)))
    #expect(n.transient.imageSignificance == 9.5)
    #expect(n.transient.netCountRate == 0.4)
    #expect(n.transient.energyRangeKeV == 0.5...4)
  }

  @Test func iceCubeEllipseBesideMap() throws {
    let n = try ownNotice("icecube-track.json")
    guard
      case .remoteMap(let url, .some(.ellipse(let center, let a, let b, let angle, let containment))) =
        n.localization
    else {
      Issue.record("not a remote map with an ellipse: \(n.localization)")
      return
    }
    #expect(url == "https://example.org/alerts/run141000.evt12345678.multiorder.fits.gz")
    #expect(isClose(center, direction(77.25, 5.5)))
    #expect((a, b, angle, containment.value) == (.degrees(0.9), .degrees(0.6), .degrees(30), 0.9))
    #expect(n.transient.neutrinoEnergyTeV == 180.5)
    #expect(n.transient.signalness?.value == 0.62)
    #expect(n.transient.eventCount == 1)
    #expect(n.revision == 1)
    #expect(n.systematicIncluded == true)
    // The same neutrino on the classic stream has the same name.
    #expect(try ownNotice("icecube-gold.xml").ids.contains(n.ids[0]))
  }

  @Test func shorterAxisFirstIsTurned() throws {
    let n = try parse(unified("\"ra\":10,\"dec\":20,\"ra_dec_error\":[0.5,0.8,170]"))
    guard case .region(.ellipse(_, let a, let b, let angle, _)) = n.localization else {
      Issue.record("no ellipse")
      return
    }
    #expect((a, b) == (.degrees(0.8), .degrees(0.5)))
    #expect(abs(angle.degrees - 80) < Tolerance.degrees)
    #expect(n.has(.swappedAxes))
  }

  @Test(arguments: ["[0.5]", "0.5", "\"0.5\"", "[0.5,0.5]", "[0.5, 0.5, 12]"])
  func circles(error: String) throws {
    let n = try parse(
      unified("\"ra\":10,\"dec\":20,\"ra_dec_error\":\(error),\"containment_probability\":0.68"))
    #expect(
      n.localization
        == .region(.circle(center: direction(10, 20), radius: .degrees(0.5), containment: Fraction(0.68)!)))
  }

  @Test(arguments: [
    ("\"ra\":null,\"dec\":null", Localization.Absence.notGiven),
    ("\"ra\":10,\"dec\":20", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":null", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":-1", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":0", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":360", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":[1,-1]", .noError),
    ("\"ra\":10,\"dec\":20,\"ra_dec_error\":1e-320", .noError),
    ("\"ra\":0,\"dec\":0,\"ra_dec_error\":1", .placeholder),
    ("\"ra\":0.0,\"dec\":-0.0,\"ra_dec_error\":1", .placeholder),
    ("\"ra\":-1,\"dec\":-1,\"ra_dec_error\":1", .placeholder),
    ("\"ra\":999,\"dec\":999,\"ra_dec_error\":1", .placeholder),
    ("\"ra\":10,\"dec\":-999,\"ra_dec_error\":1", .placeholder),
    ("\"ra\":10,\"dec\":-95,\"ra_dec_error\":1", .invalid),
    ("\"ra\":361,\"dec\":5,\"ra_dec_error\":1", .invalid),
    ("\"ra\":1e308,\"dec\":5,\"ra_dec_error\":1", .invalid),
    ("\"ra\":NaN,\"dec\":5,\"ra_dec_error\":1", .notGiven),
  ])
  func placeholdersNeverBecomePositions(members: String, absence: Localization.Absence) throws {
    let n = try parse(unified(members))
    #expect(n.localization == .none(absence))
    #expect((n.statedPosition != nil) == (absence == .noError))
    #expect(n.planningRegion == nil)
  }

  @Test(arguments: [
    ("0.5", 0.5, Finding.Code?.none), ("90", 0.9, .percentContainment), ("0", 0.9, .invalidContainment),
    ("1", 0.9, .invalidContainment), ("-3", 0.9, .invalidContainment), ("1e9", 0.9, .invalidContainment),
  ])
  func containment(text: String, value: Double, code: Finding.Code?) throws {
    let n = try parse(unified("\"ra\":10,\"dec\":20,\"ra_dec_error\":1,\"containment_probability\":\(text)"))
    #expect(n.localization.region?.containment.value == value)
    if let code { #expect(n.has(code)) } else { #expect(n.findings.isEmpty) }
  }

  @Test func rightAscension360() throws {
    let n = try parse(unified("\"ra\":360.0,\"dec\":40,\"ra_dec_error\":1"))
    #expect(n.localization.region?.center.ra == .zero)
    #expect(n.has(.wrappedRightAscension))
  }

  @Test func rectangle() throws {
    let n = try parse(
      unified(
        "\"ra\":346.56,\"dec\":18.61,\"rectangular_error_corners\":[[345.7,19.5],[345.5,19.3],[347.3,17.6],[347.6,17.9]]",
        schema: "maxi/gsc.unknown"))
    guard case .region(.polygon(let corners, let containment)) = n.localization else {
      Issue.record("no polygon")
      return
    }
    #expect(corners.count == 4)
    #expect(isClose(corners[2], direction(347.3, 17.6)))
    #expect(containment.value == 0.9)
    #expect(n.standing == .candidate)
  }

  @Test func hostileRectangle() throws {
    // Opposite corners have no middle; two are no polygon; text is no corner.
    for corners in [
      "[[0,10],[180,-10],[0,10],[180,-10]]", "[[5,5],[5,5],[5,5]]", "[[1,2],[3,4]]",
      "[[1,2],[3,\"x\"],[4,5]]", "[1,2,3]",
    ] {
      let n = try parse(unified("\"rectangular_error_corners\":\(corners)"))
      #expect(n.localization.isAbsent)
    }
  }

  @Test(arguments: [
    ("\"alert_tense\":\"test\"", NoticeRole.test), ("\"alert_tense\":\"injection\"", .mock),
    ("\"alert_tense\":\"injections\"", .mock), ("\"alert_tense\":\"strange\"", .test),
    ("\"alert_tense\":\"archival\"", .observation), ("\"ref_ID\":\"MS310203ab\"", .mock),
    ("\"ref_ID\":\"S310203ab\"", .observation), ("\"follow_up_event\":\"TS310203q\"", .test),
    ("\"follow_up_event\":\"Fermi 694215970\"", .observation),
  ])
  func roles(members: String, role: NoticeRole) throws {
    #expect(try parse(unified(members, schema: "fermi/gbm/trigger")).role == role)
  }

  @Test func testStreams() throws {
    #expect(try parse(unified("\"ra\":1", schema: "burstcube/test")).role == .test)
    let byTopic = try NoticeParser.parse(
      bytes: Array("{\"trigger_time\":\"2031-01-01T00:00:00Z\",\"id\":\"1_2\"}".utf8),
      topic: "gcn.notices.icecube.test.gold_bronze_track_alerts")
    #expect(byTopic.role == .test)
    #expect(byTopic.source.mission == .icecube)
    #expect(byTopic.kind == .neutrino)
  }

  @Test(
    arguments: [
      ("FLIGHT_POSITION", "false", "flight"), ("GROUND_POSITION", "false", "ground"),
      ("FINAL_POSITION", "false", "final"),
      ("FLIGHT_POSITION", "true", nil), ("INITIAL_ALERT", "false", nil),
    ] as [(String, String, String?)])
  func gbmSystematics(subtype: String, included: String, model: String?) throws {
    let n = try parse(
      unified(
        "\"ra\":10,\"dec\":20,\"ra_dec_error\":2,\"containment_probability\":0.68,\"subtype\":\"\(subtype)\",\"systematic_included\":\(included)",
        schema: "fermi/gbm/trigger"))
    #expect(n.systematics?.name == model)
    #expect(n.localization.region?.largestRadius == .degrees(2))
    let planned = try #require(n.planningRegion).largestRadius.degrees
    #expect(model == nil ? planned == 2 : planned > 3)
    #expect(n.bestLocalization == .region(n.planningRegion!))
  }

  @Test func classesJudgeATrigger() throws {
    func standing(_ classes: String) throws -> Standing {
      try parse(unified("\"classification\":{\(classes)}", schema: "fermi/gbm/trigger")).standing
    }
    #expect(try standing("\"GRB\":0.85,\"GENERIC_SGR\":0.14") == .candidate)
    #expect(try standing("\"UNRELIABLE_LOCATION\":1") == .unreliable("classified as UNRELIABLE_LOCATION"))
    #expect(try standing("\"BELOW_HORIZON\":1") == .notAstrophysical("classified as BELOW_HORIZON"))
  }

  @Test func retraction() throws {
    let n = try parse(
      unified("\"alert_type\":\"retraction\",\"update_message\":\"particles\"", schema: "dsa110/frb"))
    #expect(n.stage == .retraction)
    #expect(n.retraction == Retraction(ids: [NativeID("dsa110", "1")], messages: [], reason: "particles"))
  }

  @Test(arguments: [
    ("https://opendata.km3net.de/", Finding.Code.placeholderSkymap),
    ("http://not.yet.available", .placeholderSkymap),
    ("file:///etc/passwd", .refusedSkymapReference), ("data/map.fits.gz", .refusedSkymapReference),
    ("ftp://example.org/a.fits", .refusedSkymapReference),
    ("https://example.org/a b.fits", .refusedSkymapReference),
    ("javascript:alert(1)", .refusedSkymapReference),
  ])
  func mapAddresses(url: String, code: Finding.Code) throws {
    let n = try parse(unified("\"ra\":10,\"dec\":20,\"ra_dec_error\":1,\"healpix_url\":\"\(url)\""))
    #expect(n.has(code))
    // The circle remains.
    #expect(n.localization.region?.largestRadius == .degrees(1))
    if case .remoteMap = n.localization { Issue.record("\(url) was accepted") }
  }

  @Test func legacyNames() throws {
    let n = try parse(
      unified("\"ra\":10,\"dec\":20,\"ra_uncertainty\":[0.3],\"uncertainty_shape\":\"circle\""))
    #expect(n.localization.region?.largestRadius == .degrees(0.3))
    #expect(n.has(.legacyField))
  }

  @Test func coincidentNeutrinos() throws {
    let n = try parse(
      unified(
        """
        "ref_ID":"S310203ab","pval_generic":0.02,"pval_bayesian":null,"n_events_coincident":2,"coincident_events":[
         {"event_dt":-12.5,"localization":{"ra":17.48,"dec":16.15,"ra_dec_error":0.5},"id":["1_2"],"event_pval_generic":0.3},
         {"event_dt":222,"localization":{"ra":13.82,"dec":18.66,"ra_dec_error":0.7},"id":["1_3"]}]
        """, schema: "icecube/lvk_nu_track_search"))
    #expect(n.kind == .neutrino)
    #expect(n.related == [NativeID("lvk", "S310203ab")])
    #expect(n.localization == .none(.candidateList))
    #expect(n.candidates.count == 2)
    #expect(n.candidates[0].timeOffset == .seconds(-12.5))
    #expect(n.candidates[0].pValueGeneric == 0.3)
    #expect(n.candidates[1].region?.largestRadius == .degrees(0.7))
    #expect(n.transient.pValueGeneric == 0.02)
    #expect(n.transient.pValueBayesian == nil)
  }

  @Test func missionFromItsOwnFields() throws {
    let n = try parse(
      """
      {"mission":"Swift","instrument":"BAT-GUANO","alert_datetime":"2031-01-01T00:00:00Z","id":["694215995"],
       "trigger_time":"2031-01-01T00:00:00Z","far":1e-5}
      """)
    #expect(n.source.mission == .swift)
    #expect(n.ids == [NativeID("swift.guano", "694215995")])
    #expect(n.kind == .gammaRayBurst)
  }

  @Test func pieceOfASchemaIsNoNotice() {
    let text = """
      {"$schema":"https://gcn.nasa.gov/schema/main/gcn/notices/core/Localization.schema.json","ra":1,"dec":2,"ra_dec_error":1}
      """
    #expect(rejection(text)?.code == "missing.identity")
  }

  @Test func heartbeat() throws {
    let text = """
      {"$schema":"https://gcn.nasa.gov/schema/v4.1.0/gcn/notices/core/Alert.schema.json","alert_datetime":"2031-01-01T00:00:00.5Z"}
      """
    for topic in [nil, "gcn.heartbeat"] {
      let n = try parse(text, topic: topic)
      #expect(n.kind == .heartbeat)
      #expect(n.role == .utility)
      #expect(n.created == time("2031-01-01T00:00:00.5Z"))
    }
    #expect(
      rejection("{\"alert_datetime\":\"never\"}", topic: "gcn.heartbeat")?.code == "missing.alert_datetime")
  }
}
