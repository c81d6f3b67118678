import Foundation
import Testing
import Units

@testable import Ephemerides

@Suite struct AirmassTests {
  @Test func planeParallelIsSecant() {
    let model = AirmassModel.planeParallel
    #expect(abs(model.airmass(atAltitude: .degrees(30)) - 2) < 1e-12)
    #expect(abs(model.airmass(atAltitude: .degrees(90)) - 1) < 1e-12)
    #expect(model.airmass(atAltitude: .zero) == .infinity)
    #expect(model.airmass(atAltitude: .degrees(-5)) == .infinity)
  }

  /// Published values: Kasten & Young 1989 table II (37.92 at the horizon, 26.32 at 1 degree,
  /// 10.31 at 5, 5.58 at 10); Pickering 2002 (38.75 at the horizon).
  @Test(arguments: [(0.0, 37.92), (1, 26.32), (5, 10.31), (10, 5.58), (90, 1.0)])
  func kastenYoung(_ altitude: Double, _ expected: Double) {
    #expect(abs(AirmassModel.kastenYoung1989.airmass(atAltitude: .degrees(altitude)) - expected) < 0.01)
  }

  @Test func pickeringAtTheHorizon() {
    #expect(abs(AirmassModel.pickering2002.airmass(atAltitude: .zero) - 38.75) < 0.01)
    #expect(abs(AirmassModel.pickering2002.airmass(atAltitude: .degrees(90)) - 1) < 1e-4)
  }

  @Test func modelsAgreeHighUpAndFallMonotonically() {
    for model in AirmassModel.allCases {
      let values = stride(from: 1.0, through: 90, by: 1).map { model.airmass(atAltitude: .degrees($0)) }
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 }, "\(model)")
      #expect(abs(model.airmass(atAltitude: .degrees(30)) - 2) < 0.01, "\(model)")
    }
  }

  @Test func refractionHasItsKnownSizes() {
    let air = Refraction(pressureHPa: 1010, temperatureCelsius: 10)
    // 58.3 arcsec tan z - 0.067 tan^3 z (Astronomical Almanac) at 45 degrees.
    #expect(abs(air.lift(atAltitude: .degrees(45)).arcseconds - 58.3) < 1.0)
    #expect(abs(air.lift(atAltitude: .degrees(90)).arcseconds) < 0.01)
    // Bounded and positive below the horizon too.
    for h in stride(from: -90.0, through: 90, by: 3) {
      let lift = air.lift(atAltitude: .degrees(h))
      #expect(lift.radians >= 0 && lift.degrees < 1)
    }
    let vacuum = Refraction(pressureHPa: 0, temperatureCelsius: 10)
    #expect(vacuum.lift(atAltitude: .degrees(20)) == .zero)
  }
}
