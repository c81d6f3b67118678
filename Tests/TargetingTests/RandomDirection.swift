import Foundation
import TestSupport
import Units

extension Direction {
  /// Uniform on the sphere.
  static func random(using generator: inout SeededGenerator) -> Direction {
    let z = Double.random(in: -1...1, using: &generator)
    return Direction(
      longitude: .radians(.random(in: 0..<2 * .pi, using: &generator)), latitude: .radians(asin(z)))
  }
}
