import Foundation
import Galaxies
import Healpix
import Skymaps
import TestSupport
import Testing
import Units

@testable import GalaxyFiles

private func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-galaxies-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

/// A map of a Gaussian about (150, 20) at 80 +- 25 Mpc.
private func testMap() throws -> Skymap {
  let circle = try Skymap(
    .circle(radius: .degrees(8)), around: Direction(ra: .degrees(150), dec: .degrees(20)),
    containing: Fraction(clamping: 0.9))
  var raw = RawSkymap(
    layout: .multiOrder(
      uniq: ContiguousArray((0..<circle.count).map { Int64(circle.cell($0).uniq) })),
    values: circle.density, unit: .perSteradian)
  raw.distance = DistanceLayer(
    mu: .init(repeating: 80, count: circle.count), sigma: .init(repeating: 25, count: circle.count),
    norm: .init(repeating: 1, count: circle.count))
  return try Skymap(raw)
}

@Suite struct GalaxyIndexTests {
  @Test func aCatalogueGoesInAndComesOut() throws {
    try withFolder { folder in
      let url = folder.appending(path: "synthetic.galaxies")
      let report = try GalaxyIndexBuilder.build(
        from: fixture("galaxies/synthetic.csv"), format: .csv, to: url)
      #expect(report.read == 1510 && report.kept == 1500)
      #expect(
        report.skipped == [
          .position: 2, .range: 2, .noDistance: 1, .distance: 2, .columns: 1, .duplicate: 2,
        ])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["synthetic.galaxies"])
      let index = try GalaxyIndex(at: url)
      #expect(index.count == 1500 && index.title == "csv: synthetic.csv")
      #expect(index.census.counts.reduce(0, +) == 1500)

      // The same galaxies as by looking at every row of the text.
      let search = GalaxyRanking.Search(try testMap(), level: Fraction(clamping: 0.9))
      let table = index.table(for: search)
      let text = try String(contentsOf: fixture("galaxies/synthetic.csv"), encoding: .utf8)
      var expected: Set<String> = []
      for line in text.split(separator: "\n").dropFirst().prefix(1500) {
        let cells = line.split(separator: ",", omittingEmptySubsequences: false)
        guard let ra = Double(cells[1]), let dec = Double(cells[2]), let d = Float(cells[3]),
          let e = Float(cells[4])
        else { continue }
        let unit = Direction<ICRS>(ra: .degrees(ra), dec: .degrees(dec)).unit
        if search.coverage.contains(key: Cell.key(of: unit)), search.holds(distance: d, deviation: e) {
          expected.insert(String(cells[0]))
        }
      }
      #expect(expected.count > 50)
      #expect(Set(table.rows.map(index.name(ofRow:))) == expected)
      #expect(zip(table.keys, table.keys.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  @Test func gladePlusAsPublished() throws {
    try withFolder { folder in
      let url = folder.appending(path: "glade")
      let report = try GalaxyIndexBuilder.build(
        from: fixture("galaxies/gladeplus.txt"), format: .gladePlus, to: url)
      #expect(report.read == 44 && report.kept == 40)
      #expect(report.skipped == [.quasar: 1, .columns: 1, .duplicate: 1, .noDistance: 1])
      // The same galaxies as in the plain text, luminosity by way of the absolute magnitude.
      let plain = folder.appending(path: "plain")
      let text = try String(contentsOf: fixture("galaxies/synthetic.csv"), encoding: .utf8)
      let head = text.split(separator: "\n").prefix(41).joined(separator: "\n")
      let csv = folder.appending(path: "head.csv")
      try Data(head.utf8).write(to: csv)
      _ = try GalaxyIndexBuilder.build(from: csv, format: .csv, to: plain)
      let everything = GalaxyRanking.Search(try wholeSky(), level: .one)
      let (indexA, indexB) = (try GalaxyIndex(at: url), try GalaxyIndex(at: plain))
      let (a, b) = (indexA.table(for: everything), indexB.table(for: everything))
      #expect(a.keys == b.keys && a.distances == b.distances && a.count == 40)
      for i in 0..<a.count {
        #expect(a.luminosities[i].isNaN == b.luminosities[i].isNaN)
        // Six decimals of a magnitude.
        if a.luminosities[i].isFinite { #expect(abs(a.luminosities[i] / b.luminosities[i] - 1) < 2e-6) }
        #expect(a.masses[i] == b.masses[i] || (a.masses[i].isNaN && b.masses[i].isNaN))
      }
      let names = Set(a.rows.map(indexA.name(ofRow:)))
      #expect(names.contains("SYN1") && names.contains("GLADE+ 2"))
    }
  }

