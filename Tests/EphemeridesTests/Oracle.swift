import Foundation
import TestSupport
import Units

@testable import Ephemerides

/// A file of Fixtures/oracles, made by the script of the same name.
struct OracleFile<Case: Decodable>: Decodable {
  let versions: [String: String]
  let command: String
  let cases: [Case]

  /// A missing or malformed file leaves no cases, which the tests count.
  static func cases(_ name: String) -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      let data = try Data(contentsOf: fixture("oracles/\(name).json"))
      return try decoder.decode(Self.self, from: data).cases
    } catch {
      print("\(name): \(error)")
      return []
    }
  }
}

struct SiteCase: Decodable {
  let name: String
  let latDeg: Double
  let lonDeg: Double
  let heightM: Double
  var position: GeodeticPosition {
    GeodeticPosition(latitude: .degrees(latDeg), longitude: .degrees(lonDeg), height: .metres(heightM))
  }
}

struct EarthCase: Decodable {
  let ut1UtcS: Double
  let xpArcsec: Double
  let ypArcsec: Double
  func orientation(at t: Instant) -> EarthOrientation {
    EarthOrientation(
      ut1MinusUTC: .seconds(ut1UtcS), at: t, polarX: .arcseconds(xpArcsec), polarY: .arcseconds(ypArcsec),
      source: "oracle")
  }
}

func instant(_ text: String) -> Instant { Instant(iso8601: text)! }

/// An ephemeris of three hours that begins a little before `t`, as planners have it.
func ephemeris(around t: Instant, _ earth: EarthOrientation) throws -> Ephemeris {
  try Ephemeris(covering: TimeWindow(t - .minutes(47), t + .hours(2)), earthOrientation: earth)
}

/// Uniform on the sphere.
func randomDirection(_ generator: inout some RandomNumberGenerator) -> Direction<ICRS> {
  let z = Double.random(in: -1...1, using: &generator)
  return Direction(
    ra: .degrees(.random(in: 0..<360, using: &generator)), dec: .radians(asin(z)))
}

/// splitmix64: reproducible on every platform.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
