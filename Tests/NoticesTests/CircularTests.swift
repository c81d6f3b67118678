import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

@Suite("Circulars")
struct CircularTests {
  @Test func jsonCircular() throws {
    let n = try ownNotice("circular.json")
    let c = try #require(n.circular)
    #expect(n.kind == .circular)
    #expect(c.number == "99001.5")
    #expect(c.version == 2)
    #expect(c.eventNames == ["GRB 310415A", "sb31041501"])
    #expect(n.created == time("2031-04-16T12:00:00Z").advanced(bySeconds: 1_934_100_000 - 1_934_107_200))
    #expect(n.localization.isAbsent)
    #expect(c.proposedPositions.count == 2)
    #expect(
      isClose(
        c.proposedPositions[0].direction,
        direction(15 * (42.0 / 60 + 1.5 / 3600), -(41 + 15.0 / 60 + 30.2 / 3600))))
    #expect(c.proposedPositions[0].line == 4)
    #expect(isClose(c.proposedPositions[1].direction, direction(10.5, -41.25)))
    #expect(n.duplicateKey == "circular/99001.5/2")
  }

  /// In the numbering of the missions' own notices: a person's name of it would join nothing.
  @Test func identifiersOfMissions() throws {
    #expect(try ownNotice("circular.json").related.contains(NativeID("svom", "sb31041501")))
    func related(_ subject: String, _ body: String) throws -> [NativeID] {
      try parse("TITLE: GCN CIRCULAR\nNUMBER: 38000\nSUBJECT: \(subject)\nFROM: Somebody\n\n\(body)").related
    }
    let svom = NativeID("svom", "sb25031101")
    #expect(try related("SVOM sb25031101: a burst", "") == [svom])
    #expect(try related("GRB 250311A", "SVOM/ECLAIRs triggered (burst-id sb25031101).").last == svom)
    #expect(try related("SVOM sb25031101", "The burst sb25031101, not sb25031102x.") == [svom])
    let body = "Fermi-GBM triggered and located it (trigger 702818765.135562 / 230410476)."
    #expect(try related("GRB 230410A", body).last == NativeID("fermi", "702818765"))
    #expect(
      try related("GRB 230410A", "Swift-BAT triggered (trigger=1234567).").last
        == NativeID("swift", "1234567"))
    // Without the mission a number names nothing; parts of numbers never do.
    #expect(try related("GRB 230410A", "Konus triggered (trigger 702818765).").count == 1)
    #expect(try related("GRB 230410A", "Swift (trigger 12345678901), sb2503110, xsb25031101").count == 1)
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason))) func realCircular() throws {
    let file = Shared.url("data/notices/unified/schema_examples/circulars.example.json")
    let notice = try parse(String(contentsOf: file, encoding: .utf8))
    #expect(notice.related == [NativeID("name", "GRB 230410A"), NativeID("fermi", "702818765")])
  }

  @Test func textCircular() throws {
    let n = try parse(
      """
      TITLE:   GCN CIRCULAR
      NUMBER:  38000
      SUBJECT: LIGO/Virgo/KAGRA S310203ab: candidate counterpart EP310203a
      DATE:    31/02/03 10:11:12 GMT
      FROM:    A Person at Somewhere <a@example.org>

      The source is at R.A. 12h34m56.7s, Decl. -01d02m03s.
      """)
    let c = try #require(n.circular)
    #expect(c.number == "38000")
    #expect(c.eventNames == ["S310203ab", "EP310203a"])
    #expect(n.related == [NativeID("lvk", "S310203ab"), NativeID("name", "EP310203a")])
    #expect(n.created == time("2031-02-03T10:11:12Z"))
    #expect(!c.body.contains("example.org"))
    let p = try #require(c.proposedPositions.first)
    #expect(
      isClose(p.direction, direction(15 * (12 + 34.0 / 60 + 56.7 / 3600), -(1 + 2.0 / 60 + 3.0 / 3600))))
  }

  @Test(arguments: [
    ("RA = 352.3, Dec = 22.9 (J2000 degrees)", 352.3, 22.9),
    ("RA, Dec = 123.456, -12.345", 123.456, -12.345),
    ("RA,Dec: 123.456 -12.345 deg", 123.456, -12.345),
    ("(RA, Dec) = (10:00:00, +20:30:00)", 150, 20.5),
    ("RA(J2000) = 10:00:00.0 and Dec(J2000) = -20:30:00", 150, -20.5),
    ("RA (J2000): 10h 00m 00.00s\nDec (J2000): -20d 30' 00.0\"", 150, -20.5),
    ("R.A.=10h00m00s Dec.=+20\u{b0}30'00\"", 150, 20.5),
    ("at 10:00:00.0 -20:30:00.0 with r = 19.2", 150, -20.5),
    ("Right Ascension 150.0 deg, Declination +20.5 deg", 150, 20.5),
    ("RA=150.0d Dec=-0.5d", 150, -0.5),
    ("RA = 10h 00m 00s (150.0 d), Dec = -0d 30m 00s (-0.5 d)", 150, -0.5),
    ("RA: 10 : 00 : 00  Dec: -00 : 30 : 00", 150, -0.5),
  ])
  func notations(text: String, ra: Double, dec: Double) throws {
    let found = CoordinateFinder.positions(in: text)
    let first = try #require(found.first)
    #expect(isClose(first.direction, direction(ra, dec)), "\(first)")
  }

  @Test(arguments: [
    "The trigger was at 12:34:56 UT on 2031-02-03.", "GRB 310203A was seen by 3 telescopes",
    "RA and Dec are unknown",
    "RA = 400.0, Dec = 10.0", "RA = 10:75:00, Dec = 10:00:00", "RA = 10.0, Dec = 95.0", "",
    "r = 19.2, i = 18.9",
    "between 10:00:00 and 11:30:00 UT", "RA = 0.0, Dec = 0.0",
  ])
  func notCoordinates(text: String) {
    #expect(CoordinateFinder.positions(in: text).isEmpty)
  }

  @Test(arguments: [
    ("GRB 310203A: detection", ["GRB 310203A"]), ("GRB310203A", ["GRB 310203A"]),
    ("EP310203a / EP 310203b", ["EP310203a", "EP310203b"]),
    ("IceCube-310607A: no counterpart", ["IceCube-310607A"]),
    ("AT 2031abc and SN2031x", ["AT 2031abc", "SN 2031x"]),
    ("LIGO/Virgo/KAGRA MS310203ab: test", ["MS310203ab"]), ("FRB 20310203B", ["FRB 20310203B"]),
    ("GW310203 follow-up of S310203a.", ["GW310203", "S310203a"]),
    ("Observations of the Crab in S-band, SN ratio", []),
  ])
  func names(subject: String, names: [String]) {
    #expect(EventNames.find(in: subject) == names)
  }

  @Test(arguments: [
    ("{\"circularId\":null,\"body\":\"\"}", "missing.circularId"),
    ("{\"circularId\":\"abc\",\"body\":\"\"}", "invalid.circularId"),
    ("{\"circularId\":5}", "missing.body"), ("TITLE: GCN CIRCULAR\nSUBJECT: x\n", "missing.NUMBER"),
  ])
  func refused(text: String, code: String) {
    #expect(rejection(text)?.code == code)
  }

  @Test func hostileBody() {
    // Long repetitions must neither trap nor take for ever.
    for piece in ["RA Dec ", "12:34:56.7 +", "1e9:", "h m s ", "RA = 1.0, ", "RA ", "9"] {
      _ = CoordinateFinder.positions(in: String(repeating: piece, count: 20_000))
    }
  }
}
