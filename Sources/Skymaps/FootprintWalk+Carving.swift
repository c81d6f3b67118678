import Healpix

/// Pieces of cells, and to whom they are credited.
extension FootprintWalk {
  /// Credits what the first region of the list covers of a piece, then the rest to the others.
  mutating func carve(_ piece: CellClipper.Piece, _ list: Range<Int>, _ probability: Double) {
    guard let first = list.first else { return }
    let mark = clipper.count
    let entry = entries[first]
    let region = regions[Int(entry.region)]
    let others = first + 1..<list.upperBound
    var inside = piece
    var sides = entry.sides
    while sides != 0 && !inside.isEmpty {
      let bit = sides.trailingZeroBitCount
      sides &= sides - 1
      for plane in region.planes(bit: bit) where !inside.isEmpty {
        let parts = clipper.split(inside, by: Int32(plane))
        inside = parts.inside
        if !parts.outside.isEmpty && !others.isEmpty { carve(parts.outside, others, probability) }
      }
    }
    if !inside.isEmpty {
      let share = clipper.area(inside)
      credit[region.footprint] += probability * share
      area += nodeArea * share
      if counting == .all {
        own[region.footprint] += probability * share
        inGroup[region.footprint] += probability * share
        if !others.isEmpty { countHidden(inside, others, by: region.group, probability) }
      }
    }
    clipper.drop(to: mark)
  }

  /// Credits a node to regions that all contain it for what they cover by themselves and add to their groups.
  mutating func countWhole(_ list: Range<Int>, _ probability: Double) {
    for i in list {
      let region = regions[Int(entries[i].region)]
      own[region.footprint] += probability
      if isFirstOfGroup(i, in: list) { inGroup[region.footprint] += probability }
    }
  }

  private func isFirstOfGroup(_ i: Int, in list: Range<Int>) -> Bool {
    let group = regions[Int(entries[i].region)].group
    return (list.lowerBound..<i).allSatisfy { regions[Int(entries[$0].region)].group != group }
  }

  /// Credits a piece that a region of a group covers to the later regions of a list: what they cover by
  /// themselves, and what they add to their own groups.
  private mutating func countHidden(
    _ piece: CellClipper.Piece, _ list: Range<Int>, by group: Int32, _ probability: Double
  ) {
    for i in list {
      let region = regions[Int(entries[i].region)]
      let share = share(of: piece, in: entries[i])
      guard share > 0 else { continue }
      own[region.footprint] += probability * share
      guard region.group != group else { continue }
      inGroup[region.footprint] +=
        probability
        * (isFirstOfGroup(i, in: list)
          ? share : unseen(piece, in: entries[i], after: list.lowerBound..<i, region.group))
    }
  }

  /// How much of a cell the part of a piece is that a region covers and no region of a group in a list does.
  private mutating func unseen(
    _ piece: CellClipper.Piece, in entry: Entry, after list: Range<Int>, _ group: Int32
  ) -> Double {
    guard let first = list.first(where: { regions[Int(entries[$0].region)].group == group }) else {
      return share(of: piece, in: entry)
    }
    let mark = clipper.count
    defer { clipper.drop(to: mark) }
    var sum = 0.0
    var inside = piece
    var sides = entries[first].sides
    while sides != 0 && !inside.isEmpty {
      let bit = sides.trailingZeroBitCount
      sides &= sides - 1
      for plane in regions[Int(entries[first].region)].planes(bit: bit) where !inside.isEmpty {
        let parts = clipper.split(inside, by: Int32(plane))
        inside = parts.inside
        if !parts.outside.isEmpty {
          sum += unseen(parts.outside, in: entry, after: first + 1..<list.upperBound, group)
        }
      }
    }
    return sum
  }

  /// How much of a cell the part of a piece is that a region covers.
  private mutating func share(of piece: CellClipper.Piece, in entry: Entry) -> Double {
    let mark = clipper.count
    defer { clipper.drop(to: mark) }
    var inside = piece
    var sides = entry.sides
    while sides != 0 && !inside.isEmpty {
      let bit = sides.trailingZeroBitCount
      sides &= sides - 1
      for plane in regions[Int(entry.region)].planes(bit: bit) where !inside.isEmpty {
        inside = clipper.split(inside, by: Int32(plane)).inside
      }
    }
    return inside.isEmpty ? 0 : clipper.area(inside)
  }
}
