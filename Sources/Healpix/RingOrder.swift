import Units

/// Where the pixels of a RING-ordered map lie in NESTED order, block by block.
///
/// Within a base face the pixels x + y = const lie on one ring, side by side, so a whole block costs
/// one addition a pixel once the first pixel of each of its rings is known (Górski et al. 2005,
/// ApJ 622, 759, section 5): about 1 ns a pixel, where converting each index takes 40.
public struct RingOrder: Sendable {
  public let order: Int
  /// Side of a block in pixels; at most 64.
  let blockSide: Int
  /// Position (x, y) within the block of each of its pixels in NESTED order.
  private let xs: ContiguousArray<UInt8>
  private let ys: ContiguousArray<UInt8>

  /// - Parameter order: 0...29.
  public init(order: Int) {
    self.order = order
    blockSide = 1 << min(order, 6)
    let count = UInt64(blockSide * blockSide)
    xs = ContiguousArray((0..<count).map { UInt8(Cell.evenBits($0)) })
    ys = ContiguousArray((0..<count).map { UInt8(Cell.evenBits($0 >> 1)) })
  }

  /// Pixels in a block: 4,096, or a whole base face if that is less.
  public var blockSize: Int { blockSide * blockSide }
  public var blockCount: Int { Int(Cell.count(order: order)) / blockSize }

  /// The RING index of each pixel of a block, in NESTED order.
  ///
  /// - Parameters:
  ///   - block: 0 ..< `blockCount`; it holds the NESTED pixels from `block * blockSize` on.
  ///   - indices: receives `blockSize` numbers.
  public func fill(_ indices: inout ContiguousArray<Int>, block: Int) {
    let side = 1 << order
    let first = Cell(order: order, index: UInt64(block * blockSize))
    let (face, x0, y0) = first.facePosition
    let row = 2 + face >> 2
    let band = face >> 2
    let column = (face & 3) << 1 | (band & 1 ^ 1)
    // For each x + y of the block: RING index of a pixel with x = y, doubled to allow for odd sums,
    // and the length of the ring.
    var bases = ContiguousArray(repeating: 0, count: 2 * blockSide)
    let shift = Int(x0) - Int(y0)
    for sum in 0...(2 * blockSide - 2) {
      let ring = row * side - (Int(x0) + Int(y0) + sum) - 1
      let (start, width, offset) = Self.ring(ring, side: side)
      bases[sum] = 2 * start + column * width + offset - 1 + shift
    }
    if indices.count != blockSize { indices = ContiguousArray(repeating: 0, count: blockSize) }
    for i in 0..<blockSize {
      let (x, y) = (Int(xs[i]), Int(ys[i]))
      indices[i] = (bases[x + y] + x - y) >> 1
    }
    // Only the face about longitude 0 reaches over it: its western pixels are at the end of their rings.
    if face == 4 { wrap(&indices, x0: Int(x0), y0: Int(y0)) }
  }

  private func wrap(_ indices: inout ContiguousArray<Int>, x0: Int, y0: Int) {
    let side = 1 << order
    for i in 0..<blockSize {
      let (x, y) = (x0 + Int(xs[i]), y0 + Int(ys[i]))
      let (start, _, _) = Self.ring(3 * side - x - y - 1, side: side)
      if indices[i] < start { indices[i] += 4 * side }
    }
  }

  /// The first index of a ring (1 ..< 4 side from the north), the width of a face on it in pixels, and
  /// 1 where its first pixel is centred on longitude 0, half a pixel before that of the other rings.
  private static func ring(_ ring: Int, side: Int) -> (start: Int, width: Int, offset: Int) {
    if ring < side { return (2 * ring * (ring - 1), ring, 0) }
    if ring > 3 * side {
      let fromSouth = 4 * side - ring
      return (12 * side * side - 2 * fromSouth * (fromSouth + 1), fromSouth, 0)
    }
    return (2 * side * (side - 1) + (ring - side) * 4 * side, side, (ring - side) & 1)
  }
}
