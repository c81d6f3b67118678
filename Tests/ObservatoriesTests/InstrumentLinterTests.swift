import Foundation
import Testing
import Units

@testable import Observatories

/// The instruments, motions and names of the published tables.
@Suite struct InstrumentLinterTests: LintExpecting {
  // MARK: C. the wrong aperture

  @Test(arguments: [
    ("opd-60cm", "0.6", "1.6", "its name says 0.6 m"),
    ("terskol-zeiss600", "0.6", "2.0", "its name says 0.6 m"),
    ("snova", "0.36", "1.0", "0.36 m"), ("gmg-2.4m", "2.4", "2.0", "2.4"), ("abao-t70", "0.7", "1.5", "0.7"),
  ])
  func apertureAgainstTheName(name: String, right: String, wrong: String, text: String) throws {
    expect(
      try alone(name, [("aperture_m: \(right)", "aperture_m: \(wrong)")]), .apertureName, "aperture_m", text)
  }

  @Test(
    arguments: [
      ("OPD-60cm", [0.6]), ("GMG-2.4m", [2.4]), ("Terskol-Zeiss600", [0.6]), ("AbAO-T150", [1.5]),
      ("PicduMidi-T1M", []),
      ("OAJ-T80", [0.8]), ("iT17", []), ("UBAI-AZT22", []), ("UBAI-NT60", []), ("BJP-ALi50", []),
      ("C2PU-Omicron", []),
      ("Two-metre Twin Telescope (0.8 m x2, 2 m)", [0.8, 2]), ("MOSS 50 cm", [0.5]), ("10micron", []),
      ("T2000", []),
      ("CAHA-2.2m-CAFOS", [2.2]), ("4.1 mm", []), ("9. m", []), ("iTelescope T17 (PL4710)", []),
    ] as [(String, [Double])])
  func sizesInNames(name: String, sizes: [Double]) {
    #expect(NamedSizes.metres(in: name, numberedT: true) == sizes)
  }

  @Test func oneTelescopeUnderTwoNames() throws {
    // Abastumani-T70 and Abastunami-T70 were two configurations with different tiles.
    let copy = try Shipped.edited(
      "abao-t70",
      [("id: AbAO-T70", "id: Abastunami-T70"), ("aliases: [Abastumani-T70, Abastunami-T70]", "aliases: []")])
    let original = try Shipped.telescope("AbAO-T70")
    let findings = errors(TelescopeLinter.check([original, copy]))
    expect(findings, .sameTelescope, "id", "has the position, aperture, field and filters of AbAO-T70")
    expect(findings, .nameClash, "aliases", "`Abastunami-T70` names Abastunami-T70 as well")
  }

  // MARK: D. the wrong field

  @Test(arguments: [
    ("kao", "0.138", "0.0191", "0.138 deg"), ("osn-t150", "0.14", "0.02", "0.141 deg"),
    ("trt-sro", "0.167", "0.028", "0.167 deg"),
    ("trt-sbo", "0.35", "0.028", "0.167 deg"), ("cfht", "0.94", "0.04", "0.200 deg"),
  ])
  func areaAsSide(name: String, right: String, wrong: String, side: String) throws {
    expect(try alone(name, [("side_deg: \(right)", "side_deg: \(wrong)")]), .fieldIsArea, "field", side)
  }

  @Test func fieldOfAnotherTelescope() throws {
    expect(
      try alone("colibri", [("side_deg: 0.383", "side_deg: 1.9")]), .fieldTooWide, "field",
      "very wide for 1.3 m")
    expect(
      try alone("shao-2m", [("aperture_m: 2", "field: {shape: square, side_deg: 6.86}\naperture_m: 2")]),
      .fieldTooWide,
      "field", "6.86 deg is very wide for 2 m")
    expect(
      try alone("fram-auger", [("side_deg: 1.0", "side_deg: 139.0")]), .fieldTooWide, "field",
      "wider than any")
  }

  /// The planner's Colibri was TAROT-TCA with other coordinates: field, timing and limits.
  @Test func copiedBlock() throws {
    let edits = [
      ("side_deg: 0.383", "side_deg: 1.86"),
      ("timing: {readout_s: 5}", "timing: {readout_s: 5, slew_deg_per_s: 20}"),
      ("timing.slew_deg_per_s, ", ""),
      ("limits: {min_alt_deg: 30}", "limits: {min_alt_deg: 15, dec_deg: [-25, 90]}"),
    ]
    expect(try among("colibri", edits), .copiedBlock, "field", "TAROT-TCA")
  }

