import Skymaps
import Units

/// The credible level of every direction of a map, for drawings: the probability of all sky that is
/// denser than the cell that holds the direction, the cell included.
public struct CredibleLevels: Sendable {
  private let map: Skymap
  private let levels: [Float]

  /// O(n log n) in the number of cells.
  public init(_ map: Skymap) {
    let order = (0..<map.count).sorted { (map.density[$1], $0) < (map.density[$0], $1) }
    var levels = [Float](repeating: 2, count: map.count)
    var sum = 0.0
    for i in order where map.density[i] > 0 {
      sum += map.probability(ofCell: i)
      levels[i] = Float(min(sum, 1))
    }
    self.map = map
    self.levels = levels
  }

  /// In 0...1; 2 where the map has no probability. O(log n).
  public func callAsFunction(_ direction: Direction<ICRS>) -> Double {
    map.cellIndex(at: direction).map { Double(levels[$0]) } ?? 2
  }
}
