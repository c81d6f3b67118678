import Foundation
import Healpix
import SkymapFiles
import Skymaps
import Testing
import Units

/// Layouts made for the test, of which the values are known.
struct LayoutTests {
  /// A different value in each pixel of an order-2 map, in NESTED order; sums to 1.
  static let values = (0..<192).map { Double($0 + 1) / (192 * 193 / 2) }

  static func healpix(_ ordering: String) -> [String] {
    [
      "PIXTYPE = 'HEALPIX'", "ORDERING= '\(ordering)'", "NSIDE   = 4", "COORDSYS= 'C'",
      "INDXSCHM= 'IMPLICIT'",
    ]
  }

  /// NESTED values in RING order.
  static var ringValues: [Double] {
    var result = [Double](repeating: 0, count: 192)
    for nested in 0..<192 {
      let center = Cell(order: 2, index: UInt64(nested)).center
      result[Int(FlatIndex.ring(nside: 4, containing: center))] = values[nested]
    }
    return result
  }

  func expectValues(_ map: Skymap, sourceLocation: SourceLocation = #_sourceLocation) {
    for nested in 0..<192 {
      let index = map.cellIndex(ofKey: Cell(order: 2, index: UInt64(nested)).firstKey)!
      let density = Self.values[nested] / Cell.area(order: 2).steradians
      #expect(abs(map.density[index] / density - 1) < 1e-6, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: ["NESTED", "NEST", "nested "])
  func nestedScalarRows(_ ordering: String) throws {
    let file = TableBuilder(columns: [.double("PROB", Self.values)], cards: Self.healpix(ordering))
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.report.layout == "flat NESTED nside 4 [PROB]")
    #expect(map.report.findings.isEmpty)
    expectValues(map)
  }

  @Test(arguments: [1, 3, 4, 12, 48, 192])
  func vectorRowsOfAnyLength(_ perRow: Int) throws {
    let values = Self.values.map(Float.init)
    let nested = TableBuilder(
      columns: [
        .floatRows("PROBABILITY", values, perRow: perRow), .floatRows("SIGNIFICANCE", values, perRow: perRow),
      ],
      cards: Self.healpix("NESTED"))
    expectValues(try SkymapFile.read(bytes: nested.fits()))
    let ring = TableBuilder(
      columns: [.floatRows("T", Self.ringValues.map(Float.init), perRow: perRow)], cards: Self.healpix("RING")
    )
    expectValues(try SkymapFile.read(bytes: ring.fits()))
  }

  @Test func significanceIsNeverTaken() throws {
    let ones = [Float](repeating: 1, count: 192)
    let file = TableBuilder(
      columns: [.float("SIGNIFICANCE", ones), .float("WEIGHT", Self.values.map(Float.init))],
      cards: Self.healpix("NESTED"))
    let map = try SkymapFile.read(bytes: file.fits())
    expectValues(map)
    #expect(map.report.findings.map(\.code) == ["value_column"])
    let alone = TableBuilder(columns: [.float("SIGNIFICANCE", ones)], cards: Self.healpix("NESTED"))
    #expect(Verdict(bytes: alone.fits()).error?.description.contains("no probability column") == true)
  }

  @Test(arguments: [RawSkymap.Ordering.nested, .ring])
  func cutSky(_ ordering: RawSkymap.Ordering) throws {
    // Pixels 10..<20 of the sphere, shuffled.
    let nested = [13, 10, 19, 12, 11, 18, 17, 14, 16, 15]
    let pixels = nested.map { index in
      ordering == .nested
        ? Int32(index)
        : Int32(FlatIndex.ring(nside: 4, containing: Cell(order: 2, index: UInt64(index)).center))
    }
    let file = TableBuilder(
      columns: [.int32("PIXEL", pixels), .double("PROB", nested.map { Self.values[$0] })],
      cards: Self.healpix(ordering.rawValue) + ["OBJECT  = 'PARTIAL'"])
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.report.kind == .partial)
    #expect(map.count == 10)
    #expect(abs(map.report.coverage.value - 10.0 / 192) < 1e-12)
    let sum = (10..<20).reduce(0) { $0 + Self.values[$1] }
    #expect(abs(map.report.sumBeforeNormalisation - sum) < 1e-12)
    for (i, index) in (10..<20).enumerated() {
      #expect(map.keys[i] == Cell(order: 2, index: UInt64(index)).firstKey)
      #expect(abs(map.probability(ofCell: i) - Self.values[index] / sum) < 1e-12)
    }
    #expect(map.header.object == nil)
  }