  /// NED-LVS as a FITS table, written by astropy, against the same rows of the plain text.
  @Test func nedLocalVolumeSampleAsPublished() throws {
    try withFolder { folder in
      let url = folder.appending(path: "nedlvs")
      let report = try GalaxyIndexBuilder.build(
        from: fixture("galaxies/nedlvs.fits"), format: .nedLVS, to: url)
      #expect(report.read == 41 && report.kept == 40 && report.skipped == [.noDistance: 1])
      let text = try String(contentsOf: fixture("galaxies/synthetic.csv"), encoding: .utf8)
      let csv = folder.appending(path: "head.csv")
      try Data(text.split(separator: "\n").prefix(41).joined(separator: "\n").utf8).write(to: csv)
      let plain = folder.appending(path: "plain")
      _ = try GalaxyIndexBuilder.build(from: csv, format: .csv, to: plain)
      let everything = GalaxyRanking.Search(try wholeSky(), level: .one)
      let (indexA, indexB) = (try GalaxyIndex(at: url), try GalaxyIndex(at: plain))
      let (a, b) = (indexA.table(for: everything), indexB.table(for: everything))
      #expect(a.keys == b.keys && a.distances == b.distances && a.deviations == b.deviations)
      #expect(a.rows.map(indexA.name(ofRow:)) == b.rows.map(indexB.name(ofRow:)))
      for i in 0..<a.count {
        #expect(a.luminosities[i].isNaN)
        // Through solar masses and back.
        let isSame = abs(a.masses[i] / b.masses[i] - 1) < 1e-6
        #expect(isSame || (a.masses[i].isNaN && b.masses[i].isNaN))
      }
      // Cut files and other formats are refused, wherever they are cut.
      let good = try Data(contentsOf: fixture("galaxies/nedlvs.fits"))
      let bad = folder.appending(path: "bad.fits")
      for length in [100, 2880, 5000, 5760, 8640, good.count - 5760] where length < good.count {
        try good.prefix(length).write(to: bad)
        #expect(throws: CatalogError.self, "\(length)") {
          try GalaxyIndexBuilder.build(from: bad, format: .nedLVS, to: plain)
        }
      }
      #expect(throws: CatalogError.self) {
        try GalaxyIndexBuilder.build(from: fixture("galaxies/nedlvs.fits"), format: .gladePlus, to: plain)
      }
    }
  }

  private func wholeSky() throws -> Skymap {
    try Skymap(
      RawSkymap(
        layout: .flat(nside: 1, ordering: .nested), values: .init(repeating: 1 / 12, count: 12),
        unit: .perPixel))
  }

  @Test func damagedFilesAreRefused() throws {
    try withFolder { folder in
      let url = folder.appending(path: "index")
      _ = try GalaxyIndexBuilder.build(from: fixture("galaxies/synthetic.csv"), format: .csv, to: url)
      let good = try Data(contentsOf: url)
      func refused(_ data: Data, _ what: String) throws {
        let bad = folder.appending(path: "bad")
        try data.write(to: bad)
        #expect(throws: CatalogError.self, "\(what)") { try GalaxyIndex(at: bad) }
      }
      try refused(good.prefix(good.count - 1), "cut")
      try refused(good.prefix(100), "short")
      try refused(Data(), "empty")
      try refused(good + Data([0]), "longer")
      for word in 0..<7 {
        for value: UInt64 in [0, 1, .max, UInt64(good.count), 1 << 40] {
          var data = good
          withUnsafeBytes(of: value.littleEndian) { data.replaceSubrange(word * 8..<word * 8 + 8, with: $0) }
          if data != good { try refused(data, "word \(word) is \(value)") }
        }
      }
      // Noise in the rows and tables gives galaxies that are nowhere, never a crash.
      var random = SeededGenerator(seed: 11)
      let search = GalaxyRanking.Search(try testMap(), level: Fraction(clamping: 0.9))
      for _ in 0..<20 {
        var data = good
        for _ in 0..<2000 {
          data[Int.random(in: 4096..<data.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let noisy = folder.appending(path: "noisy")
        try data.write(to: noisy)
        let index = try GalaxyIndex(at: noisy)
        let table = index.table(for: search)
        for row in table.rows.prefix(50) { _ = index.name(ofRow: row) }
        _ = index.name(ofRow: .max)
      }
    }
  }

  @Test func wrongInputsAreExplained() throws {
    try withFolder { folder in
      let out = folder.appending(path: "x")
      #expect(throws: CatalogError.noGalaxies(skipped: 1511)) {
        try GalaxyIndexBuilder.build(from: fixture("galaxies/synthetic.csv"), format: .gladePlus, to: out)
      }
      #expect(throws: CatalogError.self) {
        try GalaxyIndexBuilder.build(from: fixture("galaxies/gladeplus.txt"), format: .csv, to: out)
      }
      #expect(throws: CatalogError.self) {
        try GalaxyIndexBuilder.build(from: folder.appending(path: "absent"), format: .csv, to: out)
      }
      let long = folder.appending(path: "long")
      try Data(repeating: 65, count: 200_000).write(to: long)
      #expect(throws: CatalogError.self) {
        try GalaxyIndexBuilder.build(from: long, format: .gladePlus, to: out)
      }
      // Nothing half-written is left.
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["long"])
    }
  }
}
