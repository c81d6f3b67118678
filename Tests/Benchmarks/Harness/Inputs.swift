import CZlib
import Foundation
import Healpix
import Observatories
import Planning
import SkymapFiles
import Skymaps
import TelescopeFiles
import Units

/// The maps and telescopes the cases work on.
struct Inputs {
  /// A map to plan, with a short name for the table.
  struct Event {
    let label: String
    let url: URL
    /// Its time, UTC. Kept here too, so that no process need read the map to start another one: memory
    /// that a parent holds counts as its child's.
    let time: String
  }

  /// Files made for this run; the parent removes them.
  let scratch: URL
  /// Maps to plan. The targets speak of the first, and for one telescope of one with 7,000 square degrees, which is
  /// made of it.
  let events: [Event]
  private let widest: Event

  init(scratch: URL) throws {
    self.scratch = scratch
    let environment = ProcessInfo.processInfo.environment["VESPER_SHARED"]
    let maps = URL(filePath: environment ?? "../shared").appending(path: "data/skymaps")
    let wanted = [
      (
        "GW190425, 10,183 deg2", maps.appending(path: "skyportal_tests_bayestar.fits.gz"),
        "2019-04-25T08:18:05.018Z"
      ),
      (
        "S230518h, 666 deg2", maps.appending(path: "S230518h-Initial_alert.multiorder.fits"),
        "2023-05-18T12:59:08.154Z"
      ),
    ].filter { FileManager.default.fileExists(atPath: $0.1.path) }
    // What comes with the repository: one detector sees all too much sky, two see a tenth of the target's.
    let own = [
      (
        "mock MS261109c, 24,168 deg2", "MS261109c-one-detector.multiorder.fits.gz",
        "2026-11-09T18:25:02.750Z"
      ),
      (
        "mock MS261009b, 577 deg2", "MS261009b-two-detectors.multiorder.fits",
        "2026-10-09T20:11:36.204Z"
      ),
    ].map { ($0.0, URL(filePath: "Fixtures/skymaps").appending(path: $0.1), $0.2) }
    var events = (wanted.isEmpty ? own : wanted).map { Event(label: $0.0, url: $0.1, time: $0.2) }
    for event in events where !FileManager.default.fileExists(atPath: event.url.path) {
      throw BenchError("\(event.url.path): no such file; run in the root of the repository")
    }
    widest = events[0]
    if !wanted.isEmpty {
      events.append(
        Event(label: "the same narrowed to 7,000 deg2", url: Self.narrowed(scratch), time: widest.time))
    }
    self.events = events
  }

  var threeDetectors: URL {
    URL(filePath: "Fixtures/skymaps/MS260915a-three-detectors.multiorder.fits")
  }
  var network: URL { URL(filePath: "Tests/Benchmarks/network") }
  var registry: URL { URL(filePath: "telescopes") }
  var multiOrderFile: URL { scratch.appending(path: "19200.multiorder.fits") }
  var flatFile: URL { scratch.appending(path: "flat1024.fits.gz") }

  static let narrowedArea = SolidAngle.squareDegrees(7000)
  private static func narrowed(_ scratch: URL) -> URL { scratch.appending(path: "7000.multiorder.fits") }

  func telescopes(_ folder: URL, only id: String? = nil) throws -> [Telescope] {
    let all = try TelescopeFiles.load(folder).registry.telescopes
    return id == nil ? all : all.filter { $0.id == id }
  }

  func request(_ event: Event, _ telescopes: [Telescope]) throws -> PlanRequest {
    let map = try SkymapFile.read(contentsOf: event.url)
    guard let start = Instant(iso8601: event.time) else {
      throw BenchError("\(event.time) is not a time")
    }
    return PlanRequest(
      event: .init(id: "benchmark", time: start), map: map, mapDigest: "", telescopes: telescopes,
      now: start,
      window: TimeWindow(start, start + .hours(24)), earth: .bundled, softwareVersion: "benchmark")
  }
}

extension Inputs {
  /// Rows of a usual alert.
  static let rows = 19_200

  /// What a child is told in place of a case to make the files.
  static let making = "make-files"

  /// Writes the maps that are not kept in the repository.
  func makeFiles() throws {
    let map = try SkymapFile.read(contentsOf: threeDetectors)
    try Data(SkymapFile.write(split(map))).write(to: multiOrderFile)
    try writeFlat(map, order: 10)
    if events.contains(where: { $0.url == Self.narrowed(scratch) }) {
      let wide = try SkymapFile.read(contentsOf: widest.url)
      try Data(SkymapFile.write(narrowed(wide))).write(to: Self.narrowed(scratch))
    }
  }

  /// A map with its densities raised to the power at which the 90 % region has `narrowedArea`.
  private func narrowed(_ map: Skymap) throws -> Skymap {
    func raised(_ power: Double) throws -> Skymap {
      let most = map.density.max() ?? 1
      return try Skymap(
        RawSkymap(
          layout: .multiOrder(uniq: ContiguousArray((0..<map.count).map { Int64(map.cell($0).uniq) })),
          values: ContiguousArray(map.density.map { pow($0 / most, power) }), unit: .perSteradian,
          distance: map.distance, header: map.header))
    }
    var (low, high) = (1.0, 4.0)
    for _ in 0..<20 {
      let middle = (low + high) / 2
      let area = CredibleRegions(of: try raised(middle)).area(at: Fraction(clamping: 0.9))
      if area > Self.narrowedArea { low = middle } else { high = middle }
    }
    return try raised(high)
  }

