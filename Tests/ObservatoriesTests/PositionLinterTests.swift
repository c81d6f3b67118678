import Foundation
import Testing
import Units

@testable import Observatories

/// Positions and elevations of the published tables: every class of error, with the value that was published.
@Suite struct PositionLinterTests: LintExpecting {
  // MARK: A. the wrong place

  @Test func trtSpringbrookInTheWrongHemisphere() throws {
    let findings = try alone("trt-sbo", [("lat_deg: -31.28198", "lat_deg: 31.2733")])
    expect(findings, .hemisphere, "site.lat_deg", "wrong sign")
    expect(findings, .hemisphere, "site.lat_deg", "use -31.2817, 149.0815 (MPC E54)")
    // The country alone tells it as well.
    let boxed = try alone("trt-sbo", [("lat_deg: -31.28198", "lat_deg: 31.2733"), ("  mpc:", "  # mpc:")])
    expect(boxed, .hemisphere, "site.lat_deg", "is not in Australia: the latitude has the wrong sign")
  }

  @Test func trtSitesCrossed() throws {
    let springbrook = try alone(
      "trt-sbo", [("lat_deg: -31.28198", "lat_deg: 37.0708"), ("lon_deg: 149.08234", "lon_deg: -119.4128")])
    expect(springbrook, .mpcDistance, "site.lat_deg", "km from -31.2817, 149.0815 (MPC E54)")
    let sierra = try alone(
      "trt-sro", [("lat_deg: 37.07028", "lat_deg: -28.1776"), ("lon_deg: -119.41306", "lon_deg: 153.2801")])
    expect(sierra, .mpcDistance, "site.lat_deg", "11628 km")
    expect(sierra, .country, "site.lat_deg", "is not in USA")
  }

  @Test func oukaimedenTelescopeInFrance() throws {
    let edits = [
      ("lat_deg: 31.20617", "lat_deg: 43.7537"), ("lon_deg: -7.86669", "lon_deg: 6.9230"),
      ("elevation_m: 2750", "elevation_m: 1270"),
    ]
    let findings = try among("hao", edits)
    expect(findings, .mpcDistance, "site.lat_deg", "1905 km")
    expect(findings, .country, "site.lat_deg", "is not in Morocco")
    expect(findings, .copiedPosition, "site.lat_deg", "has the position of C2PU-Omicron")
    expect(findings, .elevation, "site.elevation_m", "below the height of MPC Z02")
  }

  @Test func shamakhySwapped() throws {
    let edited = try swapped("shao-2m", "40.7700", "48.5840")
    expect(
      TelescopeLinter.check(edited), .swapped, "site.lat_deg",
      "is not in Azerbaijan: latitude and longitude are exchanged")
    // Without a country the neighbour on the same site still tells.
    let others = try Shipped.registry().telescopes.filter { $0.id != edited.id }
    let findings = errors(TelescopeLinter.check(others + [edited])).filter { $0.subject == edited.id }
    expect(
      findings, .swapped, "site.lat_deg",
      "from ShAO-T60, which stands on the same site: latitude and longitude are exchanged")
  }

  private func swapped(_ name: String, _ latitude: String, _ longitude: String) throws -> Telescope {
    try Shipped.edited(
      name,
      [
        ("lat_deg: \(latitude)\n", "lat_deg: aside\n"), ("lon_deg: \(longitude)\n", "lon_deg: \(latitude)\n"),
        ("lat_deg: aside\n", "lat_deg: \(longitude)\n"),
      ])
  }

  @Test func swappedWithACode() throws {
    let findings = TelescopeLinter.check(try swapped("kao", "29.93402", "31.82773"))
    expect(findings, .swapped, "site.lat_deg", "latitude and longitude are exchanged: ")
  }

