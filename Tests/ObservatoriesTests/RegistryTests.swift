import Foundation
import Testing
import Units

@testable import Observatories

@Suite struct RegistryTests {
  /// Every parallel name of registry.md section G, and of the four naming systems in use.
  @Test(arguments: [
    ("TCA", "TAROT-TCA"), ("tca", "TAROT-TCA"), ("TAROT/TCA", "TAROT-TCA"), ("tarot tca", "TAROT-TCA"),
    ("Tarot_Calern", "TAROT-TCA"), ("TCH", "TAROT-TCH"), ("Tarot_Chili", "TAROT-TCH"), ("TRE", "TAROT-TRE"),
    ("Tarot_Reunion", "TAROT-TRE"), ("AbAO-T70", "AbAO-T70"), ("Abastumani-T70", "AbAO-T70"),
    ("Abastunami-T70", "AbAO-T70"), ("Abastunami-T48", "AbAO-T48"), ("Shao-T60", "ShAO-T60"),
    ("Carl Zeiss 600", "ShAO-T60"),
    ("FZU-Auger", "FRAM-Auger"), ("FZU-CTA-N", "FRAM-CTA-N"), ("Makes-60", "LesMakes-T60"),
    ("Les-Makes/T60", "LesMakes-T60"), ("Les-Makes-T60", "LesMakes-T60"), ("UBAI-T60N", "UBAI-NT60"),
    ("UBAI/NT-60", "UBAI-NT60"), ("UBAI-T60S", "UBAI-ST60"), ("UBAI-ST-60", "UBAI-ST60"), ("YAPTH", "YAHPT"),
    ("SPECULOS-South", "SPECULOOS-South"), ("OSN-T120", "OSN-T150"), ("OSN", "OSN-T150"),
    ("TNT", "Xinglong-TNT"),
    ("TNT (Xinglong)", "Xinglong-TNT"), ("TNT (Thailand)", "TNT-2.4m-Thailand"), ("TNO", "TNT-2.4m-Thailand"),
    ("TRT/GAO", "TRT-GAO"), ("TRT-GUAO", "TRT-GAO"), ("SBO", "TRT-SBO"), ("SRO", "TRT-SRO"),
    ("IRIS", "OHP-IRiS"),
    ("OHP-IRIS", "OHP-IRiS"), ("Xinglong-2.16", "Xinglong-2.16m"), ("GMG-2m", "GMG-2.4m"),
    ("GMG-2.4", "GMG-2.4m"),
    ("OPD/1.6m", "OPD-1.6m"), ("OPD-1.6", "OPD-1.6m"), ("OPD/60cm", "OPD-60cm"), ("C2PU", "C2PU-Omicron"),
    ("Terskol/Zeiss-600", "Terskol-Zeiss600"), ("SNOWT", "NOWT"), ("ALi-50", "BJP-ALi50"),
    ("BJP/ALi-50", "BJP-ALi50"),
    ("OAJ", "OAJ-T80"), ("CFHT-MEGACAM", "CFHT"), ("SOAR/Spartan", "SOAR"), ("SOAR-phot", "SOAR"),
    ("Colibri", "COLIBRI"),
    ("CAHA-Ω2000", "CAHA-3.5m"), ("Lisnyky AZT-8", "Lisnyky-AZT8"), ("HAO1", "HAO"), ("T1M", "PicduMidi-T1M"),
    ("fram-auger~f", "FRAM-Auger"),
  ])
  func everyParallelName(name: String, id: String) throws {
    #expect(try Shipped.registry().resolve(name).id == id)
  }

  @Test func aPlaceIsASiteOrWhereATelescopeIs() throws {
    let registry = try Shipped.registry()
    let there = try registry.telescopes(at: "siding spring").map(\.id)
    #expect(there.count > 1)
    #expect(try registry.telescopes(at: there[0]).map(\.id) == there)
    #expect(try registry.telescopes(at: "TCH").map(\.site.name).allSatisfy { $0 == "La Silla" })
    #expect(try registry.telescopes(at: "La Silla").contains { $0.id == "TAROT-TCH" })
    #expect(throws: RegistryError.self) { try registry.telescopes(at: "Atlantis") }
    #expect(throws: RegistryError.self) { try registry.telescopes(at: "") }
  }

