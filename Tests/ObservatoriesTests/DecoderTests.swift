import Foundation
import Testing
import Units

@testable import Observatories

/// A file with every required key, to be varied.
private let minimal = """
  id: Example-T50
  name: Example 50 cm
  status: operational
  automation: manual
  site:
    name: Example Observatory
    country: France
    setting: dark
    lat_deg: 43.75
    lon_deg: 6.92
    elevation_m: 1270
  aperture_m: 0.5
  field: {shape: square, side_deg: 0.4}
  filters: [R]
  depth: {mag: 19, filter: R, exposure_s: 60}
  exposure: {typical_s: 60, range_s: [10, 300], filter: R}
  timing: {readout_s: 5, slew_deg_per_s: 4, settle_s: 1}
  limits: {min_alt_deg: 30, max_airmass: 2, moon_sep_deg: 30, max_sun_alt_deg: -12}
  """

private func decode(_ yaml: String) throws(TelescopeError) -> Telescope {
  try Telescope(yaml: yaml, file: "x.yaml")
}

/// The minimal file with one text replaced by another.
private func edited(_ old: String, _ new: String) -> String {
  precondition(minimal.contains(old), "the minimal file does not hold \(old)")
  return minimal.replacingOccurrences(of: old, with: new)
}

/// The message a refused file gives, or a text that no message is.
private func message(_ yaml: String) -> String {
  do throws(TelescopeError) {
    let telescope = try decode(yaml)
    return "accepted \(telescope.id)"
  } catch {
    return error.description
  }
}

