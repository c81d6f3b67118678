import Testing
import Units

@testable import Notices

@Suite("VOEvent")
struct VOEventTests {
  @Test func fermiFlight() throws {
    let n = try ownNotice("gbm-flight.xml")
    #expect(n.source.mission == .fermi)
    #expect(n.source.stream == "FERMI_GBM_FLT_POS")
    #expect(n.kind == .gammaRayBurst)
    #expect(n.ids == [NativeID("fermi", "991234567")])
    #expect(n.created == time("2031-02-03T04:00:20Z"))
    #expect(n.eventTime == time("2031-02-03T04:00:01.5Z"))
    #expect(
      n.localization
        == .region(
          .circle(center: direction(120.5, -30.25), radius: .degrees(3.3), containment: Fraction(0.68)!)))
    #expect(n.systematics == .flight)
    #expect(n.planningRegion!.largestRadius > .degrees(8))
    #expect(n.transient.significance == 12.5)
    #expect(n.transient.duration(.triggerTimescale) == .seconds(0.512))
    #expect(n.transient.probability(of: "GRB")?.value == 0.93)
    #expect(n.transient.earth != nil)
    #expect(n.follows == ["ivo://nasa.gsfc.gcn/Fermi#GBM_Alert_2031-02-03T04:00:01.50_991234567_1"])
    #expect(n.standing == .candidate)
  }

  @Test func iceCubeGold() throws {
    let n = try ownNotice("icecube-gold.xml")
    #expect(n.kind == .neutrino)
    #expect(n.stage == .initial)
    #expect(n.ids == [NativeID("icecube", "141000_12345678"), NativeID("amon", "14100012345678")])
    #expect(n.localization.region?.containment.value == 0.9)
    #expect(n.transient.radius50 == .degrees(0.4))
    #expect(n.transient.signalness?.value == 0.62)
    let rate = try #require(n.falseAlarmRateHz)
    #expect(abs(rate - 0.789 / 31_557_600) < rate * Tolerance.relative)
  }

  @Test func svom() throws {
    let n = try ownNotice("svom-eclairs.xml")
    #expect(n.source.mission == .svom)
    #expect(n.source.stream == "svom.eclairs-wakeup")
    #expect(n.ids == [NativeID("svom", "sb31041501")])
    #expect(n.stage == .initial)
    #expect(n.localization.region?.largestRadius == .degrees(0.15))
    #expect(n.transient.slew == .notRequested)
    #expect(n.transient.energyRangeKeV == 8...50)
    #expect(n.transient.significance == 9.75)
  }

  @Test(arguments: [
    (111, 0.68), (112, 0.68), (115, 0.68), (131, 0.68), (120, 0.9), (121, 0.9), (127, 0.9), (128, 0.9),
    (61, 0.9),
    (84, 0.9), (67, 0.9), (81, 0.9), (53, 0.9), (56, 0.9), (173, 0.9), (174, 0.9), (176, 0.9), (188, 0.68),
    (189, 0.68),
    (134, 0.9),
  ])
  func containmentByStream(type: Int, containment: Double) throws {
    let n = try parse(classic(type: type, parameters: [("TrigID", "7"), ("Trans_Num", "7")]))
    #expect(n.localization.region?.containment.value == containment)
    #expect(n.localization.region?.largestRadius == .degrees(0.05))
    #expect(!n.has(.assumedContainment))
  }

  @Test(arguments: [31, 45, 100])
  func unstatedContainmentIsReported(type: Int) throws {
    let n = try parse(classic(type: type, parameters: [("TrigID", "7")]))
    #expect(n.localization.region?.containment.value == 0.9)
    #expect(n.has(.assumedContainment))
  }

  @Test(arguments: [
    ("0.0", "0.0", "0.0", Localization.Absence.placeholder), ("0", "0", "5", .placeholder),
    ("-1", "-1", "-1", .placeholder),
    ("0.0000", "0.0000", "360.0000", .placeholder), ("10", "20", "0.0", .noError),
    ("10", "20", "-0.04", .noError),
    ("10", "20", "360", .noError), ("10", "95", "1", .invalid), ("abc", "5", "1", .invalid),
    ("0x10", "5", "1", .invalid),
    ("nan", "inf", "1", .invalid),
  ])
  func placeholders(ra: String, dec: String, error: String, absence: Localization.Absence) throws {
    let n = try parse(classic(type: 61, parameters: [("TrigID", "7")], ra: ra, dec: dec, error: error))
    #expect(n.localization == .none(absence))
  }

  @Test func finalGBMNoticeNamesItsMap() throws {
    let picture = "http://heasarc.example.org/bn310203000/quicklook/glg_locplot_all_bn310203000.png"
    let n = try parse(classic(type: 115, parameters: [("TrigID", "7"), ("LocationMap_URL", picture)]))
    guard case .remoteMap(let url, let region) = n.localization else {
      Issue.record("no map")
      return
    }
    #expect(url == "https://heasarc.example.org/bn310203000/quicklook/glg_healpix_all_bn310203000.fit")
    #expect(region != nil)
    // Neither the flight notice's picture nor the ground notice's file is a HEALPix map.
    for type in [111, 112] {
      let other = try parse(classic(type: type, parameters: [("TrigID", "7"), ("LocationMap_URL", picture)]))
      #expect(other.localization.region != nil)
      if case .remoteMap = other.localization { Issue.record("type \(type) took \(picture)") }
    }
  }

  @Test func coincidenceRadiusInArcminutes() throws {
    let text = classic(type: 172, parameters: [("Event_ID", "134980")], error: "0.14")
      .replacing(
        "</What>",
        with:
          "<Param name=\"src_err_90\" value=\"15.29\" unit=\"arcmin\"/><Param name=\"src_err_50\" value=\"8.40\" unit=\"arcmin\"/></What>"
      )
    let n = try parse(text)
    #expect(n.localization.region?.largestRadius == .arcminutes(15.29))
    #expect(n.localization.region?.containment.value == 0.9)
    #expect(n.transient.radius50 == .arcminutes(8.4))
  }

  @Test(arguments: [
    (
      [("StarTrack_Lost_Lock", "true")],
      Standing.unreliable("the star tracker had lost lock: the position may be wrong")
    ),
    ([("Def_NOT_a_GRB", "true")], .notAstrophysical("flagged as definitely not a burst")),
    ([("GRB_Identified", "false"), ("Target_in_Gnd_Catalog", "true")], .knownSource(nil)),
    ([("GRB_Identified", "true")], .candidate),
  ])
  func swiftFlags(flags: [(String, String)], standing: Standing) throws {
    #expect(try parse(classic(type: 61, parameters: [("TrigID", "7")] + flags)).standing == standing)
  }

  @Test(arguments: [("SFLARE", false), ("GRB", true)])
  func gecamClasses(name: String, candidate: Bool) throws {
    let n = try parse(classic(type: 188, parameters: [("Trigger_Number", "333"), ("SRC_CLASS", name)]))
    #expect((n.standing == .candidate) == candidate)
    #expect(n.ids == [NativeID("gecam", "333")])
    #expect(try parse(classic(type: 188, parameters: [("Trigger_Number", "100000001")])).role == .test)
  }

  @Test(arguments: [
    ("test", NoticeRole.test), ("observation", .observation), ("", .observation), ("utility", .utility),
    ("prediction", .prediction), ("weird", .test),
  ])
  func roles(text: String, role: NoticeRole) throws {
    #expect(try parse(classic(type: 61, parameters: [("TrigID", "7")], role: text)).role == role)
  }

  @Test func testStreamsAndFlags() throws {
    #expect(try parse(classic(type: 82, parameters: [("TrigID", "99999")])).role == .test)
    #expect(
      try parse(classic(type: 61, parameters: [("TrigID", "7"), ("Test_Submission", "true")])).role == .test)
  }

  @Test func auxiliaryStreamsAreNoTriggers() throws {
    for type in [63, 64, 65, 66, 68, 71, 83, 103, 129, 51, 59, 160] {
      let n = try parse(classic(type: type, parameters: [("TrigID", "7")], error: "0.0"))
      guard case .auxiliary = n.standing else {
        Issue.record("type \(type): \(n.standing)")
        continue
      }
      #expect(n.localization.region == nil)
    }
  }

  @Test func placeholderIdentifiers() throws {
    for id in ["0", "-1"] {
      let n = try parse(classic(type: 31, parameters: [("TrigID", id)]))
      #expect(n.ids.isEmpty)
      #expect(n.has(.placeholderID))
      #expect(n.source.ivorn != nil)
    }
    // Swift's counter has run over: such numbers are real.
    #expect(
      try parse(classic(type: 140, parameters: [("TrigID", "-1376643260")])).ids == [
        NativeID("swift", "-1376643260")
      ])
  }

  @Test func supernovaRadiusIsAParameter() throws {
    let n = try parse(
      classic(
        type: 175,
        parameters: [
          ("Trigger_Number", "10050"), ("Src_Error90", "0.9"), ("Min_Distance", "2"), ("Max_Distance", "3"),
        ], error: "0.0"))
    #expect(n.localization.region?.largestRadius == .degrees(0.9))
    #expect(n.transient.distance == .megaparsecs(0.0025))
    #expect(n.kind == .supernovaNeutrinos)
  }

  @Test func retractions() throws {
    let byFlag = try parse(classic(type: 173, parameters: [("AMON_ID", "5"), ("Retraction", "true")]))
    #expect(byFlag.stage == .retraction)
    #expect(byFlag.retraction?.ids == byFlag.ids)
    let cited = try parse(
      classic(type: 61, parameters: [("TrigID", "7")]).replacing(
        "</voe:VOEvent>",
        with:
          "<Citations><EventIVORN cite=\"retraction\">ivo://nasa.gsfc.gcn/SWIFT#1</EventIVORN></Citations></voe:VOEvent>"
      ))
    #expect(cited.retraction?.messages == ["ivo://nasa.gsfc.gcn/SWIFT#1"])
    #expect(cited.retraction?.ids == [NativeID("swift", "7")])
  }

  @Test func unknownStream() throws {
    let n = try parse(classic(type: 999, parameters: [("TrigID", "7")]))
    #expect(n.kind == .unknown)
    #expect(n.has(.unknownStream))
    #expect(n.localization.region != nil)
  }

  @Test func badTimeIsDroppedAndReported() throws {
    let n = try parse(classic(type: 61, parameters: [("TrigID", "7")], time: "2025-13-45T99:99:99"))
    #expect(n.eventTime == nil)
    #expect(n.has(.invalidTime))
    #expect(n.localization.region != nil)
  }

  @Test func framesAndScales() throws {
    let galactic = try parse(classic(type: 61, parameters: [("TrigID", "7")], system: "UTC-GAL-GEO"))
    #expect(galactic.localization == .none(.invalid))
    #expect(galactic.has(.unsupportedFrame))
    let dynamical = try parse(classic(type: 61, parameters: [("TrigID", "7")], system: "TDB-ICRS-BARY"))
    #expect(dynamical.eventTime == nil)
    #expect(dynamical.has(.timeScale))
    let topocentric = try parse(classic(type: 61, parameters: [("TrigID", "7")], system: "UTC-ICRS-TOPO"))
    #expect(topocentric.localization.region != nil && topocentric.eventTime != nil)
  }

  @Test func latitudeFirst() throws {
    let text = classic(type: 61, parameters: [("TrigID", "7")], ra: "-20.25", dec: "10.5")
      .replacing("<Name1>RA</Name1><Name2>Dec</Name2>", with: "<Name1>Dec</Name1><Name2>RA</Name2>")
    #expect(isClose(try parse(text).localization.region!.center, direction(10.5, -20.25)))
  }

  @Test func waveForms() throws {
    func lvc(_ role: String, _ parameters: String) -> String {
      "<v:VOEvent xmlns:v='x' role='\(role)' ivorn='ivo://gwnet/LVC#S310203ab-1-Preliminary'><What>\(parameters)</What></v:VOEvent>"
    }
    let n = try parse(
      lvc(
        "observation",
        """
        <Param name='GraceID' value='S310203ab'/><Param name='AlertType' value='Preliminary'/><Param name='FAR' value='2e-9' unit='Hz'/>
        <Param name='Pkt_Ser_Num' value='1'/><Group type='GW_SKYMAP' name='bayestar'><Param name='skymap_fits' value='https://example.org/bayestar.fits.gz'/></Group>
        <Group type='Classification'><Param name='BNS' value='0.9'/><Param name='Terrestrial' value='0.1'/></Group>
        <Group type='Properties'><Param name='HasNS' value='1.0'/></Group>
        """))
    #expect(n.stage == .preliminary)
    #expect(n.wave?.probability(of: "BNS")?.value == 0.9)
    #expect(n.wave?.property("HasNS")?.value == 1)
    #expect(n.falseAlarmRateHz == 2e-9)
    #expect(n.revision == 1)
    #expect(n.localization == .remoteMap(url: "https://example.org/bayestar.fits.gz", region: nil))
    let injected = try parse(
      lvc(
        "observation",
        "<Param name='GraceID' value='S310203ab'/><Param name='AlertType' value='Update'/><Param name='HardwareInj' value='1'/>"
      ))
    #expect(injected.role == .mock)
    let test = try parse(
      lvc("test", "<Param name='GraceID' value='S310203ab'/><Param name='AlertType' value='Update'/>"))
    #expect(test.role == .test)
    #expect(rejection(lvc("test", "<Param name='AlertType' value='Update'/>"))?.code == "missing.GraceID")
  }

  @Test func withoutIdentifierOfTheMessage() {
    #expect(rejection("<VOEvent role='test'><What/></VOEvent>")?.code == "missing.ivorn")
  }
}
