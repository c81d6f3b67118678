import Units

/// The text catalogues that can be read.
///
/// - `gladeplus`: GLADE+ as published (Dalya et al. 2022, MNRAS 514, 1403): 40 columns between blanks, `null` for
///   what is missing. Taken: number, names, object type, RA, Dec, absolute B, d_L and its error, M*. Quasars
///   (type Q) are passed over.
/// - `nedlvs`: NED-LVS (Cook et al. 2023): the FITS table as published, or comma-separated text with its column
///   names: objname, ra, dec, DistMpc, DistMpc_unc, Mstar (solar masses).
/// - `csv`: comma-separated with a header: `ra_deg`, `dec_deg`, `distance_mpc`, and where known `name`,
///   `distance_error_mpc`, `abs_mag_b` or `luminosity_b_1e10`, `mass_1e10` or `log_mass`.
public enum CatalogFormat: String, Sendable, Hashable, CaseIterable {
  case gladePlus = "gladeplus"
  case nedLVS = "nedlvs"
  case csv
}

/// Why a row of a catalogue is left out.
public enum RowFault: String, Sendable, Hashable, CaseIterable {
  /// Fewer columns than the format has.
  case columns
  /// A position that is not a number.
  case position = "position_not_a_number"
  /// A position outside 0...360 by -90...90.
  case range = "position_out_of_range"
  /// No distance: it cannot be ranked in space.
  case noDistance = "no_distance"
  /// A distance that is not a number, not positive or above 10^5 Mpc.
  case distance = "distance_out_of_range"
  /// A number or a position that a row before it had.
  case duplicate
  /// A quasar.
  case quasar
}

/// Why a catalogue cannot be read at all.
public enum CatalogError: Error, Equatable, Sendable {
  case missingColumn(String, has: [String])
  case notAnIndex(String)
  case file(String)
  case noGalaxies(skipped: Int)
}

extension CatalogError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingColumn(let name, let has):
      "the catalogue has no column `\(name)`, only \(has.prefix(40).joined(separator: ", ")); "
        + "name the format it really has"
    case .notAnIndex(let why): "it is no galaxy index of this program: \(why); build it with `galaxies build`"
    case .file(let text): text
    case .noGalaxies(let skipped):
      "no galaxy can be used (\(skipped) rows left out); name the format the catalogue really has"
    }
  }
}

/// Turns the lines of a catalogue into galaxies.
public struct CatalogParser: Sendable {
  public let format: CatalogFormat
  /// Column of each quantity; -1: none.
  private var name = -1
  private var ra = -1
  private var dec = -1
  private var distance = -1
  private var deviation = -1
  private var magnitude = -1
  private var luminosity = -1
  private var mass = -1
  private var logMass = -1
  /// Divides a mass to 10^10 solar.
  private var massUnit = 1.0
  private var lastColumn = 0

  /// Absolute B of the Sun, as GLADE counts luminosities (Kopparapu et al. 2008).
  static let solarB = 5.48