  /// HAO with the field, timing and horizon of C2PU, at its right place.
  @Test func copiedBlockOfC2PU() throws {
    let omicron = try Shipped.edited(
      "c2pu-omicron",
      [("{slew_deg_per_s: 0.3}", "{readout_s: 0.6, slew_deg_per_s: 0.3}"), ("timing.readout_s, ", "")])
    let hao = try Shipped.edited(
      "hao",
      [
        ("aperture_m: 0.318", "aperture_m: 0.318\nfield: {shape: square, side_deg: 0.40}"),
        ("usage:\n", "timing: {readout_s: 0.6, slew_deg_per_s: 0.3}\nlimits: {min_alt_deg: 20}\nusage:\n"),
        ("timing.readout_s, timing.slew_deg_per_s,", ""), ("limits.min_alt_deg, ", ""),
      ])
    expect(errors(TelescopeLinter.check([omicron, hao])), .copiedBlock, "field", "those of C2PU-Omicron")
  }

  /// Twins of one kind share a block, but not the declination limits of one latitude.
  @Test func twinsAreNoCopies() throws {
    #expect(try among("tarot-tch", []).isEmpty)
    expect(
      try among("tarot-tch", [("dec_deg: [-90, 30]", "dec_deg: [-25, 90]")]), .copiedBlock, "field",
      "TAROT-TCA")
  }

  @Test func pixelsAndField() throws {
    expect(
      try alone("tarot-tca", [("side_deg: 1.86", "side_deg: 1.2")]), .pixelScale, "pixel_scale_arcsec",
      "2048 pixels of 3.27 arcsec are 1.860 deg, not 1.2 deg")
    expect(
      try alone("oaj-t80", [("pixel_scale_arcsec: 0.55", "pixel_scale_arcsec: 55")]), .pixelScale,
      "pixel_scale_arcsec",
      "a detector of 92 pixels")
  }

  // MARK: E. impossible timing and depth

  @Test(arguments: [
    ("ubai-nt60", "100"), ("trt-gao", "100"), ("kao", "100"), ("trt-sro", "50"), ("soar", "20"),
    ("shao-t60", "30"),
    ("cfht", "15"), ("abao-t48", "20"), ("colibri", "20"),
  ])
  func slewOfAPlaceholder(name: String, rate: String) throws {
    // Give the rate in place of whatever the file gives or assumes.
    var text = try Shipped.yaml(name).replacingOccurrences(of: "timing.slew_deg_per_s, ", with: "")
      .replacingOccurrences(of: "timing.slew_deg_per_s,\n", with: "\n")
    if let range = text.range(of: #"slew_deg_per_s: [0-9.]+"#, options: .regularExpression) {
      text.replaceSubrange(range, with: "slew_deg_per_s: \(rate)")
    } else if text.contains("timing: {") {
      text = text.replacingOccurrences(of: "timing: {", with: "timing: {slew_deg_per_s: \(rate), ")
    } else {
      text = text.replacingOccurrences(
        of: "\nassumed:", with: "\ntiming: {slew_deg_per_s: \(rate)}\nassumed:")
    }
    let findings = TelescopeLinter.check(try Telescope(yaml: text, file: name))
    expect(errors(findings), .slew, "timing.slew_deg_per_s", "\(rate) deg/s is a placeholder")
  }

  @Test func fastSlewsOfSmallRobots() throws {
    #expect(try alone("tarot-tca", [("slew_deg_per_s: 20", "slew_deg_per_s: 80")]).isEmpty)
    expect(
      try alone("tarot-tca", [("slew_deg_per_s: 20", "slew_deg_per_s: 100")]), .slew, "timing.slew_deg_per_s",
      "placeholder")
    expect(
      try alone("tarot-tca", [("automation: auto", "automation: manual")]), .slew, "timing.slew_deg_per_s",
      "manual")
    expect(
      try alone("tarot-tca", [("slew_deg_per_s: 20", "slew_deg_per_s: 0.05")]), .slew,
      "timing.slew_deg_per_s", "half an hour")
  }

  @Test(arguments: ["0.04", "0.25", "0.3", "0"])
  func readoutOfAPlaceholder(seconds: String) throws {
    expect(
      try alone("kao", [("readout_s: 4.2", "readout_s: \(seconds)")]), .readout, "timing.readout_s",
      "placeholder")
  }

