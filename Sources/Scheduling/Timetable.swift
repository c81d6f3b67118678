import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Puts the chosen candidates of one resource in a good order and gives them real times.
///
/// The cost of a candidate in a slot is what the caller says (lost depth, lateness); the cost of two
/// neighbours is the time a slew takes beyond the usual gap. Exchanges of two slots are taken while they
/// pay, in a fixed order and a bounded number of passes, so equal input gives an equal timetable.
public struct Timetable: Sendable {
  public struct Visit: Sendable {
    /// Index in the candidate list.
    public var candidate: Int
    public var start: Instant
  }
  /// By start time, no two closer than readout and slew allow.
  public private(set) var visits: [Visit] = []
  /// Chosen candidates for which slews left no time.
  public private(set) var dropped: [Int] = []

  /// - Parameters:
  ///   - penalty: (candidate, slot) -> cost, on the scale of magnitudes lost; called for feasible pairs
  ///     only.
  ///   - passes: the most passes of pairwise exchange.
  public init(
    _ resource: Resource, candidates: [Candidate], choice: NetworkSelection.Choice, passes: Int = 6,
    penalty: (Int, Int) -> Double
  ) {
    var board = Board(resource, candidates: candidates, choice: choice, penalty: penalty)
    board.sweep()
    for _ in 0..<passes where !board.exchange() { break }
    realize(
      board.slots.map { $0 >= 0 ? board.candidateIDs[Int($0)] : -1 }, resource, candidates, choice.slotStarts)
  }

  /// Walks through the slots with the true slews. A visit that would start after its window is dropped.
  private mutating func realize(
    _ order: [Int32], _ resource: Resource, _ candidates: [Candidate], _ starts: [Instant]
  ) {
    var free = Instant(tai: .min)
    var pointing: Direction<ICRS>?
    for (slot, id) in order.enumerated() where id >= 0 {
      let candidate = candidates[Int(id)]
      var start = starts[slot]
      if let pointing {
        let gap = resource.gapSeconds(radians: pointing.separation(from: candidate.center).radians)
        start = max(start, free.advanced(bySeconds: gap))
      }
      guard candidate.startWindows.contains(where: { $0.start <= start && start <= $0.end }) else {
        dropped.append(Int(id))
        continue
      }
      visits.append(Visit(candidate: Int(id), start: start))
      free = start + resource.visit
      pointing = candidate.center
    }
  }
}

/// The slots of one resource and who sits in them, while the order is improved.
private struct Board {
  /// Local index of the candidate in each slot; -1 is free.
  var slots: [Int32]
  let candidateIDs: [Int32]
  private let count: Int
  /// For each candidate the slots between its first and its last, and where their costs begin.
  private var rows: ContiguousArray<(first: Int32, end: Int32, offset: Int32)> = []
  /// Cost in a slot; infinity where the candidate may not start.
  private var cost: ContiguousArray<Float> = []
  /// Cost of two neighbours by (local index, local index), in units of `neighbourUnit`; empty when slews never
  /// exceed the usual gap.
  private var neighbour: ContiguousArray<UInt16> = []
  private static let neighbourUnit: Float = 1 / 1024
  /// What the tile in each slot costs there, between `exchange`s.
  private var paid: ContiguousArray<Float> = []
  /// Whether a slot directly follows the one before, in the same dark window.
  private let follows: [Bool]

  /// Losing one slot's time to a slew costs as much as this many magnitudes in one visit.
  private static let lostSlotCost = 3.0

  init(
    _ resource: Resource, candidates: [Candidate], choice: NetworkSelection.Choice,
    penalty: (Int, Int) -> Double
  ) {
    let starts = choice.slotStarts
    let ids = choice.occupant.filter { $0 >= 0 }
    candidateIDs = ids
    count = starts.count
    var local: [Int32: Int32] = [:]
    for (i, id) in ids.enumerated() { local[id] = Int32(i) }
    slots = choice.occupant.map { $0 >= 0 ? local[$0]! : -1 }

    let visit = resource.visit.seconds
    let usual = resource.gapSeconds(radians: resource.usualSlew.radians)
    follows = starts.indices.map { i in
      i > 0 && starts[i].seconds(since: starts[i - 1]) < (visit + usual) * 1.5
    }
    let meanGain = max(choice.gains.values.reduce(0, +) / Double(max(1, ids.count)), 1e-12)
    let allRanges = ids.map { NetworkSelection.slots(in: candidates[Int($0)].startWindows, starts: starts) }
    rows.reserveCapacity(ids.count)
    cost.reserveCapacity(
      allRanges.reduce(0) { $0 + Int(($1.last?.upperBound ?? 0) - ($1.first?.lowerBound ?? 0)) })
    for (id, ranges) in zip(ids, allRanges) {
      let weight = min(max((choice.gains[id] ?? 0) / meanGain, 0.1), 20)
      let (first, end) = (ranges.first?.lowerBound ?? 0, ranges.last?.upperBound ?? 0)
      rows.append((first, end, Int32(cost.count)))
      var next = first
      for range in ranges {
        for _ in next..<range.lowerBound { cost.append(.infinity) }
        for slot in range { cost.append(Float(weight * penalty(Int(id), Int(slot)))) }
        next = range.upperBound
      }
    }
    fillNeighbours(resource, candidates, usual: usual, slotSeconds: visit + usual)
  }