  @Test func missesAndNearMisses() throws {
    let registry = try Shipped.registry()
    #expect(
      throws: RegistryError.unknown(name: "TAROT-TCX", suggestions: ["TAROT-TCA", "TAROT-TCH", "TAROT-TNC"])
    ) {
      try registry.resolve("TAROT-TCX")
    }
    func suggestions(_ name: String) -> [String] { registry.suggestions(for: name) }
    #expect(suggestions("Abastumani")[0].hasPrefix("AbAO"))
    #expect(suggestions("colibry") == ["COLIBRI"])
    #expect(suggestions("lijiang").contains("GMG-2.4m"))
    #expect(suggestions("qqqqqqqq").isEmpty)
    #expect(suggestions("").isEmpty)
    #expect(suggestions("/-.").isEmpty)
    let error = #expect(throws: RegistryError.self) { try registry.resolve("qqqqqqqq") }
    #expect(
      error?.description == "no telescope is called `qqqqqqqq`; `vesper telescopes list` shows the names")
    let near = #expect(throws: RegistryError.self) { try registry.resolve("colibry") }
    #expect(near?.description == "no telescope is called `colibry`; did you mean COLIBRI?")
  }

  @Test func knownButNotUsable() throws {
    let registry = try Shipped.registry()
    for (name, id) in [
      ("TNC", "TAROT-TNC"), ("sedvm", "SEDMv2"), ("SEDMv2", "SEDMv2"), ("Kilonova-Catcher", "KNC"),
    ] {
      let error = #expect(throws: RegistryError.self) { try registry.resolve(name) }
      guard case .notUsable(let asked, let found, let reason)? = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect(asked == name && found == id && !reason.isEmpty)
    }
  }

  @Test func namesThatDifferByPunctuationOnly() throws {
    let a = try telescope("T1-60")
    let b = try telescope("T16-0")
    let registry = Registry([a, b])
    #expect(try registry.resolve("t1-60").id == "T1-60")
    #expect(throws: RegistryError.ambiguous(name: "T 160", ids: ["T1-60", "T16-0"])) {
      try registry.resolve("T 160")
    }
  }

  private func telescope(_ id: String) throws -> Telescope {
    try Shipped.edited(
      "kao",
      [("id: KAO", "id: \(id)"), ("name: Kottamia 1.88 m", "name: \(id)"), ("aliases: [Kottamia]\n", "")])
  }

  // MARK: digests

  /// Everything a plan depends on changes the digest; everything else leaves it alone.
  @Test(arguments: [
    ("lat_deg: 29.93402", "lat_deg: 29.93403", true), ("elevation_m: 490", "elevation_m: 491", true),
    ("side_deg: 0.138", "side_deg: 0.139", true), ("aperture_m: 1.88", "aperture_m: 1.9", true),
    ("readout_s: 4.2", "readout_s: 4.3", true), ("slew_deg_per_s: 1", "slew_deg_per_s: 1.1", true),
    ("min_alt_deg: 30", "min_alt_deg: 31", true), ("mag: 21.0", "mag: 21.1", true),
    ("status: operational", "status: unknown", true), ("filters: [g, r,", "filters: [r, g,", true),
    ("limits.max_airmass, ", "", true), ("roles: [", "roles: [tiler, ", true),
    ("name: Kottamia 1.88 m", "name: Kottamia", false), ("aliases: [Kottamia]", "aliases: [Kotamia]", false),
    ("# ", "# Another remark. ", false), ("  depth: GW", "  depth: GW, CB", false),
    ("aperture_m: 1.88", "aperture_m: 1.880", false),
    ("aperture_m: 1.88", "notes: x\naperture_m: 1.88", false),
  ])
  func digestFollowsTheContent(old: String, new: String, changes: Bool) throws {
    let edits =
      old == "limits.max_airmass, "
      ? [(old, new), ("min_alt_deg: 30", "min_alt_deg: 30, max_airmass: 3")] : [(old, new)]
    let changed = try Shipped.edited("kao", edits)
    #expect((changed.digest != (try Shipped.telescope("KAO")).digest) == changes)
  }

  @Test func digestsDiffer() throws {
    let registry = try Shipped.registry()
    #expect(Set(registry.digests.values).count == registry.telescopes.count)
    #expect(registry.digests.values.allSatisfy { $0.count == 64 })
  }

  /// No text can pass for two values: lengths are part of the canonical form.
  @Test func canonicalTextIsUnambiguous() throws {
    let one = try Shipped.edited(
      "kao", [("filters: [g, r, i, z, clear]", "filters: [\"g1:r\", r, i, z, clear]")])
    let two = try Shipped.edited(
      "kao", [("filters: [g, r, i, z, clear]", "filters: [\"g1\", \"r\", i, z, clear]")])
    #expect(one.digest != two.digest)
  }
}

