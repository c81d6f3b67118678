import Foundation
import Healpix
import Observatories
import TestSupport
import Units

@testable import Checking
@testable import Skymaps

/// A map straight from cells that cover what they cover, normalised here.
func makeMap(_ cells: [(cell: Cell, density: Double)], frame: SkyFrame = .icrs) -> Skymap {
  let sorted = cells.sorted { $0.cell.firstKey < $1.cell.firstKey }
  let total = sorted.reduce(0) { $0 + $1.density * $1.cell.area.steradians }
  let area = sorted.reduce(0) { $0 + $1.cell.area.steradians }
  return Skymap(
    keys: .init(sorted.map(\.cell.firstKey)), orders: .init(sorted.map { UInt8($0.cell.order) }),
    density: .init(sorted.map { $0.density / total }), distance: nil, frame: frame, header: .init(),
    report: .init(
      kind: .multiOrder, layout: "test", sumBeforeNormalisation: total,
      coverage: Fraction(clamping: area / (4 * .pi))))
}

/// The whole sphere at one density.
let uniformMap = makeMap((0..<12).map { (Cell(order: 0, index: $0), 1) })

/// One density inside cells of `order` whose centres lie within `radius` of `center`, nothing outside.
func discMap(_ center: Direction<ICRS>, radius: Angle, order: Int = 6) -> Skymap {
  let inside = (0..<Cell.count(order: order)).map { Cell(order: order, index: $0) }
    .filter { ($0.center * center.unit).sum() >= cos(radius.radians) }
  return makeMap(inside.map { ($0, 1) })
}

func utc(_ text: String) -> Instant {
  guard let t = Instant(iso8601: text) else { preconditionFailure("bad time in a test: \(text)") }
  return t
}

func icrs(_ ra: Double, _ dec: Double) -> Direction<ICRS> {
  Direction(ra: .degrees(ra), dec: .degrees(dec))
}

/// A telescope with the benchmark's kind of limits.
func makeTelescope(
  _ id: String, latitude: Double, longitude: Double, height: Double = 0, side: Double, readout: Double = 5,
  slew: Double = 20, minAltitude: Double = 15, maxAirmass: Double = 2.5, moon: Double = 30,
  declinations: ClosedRange<Double> = -90...90
) -> Telescope {
  var telescope = Telescope(
    id: id, slug: id.lowercased(), fullName: id, status: .operational,
    site: .init(
      name: id, country: "-",
      position: .init(
        latitude: .degrees(latitude), longitude: .degrees(longitude), height: .metres(height))),
    exposure: .init(typical: .seconds(60), shortest: .seconds(1), longest: .seconds(600), filter: nil),
    timing: .init(readout: .seconds(readout), slewRate: .degreesPerSecond(slew)),
    limits: .init(
      minAltitude: .degrees(minAltitude), maxAirmass: maxAirmass,
      minDeclination: .degrees(declinations.lowerBound), maxDeclination: .degrees(declinations.upperBound),
      minMoonSeparation: .degrees(moon), maxSunAltitude: .degrees(-12)))
  telescope.field = .rectangle(width: .degrees(side), height: .degrees(side), rotation: .zero)
  return telescope
}

func oracle<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return try decoder.decode(type, from: Data(contentsOf: fixture("oracles/\(name).json")))
}

/// Solid angle of a gnomonic box about the axis: a pyramid of half-angles a and b.
func boxArea(width: Angle, height: Angle) -> Double {
  let (x, y) = (tan(width.radians / 2), tan(height.radians / 2))
  return 4 * atan(x * y / (1 + x * x + y * y).squareRoot())
}

func capArea(_ radius: Angle) -> Double { 4 * .pi * pow(sin(radius.radians / 2), 2) }

/// The reference of great-circle steps: from `center`, `distance` along position angle `angle`.
func step(_ center: Direction<ICRS>, _ distance: Angle, along angle: Angle) -> Direction<ICRS> {
  let (dec, d, pa) = (center.dec.radians, distance.radians, angle.radians)
  let sinDec = sin(dec) * cos(d) + cos(dec) * sin(d) * cos(pa)
  let dra = atan2(sin(pa) * sin(d) * cos(dec), cos(d) - sin(dec) * sinDec)
  return Direction(ra: center.ra + .radians(dra), dec: .radians(asin(sinDec)))
}

/// splitmix64 (Steele et al. 2014), so that a printed seed repeats a case.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func direction() -> Direction<ICRS> {
    let z = Double.random(in: -1...1, using: &self)
    return Direction(
      ra: .radians(Double.random(in: 0..<2 * .pi, using: &self)), dec: .radians(asin(z)))
  }
}
