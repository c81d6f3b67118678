import Skymaps
import Units

/// A binary table that was recognised as a probability map, and how.
struct MapTable {
  enum Layout {
    case multiOrder(uniq: FITSColumn)
    case partial(pixel: FITSColumn, nside: Int, ordering: RawSkymap.Ordering)
    case flat(nside: Int, ordering: RawSkymap.Ordering)
  }

  let unit: FITSReader.Unit
  let rows: Int
  let rowBytes: Int
  let layout: Layout
  let value: FITSColumn
  /// DISTMU, DISTSIGMA, DISTNORM.
  let distance: [FITSColumn]
  private(set) var findings: [SkymapReport.Finding] = []

  /// Why a unit is no map.
  enum Outcome {
    case map(MapTable)
    case other(reason: String)
  }

  /// Decides whether a unit is a probability map. Throws when it claims to be one and cannot be read.
  static func recognise(_ unit: FITSReader.Unit, limits: SkymapFile.Limits) throws(SkymapFileError) -> Outcome
  {
    let header = unit.header
    guard header.string("XTENSION")?.uppercased() == "BINTABLE" else {
      return .other(reason: "HDU \(unit.hdu) is \(unit.dataBytes == 0 ? "empty" : "no table")")
    }
    let (rows, rowBytes) = try dimensions(unit, limits: limits)
    let columns = try FITSColumn.all(of: header, rowBytes: rowBytes, hdu: unit.hdu)
    let names = columns.prefix(8).map(\.name).joined(separator: ", ")
    guard let value = valueColumn(columns) else {
      let uniqAlone = columns.contains { $0.name == "UNIQ" } || header.has("MOCVERS")
      return .other(
        reason: uniqAlone
          ? "HDU \(unit.hdu) is a MOC coverage, cells without probability"
          : "HDU \(unit.hdu) has no probability column among \(names.isEmpty ? "its columns" : names)")
    }
    guard rows > 0, rowBytes > 0, value.repeatCount > 0 else {
      return .other(reason: "HDU \(unit.hdu) has no rows")
    }
    var table: MapTable
    if let uniq = columns.first(where: { $0.name == "UNIQ" }) {
      table = MapTable(unit, rows, rowBytes, .multiOrder(uniq: uniq), value, columns)
    } else if let pixel = columns.first(where: { ["PIXEL", "PIX", "IPIX", "HPXINDEX"].contains($0.name) }) {
      table = MapTable(unit, rows, rowBytes, try partial(unit, pixel), value, columns)
    } else {
      guard
        header.has("ORDERING") || header.has("NSIDE") || header.string("PIXTYPE")?.uppercased() == "HEALPIX"
      else {
        return .other(reason: "HDU \(unit.hdu) has no UNIQ column and no HEALPix cards")
      }
      table = MapTable(
        unit, rows, rowBytes, try flat(unit, pixels: clampedProduct(rows, value.repeatCount), limits), value,
        columns)
      table.noteNsideConflict()
    }
    try table.checkRepeats()
    table.noteValueName()
    return .map(table)
  }

  private init(
    _ unit: FITSReader.Unit, _ rows: Int, _ rowBytes: Int, _ layout: Layout, _ value: FITSColumn,
    _ columns: [FITSColumn]
  ) {
    self.unit = unit
    self.rows = rows
    self.rowBytes = rowBytes
    self.layout = layout
    self.value = value
    let found = ["DISTMU", "DISTSIGMA", "DISTNORM"].map { name in columns.first { $0.name == name } }
    let usable = found.compactMap { $0 }.filter { $0.kind != .other && $0.repeatCount == value.repeatCount }
    distance = usable.count == 3 ? usable : []
    if distance.isEmpty, found.contains(where: { $0 != nil }) {
      findings.append(
        .init(
          .warning, "distance_incomplete",
          "DISTMU, DISTSIGMA and DISTNORM are not all there in the same form; read as a 2-D map"))
    }
  }

  static func dimensions(
    _ unit: FITSReader.Unit, limits: SkymapFile.Limits
  ) throws(SkymapFileError) -> (rows: Int, rowBytes: Int) {
    let header = unit.header
    guard header.integer("BITPIX") == 8, header.integer("NAXIS") == 2,
      let rowBytes = header.integer("NAXIS1"), let rows = header.integer("NAXIS2")
    else {
      throw .fits(
        hdu: unit.hdu,
        "a binary table must have BITPIX 8 and NAXIS 2; the header is damaged, get the file again")
    }
    guard rows <= limits.rows, rowBytes <= limits.rowBytes else {
      throw .fits(
        hdu: unit.hdu,
        "\(rows) rows of \(rowBytes) bytes are more than any sky map has; the header is damaged or this is no sky map"
      )
    }
    return (rows, rowBytes)
  }

  /// Names in order of preference. GBM's SIGNIFICANCE is a credible level per pixel, never a probability.
  private static let valueNames = ["PROBDENSITY", "PROB", "PROBABILITY", "PROB_DENSITY", "T"]

