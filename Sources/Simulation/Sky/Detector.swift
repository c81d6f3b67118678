import Foundation
import Units

/// A gravitational-wave detector, precise enough for mock maps: positions and arm azimuths rounded from
/// LIGO-T980044 and the Virgo technical documentation.
public struct Detector: Sendable {
  public let name: String
  /// Earth-fixed, light-seconds.
  let position: SIMD3<Double>
  /// Earth-fixed unit vectors.
  let arms: (SIMD3<Double>, SIMD3<Double>)

  /// - Parameters:
  ///   - armAzimuths: from north toward east, degrees.
  init(_ name: String, latitude: Double, longitude: Double, armAzimuths: (Double, Double)) {
    let (p, l) = (latitude * .pi / 180, longitude * .pi / 180)
    let up = SIMD3(cos(p) * cos(l), cos(p) * sin(l), sin(p))
    let north = SIMD3(-sin(p) * cos(l), -sin(p) * sin(l), cos(p))
    let east = SIMD3(-sin(l), cos(l), 0)
    func arm(_ azimuth: Double) -> SIMD3<Double> {
      cos(azimuth * .pi / 180) * north + sin(azimuth * .pi / 180) * east
    }
    self.name = name
    // A spherical Earth of 6371 km: light crosses its radius in 21.25 ms.
    position = 0.02125 * up
    arms = (arm(armAzimuths.0), arm(armAzimuths.1))
  }

  public static let hanford = Detector(
    "H1", latitude: 46.455, longitude: -119.408, armAzimuths: (324.0, 234.0))
  public static let livingston = Detector(
    "L1", latitude: 30.563, longitude: -90.774, armAzimuths: (252.3, 162.3))
  public static let virgo = Detector("V1", latitude: 43.631, longitude: 10.505, armAzimuths: (19.4, 289.4))

  /// sqrt(F+^2 + Fx^2) for a wave from `source` (Earth-fixed): the same for every polarisation angle.
  func response(to source: SIMD3<Double>) -> Double {
    let pole = abs(source.z) < 0.9 ? SIMD3(0.0, 0, 1) : SIMD3(1.0, 0, 0)
    let a = cross(pole, source)
    let e1 = a / (a * a).sum().squareRoot()
    let e2 = cross(source, e1)
    func tensor(_ u: SIMD3<Double>, _ v: SIMD3<Double>) -> Double {
      ((arms.0 * u).sum() * (arms.0 * v).sum() - (arms.1 * u).sum() * (arms.1 * v).sum()) / 2
    }
    let plus = tensor(e1, e1) - tensor(e2, e2)
    let times = 2 * tensor(e1, e2)
    return (plus * plus + times * times).squareRoot()
  }
}

/// Turns celestial directions into Earth-fixed ones; precession (0.4 degrees) does not matter to a mock.
struct EarthAngle {
  private let angle: Double

  init(at time: Instant) {
    // Earth rotation angle (Capitaine, Guinot & McCarthy 2000, A&A 355, 398), UT1 taken as UTC.
    let days = time.mjdUTC - 51_544.5
    angle = 2 * .pi * (0.7790572732640 + 1.00273781191135448 * days).truncatingRemainder(dividingBy: 1)
  }

  func earthFixed(_ u: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(cos(angle) * u.x + sin(angle) * u.y, -sin(angle) * u.x + cos(angle) * u.y, u.z)
  }
}
