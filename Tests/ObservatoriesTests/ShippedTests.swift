import Foundation
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Observatories

/// The files in `telescopes/` as they are.
@Suite struct ShippedTests {
  @Test func allFilesLoad() throws {
    let folder = try Shipped.loaded.get()
    #expect(folder.problems.isEmpty, "\(folder.problems)")
    #expect(folder.registry.telescopes.count == 75)
    #expect(folder.registry.notUsable.count == 8)
    #expect(folder.files["KAO"]?.hasSuffix("telescopes/kao.yaml") == true)
  }

  @Test func noErrors() throws {
    let findings = TelescopeLinter.check(try Shipped.registry().telescopes)
    let errors = findings.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(LintReport.text(errors, telescopes: 0))")
    // Honest warnings only: what nobody has verified, and what no source gives.
    let honest: Set<TelescopeLinter.Check> = [.provisional, .noFilters, .unverifiedPosition, .fieldTooWide]
    #expect(
      findings.allSatisfy { honest.contains($0.check) }, "\(findings.filter { !honest.contains($0.check) })")
  }

  @Test func fortySixCanTile() throws {
    let telescopes = try Shipped.registry().telescopes
    #expect(telescopes.count { $0.usability == .tiling } == 46)
    #expect(telescopes.count { $0.usability == .pointSource } == 29)
    for t in telescopes { #expect(t.depth != nil && t.exposure.typical > .zero, "\(t.id)") }
  }

  @Test func timeZonesExist() throws {
    for t in try Shipped.registry().telescopes {
      guard let zone = t.site.timeZone else { continue }
      let known = try #require(TimeZone(identifier: zone), "\(t.id): \(zone)")
      // Where the Sun says it is noon the clock is within 3.5 hours of it (China has one zone).
      let standard = Double(known.secondsFromGMT(for: Date(timeIntervalSince1970: 1_767_225_600))) / 3600
      #expect(abs(standard - t.site.position.longitude.hours) < 3.5, "\(t.id): \(zone)")
    }
  }

  /// Contact goes by team and channel: no address, number or name of a person.
  @Test func noPersonalData() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Shipped.folder.path)
    for name in names where name.hasSuffix(".yaml") {
      let text = try Shipped.yaml(String(name.dropLast(5)))
      #expect(!text.contains("@"), "\(name)")
      #expect(text.range(of: #"\+\d[\d ().-]{7,}"#, options: .regularExpression) == nil, "\(name)")
      #expect(text.range(of: #"\b(Mr|Mrs|Ms|Dr|Prof)\b\.? "#, options: .regularExpression) == nil, "\(name)")
      #expect(text.range(of: "https?://", options: .regularExpression) == nil, "\(name)")
    }
  }

  @Test func namesAndFilesAreSafe() throws {
    let folder = try Shipped.loaded.get()
    #expect(Set(folder.registry.telescopes.map(\.slug)).count == 75)
    for t in folder.registry.telescopes {
      #expect(folder.registry.telescopes.allSatisfy { $0.id == t.id || $0.slug != t.slug })
      let file = try #require(folder.files[t.id])
      #expect(URL(filePath: file).lastPathComponent == t.id.lowercased() + ".yaml")
    }
  }

  // MARK: against the reference tables

  /// Where a file says otherwise than the table, on purpose; the table's own remarks say why.
  private static let corrected: Set<String> = [
    "GMG-2.4m lat_deg", "GMG-2.4m lon_deg_east",  // 1.5 km from its observatory code
    "ShAO-T60 slew_deg_s", "AbAO-T70 slew_deg_s", "AbAO-T48 slew_deg_s", "COLIBRI slew_deg_s",
    "CFHT slew_deg_s",
    "C2PU-Omicron readout_overhead_s", "OST-CDK readout_overhead_s", "OST-CDK slew_deg_s",  // not believed
    "OWL lim_mag", "AbAO-T48 lim_mag", "TELESTO lim_mag",  // no such aperture reaches or misses so much
    "ASTEP lim_mag",  // the table's 20.0 has no exposure; 19.0 in 60 s has
    // no exposure is stated, so the limit stands under `deepest` in words
    "GMG-2.4m lim_mag", "Xinglong-2.16m lim_mag", "HAO lim_mag", "PicduMidi-T1M lim_mag", "YAHPT lim_mag",
    "AST3-3 lim_mag", "SNO-Artemis lim_mag", "SPECULOOS-South lim_mag", "Rozhen-2m lim_mag", "GTC lim_mag",
    "Euler lim_mag", "OST-CDK lim_mag",
  ]
  /// Rows that are no telescopes to point.
  private static let others: Set = ["ATLAS", "ZTF", "Generic"]

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func everyRowHasOneFile() throws {
    let registry = try Shipped.registry()
    let table = csvRows(Shared.text("grandma/registry.csv"))
    #expect(table.count == 84)
    let located = table.filter { !$0["lat_deg"]!.isEmpty && !Self.others.contains($0["id"]!) }.map {
      $0["id"]!
    }
    #expect(Set(located) == Set(registry.telescopes.map(\.id)))
    let rest = Set(table.map { $0["id"]! }).subtracting(located).subtracting(["Generic"])
    #expect(rest == Set(registry.notUsable.map(\.id)))
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func valuesAreThoseOfTheTable() throws {
    let registry = try Shipped.registry()
    var differences: Set<String> = []
    var compared = 0
    for row in csvRows(Shared.text("grandma/registry.csv")) {
      guard let t = registry[row["id"]!] else { continue }
      func compare(_ key: String, _ value: Double?) {
        guard let expected = Double(row[key]!) else { return }
        compared += 1
        // 1e-9: values went through radians.
        if value == nil || abs(value! - expected) > 1e-9 * max(1, abs(expected)) {
          differences.insert("\(t.id) \(key)")
        }
      }
      func given<T>(_ key: String, _ value: T?) -> T? {
        t.assumptions.contains { $0.key == key } ? nil : value
      }
      compare("lat_deg", t.site.position.latitude.degrees)
      compare("lon_deg_east", t.site.position.longitude.degrees)
      compare("elevation_m", t.site.position.height.metres)
      compare("aperture_m", t.aperture?.metres)
      compare("fov_deg", t.field?.longestSide.degrees)
      compare("pixel_scale_arcsec", t.pixelScale?.arcseconds)
      compare("lim_mag", given("depth", t.depth)?.magnitude.value)
      compare("typical_exposure_s", given("exposure.typical_s", t.exposure.typical.seconds))
      compare("readout_overhead_s", given("timing.readout_s", t.timing.readout.seconds))
      compare("slew_deg_s", given("timing.slew_deg_per_s", t.timing.slewRate.degreesPerSecond))
      compare("min_alt_deg", given("limits.min_alt_deg", t.limits.minAltitude.degrees))
      compare("max_airmass", given("limits.max_airmass", t.limits.maxAirmass))
      compare("moon_sep_min_deg", given("limits.moon_sep_deg", t.limits.minMoonSeparation.degrees))
      if let declinations = Optional(row["dec_limits_deg"]!.components(separatedBy: "..")),
        declinations.count == 2
      {
        #expect(Double(declinations[0]) == (t.limits.minDeclination.degrees).rounded(), "\(t.id)")
        #expect(Double(declinations[1]) == (t.limits.maxDeclination.degrees).rounded(), "\(t.id)")
      }
      #expect(t.site.country == row["country"]!, "\(t.id)")
      #expect(t.group == row["group"]!, "\(t.id)")
    }
    #expect(compared > 500)
    #expect(differences == Self.corrected)
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func positionsAreThoseOfTheCodes() throws {
    let registry = try Shipped.registry()
    let codes = Dictionary(
      csvRows(Shared.text("grandma/mpc_positions.csv")).map { ($0["mpc_code"]!, $0) },
      uniquingKeysWith: { a, _ in a })
    var checked = 0
    for row in csvRows(Shared.text("grandma/registry.csv")) where !row["mpc_code"]!.isEmpty {
      guard let t = registry[row["id"]!] else { continue }
      let mpc = try #require(t.site.mpc, "\(t.id) has no code")
      let listed = try #require(codes[mpc.code])
      #expect(row["mpc_code"]!.hasPrefix(mpc.code), "\(t.id)")
      #expect(
        mpc.rhoCosPhi == Double(listed["rho_cos_phi"]!) && mpc.rhoSinPhi == Double(listed["rho_sin_phi"]!),
        "\(t.id)")
      let position = GeodeticPosition(
        latitude: .degrees(Double(listed["lat_deg"]!)!),
        longitude: .degrees(Double(listed["lon_deg_east"]!)!),
        height: .metres(0))
      // TNT's code is that of a neighbour.
      let limit = t.id == "TNT-2.4m-Thailand" ? 2000.0 : 1000
      #expect(t.site.position.distance(to: position).metres < limit, "\(t.id)")
      checked += 1
    }
    #expect(checked == 68)
  }

  // MARK: the benchmark network

  private static let network = packageRoot.appending(path: "Tests/Benchmarks/network")

  @Test func benchmarkNetworkLoads() throws {
    let folder = try TelescopeFiles.load(Self.network)
    #expect(folder.problems.isEmpty, "\(folder.problems)")
    #expect(folder.registry.telescopes.map(\.id) == ["FZU-Auger", "OAJ", "TCA", "TCH", "TRE"])
    for t in folder.registry.telescopes {
      #expect(t.usability == .tiling && t.outOfService == nil && t.assumptions.isEmpty, "\(t.id)")
      #expect(t.exposure.typical == .seconds(60) && t.timing.settle == .zero, "\(t.id)")
      #expect(t.limits.maxSunAltitude == .degrees(-12), "\(t.id)")
    }
    let findings = TelescopeLinter.check(folder.registry.telescopes)
    #expect(LintReport.errors(findings) == 0, "\(findings)")
  }

  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func benchmarkNetworkIsTheTable() throws {
    let registry = try TelescopeFiles.load(Self.network).registry
    let table = csvRows(Shared.text("benchmark/network.csv"))
    #expect(table.count == 5)
    for row in table {
      let t = try #require(registry[row["name"]!])
      func expect(_ key: String, _ value: Double?) {
        // 1e-12: values went through radians.
        #expect(abs((value ?? .infinity) - Double(row[key]!)!) < 1e-12 * 360, "\(t.id) \(key)")
      }
      expect("lat_deg", t.site.position.latitude.degrees)
      expect("lon_deg_east", t.site.position.longitude.degrees)
      expect("elevation_m", t.site.position.height.metres)
      expect("fov_deg", t.field?.extent.width.degrees)
      expect("fov_deg", t.field?.extent.height.degrees)
      expect("readout_s", t.timing.readout.seconds)
      expect("slew_deg_s", t.timing.slewRate.degreesPerSecond)
      expect("horizon_deg", t.limits.minAltitude.degrees)
      expect("max_airmass", t.limits.maxAirmass)
      expect("moon_sep_deg", t.limits.minMoonSeparation.degrees)
      expect("dec_min_deg", t.limits.minDeclination.degrees)
      expect("dec_max_deg", t.limits.maxDeclination.degrees)
      expect("exposure_s", t.exposure.typical.seconds)
      expect("lim_mag", t.depth?.magnitude.value)
    }
  }
}
