import Healpix
import Skymaps
import Units

/// Finds the grain and part of it that a direction falls in: for looking at a few points instead of clipping
/// a whole footprint. About 0.1 microseconds.
struct SkyLookup: Sendable {
  /// First grain of every cell of this order.
  private static let order = 6
  private let firsts: ContiguousArray<Int32>
  private let sky: SkyGrain

  init(_ sky: SkyGrain) {
    self.sky = sky
    let count = Int(Cell.count(order: Self.order))
    let shift = UInt64(2 * (Cell.maxOrder - Self.order))
    var firsts = ContiguousArray<Int32>(repeating: 0, count: count + 1)
    var i = 0
    for cell in 0...count {
      while i < sky.count, sky.keys[i] >> shift < UInt64(cell) { i += 1 }
      firsts[cell] = Int32(i)
    }
    self.firsts = firsts
  }

  var toMap: Rotation<ICRS, MapFrame> { sky.toMap }

  /// Probability per steradian that is not covered where a vector in the frame of the map points; 0 outside the
  /// grains.
  @inline(__always)
  func openDensity(at direction: SIMD3<Double>, _ covered: SkyGrain.Covered) -> Double {
    let key = Cell.roughKey(of: direction)
    let cell = Int(key >> UInt64(2 * (Cell.maxOrder - Self.order)))
    // The last grain that starts at or before the key.
    var (low, high) = (Int(firsts[cell]), Int(firsts[cell + 1]))
    while low < high {
      let middle = (low + high) / 2
      if sky.keys[middle] <= key { low = middle + 1 } else { high = middle }
    }
    let grain = low - 1
    guard grain >= 0 else { return 0 }
    let order = Int(sky.orders[grain])
    let inside = key &- sky.keys[grain]
    let shift = UInt64(2 * (Cell.maxOrder - order))
    guard inside >> shift == 0 else { return 0 }
    let part = order + 3 <= Cell.maxOrder ? Int(inside >> (shift - 6)) : 0
    let open = covered.masks[grain] & Self.bit[part] == 0
    return open ? sky.partDensity(of: grain) : 0
  }

  /// The mask bit (row v, column u) of each nested child three levels down.
  private static let bit: [UInt64] = (0..<64).map { child in
    let u = child & 1 | child >> 1 & 2 | child >> 2 & 4
    let v = child >> 1 & 1 | child >> 2 & 2 | child >> 3 & 4
    return 1 << UInt64(8 * v + u)
  }
}