  /// - Parameter header: the first line, for the formats that have one.
  public init(_ format: CatalogFormat, header: String? = nil) throws(CatalogError) {
    self.format = format
    guard format != .gladePlus else { return }
    let names = (header ?? "").split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.filter { !$0.isWhitespace && $0 != "\"" && $0 != "\u{FEFF}" }).lowercased()
    }
    func column(_ wanted: String...) -> Int {
      names.firstIndex { wanted.contains($0) } ?? -1
    }
    func needed(_ wanted: String, _ index: Int) throws(CatalogError) -> Int {
      guard index >= 0 else { throw .missingColumn(wanted, has: names) }
      return index
    }
    ra = try needed(format == .csv ? "ra_deg" : "ra", column("ra_deg", "ra"))
    dec = try needed(format == .csv ? "dec_deg" : "dec", column("dec_deg", "dec"))
    distance = try needed(
      format == .csv ? "distance_mpc" : "DistMpc", column("distance_mpc", "distmpc"))
    deviation = column("distance_error_mpc", "distmpc_unc")
    name = column("name", "objname")
    magnitude = column("abs_mag_b")
    luminosity = column("luminosity_b_1e10")
    mass = column("mass_1e10", "mstar")
    massUnit = column("mass_1e10") >= 0 ? 1 : 1e10
    logMass = column("log_mass")
    lastColumn = max(ra, dec, distance)
  }

  public enum Parsed: Sendable { case galaxy(GalaxyRow), fault(RowFault), blank }

  /// - Parameter line: without its end.
  public func parse(_ line: UnsafeRawBufferPointer) -> Parsed {
    var line = line
    while let last = line.last, last == 13 || last == 32 { line = .init(rebasing: line.dropLast()) }
    guard let first = line.first else { return .blank }
    if first == UInt8(ascii: "#") { return .blank }
    return format == .gladePlus ? glade(line) : separated(line)
  }

  // MARK: GLADE+

  private func glade(_ line: UnsafeRawBufferPointer) -> Parsed {
    // Columns up to M* (36th): start and end of each.
    withUnsafeTemporaryAllocation(of: (Int, Int).self, capacity: 36) { spans in
      var (count, i) = (0, 0)
      while i < line.count, count < 36 {
        while i < line.count, line[i] == 32 || line[i] == 9 { i += 1 }
        let start = i
        while i < line.count, line[i] != 32, line[i] != 9 { i += 1 }
        if i > start {
          spans.initializeElement(at: count, to: (start, i))
          count += 1
        }
      }
      guard count >= 33 else { return .fault(.columns) }
      func field(_ n: Int) -> FieldText {
        guard n <= count else { return FieldText(bytes: .init(rebasing: line[0..<0])) }
        return FieldText(bytes: .init(rebasing: line[spans[n - 1].0..<spans[n - 1].1]))
      }
      if field(8).bytes.elementsEqual("Q".utf8) { return .fault(.quasar) }
      let magnitude = Self.quantity(field(14))
      let name = [3, 4, 5].lazy.map(field).first { !$0.isMissing }
      return Self.galaxy(
        ra: field(9), dec: field(10), distance: field(33), deviation: field(34),
        luminosity: Self.luminosity(absoluteB: magnitude), mass: Self.quantity(field(36)),
        number: field(1).number ?? 0, name: name)
    }
  }

  // MARK: with a header

  private func separated(_ line: UnsafeRawBufferPointer) -> Parsed {
    withUnsafeTemporaryAllocation(of: (Int, Int).self, capacity: 256) { spans in
      var (count, start, i) = (0, 0, 0)
      var isQuoted = false
      while i <= line.count, count < 256 {
        if i < line.count, line[i] == UInt8(ascii: "\"") { isQuoted.toggle() }
        if i == line.count || (line[i] == UInt8(ascii: ",") && !isQuoted) {
          spans.initializeElement(at: count, to: (start, i))
          count += 1
          start = i + 1
        }
        i += 1
      }
      guard count > lastColumn else { return .fault(.columns) }
      func field(_ n: Int) -> FieldText {
        guard n >= 0, n < count else { return FieldText(bytes: .init(rebasing: line[0..<0])) }
        var (a, b) = spans[n]
        while a < b, line[a] == 32 || line[a] == 34 { a += 1 }
        while b > a, line[b - 1] == 32 || line[b - 1] == 34 { b -= 1 }
        return FieldText(bytes: .init(rebasing: line[a..<b]))
      }
      let light = luminosity >= 0 ? Self.quantity(field(luminosity)) : .nan
      let known = light.isFinite ? light : Self.luminosity(absoluteB: Self.quantity(field(magnitude)))
      var weight = Self.quantity(field(mass)) / massUnit
      let logarithm = Self.quantity(field(logMass))
      if logarithm.isFinite { weight = Self.power(10, logarithm - 10) }
      let title = field(name)
      return Self.galaxy(
        ra: field(ra), dec: field(dec), distance: field(distance), deviation: field(deviation),
        luminosity: known, mass: weight, number: 0, name: title.isMissing ? nil : title)
    }
  }

  private static func quantity(_ field: FieldText) -> Double {
    field.isMissing ? .nan : field.number ?? .nan
  }

  private static func luminosity(absoluteB m: Double) -> Double {
    // Brighter than -30 or fainter than 0 is no galaxy's magnitude.
    (-30...0).contains(m) ? power(10, -0.4 * (m - solarB) - 10) : .nan
  }

  private static func galaxy(
    ra: FieldText, dec: FieldText, distance: FieldText, deviation: FieldText, luminosity: Double,
    mass: Double, number: Double, name: FieldText?
  ) -> Parsed {
    guard let ra = ra.number, let dec = dec.number else { return .fault(.position) }
    guard (0...360).contains(ra), (-90...90).contains(dec) else { return .fault(.range) }
    if distance.isMissing { return .fault(.noDistance) }
    guard let d = distance.number else { return .fault(.distance) }
    return checked(
      ra: ra, dec: dec, distance: d, deviation: quantity(deviation), luminosity: luminosity, mass: mass,
      number: number, name: name?.text)
  }

  /// The same for values that are numbers already; NaN is a missing one.
  ///
  /// - Parameters:
  ///   - ra: degrees, as `dec`.
  ///   - distance: Mpc, as `deviation`.
  ///   - luminosity: 10^10 solar, as `mass`.
  public static func checked(
    ra: Double, dec: Double, distance: Double, deviation: Double = .nan, luminosity: Double = .nan,
    mass: Double = .nan, number: Double = 0, name: String? = nil
  ) -> Parsed {
    guard ra.isFinite, dec.isFinite else { return .fault(.position) }
    guard (0...360).contains(ra), (-90...90).contains(dec) else { return .fault(.range) }
    if distance.isNaN { return .fault(.noDistance) }
    guard distance > 0, distance <= 1e5 else { return .fault(.distance) }
    return .galaxy(
      GalaxyRow(
        position: Direction(ra: .degrees(ra), dec: .degrees(dec)), distance: .megaparsecs(distance),
        deviation: .megaparsecs(deviation > 0 && deviation <= 1e5 ? deviation : 0),
        luminosity: luminosity > 0 && luminosity < 1e6 ? Float(luminosity) : .nan,
        mass: mass > 0 && mass < 1e6 ? Float(mass) : .nan,
        number: number >= 1 && number < 1_000_000_000 ? UInt32(number) : 0, name: name))
  }
}