@Suite struct DecoderTests {
  @Test func minimalFile() throws {
    let t = try decode(minimal)
    #expect(t.id == "Example-T50")
    #expect(t.slug == Slug.encode("Example-T50"))
    #expect(
      t.site.position == .init(latitude: .degrees(43.75), longitude: .degrees(6.92), height: .metres(1270)))
    #expect(t.field == .rectangle(width: .degrees(0.4), height: .degrees(0.4), rotation: .zero))
    #expect(t.timing == .init(readout: .seconds(5), slewRate: .degreesPerSecond(4), settle: .seconds(1)))
    #expect(
      t.exposure == .init(typical: .seconds(60), shortest: .seconds(10), longest: .seconds(300), filter: "R"))
    #expect(t.limits == .init(minAltitude: .degrees(30), maxAirmass: 2))
    #expect(t.assumptions.isEmpty && t.closures.isEmpty && t.exclusions.isEmpty && t.usage == nil)
  }

  /// The time of a filter change may be left out: the table then says, and that it does; files without it keep the
  /// digest they had.
  @Test func filterChanges() throws {
    let silent = try decode(minimal)
    let stated = try decode(
      minimal.replacingOccurrences(of: "readout_s: 5", with: "readout_s: 5, filter_change_s: 12"))
    #expect(stated.filterChange == .seconds(12) && stated.filterChangeAssumption == nil)
    #expect(silent.timing.filterChange == nil && silent.filterChange == .seconds(45))
    #expect(
      silent.filterChangeAssumption
        == .init(key: "timing.filter_change_s", value: "45 s", basis: "up to 0.65 m, by hand, dark site"))
    #expect(silent.digest != stated.digest && !silent.canonicalText.contains("filter change"))
    var other = silent
    other.automation = .auto
    #expect(other.filterChange == .seconds(15))
    other.aperture = nil
    #expect(other.filterChange == .seconds(60))
    #expect(try Shipped.registry().resolve("VIRT").timing.filterChange == .seconds(45))
    #expect(
      message(minimal.replacingOccurrences(of: "readout_s: 5", with: "readout_s: 5, filter_change_s: -1"))
        .contains("outside 0...3600"))
  }

  /// The example of the documentation, which assumes all it may.
  @Test func documentedExample() throws {
    let source = try String(
      contentsOf: Shipped.folder.appending(path: "../Sources/Observatories/TelescopeYAML.swift"),
      encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.contains("```yaml") })
    let end = try #require(lines[(start + 1)...].firstIndex { $0.contains("```") })
    let yaml = lines[(start + 1)..<end].map { $0.dropFirst(4) }.joined(separator: "\n")
    let t = try Telescope(yaml: yaml, file: "example.yaml")
    #expect(t.assumptions.map(\.key).sorted() == Assumer.assumable.sorted())
    #expect(t.assumptions.allSatisfy { $0.basis == "up to 0.65 m, by hand, dark site" })
    #expect(t.timing == .init(readout: .seconds(10), slewRate: .degreesPerSecond(2), settle: .seconds(30)))
    #expect(
      t.depth?.magnitude.value
        == AssumedValues(
          .init(aperture: .metres(0.5), robotic: false, setting: .dark)
        ).depth(.seconds(120)).value)
    #expect(TelescopeLinter.check(t).allSatisfy { $0.severity == .warning })
  }

  /// Each refused for one reason; the message names file, line, key, what is wrong, what to do.
  @Test(arguments: [
    // typing errors
    (
      "readout_s: 5", "readout: 5", "x.yaml:17: timing.readout: is not a known key; did you mean `readout_s`?"
    ),
    (
      "slew_deg_per_s", "slew_deg_per_sec",
      "x.yaml:17: timing.slew_deg_per_sec: is not a known key; did you mean"
    ),
    ("filters: [R]", "filt: [R]", "x.yaml:14: filt: is not a known key; did you mean `filters`?"),
    ("depth:", "Magnitude:", "x.yaml:15: Magnitude: is not a known key; known here:"),
    (
      "automation: manual", "automation: robotic",
      "automation: `robotic` is not known; write one of auto, semi, manual"
    ),
    // missing values
    (
      "min_alt_deg: 30, ", "",
      "x.yaml: limits.min_alt_deg: is missing; write it, or add `limits.min_alt_deg` to `assumed`"
    ),
    (
      "lat_deg: 43.75", "# gone",
      "x.yaml: site.lat_deg: is missing; write a number of degrees, north positive"
    ),
    ("setting: dark", "# gone", "x.yaml: site.setting: is missing; write one of dark, urban"),
    // wrapped values, as in one published table
    (
      "readout_s: 5", "readout_s: [5]",
      "timing.readout_s: is a list where a number is wanted; write a number of s"
    ),
    (
      "aperture_m: 0.5", "aperture_m: \"0.5\"",
      "aperture_m: `0.5` is text, as it stands in quotes; take the quotes away"
    ),
    (
      "aperture_m: 0.5", "aperture_m: 0.5 m",
      "aperture_m: `0.5 m` is not a number; write a number of m within 0.01...50"
    ),
    ("filters: [R]", "filters: R", "filters: is a single value where a list is wanted; write [a, b, ...]"),
    (
      "field: {shape: square, side_deg: 0.4}", "field: 0.4",
      "field: is a single value where a section is wanted"
    ),
    // out of range
    ("lon_deg: 6.92", "lon_deg: 342.1", "x.yaml:10: site.lon_deg: 342.1 is outside -180...180"),
    ("lat_deg: 43.75", "lat_deg: 143.75", "site.lat_deg: 143.75 is outside -90...90"),
    ("slew_deg_per_s: 4", "slew_deg_per_s: 0", "timing.slew_deg_per_s: 0 is outside"),
    ("typical_s: 60", "typical_s: .nan", "exposure.typical_s: `.nan` is not a number"),
    ("typical_s: 60", "typical_s: nan", "exposure.typical_s: `nan` is not a number"),
    ("typical_s: 60", "typical_s: 1e999", "exposure.typical_s: `1e999` is not a number"),
    ("typical_s: 60", "typical_s: 0x10p400", "exposure.typical_s: `0x10p400` is not a number"),
    ("side_deg: 0.4", "side_deg: -0.4", "field.side_deg: -0.4 is outside"),
    ("max_airmass: 2", "max_airmass: 0.9", "limits.max_airmass: 0.9 is outside 1...40"),
    // contradictions
    (
      "aperture_m: 0.5", "aperture_m: 0.5\nassumed: [timing.readout_s]",
      "timing.readout_s: is both given and assumed"
    ),
    (
      "aperture_m: 0.5", "aperture_m: 0.5\nassumed: [aperture_m]",
      "assumed: `aperture_m` cannot be assumed; known here"
    ),
    ("aperture_m: 0.5", "aperture_m: 0.5\nassumed: [field]", "assumed: `field` cannot be assumed"),
    ("aperture_m: 0.5", "assumed: [depth]", "assumed: needs `aperture_m`"),
    ("range_s: [10, 300]", "range_s: [100, 300]", "exposure.range_s: does not hold typical_s"),
    (
      "range_s: [10, 300]", "range_s: [300, 10]",
      "exposure.range_s: does not hold typical_s or ends before it starts"
    ),
    ("range_s: [10, 300]", "range_s: [300]", "exposure.range_s: is not a list of 2 numbers"),
    (
      "filter: R}\ntiming", "filter: V}\ntiming",
      "exposure: prefers the filter `V`, which `filters` does not list"
    ),
    ("filters: [R]", "filters: [R, R]", "filters: `R` stands there twice"),
    ("max_airmass: 2", "max_airmass: 2, dec_deg: [30, -90]", "limits.dec_deg: starts north of where it ends"),
    (
      "filters: [R]", "filters: [R]\nsources: {site.lat: GD}",
      "sources.site.lat: names a key that the file does not give"
    ),
    // shapes
    (
      "shape: square, side_deg: 0.4", "shape: hexagon",
      "field.shape: `hexagon` is not known; write one of square"
    ),
    ("shape: square, side_deg: 0.4", "shape: circle, side_deg: 0.4", "field.side_deg: is not a known key"),
    (
      "shape: square, side_deg: 0.4", "shape: polygons, corners_deg: [[[0, 0], [1, 0]]]",
      "polygon that is not convex"
    ),
    (
      "shape: square, side_deg: 0.4", "shape: polygons, corners_deg: [[[0, 0], [1, 0], [0.2, 0.2], [0, 1]]]",
      "polygon that is not convex"
    ),
    (
      "shape: square, side_deg: 0.4", "shape: polygons, corners_deg: [[0, 0], [1, 0]]",
      "field.corners_deg: has an entry"
    ),
    ("shape: square, side_deg: 0.4", "shape: polygons, corners_deg: []", "field.corners_deg: has a polygon"),
    // names
    ("id: Example-T50", "id: \"  \"", "id: starts or ends with a blank"),
    ("id: Example-T50", "id: \"a\\u202Eb\"", "id: holds invisible characters"),
    ("id: Example-T50", "id: \"a\\nb\"", "id: holds invisible characters"),
    ("id: Example-T50", "id: \(String(repeating: "x", count: 121))", "id: is too long for a file name"),
    ("id: Example-T50", "id:", "id: is empty"),
    ("id: Example-T50", "id: ~", "id: is empty"),
    // not one mapping
    (minimal, "- a\n- b", "x.yaml: the file is not a list of `key: value`"),
    (minimal, "", "x.yaml: the file is empty"),
    (minimal, "a: 1\na: 2", "x.yaml:1: the key `a` stands there twice; take one away"),
    (minimal, "a: 1\n---\nb: 2", "not valid YAML: but found another document"),
    (
      minimal, "a: [1, 2",
      "x.yaml:1: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence that starts in line 1"
    ),
    (minimal, "a: 1\n b: 2", "x.yaml:2: not valid YAML"),
    (minimal, "a: \u{1}", "x.yaml:1: not valid YAML: control characters are not allowed"),
    (minimal, "? [a, b]\n: 1", "<not a name>: is not a known key"),
  ])
  func refusals(old: String, new: String, expected: String) {
    let text = message(edited(old, new))
    #expect(text.contains(expected), "\(text)")
    #expect(text.hasPrefix("x.yaml"))
  }

  @Test func everyProblemIsReported() {
    let yaml = edited("lon_deg: 6.92", "lon_deg: 342.1").replacingOccurrences(
      of: "readout_s", with: "readout"
    )
    .replacingOccurrences(of: "automation: manual", with: "automation: maybe")
    guard
      case .invalid(let file, let problems) = #expect(
        throws: TelescopeError.self, performing: { try decode(yaml) })
    else { return }
    #expect(file == "x.yaml")
    #expect(Set(problems.map(\.key)) == ["site.lon_deg", "automation", "timing.readout", "timing.readout_s"])
  }

  @Test func wholeFile() throws {
    let t = try decode(
      minimal.replacingOccurrences(
        of: "  elevation_m: 1270",
        with: """
            elevation_m: 1270
            time_zone: Europe/Paris
            mpc: {code: "010", lon_deg: 6.92124, rho_cos_phi: 0.723655, rho_sin_phi: 0.688135}
            horizon_az_alt_deg: [[270, 40], [0, 20], [90, 30]]
          """) + """

          aliases: [T50, "Example/T50"]
          group: amateur
          status_note: works
          roles: [tiler, photometry]
          pixel_scale_arcsec: 0.7
          detector_px: [2048, 2048]
          deepest: 20 in an hour
          usage: {level: F, budget: daily, hours_per_night: 0.75}
          exclusions:
            - {rule: no SVOM, streams: [SVOM], source: CB}
            - {rule: faint only, brighter_than_mag: 21.5}
            - {rule: in the evening, requests_utc: ["18:00", "04:30"]}
            - {rule: ask first, unless: approved}
            - {rule: be kind}
          closures:
            - {from: 2026-12-01, to: 2027-02-01T12:00:00Z, reason: winter}
          channel: {kind: slack, detail: "#observations"}
          sources: {site: GD, site.mpc: MPC, timing: GW}
          accepted: {slew: measured}
          notes: A telescope.
          """)
    #expect(t.aliases == ["T50", "Example/T50"] && t.group == "amateur" && t.roles == [.tiler, .photometry])
    #expect(t.site.mpc?.code == "010" && t.site.mpc?.decimals == 6 && t.site.timeZone == "Europe/Paris")
    #expect(t.site.horizon?.points.map { ($0.azimuth.degrees).rounded() } == [0, 90, 270])
    #expect(abs(t.site.horizon!.altitude(atAzimuth: .degrees(45)).degrees - 25) < 1e-9)
    #expect(t.detector == .init(widthPixels: 2048, heightPixels: 2048) && t.deepest == "20 in an hour")
    #expect(t.usage == .init(level: .frequent, budget: "daily", hoursPerNight: 0.75))
    #expect(
      t.exclusions.map(\.condition) == [
        .streams(["SVOM"]), .brighterThan(Magnitude(21.5)),
        .requestedOutside(from: .seconds(64_800), to: .seconds(16_200)), .unless(.approved), nil,
      ])
    #expect(t.closures.first?.window.start == Instant(utcYear: 2026, month: 12, day: 1))
    #expect(t.closures.first?.window.end == Instant(utcYear: 2027, month: 2, day: 1, hour: 12))
    #expect(t.channel == .init(kind: "slack", detail: "#observations"))
    #expect(t.source(of: "site.lat_deg") == "GD" && t.source(of: "site.mpc") == "MPC")
    #expect(t.source(of: "timing.readout_s") == "GW" && t.source(of: "aperture_m") == nil)
    #expect(t.accepted == ["slew": "measured"] && t.notes == "A telescope.")
  }

  @Test(arguments: [
    ("exclusions: [{rule: a, unless: asked}]", "exclusions[0].unless: `asked` is not known"),
    (
      "exclusions: [{rule: a, unless: approved, brighter_than_mag: 20}]",
      "exclusions[0].rule: has more than one"
    ),
    (
      "exclusions: [{rule: a, requests_utc: [10, 25:00]}]",
      "exclusions[0].requests_utc: is not two times of day"
    ),
    (
      "exclusions: [{rule: a, requests_utc: [\"+1:00\", \"04:00\"]}]", "requests_utc: is not two times of day"
    ),
    ("exclusions: [a]", "exclusions: entry 1 is a single value"),
    ("closures: [{from: 2026-12-01, to: 2026-11-01, reason: x}]", "closures[0].to: is not after `from`"),
    ("closures: [{from: XX, to: XX, reason: winter}]", "closures[0].from: `XX` is not a date"),
    ("closures: [{from: 2026-12-01, to: 2027-12-01}]", "closures[0].reason: is missing"),
    ("usage: {level: sometimes}", "usage.level: `sometimes` is not known"),
  ])
  func refusedAdditions(addition: String, expected: String) {
    let text = message(minimal + "\n" + addition)
    #expect(text.contains(expected), "\(text)")
  }

  @Test(arguments: [
    (
      "code: \"010\", lon_deg: -6.9, rho_cos_phi: 0.72, rho_sin_phi: 0.69",
      "site.mpc.lon_deg: -6.9 is outside 0...360"
    ),
    ("code: \"010\", lon_deg: 6.9, rho_cos_phi: 0.72, rho_sin_phi: 0.09", "are not on the Earth's surface"),
    (
      "code: \"010\", lon_deg: 6.9, rho_cos_phi: 0.7237, rho_sin_phi: 0.6881, within_km: 500",
      "within_km: 500 is outside"
    ),
  ])
  func refusedCodes(mpc: String, expected: String) {
    let text = message(edited("  elevation_m: 1270", "  elevation_m: 1270\n  mpc: {\(mpc)}"))
    #expect(text.contains(expected), "\(text)")
  }

  /// The corners come out in the documented order whichever way the file goes round.
  @Test func polygonsAreTurned() throws {
    func polygons(_ corners: String) throws -> FieldOfView? {
      try decode(edited("shape: square, side_deg: 0.4", "shape: polygons, corners_deg: [\(corners)]")).field
    }
    let one = try polygons("[[0, 0], [0, 1], [1, 1], [1, 0]]")
    let other = try polygons("[[1, 0], [1, 1], [0, 1], [0, 0]]")
    #expect(one == other)
    guard case .polygons(let list)? = one else {
      Issue.record("not polygons")
      return
    }
    // Counter-clockwise on the sky, east to the left: north, then east, is a turn to the left.
    let (a, b, c) = (list[0][0], list[0][1], list[0][2])
    let (x1, y1) = (-(b.east.degrees - a.east.degrees), b.north.degrees - a.north.degrees)
    let (x2, y2) = (-(c.east.degrees - b.east.degrees), c.north.degrees - b.north.degrees)
    #expect(x1 * y2 - y1 * x2 > 0)
    #expect(abs(one!.tangentPlaneArea.squareDegrees - 1) < 1e-9)
    #expect(abs(one!.longestSide.degrees - 1) < 1e-9)
  }

  /// A star of five corners turns the same way at every corner and is not convex.
  @Test func starIsNotConvex() {
    let star = [0, 2, 4, 1, 3].map { k -> FieldOfView.Offset in
      let a = Double(k) * 2 * .pi / 5
      return .init(east: .radians(sin(a) / 50), north: .radians(cos(a) / 50))
    }
    #expect(!FieldOfView.isConvex(star))
    #expect(FieldOfView.isConvex([star[0], star[3], star[1], star[4], star[2]]))
  }

  /// An exposure outside the guide's range for the class widens the assumed range, not the other way round.
  @Test func assumedRangeHoldsTheTypicalExposure() throws {
    let yaml = edited("range_s: [10, 300], ", "") + "\nassumed: [exposure.range_s]"
    #expect(try decode(yaml).exposure.shortest == .seconds(60))
    #expect(try decode(yaml).exposure.longest == .seconds(300))
  }
}
