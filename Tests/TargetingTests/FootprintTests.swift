import Foundation
import Healpix
import Observatories
import Targeting
import Testing
import Units

@Suite struct FootprintTests {
  /// Rounding of a few trigonometric functions.
  static let rounding = 1e-12

  @Test(arguments: [(0.1, 0.1, 0.0), (1.9, 1.9, 60), (4.2, 4.2, -89), (7, 2, 89.9), (0.158, 0.146, -30)])
  func boxAreaIsTheClosedForm(_ width: Double, _ height: Double, _ dec: Double) {
    let field = FieldOfView.rectangle(
      width: .degrees(width), height: .degrees(height), rotation: .degrees(33))
    let footprint = Footprint(field, at: Direction(ra: .degrees(123), dec: .degrees(dec)))
    // A gnomonic rectangle with half-tangents a, b subtends 4 atan(a b / sqrt(1 + a^2 + b^2)).
    let a = tan(Angle.degrees(width / 2).radians)
    let b = tan(Angle.degrees(height / 2).radians)
    let expected = 4 * atan(a * b / (1 + a * a + b * b).squareRoot())
    #expect(abs(footprint.area.steradians / expected - 1) < 1e-9)
  }

  @Test func circleAreaIsACap() {
    let footprint = Footprint(.circle(radius: .degrees(1)), at: Direction(ra: .zero, dec: .degrees(90)))
    #expect(abs(footprint.area.steradians - 2 * .pi * (1 - cos(.pi / 180))) < Self.rounding)
  }

  @Test func positionAngleTurnsNorthTowardEast() {
    let center = Direction<ICRS>(ra: .degrees(40), dec: .degrees(20))
    let tall = FieldOfView.rectangle(width: .degrees(1), height: .degrees(3), rotation: .zero)
    let north = TangentBasis(at: center).direction(east: 0, north: tan(Angle.degrees(1.4).radians))
    let east = TangentBasis(at: center).direction(east: tan(Angle.degrees(1.4).radians), north: 0)
    #expect(Footprint(tall, at: center).contains(north))
    #expect(!Footprint(tall, at: center).contains(east))
    #expect(Footprint(tall, at: center, rotation: .degrees(90)).contains(east))
    #expect(!Footprint(tall, at: center, rotation: .degrees(90)).contains(north))
    // At 30 degrees the top of the field points 30 degrees east of north, not west.
    let top = TangentBasis(at: center).direction(
      east: tan(Angle.degrees(1.4).radians) * sin(.pi / 6),
      north: tan(Angle.degrees(1.4).radians) * cos(.pi / 6))
    #expect(Footprint(tall, at: center, rotation: .degrees(30)).contains(top))
    #expect(!Footprint(tall, at: center, rotation: .degrees(-30)).contains(top))
  }

  @Test func polygonsMayBeGivenInEitherSense() {
    let square = [(-1.0, -1.0), (1, -1), (1, 1), (-1, 1)].map {
      FieldOfView.Offset(east: .degrees($0.0), north: .degrees($0.1))
    }
    let center = Direction<ICRS>(ra: .degrees(350), dec: .degrees(-70))
    let one = Footprint(.polygons([square]), at: center)
    let other = Footprint(.polygons([square.reversed()]), at: center)
    let box = Footprint(.rectangle(width: .degrees(2), height: .degrees(2), rotation: .zero), at: center)
    #expect(one.regions.count == 1 && other.regions.count == 1)
    #expect(abs(one.area.steradians - box.area.steradians) < Self.rounding)
    #expect(abs(other.area.steradians - box.area.steradians) < Self.rounding)
  }
}