  private static func valueColumn(_ columns: [FITSColumn]) -> FITSColumn? {
    let numeric = columns.filter { $0.kind != .other }
    for name in valueNames {
      if let column = numeric.first(where: { $0.name == name }) { return column }
    }
    let other = ["SIGNIFICANCE", "UNIQ", "PIXEL", "PIX", "IPIX", "HPXINDEX"]
    return numeric.first { $0.isFloat && !other.contains($0.name) && !$0.name.hasPrefix("DIST") }
  }

  private mutating func noteValueName() {
    guard !Self.valueNames.contains(value.name) else { return }
    findings.append(
      .init(
        .warning, "value_column",
        "no column is named as probability; the first floating-point one, '\(value.name)', was taken"))
  }

  private func checkRepeats() throws(SkymapFileError) {
    let scalar: [FITSColumn] =
      switch layout {
      case .multiOrder(let uniq): [uniq, value]
      case .partial(let pixel, _, _): [pixel, value]
      case .flat: []
      }
    for column in scalar where column.repeatCount != 1 {
      throw .fits(
        hdu: unit.hdu,
        "column \(column.name) has \(column.repeatCount) elements a row where cells need one; the file is damaged"
      )
    }
  }
}

// MARK: HEALPix cards

extension MapTable {
  private static func ordering(_ unit: FITSReader.Unit) throws(SkymapFileError) -> RawSkymap.Ordering {
    switch unit.header.string("ORDERING")?.uppercased() {
    case "RING": return .ring
    case "NESTED", "NEST": return .nested
    case nil:
      throw .fits(
        hdu: unit.hdu,
        "a flat map without ORDERING cannot be placed on the sky; ask the sender for RING or NESTED")
    case let other?:
      throw .fits(
        hdu: unit.hdu,
        "ORDERING is '\(other)', not RING or NESTED, and there is no UNIQ column; the header is wrong, ask the sender"
      )
    }
  }

  private static func flat(
    _ unit: FITSReader.Unit, pixels: Int, _ limits: SkymapFile.Limits
  ) throws(SkymapFileError) -> Layout {
    guard pixels <= limits.rows else {
      throw .fits(
        hdu: unit.hdu,
        "\(pixels) pixels are more than any sky map has; the header is damaged or this is no sky map")
    }
    let nside = Int((Double(pixels) / 12).squareRoot().rounded())
    guard nside > 0, 12 * nside * nside == pixels else {
      throw .fits(
        hdu: unit.hdu,
        "\(pixels) pixels are no full sky, which has 12 nside^2; the file is incomplete, get it again")
    }
    return .flat(nside: nside, ordering: try ordering(unit))
  }

  private static func partial(_ unit: FITSReader.Unit, _ pixel: FITSColumn) throws(SkymapFileError) -> Layout
  {
    guard let nside = unit.header.integer("NSIDE"), nside > 0 else {
      throw .fits(
        hdu: unit.hdu,
        "pixel numbers without an NSIDE card cannot be placed on the sky; ask the sender for NSIDE")
    }
    return .partial(pixel: pixel, nside: nside, ordering: try ordering(unit))
  }

  private mutating func noteNsideConflict() {
    guard case .flat(let nside, _) = layout, let stated = unit.header.integer("NSIDE"), stated != nside else {
      return
    }
    findings.append(
      .init(
        .warning, "nside_conflict",
        "NSIDE says \(stated), the number of pixels is that of nside \(nside), which is used"))
  }

  /// Per steradian, per square degree or per pixel, in the spellings that occur.
  var valueUnit: RawSkymap.Unit {
    let plain = value.unit.lowercased().filter { !" *^()".contains($0) }
    switch plain {
    case "sr-1", "1/sr", "/sr", "steradian-1": return .perSteradian
    case "deg-2", "1/deg2", "/deg2", "sqdeg-1", "deg2-1": return .perSquareDegree
    case "pix-1", "1/pix", "/pix", "pixel-1", "1/pixel", "/pixel": return .perPixel
    default: return .unstated
    }
  }

  static func frame(_ unit: FITSReader.Unit) throws(SkymapFileError) -> (SkyFrame, SkymapReport.Finding?) {
    switch unit.header.string("COORDSYS")?.uppercased() {
    case nil: return (.icrs, .init(.note, "no_coordsys", "no COORDSYS; taken as equatorial"))
    case "C", "Q", "CELESTIAL", "EQUATORIAL", "ICRS", "FK5", "J2000": return (.icrs, nil)
    case "G", "GALACTIC": return (.galactic, nil)
    case "E", "ECLIPTIC": return (.ecliptic, nil)
    case let other?:
      throw .fits(
        hdu: unit.hdu, "COORDSYS '\(other)' is no known frame (C, G or E); ask the sender which one it is")
    }
  }
}