  @Test(
    arguments: [
      ("ubai-nt60", [("lon_deg: 66.9039", "lon_deg: 66.39")], "44 km"),
      ("ubai-st60", [("lon_deg: 66.9000", "lon_deg: 66.39")], "44 km"),
      (
        "nowt", [("lat_deg: 43.4736", "lat_deg: 43.78"), ("lon_deg: 87.1750\n", "lon_deg: 87.28\n")], "35 km"
      ),
      (
        "snova", [("lat_deg: 43.4736", "lat_deg: 43.78"), ("lon_deg: 87.1750\n", "lon_deg: 87.28\n")], "35 km"
      ),
      (
        "cfht", [("lat_deg: 19.8254", "lat_deg: 20.0203"), ("lon_deg: -155.4689", "lon_deg: -155.672")],
        "30 km"
      ),
      (
        "fram-auger",
        [("lat_deg: -35.49569", "lat_deg: -35.4808"), ("lon_deg: -69.44945", "lon_deg: -69.5705")], "11 km"
      ),
      (
        "gmg-2.4m", [("lat_deg: 26.69509", "lat_deg: 26.7089"), ("lon_deg: 100.02973", "lon_deg: 100.0308")],
        "1.5 km"
      ),
      ("it11", [("lat_deg: 32.9033", "lat_deg: 32.9"), ("lon_deg: -105.5287", "lon_deg: -105.5")], "2.7 km"),
      (
        "bjp-ali50",
        [("lat_deg: 32.3251", "lat_deg: 32.316667"), ("lon_deg: 80.0268", "lon_deg: 80.016667")], "1.3 km"
      ),
      (
        "colibri", [("lat_deg: 31.0449", "lat_deg: 43.75203"), ("lon_deg: -115.4645", "lon_deg: 6.92353")],
        "km"
      ),
    ] as [(String, [(String, String)], String)])
  func farFromTheCode(name: String, edits: [(String, String)], distance: String) throws {
    expect(try alone(name, edits), .mpcDistance, "site.lat_deg", distance)
  }

  @Test func eastAndWest() throws {
    // CFHT once stood at +155.672 in a published table.
    let findings = try alone("cfht", [("lon_deg: -155.4689", "lon_deg: 155.4689")])
    expect(findings, .hemisphere, "site.lon_deg", "east is positive")
  }

  /// 342.1 for -17.9: a longitude of 0...360 does not get past the decoder, and the linter reports it.
  @Test func longitudeConvention() throws {
    let text = try Shipped.editedText("gtc", [("  lon_deg: -17.89194", "  lon_deg: 342.1")])
    let error = try #require(throws: TelescopeError.self) { try Telescope(yaml: text, file: "gtc.yaml") }
    let findings = TelescopeLinter.findings(of: error)
    expect(findings, .unreadable, "site.lon_deg", "342.1 is outside -180...180")
    #expect(findings.allSatisfy { $0.severity == .error && $0.subject == "gtc.yaml" })
  }

  @Test func nothingConfirmsAPosition() throws {
    let findings = TelescopeLinter.check(try Shipped.registry().telescopes).filter {
      $0.check == .unverifiedPosition
    }
    #expect(findings.map(\.subject) == ["Kanata", "OST-CDK", "TELESTO", "VIRT"])
    #expect(findings.allSatisfy { $0.severity == .warning })
  }

  // MARK: B. the wrong elevation

  @Test(arguments: [
    ("trt-sro", "1405", "2267", "890 m above"), ("gmg-2.4m", "3193", "2014", "below"),
    ("colibri", "2800", "1320", "below"),
    ("caha-2.2m-cafos", "2168", "1270", "below"), ("fram-auger", "1400", "2200", "above"),
    ("trt-sbo", "810", "601", "below"),
    ("cfht", "4204", "812", "below"),
  ])
  func elevationAgainstTheCode(name: String, right: String, wrong: String, text: String) throws {
    expect(
      try alone(name, [("elevation_m: \(right)", "elevation_m: \(wrong)")]), .elevation, "site.elevation_m",
      text)
  }

  /// 156 m are those of Lisnyky; only its neighbour can tell, as there is no code.
  @Test func elevationAgainstTheNeighbour() throws {
    let edits = [("elevation_m: 1500", "elevation_m: 156")]
    #expect(try alone("shao-t60", edits).isEmpty)
    expect(try among("shao-t60", edits), .elevation, "site.elevation_m", "ShAO-2m")
  }

  @Test func coarseConstantsForgiveMore() throws {
    // MPC 807 has four decimals: 173 m of height difference mean nothing, 800 m do.
    #expect(try alone("trt-cto", []).isEmpty)
    expect(
      try alone("trt-cto", [("elevation_m: 2207", "elevation_m: 1500")]), .elevation, "site.elevation_m",
      "MPC 807")
  }
}