  /// A map with the densest cells in four, to have as many rows as a usual alert.
  private func split(_ map: Skymap) throws -> Skymap {
    let parents = (Self.rows - map.count) / 3
    let ranked = map.density.indices.sorted { map.density[$0] > map.density[$1] }
    let chosen = Set(ranked.filter { map.orders[$0] < 20 }.prefix(parents))
    var uniq = ContiguousArray<Int64>()
    var values = ContiguousArray<Double>()
    var layers: [ContiguousArray<Double>] = [[], [], []]
    for i in 0..<map.count {
      let cell = map.cell(i)
      let pieces: [Int64] =
        chosen.contains(i) ? (0..<4).map { 4 * Int64(cell.uniq) + $0 } : [Int64(cell.uniq)]
      for (k, piece) in pieces.enumerated() {
        uniq.append(piece)
        // Unequal, as in a real map.
        values.append(map.density[i] * (1 + 0.01 * (Double(k) - Double(pieces.count - 1) / 2)))
        if let d = map.distance {
          layers[0].append(d.mu[i])
          layers[1].append(d.sigma[i])
          layers[2].append(d.norm[i])
        }
      }
    }
    let distance = map.distance.map { _ in
      DistanceLayer(mu: layers[0], sigma: layers[1], norm: layers[2])
    }
    return try Skymap(
      RawSkymap(
        layout: .multiOrder(uniq: uniq), values: values, unit: .perSteradian, distance: distance,
        header: map.header))
  }

  /// The map as older alerts have it: one row a pixel, NESTED, PROB and three distance columns, gzip.
  private func writeFlat(_ map: Skymap, order: Int) throws {
    guard let distance = map.distance, let file = gzopen(flatFile.path, "wb6") else {
      throw BenchError("\(flatFile.path) cannot be written")
    }
    defer { gzclose(file) }
    func put(_ bytes: [UInt8]) throws {
      guard gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count) else {
        throw BenchError("\(flatFile.path) cannot be written")
      }
    }
    let pixels = 12 << (2 * order)
    try put(Self.flatHeader(order: order, pixels: pixels))
    let area = Cell.area(order: order).steradians
    for i in 0..<map.count {
      let depth = order - Int(map.orders[i])
      guard depth >= 0 else { throw BenchError("the map is finer than order \(order)") }
      let row = [map.density[i] * area, distance.mu[i], distance.sigma[i], distance.norm[i]].flatMap {
        value in
        withUnsafeBytes(of: value.bitPattern.bigEndian) { [UInt8]($0) }
      }
      var left = 1 << (2 * depth)
      let block = [[UInt8]](repeating: row, count: min(left, 4096)).flatMap { $0 }
      while left > 0 {
        let n = min(left, 4096)
        try put(n == block.count / row.count ? block : Array(block.prefix(n * row.count)))
        left -= n
      }
    }
    try put([UInt8](repeating: 0, count: (2880 - pixels * 32 % 2880) % 2880))
  }

  private static func flatHeader(order: Int, pixels: Int) -> [UInt8] {
    func card(_ key: String, _ value: String) -> String {
      (key.padding(toLength: 8, withPad: " ", startingAt: 0) + "= " + value)
        .padding(toLength: 80, withPad: " ", startingAt: 0)
    }
    func unit(_ cards: [String]) -> [UInt8] {
      let text = cards.joined() + "END"
      let length = (text.utf8.count + 2879) / 2880 * 2880
      return Array(text.padding(toLength: length, withPad: " ", startingAt: 0).utf8)
    }
    let columns = [
      ("PROB", "pix-1"), ("DISTMU", "Mpc"), ("DISTSIGMA", "Mpc"), ("DISTNORM", "Mpc-2"),
    ]
    let primary = [
      card("SIMPLE", "T"), card("BITPIX", "8"), card("NAXIS", "0"), card("EXTEND", "T"),
    ]
    let table =
      [
        card("XTENSION", "'BINTABLE'"), card("BITPIX", "8"), card("NAXIS", "2"),
        card("NAXIS1", "32"),
        card("NAXIS2", "\(pixels)"), card("PCOUNT", "0"), card("GCOUNT", "1"), card("TFIELDS", "4"),
      ]
      + columns.enumerated().flatMap { i, column in
        [
          card("TTYPE\(i + 1)", "'\(column.0)'"), card("TFORM\(i + 1)", "'D       '"),
          card("TUNIT\(i + 1)", "'\(column.1)'"),
        ]
      }
      + [
        card("PIXTYPE", "'HEALPIX '"), card("ORDERING", "'NESTED  '"),
        card("COORDSYS", "'C       '"),
        card("NSIDE", "\(1 << order)"), card("FIRSTPIX", "0"), card("LASTPIX", "\(pixels - 1)"),
        card("INDXSCHM", "'IMPLICIT'"), card("DATE-OBS", "'2026-09-15T17:42:10.318'"),
      ]
    return unit(primary) + unit(table)
  }
}