  @Test(arguments: [
    ("zadko", "22", 30, "deeper"), ("telesto", "21", 30, "deeper"), ("cfht", "15", 300, "shallower"),
    ("owl", "15", 60, "shallower"), ("abao-t48", "15", 60, "shallower"),
  ])
  func depthOfNoSuchAperture(name: String, magnitude: String, exposure: Int, text: String) throws {
    var yaml = try Shipped.yaml(name).replacingOccurrences(of: "assumed: [depth, ", with: "assumed: [")
    yaml = yaml.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("depth:") }
      .joined(separator: "\n")
    yaml = yaml.replacingOccurrences(
      of: "\naperture_m:", with: "\ndepth: {mag: \(magnitude), exposure_s: \(exposure)}\naperture_m:")
    let findings = TelescopeLinter.check(try Telescope(yaml: yaml, file: name))
    expect(errors(findings), .depth, "depth", text)
  }

  /// NOWT's published limit is 2.45 mag shallower than the model: just believed, a tenth less is not.
  @Test func depthAtTheTolerance() throws {
    #expect(try alone("nowt", []).isEmpty)
    expect(try alone("nowt", [("mag: 16.1", "mag: 16.0")]), .depth, "depth", "2.5 mag shallower than a 1 m")
  }

  @Test func limitsThatLeaveNoSky() throws {
    expect(
      try alone("tarot-tca", [("dec_deg: [-25, 90]", "dec_deg: [-90, -60]")]), .limits, "limits",
      "latitude 44")
    expect(
      try alone("kao", [("  time_zone:", "  horizon_az_alt_deg: [[0, 85], [180, 88]]\n  time_zone:")]),
      .limits,
      "site.horizon_az_alt_deg", "leaves no sky")
  }

  // MARK: G. names

  @Test func names() throws {
    let findings = try among("osn-t150", [("aliases: [OSN, ", "aliases: [\"opd 1.6\", OSN, ")])
    expect(findings, .nameClash, "aliases", "`opd 1.6` names OPD-1.6m as well")
    let twice = try Shipped.telescope("KAO")
    expect(errors(TelescopeLinter.check([twice, twice])), .nameClash, "id", "another file")
  }

  @Test func namesOfThoseThatCannotBeUsed() throws {
    let shipped = try Shipped.registry()
    let clash = Registry.NotUsable(id: "Lost", fullName: "Lost 1 m", aliases: ["t.c.a"], reason: "lost")
    let findings = TelescopeLinter.check(Registry(shipped.telescopes, notUsable: [clash]))
    expect(errors(findings), .nameClash, "aliases", "`TCA` names Lost as well")
    expect(errors(findings), .nameClash, "aliases", "`t.c.a` names TAROT-TCA as well")
    #expect(errors(TelescopeLinter.check(shipped)).isEmpty)
  }

  // MARK: sources and acceptance

  @Test func valuesWithoutSource() throws {
    let findings = TelescopeLinter.check(try Shipped.edited("kao", [("  timing: GW\n", "")]))
      .filter { $0.check == .unsourced }
    #expect(findings.map(\.key) == ["timing.readout_s", "timing.slew_deg_per_s"])
    #expect(findings.allSatisfy { $0.severity == .warning })
  }

  @Test func marksAreReadWithoutRemarks() {
    #expect(TelescopeLinter.marks(in: "GD, TR (CB 0.8, BK), MPC code") == ["GD", "TR", "MPC"])
    #expect(TelescopeLinter.marks(in: "GW (BK 0.43)") == ["GW"])
  }

  @Test func acceptedFindingsBecomeWarnings() throws {
    let cfht = try Shipped.telescope("CFHT")
    let findings = TelescopeLinter.check(cfht).filter { $0.check == .fieldTooWide }
    #expect(findings.count == 1)
    #expect(findings[0].severity == .warning && findings[0].message.contains("accepted: MegaCam"))
    expect(
      try alone(
        "cfht",
        [("  field-too-wide: MegaCam is a mosaic of 36 CCDs at the prime focus", "  hemisphere: why not")]),
      .acceptance, "accepted.hemisphere", "is not a check that a file can accept")
    let stale = TelescopeLinter.check(
      try Shipped.edited("kao", [("aperture_m: 1.88", "accepted: {slew: fast}\naperture_m: 1.88")]))
    #expect(stale.contains { $0.check == .acceptance && $0.severity == .warning })
  }

  @Test func toleranceForNeighbourCodesOnly() throws {
    #expect(try alone("tnt-2.4m-thailand", []).isEmpty)
    expect(try alone("tnt-2.4m-thailand", [(", within_km: 2", "")]), .mpcDistance, "site.lat_deg", "1.8 km")
    let loose = TelescopeLinter.check(
      try Shipped.edited("kao", [("rho_sin_phi: 0.496114}", "rho_sin_phi: 0.496114, within_km: 5}")]))
    #expect(loose.contains { $0.check == .mpcTolerance })
  }

  /// The order does not depend on the order of the input, nor on hashing.
  @Test func deterministic() throws {
    let telescopes = try Shipped.registry().telescopes
    let once = TelescopeLinter.check(telescopes)
    var random = SeededGenerator(seed: 7)
    #expect(once == TelescopeLinter.check(telescopes.shuffled(using: &random)))
  }
}
