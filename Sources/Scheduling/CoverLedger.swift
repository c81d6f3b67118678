import Units

/// Who covers which part of the sky: a union of footprints from which any one can be taken out again.
struct CoverLedger: Sendable {
  private struct Entry {
    var next: Int32
    var owner: Int32
    var mask: UInt64
  }
  /// The union.
  private(set) var covered: SkyGrain.Covered
  /// First entry of each grain; -1 is none.
  private var heads: ContiguousArray<Int32>
  private var entries: ContiguousArray<Entry> = []
  private var free: Int32 = -1

  init(_ sky: SkyGrain) {
    covered = sky.uncovered
    heads = .init(repeating: -1, count: sky.count)
  }

  mutating func insert(_ cover: SkyGrain.Cover, owner: Int32) {
    for i in cover.grains.indices {
      let grain = Int(cover.grains[i])
      let entry = Entry(next: heads[grain], owner: owner, mask: cover.masks[i])
      if free >= 0 {
        let slot = free
        free = entries[Int(slot)].next
        entries[Int(slot)] = entry
        heads[grain] = slot
      } else {
        heads[grain] = Int32(entries.count)
        entries.append(entry)
      }
      covered.masks[grain] |= cover.masks[i]
    }
  }

  mutating func remove(_ cover: SkyGrain.Cover, owner: Int32) {
    for g in cover.grains {
      let grain = Int(g)
      var left: UInt64 = 0
      var before: Int32 = -1
      var at = heads[grain]
      while at >= 0 {
        let next = entries[Int(at)].next
        if entries[Int(at)].owner == owner {
          if before >= 0 { entries[Int(before)].next = next } else { heads[grain] = next }
          entries[Int(at)].next = free
          free = at
        } else {
          left |= entries[Int(at)].mask
          before = at
        }
        at = next
      }
      covered.masks[grain] = left
    }
  }

  /// Probability that only `owner` covers.
  func own(_ cover: SkyGrain.Cover, owner: Int32, weights: borrowing ContiguousArray<Double>) -> Double {
    var sum = 0.0
    for i in cover.grains.indices {
      let grain = Int(cover.grains[i])
      var others: UInt64 = 0
      var at = heads[grain]
      while at >= 0 {
        if entries[Int(at)].owner != owner { others |= entries[Int(at)].mask }
        at = entries[Int(at)].next
      }
      sum += weights[grain] * Double((cover.masks[i] & ~others).nonzeroBitCount)
    }
    return sum
  }
}