@Suite struct UsageTests {
  @Test func usability() throws {
    #expect(try Shipped.telescope("TAROT-TCA").usability == .tiling)
    #expect(try Shipped.telescope("HAO").usability == .pointSource)
    let blind = try Shipped.edited(
      "tarot-tca",
      [
        ("aperture_m: 0.25\n", ""), ("assumed: [", "# assumed: ["),
        ("limits: {", "limits: {max_sun_alt_deg: -12, "),
        ("timing: {", "timing: {settle_s: 1, "), ("  aperture_m: GD, TR, CB\n", ""),
      ])
    #expect(blind.usability == .unusable("its aperture is not known"))
  }

  @Test func outOfService() throws {
    #expect(try Shipped.telescope("TAROT-TCA").outOfService == nil)
    #expect(try Shipped.telescope("BJP-ALi50").outOfService == "broken, no access")
    // Usable by its values, yet not to be asked.
    #expect(try Shipped.telescope("BJP-ALi50").usability == .tiling)
    #expect(try Shipped.telescope("Terskol-Zeiss600").outOfService?.contains("doubtful") == true)
    #expect(try Shipped.telescope("OAJ-T80").outOfService == nil)
    #expect(try Shipped.edited("kao", [("level: F", "level: nOP")]).outOfService == "marked nOP")
  }

  @Test func exclusionsOfRealTelescopes() throws {
    let tnt = try Shipped.telescope("Xinglong-TNT")
    #expect(tnt.exclusions(forbidding: .init(stream: "svom", permissions: [.detected])).count == 1)
    #expect(tnt.exclusions(forbidding: .init(stream: "Swift", permissions: [.detected])).isEmpty)
    #expect(tnt.exclusions(forbidding: .init(stream: "Swift")).count == 1)
    let omicron = try Shipped.telescope("C2PU-Omicron")
    #expect(
      omicron.exclusions(forbidding: .init(expectedMagnitude: Magnitude(21), permissions: [.approved])).count
        == 1)
    #expect(
      omicron.exclusions(forbidding: .init(expectedMagnitude: Magnitude(22), permissions: [.approved]))
        .isEmpty)
  }

  /// VIRT takes prompt requests between 10:00 and 04:00 UTC, over midnight.
  @Test(arguments: [
    (9, 59, true), (10, 0, false), (23, 59, false), (0, 0, false), (3, 59, false), (4, 0, true),
  ])
  func requestHours(hour: Int, minute: Int, forbidden: Bool) throws {
    let virt = try Shipped.telescope("VIRT")
    let now = try #require(Instant(utcYear: 2026, month: 3, day: 1, hour: hour, minute: minute))
    #expect(virt.exclusions(forbidding: .init(requested: now)).isEmpty == !forbidden)
  }

  @Test func unknownCircumstancesAreForPeople() {
    func verdict(_ condition: Telescope.Exclusion.Condition?) -> Telescope.Verdict {
      Telescope.Exclusion(rule: "x", condition: condition).verdict(for: .init())
    }
    #expect(verdict(nil) == .forPeople)
    #expect(verdict(.streams(["SVOM"])) == .forPeople)
    #expect(verdict(.brighterThan(Magnitude(20))) == .forPeople)
    #expect(verdict(.requestedOutside(from: .seconds(0), to: .seconds(1))) == .forPeople)
    #expect(verdict(.unless(.approved)) == .forbidden)
  }

  @Test func hoursOfMaidanak() throws {
    #expect(try Shipped.telescope("UBAI-NT60").usage?.hoursPerNight == 0.75)
    #expect(try Shipped.telescope("UBAI-NT60").usage?.level == .frequent)
  }
}