  /// A uniform sky in three units; which one is told by the card or by the sum.
  @Test(
    arguments: [
      ("PROBDENSITY", "'sr-1'", 1 / (4 * Double.pi), false, []),
      ("PROBDENSITY", "'deg-2'", 1 / 41252.96124941927, false, []),
      ("PROB", "'pix-1'", 1 / 48.0, true, []),
      ("PROB", nil, 1 / 48.0, true, ["unit_by_sum"]),
      ("PROBDENSITY", nil, 1 / 41252.96124941927, false, ["unit_by_sum"]),
      ("PROBDENSITY", "'sr-1'", 1 / 48.0, true, ["unit_by_sum"]),
      ("PROBDENSITY", nil, 7, false, ["unit_assumed", "renormalised"]),
      ("PROBDENSITY", "'sr-1'", 1e6 / (4 * Double.pi), false, ["renormalised"]),
    ] as [(String, String?, Double, Bool, [String])])
  func unitsAreResolved(
    _ name: String, _ unit: String?, _ value: Double, _ isPerCell: Bool, _ codes: [String]
  ) throws {
    // One cell of order 1 is split, so that values per cell and per area differ.
    let uniq = (17..<64).map { Int64($0) } + (64..<68).map { Int64($0) }
    let area = [Double](repeating: 1, count: 47) + [Double](repeating: isPerCell ? 0.25 : 1, count: 4)
    let file = TableBuilder(
      columns: [.int64("UNIQ", uniq), .double(name, area.map { $0 * value })],
      cards: ["COORDSYS= 'C'"] + (unit.map { ["TUNIT2  = \($0)"] } ?? []))
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.report.findings.map(\.code) == codes)
    for density in map.density { #expect(abs(density * 4 * .pi - 1) < 1e-9) }
  }

  @Test func unsignedSixtyFourBitNumbers() throws {
    // Written with TZERO 2^63: the bits of the value with the top one flipped.
    var file = TableBuilder.baseCells(["TZERO1  = 9223372036854775808"])
    file.columns[0] = .int64("UNIQ", (4..<16).map { Int64($0) ^ .min })
    #expect(try SkymapFile.read(bytes: file.fits()).count == 12)
    // 2^63 itself is no cell.
    file.columns[0] = .int64("UNIQ", (4..<15).map { Int64($0) ^ .min } + [0])
    #expect(Verdict(bytes: file.fits()).error == .map(.invalidUniq(row: 11, value: .min)))
  }

