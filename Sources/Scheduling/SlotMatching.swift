import Units

/// Which candidates of one resource can be given a slot each: a matching that grows one candidate at a
/// time by augmenting paths (Kuhn 1955). The sets it accepts are the independent sets of a transversal
/// matroid, so a candidate refused once may be refused for ever.
struct SlotMatching: Sendable {
  /// Slots a candidate may use: disjoint, increasing ranges.
  typealias Options = [Range<Int32>]

  private(set) var occupant: ContiguousArray<Int32>
  private(set) var accepted = 0
  private let limit: Int
  private(set) var options: [Int32: Options] = [:]
  /// Slots known to be full for good: no path from them leads to a free one.
  private var closed: SkipList
  private var visited: SkipList

  init(slots: Int, limit: Int?) {
    occupant = .init(repeating: -1, count: slots)
    closed = SkipList(count: slots)
    visited = closed
    self.limit = min(limit ?? slots, slots)
  }

  /// How many more candidates there is a slot for, at most.
  var room: Int { limit - accepted }

  /// Takes the candidate in if some rearrangement of the others leaves room. O(slots).
  mutating func insert(_ candidate: Int32, options wanted: Options) -> Bool {
    guard room > 0 else { return false }
    return search(for: candidate, options: wanted) { _ in }
  }

  /// Looks for a path to a free slot and moves everyone along it; `reach` sees the candidates on the way.
  private mutating func search(
    for candidate: Int32, options wanted: Options, _ reach: (Int32) -> Void
  ) -> Bool {
    visited = closed
    var queue: [(candidate: Int32, cameFrom: Int32)] = [(candidate, -1)]
    /// The slot through which each queued candidate was reached.
    var viaSlot: [Int32] = [-1]
    var head = 0
    var reached: [Int32] = []
    while head < queue.count {
      let current = head
      head += 1
      let choices = current == 0 ? wanted : options[queue[current].candidate]!
      for range in choices {
        var slot = visited.next(range.lowerBound)
        while slot < range.upperBound {
          visited.remove(slot)
          let holder = occupant[Int(slot)]
          if holder < 0 {
            place(queue: queue, viaSlot: viaSlot, from: current, into: slot)
            options[candidate] = wanted
            accepted += 1
            return true
          }
          reached.append(slot)
          reach(holder)
          queue.append((holder, Int32(current)))
          viaSlot.append(slot)
          slot = visited.next(slot)
        }
      }
    }
    for slot in reached { closed.remove(slot) }
    return false
  }

  /// Gives up a candidate's slot.
  mutating func remove(_ candidate: Int32) {
    guard options.removeValue(forKey: candidate) != nil, let slot = occupant.firstIndex(of: candidate) else { return }
    occupant[slot] = -1
    accepted -= 1
    closed = SkipList(count: occupant.count)
  }

  /// Puts a candidate where another sits, if it may start there.
  mutating func replace(_ old: Int32, by new: Int32, options wanted: Options) -> Bool {
    guard let slot = occupant.firstIndex(of: old), wanted.contains(where: { $0.contains(Int32(slot)) }) else { return false }
    occupant[slot] = new
    options[old] = nil
    options[new] = wanted
    // Where it may go differs, and so does what is closed.
    closed = SkipList(count: occupant.count)
    return true
  }

  /// Whom a candidate could replace: the others of its circuit in the matroid; nil if it has a slot without.
  mutating func circuit(of options: Options) -> [Int32]? {
    closed = SkipList(count: occupant.count)
    var others: [Int32] = []
    var probe = self
    guard probe.search(for: .max, options: options, { others.append($0) }) else { return others }
    return room > 0 ? nil : occupant.filter { $0 >= 0 }
  }

  private mutating func place(
    queue: [(candidate: Int32, cameFrom: Int32)], viaSlot: [Int32], from index: Int, into slot: Int32
  ) {
    var index = index
    var slot = slot
    while true {
      occupant[Int(slot)] = queue[index].candidate
      guard index > 0 else { return }
      slot = viaSlot[index]
      index = Int(queue[index].cameFrom)
    }
  }
}

/// The members of 0..<count that are left, with "the next one from here" in near-constant time
/// (union-find with path halving).
struct SkipList: Sendable {
  private var link: ContiguousArray<Int32>

  init(count: Int) { link = .init(0...Int32(count)) }

  mutating func next(_ i: Int32) -> Int32 {
    var i = i
    while link[Int(i)] != i {
      link[Int(i)] = link[Int(link[Int(i)])]
      i = link[Int(i)]
    }
    return i
  }

  mutating func remove(_ i: Int32) { link[Int(i)] = i + 1 }
}
