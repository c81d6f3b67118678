import HeapModule
import Units

/// Chooses what the whole network observes.
///
/// Model. Resources k with slots S_k; candidates i of resource k(i) with the slots in which they may
/// start, T_i; probability weights w over the parts of the sky; candidate i covers the parts C_i.
/// Maximise w(union of C_i over the chosen) subject to: every chosen candidate has a slot of its own in
/// T_i. The objective is monotone submodular and the constraint a matroid (a partition of transversal
/// matroids), so the greedy choice by marginal gain is within a factor 2 of the best plan (Fisher,
/// Nemhauser & Wolsey 1978) and in practice within a few per cent. As two telescopes see the same parts,
/// coordination comes by itself: what one covers is worth nothing to the others.
public struct GreedySelection: Sendable {
  /// A gain under this is not worth an exposure.
  public static let smallestGain = 1e-8

  private let sky: SkyGrain
  public private(set) var covered: SkyGrain.Covered
  public private(set) var gained = 0.0

  public init(sky: SkyGrain) {
    self.sky = sky
    covered = sky.uncovered
  }

  /// What one resource was given.
  public struct Choice: Sendable {
    public var slotStarts: [Instant]
    /// Candidate by slot; -1 is a free slot. A feasible assignment, not yet a good one.
    public var occupant: [Int32]
    /// Marginal gain of each chosen candidate when it was chosen.
    public var gains: [Int32: Double]
  }

  /// Adds the resources' best candidates to what is already chosen. Deterministic: ties go to the
  /// resource and the candidate listed first.
  public mutating func choose(_ resources: [Resource], candidates: [[Candidate]]) -> [Choice] {
    var slotStarts = resources.map(\.slotStarts)
    var matchings = zip(resources, slotStarts).map { SlotMatching(slots: $1.count, limit: $0.mostVisits) }
    var gains = [[Int32: Double]](repeating: [:], count: resources.count)
    var heap = Heap<Entry>(
      candidates.enumerated().flatMap { k, list in
        list.indices.compactMap { i in
          let gain = covered.gain(list[i].cover, weights: sky.partWeight)
          return gain >= Self.smallestGain ? Entry(gain: gain, resource: Int32(k), candidate: Int32(i)) : nil
        }
      })
    while let top = heap.popMax() {
      let k = Int(top.resource)
      guard !matchings[k].isFull else { continue }
      let candidate = candidates[k][Int(top.candidate)]
      let gain = covered.gain(candidate.cover, weights: sky.partWeight)
      guard gain >= Self.smallestGain else { continue }
      if let next = heap.max, next > Entry(gain: gain, resource: top.resource, candidate: top.candidate) {
        heap.insert(Entry(gain: gain, resource: top.resource, candidate: top.candidate))
        continue
      }
      let options = Self.slots(in: candidate.startWindows, starts: slotStarts[k])
      if matchings[k].insert(top.candidate, options: options) {
        covered.insert(candidate.cover)
        gains[k][top.candidate] = gain
        gained += gain
      }
    }
    return resources.indices.map { k in
      defer { slotStarts[k] = [] }
      return Choice(slotStarts: slotStarts[k], occupant: Array(matchings[k].occupant), gains: gains[k])
    }
  }

  /// The slots whose start lies in a window.
  static func slots(in windows: [TimeWindow], starts: [Instant]) -> SlotMatching.Options {
    windows.compactMap { window in
      let low = starts.partitioningIndex { $0 >= window.start }
      let high = starts.partitioningIndex { $0 > window.end }
      return low < high ? Int32(low)..<Int32(high) : nil
    }
  }

  private struct Entry: Comparable {
    var gain: Double
    var resource: Int32
    var candidate: Int32
    static func < (a: Entry, b: Entry) -> Bool {
      (a.gain, -a.resource, -a.candidate) < (b.gain, -b.resource, -b.candidate)
    }
  }
}

extension Array {
  /// The first index at which `predicate` holds, given that it holds from there on.
  func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
