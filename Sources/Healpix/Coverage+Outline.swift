import Units

extension Coverage {
  /// The border of the set as closed rings of unit vectors, the set on the left seen from outside the
  /// sphere; the first point is not repeated.
  ///
  /// Sides of cells are followed along the cells' own curves with points no farther apart than
  /// `spacing`. Rings touch at corners but do not cross. The empty set and the whole sphere have none.
  public func outline(spacing: Angle = .degrees(1)) -> [[SIMD3<Double>]] {
    var sides: [BorderSide] = []
    for cell in cells {
      for side in Cell.Side.allCases { collectBorder(cell, side, &sides) }
    }
    let finest = sides.reduce(0) { Swift.max($0, $1.cell.order) }
    return rings(of: sides, order: finest).map { ring in
      ring.flatMap { points(along: sides[$0], spacing) }
    }
  }

  private struct BorderSide {
    let cell: Cell
    let side: Cell.Side
  }

  /// The parts of a side of a cell (which lies in the set) that border on sky outside.
  private func collectBorder(_ cell: Cell, _ side: Cell.Side, _ found: inout [BorderSide]) {
    switch relation(to: cell.neighbor(across: side)) {
    case .inside: return
    case .outside: found.append(BorderSide(cell: cell, side: side))
    case .partial:
      for child in cell.children(along: side) { collectBorder(child, side, &found) }
    }
  }

  /// Joins sides end to start; each ring as indices of its sides.
  private func rings(of sides: [BorderSide], order: Int) -> [[Int]] {
    var starting: [GridCorner: [Int]] = [:]
    for (i, side) in sides.enumerated().reversed() {
      starting[GridCorner(side.cell, side.side, end: false, order: order), default: []].append(i)
    }
    var used = [Bool](repeating: false, count: sides.count)
    var rings: [[Int]] = []
    for first in sides.indices where !used[first] {
      var ring: [Int] = []
      var current: Int? = first
      while let i = current {
        used[i] = true
        ring.append(i)
        let corner = GridCorner(sides[i].cell, sides[i].side, end: true, order: order)
        // Where four sides meet, staying with the same cell keeps rings from crossing.
        let next = starting[corner, default: []].filter { !used[$0] }
        current = next.first { sides[$0].cell == sides[i].cell } ?? next.first
      }
      rings.append(ring)
    }
    return rings
  }

  /// The points of a side without its end.
  private func points(along side: BorderSide, _ spacing: Angle) -> [SIMD3<Double>] {
    let length = Cell.boundingRadius(order: side.cell.order).radians * 1.5
    let pieces = Swift.min(Swift.max(1, (length / Swift.max(spacing.radians, 1e-6)).rounded(.up)), 4096)
    let (start, step) = (side.side.start, side.side.step)
    return (0..<Int(pieces)).map { k in
      let t = Double(k) / pieces
      return side.cell.point(start.u + t * step.u, start.v + t * step.v)
    }
  }
}

extension Cell {
  /// The two children that touch a side, in its direction.
  fileprivate func children(along side: Side) -> [Cell] {
    switch side {
    case .southEast: [child(0), child(1)]
    case .northEast: [child(1), child(3)]
    case .northWest: [child(3), child(2)]
    case .southWest: [child(2), child(0)]
    }
  }
}

/// A corner of the grid of one order, the same value from whichever cell or face it is reached: its ring
/// and its place on the ring.
private struct GridCorner: Hashable {
  let ring: Int
  let place: Int

  init(_ cell: Cell, _ side: Cell.Side, end: Bool, order: Int) {
    let (face, x, y) = cell.facePosition
    let step = 1 << (order - cell.order)
    let u = side.start.u + (end ? side.step.u : 0)
    let v = side.start.v + (end ? side.step.v : 0)
    let (cornerX, cornerY) = ((Int(x) + Int(u)) * step, (Int(y) + Int(v)) * step)
    let size = 1 << order
    ring = (2 + face >> 2) * size - cornerX - cornerY
    // In units of an eighth of the ring, times the width of a face there.
    let width = Swift.min(size, ring, 4 * size - ring)
    let column = (face & 3) << 1 | (face >> 2 & 1 ^ 1)
    let place = column * width + cornerX - cornerY
    self.place = width == 0 ? 0 : (place + 8 * width) % (8 * width)
  }
}
