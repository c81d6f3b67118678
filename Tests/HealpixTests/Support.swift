import Foundation
import Healpix
import TestSupport
import Units

/// A file of recorded values under Fixtures/oracles.
func oracle<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
  try JSONDecoder().decode(T.self, from: Data(contentsOf: fixture("oracles/\(name).json")))
}

func vector(_ values: [Double]) -> SIMD3<Double> { SIMD3(values[0], values[1], values[2]) }

/// The angle between two unit vectors.
func separation(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
  Direction<ICRS>(unit: a).separation(from: Direction<ICRS>(unit: b)).radians
}

/// SplitMix64 (Steele, Lea & Flood 2014), so that a failure can be replayed from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
  mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }
  mutating func direction() -> SIMD3<Double> {
    let z = 2 * unit() - 1
    let phi = 2 * Double.pi * unit()
    let s = (1 - z * z).squareRoot()
    return SIMD3(s * cos(phi), s * sin(phi), z)
  }
  mutating func cell(orders: ClosedRange<Int> = 0...29) -> Cell {
    let order = Int.random(in: orders, using: &self)
    return Cell(order: order, index: UInt64.random(in: 0..<Cell.count(order: order), using: &self))
  }
}
