import Foundation
import TestSupport
import Testing
import Units

@testable import Observatories

@Suite struct ParallaxTests {
  private func position(_ cosine: Double, _ sine: Double, longitude: Double = 0) -> GeodeticPosition {
    Telescope.MPCPosition(code: "X", longitude: .degrees(longitude), rhoCosPhi: cosine, rhoSinPhi: sine)
      .geodetic
  }

  /// The closed forms: on the equator and at the pole the ellipsoid's axes are the answer.
  @Test func equatorAndPole() {
    let equator = position(1 + 1000 / 6_378_137, 0)
    #expect(abs(equator.latitude.degrees) < 1e-12)
    #expect(abs(equator.height.metres - 1000) < 1e-6)
    let polarRadius = 6_356_752.314245 / 6_378_137
    let pole = position(0, -polarRadius)
    #expect(abs(pole.latitude.degrees + 90) < 1e-12)
    #expect(abs(pole.height.metres) < 1e-5)
  }

  /// Forward by the textbook formula, back by ours, for heights from the Dead Sea to orbit.
  @Test(arguments: Array(stride(from: -90.0, through: 90, by: 7.5)))
  func roundTrip(latitude: Double) {
    for height in [-400.0, 0, 2400, 8000, 400_000] {
      let phi = latitude * .pi / 180
      let f = 1 / 298.257223563
      let e2 = f * (2 - f)
      let n = 6_378_137 / (1 - e2 * sin(phi) * sin(phi)).squareRoot()
      let back = position((n + height) * cos(phi) / 6_378_137, (n * (1 - e2) + height) * sin(phi) / 6_378_137)
      #expect(abs(back.latitude.degrees - latitude) < 1e-9, "\(latitude) \(height)")
      #expect(abs(back.height.metres - height) < 1e-4, "\(latitude) \(height)")
    }
  }

  @Test func longitudesWrap() {
    #expect(abs(position(0.8, 0.6, longitude: 289.26626).longitude.degrees + 70.73374) < 1e-9)
    #expect(abs(position(0.8, 0.6, longitude: 48.5).longitude.degrees - 48.5) < 1e-9)
  }

  /// The table gives five decimals of a degree (1 m) and whole metres.
  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func agreesWithTheTable() {
    let table = csvRows(Shared.text("grandma/mpc_positions.csv"))
    #expect(table.count == 49)
    for row in table {
      let number = { (key: String) in Double(row[key]!)! }
      let got = position(number("rho_cos_phi"), number("rho_sin_phi"), longitude: number("lon_deg_east"))
      let code = row["mpc_code"]!
      #expect(abs(got.latitude.degrees - number("lat_deg")) < 0.6e-5, "\(code)")
      #expect(abs(got.longitude.degrees - number("lon_deg_east")) < 1e-9, "\(code)")
      #expect(abs(got.height.metres - number("height_ellipsoidal_m")) < 0.6, "\(code)")
    }
  }

  @Test func roundingFollowsTheDecimals() {
    func rounding(_ decimals: Int) -> Double {
      Telescope.MPCPosition(code: "X", longitude: .zero, rhoCosPhi: 1, rhoSinPhi: 0, decimals: decimals)
        .rounding.metres
    }
    #expect(abs(rounding(4) - 451) < 1)
    #expect(abs(rounding(6) - 4.5) < 0.1)
  }

  @Test func groundDistance() {
    let a = GeodeticPosition(latitude: .degrees(0), longitude: .degrees(179.5), height: .metres(0))
    let b = GeodeticPosition(latitude: .degrees(0), longitude: .degrees(-179.5), height: .metres(0))
    // One degree of a great circle across the date line.
    #expect(abs(a.distance(to: b).metres - 111_195) < 1)
    // registry.md: the two positions in use for TRT-SBO lie 6956 km apart.
    let wrong = GeodeticPosition(
      latitude: .degrees(31.2733), longitude: .degrees(149.0644), height: .metres(0))
    let right = GeodeticPosition(
      latitude: .degrees(-31.28198), longitude: .degrees(149.08234), height: .metres(0))
    #expect(abs(wrong.distance(to: right).metres / 1000 - 6956) < 3)
  }
}