  private mutating func fillNeighbours(
    _ resource: Resource, _ candidates: [Candidate], usual: Double, slotSeconds: Double
  ) {
    guard resource.gapSeconds(radians: .pi) > usual + 0.01 else { return }
    // Most neighbours are near: beyond this cosine no slew takes longer than the usual gap.
    var (near, far) = (0.0, Double.pi)
    for _ in 0..<40 {
      let middle = (near + far) / 2
      if resource.gapSeconds(radians: middle) > usual { far = middle } else { near = middle }
    }
    let cosNear = cos(near)
    let centers = ContiguousArray(candidateIDs.map { candidates[Int($0)].center.unit })
    let n = centers.count
    neighbour = .init(repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<i {
        let cosine = (centers[i] * centers[j]).sum()
        if cosine >= cosNear { continue }
        let excess = resource.gapSeconds(radians: acos(max(cosine, -1))) - usual
        guard excess > 0 else { continue }
        let units = Float(Self.lostSlotCost * excess / slotSeconds) / Self.neighbourUnit
        let cost = UInt16(min(units.rounded(), Float(UInt16.max)))
        neighbour[i * n + j] = cost
        neighbour[j * n + i] = cost
      }
    }
  }

  @inline(__always)
  private func slotCost(_ tile: Int32, _ slot: Int) -> Float {
    if tile < 0 { return 0 }
    let row = rows[Int(tile)]
    return slot >= row.first && slot < row.end ? cost[Int(row.offset) + slot - Int(row.first)] : .infinity
  }

  @inline(__always)
  private func pairCost(_ a: Int32, _ b: Int32) -> Float {
    if a < 0 || b < 0 || neighbour.isEmpty { return 0 }
    return Float(neighbour[Int(a) * candidateIDs.count + Int(b)]) * Self.neighbourUnit
  }

  /// The slew costs around `slot` if `tile` sat there.
  @inline(__always)
  private func slewCost(_ tile: Int32, _ slot: Int) -> Float {
    var sum: Float = 0
    if follows[slot] { sum += pairCost(slots[slot - 1], tile) }
    if slot + 1 < count, follows[slot + 1] { sum += pairCost(tile, slots[slot + 1]) }
    return sum
  }

  /// One pass from the first slot to the last that brings the best later tile into each, looking back
  /// only: short slews first.
  mutating func sweep() {
    for slot in slots.indices {
      let here = slots[slot]
      let previous = follows[slot] ? slots[slot - 1] : -1
      var best = slot
      var bestChange: Float = -1e-4
      for other in (slot + 1)..<max(slot + 1, count) {
        let tile = slots[other]
        guard tile >= 0 else { continue }
        let moved = slotCost(tile, slot) + slotCost(here, other)
        guard moved < .infinity else { continue }
        let change =
          moved - slotCost(here, slot) - slotCost(tile, other)
          + pairCost(previous, tile) - pairCost(previous, here)
        if change < bestChange {
          bestChange = change
          best = other
        }
      }
      slots.swapAt(slot, best)
    }
  }

  /// One pass over all pairs of slots. Returns whether anything changed.
  mutating func exchange() -> Bool {
    var changed = false
    paid = ContiguousArray(slots.indices.map { slotCost(slots[$0], $0) })
    for a in 0..<count {
      for b in (a + 1)..<max(a + 1, count) where improves(a, b) {
        slots.swapAt(a, b)
        for slot in [a, b] { paid[slot] = slotCost(slots[slot], slot) }
        changed = true
      }
    }
    return changed
  }

  private mutating func improves(_ a: Int, _ b: Int) -> Bool {
    let (x, y) = (slots[a], slots[b])
    if x < 0 && y < 0 { return false }
    let there = slotCost(x, b)
    guard there < .infinity else { return false }
    let moved = there + slotCost(y, a)
    guard moved < .infinity else { return false }
    let change = moved - paid[a] - paid[b]
    if neighbour.isEmpty { return change < -1e-4 }
    // Slews cost at most four times the largest; skip the look-ups when they cannot matter.
    let before = slewCost(x, a) + slewCost(y, b)
    if change - before >= -1e-4 { return false }
    slots.swapAt(a, b)
    let after = slewCost(y, a) + slewCost(x, b)
    slots.swapAt(a, b)
    return change + after - before < -1e-4
  }
}