  @Test func paddingRowsAreSkipped() throws {
    var file = TableBuilder.baseCells()
    file.columns = [
      .int64("UNIQ", [0, 0] + (4..<16).map { $0 } + [0]),
      .double("PROBDENSITY", [0, 0] + [Double](repeating: 1 / (4 * .pi), count: 12) + [.nan]),
    ]
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.count == 12)
    #expect(map.report.findings.map(\.code) == ["padding_rows"])
    file.columns[1] = .double("PROBDENSITY", [Double](repeating: 1 / (4 * .pi), count: 15))
    #expect(Verdict(bytes: file.fits()).error == .map(.invalidUniq(row: 0, value: 0)))
  }

  @Test func overlapsAreRefusedAndRepeatsDropped() throws {
    let twelfth = 1 / (4 * Double.pi)
    var file = TableBuilder.baseCells()
    // Base cell 0 and its four children.
    file.columns = [
      .int64("UNIQ", (4..<20).map { $0 }), .double("PROBDENSITY", [Double](repeating: twelfth, count: 16)),
    ]
    #expect(Verdict(bytes: file.fits()).error == .map(.overlap(4, 16)))
    // A child far inside, given first.
    file.columns = [
      .int64("UNIQ", [4 << 20 + 77] + (4..<16).map { $0 }),
      .double("PROBDENSITY", [Double](repeating: twelfth, count: 13)),
    ]
    #expect(Verdict(bytes: file.fits()).error == .map(.overlap(4, 4 << 20 + 77)))
    file.columns = [
      .int64("UNIQ", (4..<16).map { $0 } + [7, 7]),
      .double("PROBDENSITY", [Double](repeating: twelfth, count: 14)),
    ]
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.count == 12)
    #expect(map.report.findings.map(\.code) == ["duplicate_cell"])
  }

  @Test func cellNumbersThatAreNotWholeAreRefused() {
    var file = TableBuilder.baseCells()
    file.columns[0] = .double("UNIQ", (4..<16).map { Double($0) + ($0 == 9 ? 0.25 : 0) })
    #expect(Verdict(bytes: file.fits()).error?.description.contains("no exact cell number") == true)
    // 2^54 + 2 is a double, but its neighbours are not: it may have been another number.
    file.columns[0] = .double("UNIQ", (4..<16).map { $0 == 9 ? 0x1p54 + 2 : Double($0) })
    #expect(Verdict(bytes: file.fits()).error?.description.contains("no exact cell number") == true)
  }

  @Test func unusableValuesAreCounted() throws {
    var file = TableBuilder.baseCells()
    var values = [Double](repeating: 1, count: 12)
    values[0] = .nan
    values[1] = -0.5
    values[2] = -1.6375e30
    file.columns[1] = .double("PROBDENSITY", values)
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(
      map.report.findings.filter { $0.code != "renormalised" }.map(\.code) == [
        "nan_density", "unseen", "negative_density",
      ])
    #expect(map.density[0] == 0 && map.density[1] == 0 && map.density[2] == 0)
    file.columns[1] = .double("PROBDENSITY", [Double](repeating: .nan, count: 12))
    #expect(Verdict(bytes: file.fits()).error == .map(.noProbability(repaired: 12)))
    file.columns[1] = .double("PROBDENSITY", values.map { $0.isNaN ? -.infinity : $0 })
    #expect(Verdict(bytes: file.fits()).error == .map(.infiniteValues(1)))
    file.columns[1] = .double("PROBDENSITY", [Double](repeating: 1e308, count: 12))
    #expect(Verdict(bytes: file.fits()).error == .map(.total(.infinity)))
  }

  @Test func flatPixelsAreCountedThoughMerged() throws {
    var values = [Double](repeating: 1 / 192.0, count: 192)
    for i in 16..<32 { values[i] = .nan }
    let file = TableBuilder(columns: [.double("PROB", values)], cards: Self.healpix("NESTED"))
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.count == 12)
    #expect(map.report.findings.first?.message == "16 pixels are not numbers; set to zero")
  }

  @Test func distanceColumnsMustBeComplete() throws {
    var file = TableBuilder.baseCells()
    file.columns += [.double("DISTMU", [Double](repeating: 100, count: 12))]
    let map = try SkymapFile.read(bytes: file.fits())
    #expect(map.distance == nil)
    #expect(map.report.findings.map(\.code) == ["distance_incomplete"])
  }

  @Test func headersThatLieAreRefused() {
    func verdict(_ lies: [String: String]) -> String {
      var file = TableBuilder.baseCells()
      file.lies = lies
      return Verdict(bytes: file.fits()).error?.description ?? "accepted"
    }
    #expect(verdict(["NAXIS1": "0"]).contains("NAXIS1 says 0"))
    #expect(verdict(["NAXIS1": "24"]).contains("NAXIS1 says 24"))
    #expect(verdict(["NAXIS1": "-16"]).contains("NAXIS1 is missing or negative"))
    #expect(verdict(["NAXIS2": "100000"]).contains("promises 1600000 bytes"))
    #expect(verdict(["NAXIS2": "9223372036854775807"]).contains("promises more than 2^63"))
    #expect(verdict(["NAXIS2": "0"]).contains("no rows"))
    #expect(verdict(["NAXIS2": "'many'"]).contains("NAXIS2 is missing"))
    #expect(verdict(["PCOUNT": "-1"]).contains("PCOUNT"))
    #expect(verdict(["BITPIX": "7"]).contains("BITPIX"))
    #expect(verdict(["TFIELDS": "1000000"]).contains("TFIELDS"))
    #expect(verdict(["TFIELDS": "65"]).contains("65 columns"))
    #expect(verdict(["TFORM1": "'9999999999999K'"]).contains("TFORM1"))
    #expect(verdict(["TFORM1": "'Z'"]).contains("TFORM1"))
    #expect(verdict(["TFORM2": "'-3D'"]).contains("TFORM2"))
  }

  @Test func checksumsAreVerifiedAndOnlyTold() throws {
    let map = try SkymapFile.read(bytes: TableBuilder.baseCells().fits())
    let good = try SkymapFile.write(map)
    #expect(try SkymapFile.read(bytes: good).report.findings.isEmpty)
    var data = good
    data[data.count - 2880 + 12] ^= 1  // the last bit of the fourth byte of a density
    #expect(Verdict(bytes: data).codes.contains("datasum"))
    var header = good
    let place = header.firstRange(of: Array("INDXSCHM".utf8))!.lowerBound
    header[place + 40] = UInt8(ascii: "x")
    #expect(Verdict(bytes: header).codes == ["checksum"])
  }

  @Test func headerBytesOutsideASCIIAreBlanked() throws {
    var bytes = TableBuilder.baseCells(["OBJECT  = 'GRB?1'"]).fits()
    bytes[bytes.firstRange(of: Array("GRB?1".utf8))!.lowerBound + 3] = 0xE9
    let map = try SkymapFile.read(bytes: bytes)
    #expect(map.report.findings.map(\.code) == ["non_ascii_header"])
    #expect(map.header.object == "GRB 1")
  }

  @Test func timesAreFoundAndDoubted() throws {
    func map(_ cards: [String]) throws -> Skymap {
      try SkymapFile.read(bytes: TableBuilder.baseCells(cards).fits())
    }
    let date = "DATE-OBS= '2023-05-18T12:59:08.153968'"
    #expect(try map([date]).header.eventTime == Instant(iso8601: "2023-05-18T12:59:08.153968Z"))
    #expect(try map(["MJD-OBS = 60082.5"]).header.eventTime == Instant(iso8601: "2023-05-18T12:00:00Z"))
    #expect(try map([date, "MJD-OBS = 60082.54106659685"]).report.findings.isEmpty)
    #expect(try map([date, "MJD-OBS = 60083.5"]).report.findings.map(\.code) == ["time_conflict"])
    let garbage = try map(["DATE-OBS= 'yesterday'", "MJD-OBS = 60082.5"])
    #expect(garbage.report.findings.map(\.code) == ["bad_date"])
    #expect(garbage.header.eventTime == Instant(iso8601: "2023-05-18T12:00:00Z"))
    // Terrestrial Time runs 69.184 s ahead of UTC in 2023.
    let terrestrial = try map(["DATE-OBS= '2023-05-18T13:00:17.184'", "TIMESYS = 'TT'"]).header.eventTime!
    #expect(abs(terrestrial.seconds(since: Instant(iso8601: "2023-05-18T12:59:08Z")!)) < 1e-5)
  }

  @Test(arguments: ["O'Neil ''s", "a / b", "", "x=1"])
  func stringsOfCards(_ text: String) throws {
    let quoted = text.replacing("'", with: "''")
    let map = try SkymapFile.read(
      bytes: TableBuilder.baseCells(["OBJECT  = '\(quoted)' / a comment with 'quotes'"]).fits())
    #expect(map.header.object == (text.isEmpty ? nil : text))
  }
}
