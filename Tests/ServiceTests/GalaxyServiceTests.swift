import Foundation
import GalaxyFiles
import Logging
import Store
import TelescopeFiles
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// A catalogue in the configuration: narrow fields of the service's plans go to its galaxies.
@Suite struct GalaxyServiceTests {
  /// Galaxies about the peak of the mock event's map (RA 352.0, Dec +3.8), at its distance.
  private static let catalogue: String = {
    let head = "name,ra_deg,dec_deg,distance_mpc,distance_error_mpc,luminosity_b_1e10,mass_1e10\n"
    return head
      + (0..<60).map { i in
        let (ra, dec) = (349.0 + 0.6 * Double(i % 10), 1.0 + 0.9 * Double(i / 10))
        return "NEAR \(i),\(ra),\(dec),117,12,\(1 + i % 4),2\n"
      }.joined()
  }()

  private static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "vesper-galaxies-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func narrowFieldsOfAPlanGoToGalaxies() async throws {
    let folder = try Self.folder()
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "near.csv")
    try Self.catalogue.write(to: file, atomically: true, encoding: .utf8)
    let bench = try await Bench(at: "2026-09-15T17:50:00Z")
    var settings = try Bench.settings()
    let all = try TelescopeFiles.load(packageRoot.appending(path: "telescopes")).registry.telescopes
    settings.telescopes = all.filter { ["kao", "tarot-tca"].contains($0.slug) }
    settings.galaxies = try GalaxyIndex.reading(file.path).index
    let engine = Engine(
      store: bench.store, settings: settings, clock: bench.time.clock, epoch: nil,
      logger: Logger(label: "test"))
    try await engine.restore()
    try await bench.bring([UInt8](try Data(contentsOf: fixture(EngineTests.mock))))
    while try await engine.handleNext() {}
    while try await engine.planNext() {}
    let state = ServiceState(store: bench.store, settings: settings, channels: [], clock: bench.time.clock)
    let desk = StoreDesk(state: state)
    let sheet = try #require(try await desk.livePlan(of: "MS260915a"))
    #expect(sheet.galaxyCount > 3 && sheet.galaxies.count <= 15)
    #expect(sheet.galaxies.allSatisfy { $0.name.hasPrefix("NEAR ") && $0.telescopes.count == 1 })
    #expect(sheet.galaxies.map(\.weight) == sheet.galaxies.map(\.weight).sorted(by: >))
    let map = try await desk.planFile(event: "MS260915a", plan: "current", path: "skymap.svg")
    let svg = String(decoding: map.bytes, as: UTF8.self)
    #expect(svg.contains("class=\"galaxies\"") && svg.contains("galaxy of the plan"))
    #expect(svg.contains(sheet.galaxies[0].name))
  }

  @Test func theConfigurationNamesACatalogue() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "near.csv").path
    try Self.catalogue.write(toFile: file, atomically: true, encoding: .utf8)
    let telescopes = packageRoot.appending(path: "telescopes").path
    func lines(_ path: String) throws -> [String] {
      let yaml = "state: \(folder.path)\ntelescopes: \(telescopes)\ngalaxies: \(path)\n"
      return try ServiceConfiguration(yaml: yaml, file: "t").checked(environment: [:])
    }
    #expect(try lines(file).contains { $0.hasPrefix("galaxies    csv: near.csv, 60") })
    // It must not keep the service from starting at night; it is said.
    #expect(try lines(file + "x").contains { $0.contains("galaxies: plans are made without them") })
  }
}
