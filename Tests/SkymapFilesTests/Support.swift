import Foundation
import Healpix
import SkymapFiles
import Skymaps
import TestSupport
import Units

/// Relative: the reference areas are printed with six digits and interpolated as ours.
let areaTolerance = 1e-4

/// The area that holds a share of the probability, interpolated between cells as ligo.skymap does:
/// written apart from `Skymaps` so that reading is judged without it.
func interpolatedArea(_ map: Skymap, containing level: Double) -> Double {
  let order = map.density.indices.sorted {
    map.density[$0] != map.density[$1] ? map.density[$0] > map.density[$1] : map.keys[$0] < map.keys[$1]
  }
  var probability = 0.0
  var area = 0.0
  for i in order {
    let cellArea = Cell.area(order: Int(map.orders[i])).squareDegrees
    let p = map.probability(ofCell: i)
    if probability + p >= level { return area + cellArea * (level - probability) / p }
    probability += p
    area += cellArea
  }
  return area
}

func total(_ map: Skymap) -> Double { (0..<map.count).reduce(0) { $0 + map.probability(ofCell: $1) } }

/// What a caller of the reader gets: a map or one line.
enum Verdict: CustomStringConvertible {
  case map(Skymap)
  case refused(SkymapFileError)

  init(_ read: () throws(SkymapFileError) -> Skymap) {
    do { self = .map(try read()) } catch { self = .refused(error) }
  }
  init(file url: URL) { self.init { () throws(SkymapFileError) in try SkymapFile.read(contentsOf: url) } }
  init(bytes: [UInt8]) { self.init { () throws(SkymapFileError) in try SkymapFile.read(bytes: bytes) } }

  /// Short: the test library prints what an expectation was made of.
  var description: String { error.map { "refused: \($0.description)" } ?? "map" }
  var map: Skymap? { if case .map(let map) = self { map } else { nil } }
  var error: SkymapFileError? { if case .refused(let error) = self { error } else { nil } }
  var codes: [String] { map?.report.findings.map(\.code) ?? [] }
}

func bytes(_ url: URL) -> [UInt8] {
  (try? [UInt8](Data(contentsOf: url))) ?? []  // a missing file fails the test that reads it
}

/// SplitMix64 (Steele, Lea & Flood 2014, OOPSLA), so that a failing case can be named by its seed.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Every cell exists, they are sorted and disjoint, densities are probabilities that add up to 1.
func violations(of map: Skymap) -> [String] {
  var result: [String] = []
  for i in map.keys.indices {
    if !map.cell(i).isValid || map.cell(i).firstKey != map.keys[i] {
      result.append("cell \(i) does not exist")
    }
    if i > 0, map.cell(i - 1).keys.upperBound > map.keys[i] { result.append("cell \(i) overlaps") }
    if !(map.density[i] >= 0 && map.density[i].isFinite) { result.append("density \(map.density[i])") }
  }
  if abs(total(map) - 1) > 1e-9 { result.append("total \(total(map))") }
  if let d = map.distance {
    for i in map.keys.indices where d.norm[i] != 0 {
      if !(d.norm[i] > 0 && d.norm[i].isFinite && d.sigma[i] > 0 && d.mu[i].isFinite) {
        result.append("distance of cell \(i)")
      }
    }
  }
  return result
}
