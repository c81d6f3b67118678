import Ephemerides
import Foundation
import Observatories
import TestSupport
import Units

@testable import Visibility

func instant(_ text: String) -> Instant { Instant(iso8601: text)! }

func place(_ latitude: Double, _ longitude: Double, _ height: Double = 500) -> GeodeticPosition {
  GeodeticPosition(latitude: .degrees(latitude), longitude: .degrees(longitude), height: .metres(height))
}

func telescope(_ position: GeodeticPosition, _ limits: Telescope.PointingLimits) -> Telescope {
  Telescope(
    id: "T", slug: "t", fullName: "Test telescope", status: .operational,
    site: .init(name: "Site", country: "none", position: position),
    exposure: .init(typical: .seconds(60), shortest: .seconds(1), longest: .seconds(600), filter: nil),
    timing: .init(readout: .seconds(10), slewRate: .degreesPerSecond(2)), limits: limits)
}

func mask(_ points: [(azimuth: Double, altitude: Double)]) -> HorizonMask {
  HorizonMask(points.map { .init(azimuth: .degrees($0.azimuth), altitude: .degrees($0.altitude)) })!
}

func visibility(
  _ telescope: Telescope, from start: String, hours: Double = 24, adding extra: [Constraint] = []
) throws -> SiteVisibility {
  let window = TimeWindow(instant(start), instant(start) + .hours(hours))
  return try SiteVisibility(
    telescope: telescope, window: window, ephemeris: Ephemeris(covering: window), adding: extra)
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

/// Uniform on the sphere.
func randomDirection(_ generator: inout SeededGenerator) -> Direction<ICRS> {
  let z = Double.random(in: -1...1, using: &generator)
  return Direction(ra: .degrees(.random(in: 0..<360, using: &generator)), dec: .radians(asin(z)))
}

/// A file of Fixtures/oracles, made by the script of the same name.
struct OracleFile<Case: Decodable>: Decodable {
  let cases: [Case]

  /// A missing or malformed file leaves no cases, which the tests count.
  static func cases(_ name: String) -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(Self.self, from: Data(contentsOf: fixture("oracles/\(name).json"))).cases
    } catch {
      print("\(name): \(error)")
      return []
    }
  }
}
