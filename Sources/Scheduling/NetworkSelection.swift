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
public struct NetworkSelection: Sendable {
  let sky: SkyGrain
  let slotStarts: [[Instant]]
  var matchings: [SlotMatching]
  /// Everything offered so far, by resource.
  public internal(set) var candidates: [[Candidate]]
  var gains: [[Int32: Double]]
  /// What resources use up together, until `settleSharing`.
  public var budget: SharedBudget

  public init(sky: SkyGrain, resources: [Resource], sharing budget: SharedBudget = .none) {
    self.budget = budget
    self.sky = sky
    slotStarts = resources.map(\.slotStarts)
    matchings = zip(resources, slotStarts).map { SlotMatching(slots: $1.count, limit: $0.mostVisits) }
    candidates = .init(repeating: [], count: resources.count)
    gains = .init(repeating: [:], count: resources.count)
  }

  public func freeSlots(of resource: Int) -> Int { matchings[resource].room }

  /// The candidates a resource has a slot for, so far.
  public func chosen(of resource: Int) -> [Candidate] {
    matchings[resource].occupant.filter { $0 >= 0 }.map { candidates[resource][Int($0)] }
  }

  /// Adds the best of the offered candidates to what is already chosen. Deterministic: ties go to the
  /// resource and the candidate listed first.
  ///
  /// - Parameters:
  ///   - offers: new candidates, by resource.
  ///   - covered: what counts as observed already; grows with what is chosen.
  ///   - smallestGain: a candidate that adds less probability is not worth an exposure; > 0.
  ///   - worth: of the parts of the sky to each resource where that is not their probability (see
  ///     `CoverageOutlook`); empty for those without.
  ///   - favor: by resource, what its gains count times when candidates are compared; empty is 1 for all. It says who
  ///     goes first, not what is worth an exposure.
  public mutating func choose(
    _ offers: [(resource: Int, candidates: [Candidate])], besides covered: inout SkyGrain.Covered,
    smallestGain: Double, worth: [ContiguousArray<Double>] = [], favor: [Double] = []
  ) {
    let favor = matchings.indices.map { favor.indices.contains($0) ? favor[$0] : 1 }
    let weights = matchings.indices.map {
      worth.indices.contains($0) && !worth[$0].isEmpty ? worth[$0] : sky.partWeight
    }
    var heap = Heap(self.entries(offers, covered, smallestGain, weights, favor))
    for (k, new) in offers { candidates[k].append(contentsOf: new) }
    while let top = heap.popMax() {
      let k = Int(top.resource)
      guard matchings[k].room > 0, budget.allows(k) else { continue }
      let candidate = candidates[k][Int(top.candidate)]
      let gain = covered.gain(candidate.cover, weights: weights[k])
      guard gain >= smallestGain else { continue }
      let current = Entry(gain: gain * favor[k], resource: top.resource, candidate: top.candidate)
      if let next = heap.max, next > current {
        heap.insert(current)
        continue
      }
      let options = Self.slots(in: candidate.startWindows, starts: slotStarts[k])
      if matchings[k].insert(top.candidate, options: options) {
        covered.insert(candidate.cover)
        budget.take(k)
        gains[k][top.candidate] = gain
      }
    }
  }

  private func entries(
    _ offers: [(resource: Int, candidates: [Candidate])], _ covered: SkyGrain.Covered, _ smallestGain: Double,
    _ weights: [ContiguousArray<Double>], _ favor: [Double]
  ) -> [Entry] {
    var entries: [Entry] = []
    for (k, new) in offers {
      for (i, candidate) in new.enumerated() {
        let gain = covered.gain(candidate.cover, weights: weights[k])
        guard gain >= smallestGain else { continue }
        entries.append(
          Entry(gain: gain * favor[k], resource: Int32(k), candidate: Int32(candidates[k].count + i)))
      }
    }
    return entries
  }

  /// What one resource was given.
  public struct Choice: Sendable {
    public var slotStarts: [Instant]
    /// Candidate by slot; -1 is a free slot. A feasible assignment, not yet a good one.
    public var occupant: [Int32]
    /// Marginal gain of each chosen candidate when it was chosen.
    public var gains: [Int32: Double]
  }

  public func choice(of resource: Int) -> Choice {
    Choice(
      slotStarts: slotStarts[resource], occupant: Array(matchings[resource].occupant), gains: gains[resource])
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
