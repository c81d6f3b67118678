import HeapModule
import Units

/// Improves a selection by moves that each add probability: pointings exchanged for better ones, taken in where a
/// slot is free, and shifted off the grid.
///
/// Effort is counted in steps, of which each is a pointing looked at: equal input and effort give an
/// equal result. It may stop after any step, and what it has then is a valid selection.
struct Refinement {
  var selection: NetworkSelection
  var ledger: CoverLedger
  let lookup: SkyLookup
  /// Resource and candidate of every visit.
  var chosen: [(resource: Int, candidate: Int32)] = []
  /// Lattice numbers of the pointings appended to the candidates, by resource.
  var numbers: [[Int]]
  var changes: ChangeLog
  var settled = SettledTimes()
  var steps = 0
  let effort: Int
  /// Moves that add less are not worth it.
  static let smallestMove = 1e-8
  /// Nor is another round after one that added less than this share.
  private static let worthARound = 3e-4

  /// The owner of what is covered for good.
  private static let nobody: Int32 = -1

  init(_ selection: NetworkSelection, besides taken: [SkyGrain.Cover] = [], effort: Int) {
    self.selection = selection
    self.effort = effort
    ledger = CoverLedger(selection.sky)
    lookup = SkyLookup(selection.sky)
    changes = ChangeLog(selection.sky)
    numbers = .init(repeating: [], count: selection.candidates.count)
    for cover in taken { ledger.insert(cover, owner: Self.nobody) }
    for (k, matching) in selection.matchings.enumerated() {
      for id in matching.occupant.filter({ $0 >= 0 }).sorted() {
        ledger.insert(selection.candidates[k][Int(id)].cover, owner: Int32(chosen.count))
        chosen.append((k, id))
      }
    }
  }

  /// Rounds of exchanges and of ever shorter shifts until nothing much is gained or the effort is spent.
  mutating func run<L: PointingLattice>(_ lattice: L, smallestGain: Double) {
    var strides = [80, 20, 8, 4]
    while steps < effort {
      var gained = exchange(smallestGain: smallestGain)
      for stride in strides { gained += shift(lattice, stride: stride) }
      if gained <= Self.worthARound * selection.sky.probability(of: ledger.covered) {
        _ = exchange(smallestGain: smallestGain)
        return
      }
      // What is left is a matter of neighbours that moved.
      strides = [20, 4]
    }
  }

  func candidate(of owner: Int) -> Candidate {
    selection.candidates[chosen[owner].resource][Int(chosen[owner].candidate)]
  }
  func cover(of owner: Int) -> SkyGrain.Cover { candidate(of: owner).cover }

  /// Probability that no other visit covers.
  func own(_ owner: Int) -> Double {
    ledger.own(cover(of: owner), owner: Int32(owner), weights: selection.sky.partWeight)
  }

  /// The improved selection, with the gain of every visit over all others.
  func result() -> NetworkSelection {
    var result = selection
    for k in result.gains.indices { result.gains[k] = [:] }
    for (owner, visit) in chosen.enumerated() { result.gains[visit.resource][visit.candidate] = own(owner) }
    return result
  }
}

// MARK: exchange

extension Refinement {
  /// Takes in candidates that are not chosen, the best first, each for the least valuable one that it can
  /// replace (the weakest of its circuit) unless a slot is free. Returns the probability gained.
  mutating func exchange(smallestGain: Double) -> Double {
    var round = ExchangeRound(self)
    var heap = Heap(round.offers(self, smallestGain: smallestGain))
    var gained = 0.0
    while steps < effort, let top = heap.popMax() {
      let candidate = selection.candidates[top.resource][Int(top.candidate)]
      let gain = ledger.covered.gain(candidate.cover, weights: selection.sky.partWeight)
      guard gain > smallestGain else { continue }
      if let next = heap.max, next.gain > gain {
        heap.insert(ExchangeOffer(gain: gain, resource: top.resource, candidate: top.candidate))
        continue
      }
      let options = NetworkSelection.slots(
        in: candidate.startWindows, starts: selection.slotStarts[top.resource])
      guard round.mayReplace(in: options, of: top.resource, for: gain) else { continue }
      steps += 1
      gained += take(top.resource, top.candidate, gain: gain, options, &round)
    }
    return gained
  }

  private mutating func take(
    _ k: Int, _ id: Int32, gain: Double, _ options: SlotMatching.Options, _ round: inout ExchangeRound
  ) -> Double {
    let circuit = selection.matchings[k].circuit(of: options)
    guard !circuit.isEmpty else {
      guard selection.matchings[k].insert(id, options: options) else { return 0 }
      round.owners[k][id] = Int32(chosen.count)
      round.note(gain, of: chosen.count)
      ledger.insert(selection.candidates[k][Int(id)].cover, owner: Int32(chosen.count))
      chosen.append((k, id))
      changes.note(selection.candidates[k][Int(id)].cover)
      round.refresh(self, k)
      return gain
    }
    let owner = round.weakest(of: circuit, k)
    let weakest = (own: own(owner), owner: owner)
    round.note(weakest.own, of: owner)
    guard weakest.owner >= 0, weakest.own < gain - Self.smallestMove else { return 0 }
    let out = chosen[weakest.owner].candidate
    ledger.remove(cover(of: weakest.owner), owner: Int32(weakest.owner))
    guard selection.matchings[k].replace(out, by: id, options: options) else {
      ledger.insert(cover(of: weakest.owner), owner: Int32(weakest.owner))
      return 0
    }
    changes.note(cover(of: weakest.owner))
    changes.note(selection.candidates[k][Int(id)].cover)
    chosen[weakest.owner].candidate = id
    ledger.insert(cover(of: weakest.owner), owner: Int32(weakest.owner))
    round.owners[k][out] = nil
    round.owners[k][id] = Int32(weakest.owner)
    round.note(gain, of: weakest.owner)
    round.refresh(self, k)
    return gain - weakest.own
  }
}

/// A candidate that might be taken in.
private struct ExchangeOffer: Comparable {
  var gain: Double
  var resource: Int
  var candidate: Int32
  static func < (a: Self, b: Self) -> Bool {
    (a.gain, -a.resource, -a.candidate) < (b.gain, -b.resource, -b.candidate)
  }
}

/// What one round of exchanges knows about who could make room, so that hopeless candidates cost little.
private struct ExchangeRound {
  /// Index among the chosen, by resource and candidate.
  var owners: [[Int32: Int32]]
  /// What only it covers, by visit, as last known.
  private var values: ContiguousArray<Double>
  /// For each slot the least value of a visit that could make room for a start in it.
  private var weakest: [ContiguousArray<Double>]
  private var age: [Int]
  /// Exchanges of a resource after which `weakest` is computed anew; in between it is a guess.
  private static let patience = 12

  init(_ state: Refinement) {
    owners = .init(repeating: [:], count: state.selection.candidates.count)
    weakest = state.selection.matchings.map { .init(repeating: 0, count: $0.occupant.count) }
    age = .init(repeating: 0, count: weakest.count)
    values = ContiguousArray(state.chosen.indices.map { state.own($0) })
    for (owner, visit) in state.chosen.enumerated() { owners[visit.resource][visit.candidate] = Int32(owner) }
    for k in weakest.indices { recompute(state, k) }
  }

  private mutating func recompute(_ state: Refinement, _ k: Int) {
    let matching = state.selection.matchings[k]
    weakest[k] = matching.weakest(
      ContiguousArray(matching.occupant.map { $0 >= 0 ? values[Int(owners[k][$0]!)] : Double.infinity }))
  }

  mutating func note(_ value: Double, of owner: Int) {
    if owner < values.count { values[owner] = value } else { values.append(value) }
  }

  /// The visit of a circuit that only covers the least; the first of equals.
  func weakest(of circuit: [Int32], _ k: Int) -> Int {
    var best = Int(owners[k][circuit[0]]!)
    for id in circuit.dropFirst() {
      let owner = Int(owners[k][id]!)
      if values[owner] < values[best] || values[owner] == values[best] && owner < best { best = owner }
    }
    return best
  }

  mutating func refresh(_ state: Refinement, _ k: Int) {
    age[k] += 1
    if age[k] % Self.patience == 0 { recompute(state, k) }
  }

  func mayReplace(in options: SlotMatching.Options, of k: Int, for gain: Double) -> Bool {
    options.contains { range in range.contains { weakest[k][Int($0)] < gain - Refinement.smallestMove } }
  }

  /// Everything not chosen that adds more than the weakest visit of its telescope is worth.
  func offers(_ state: Refinement, smallestGain: Double) -> [ExchangeOffer] {
    var offers: [ExchangeOffer] = []
    for (k, candidates) in state.selection.candidates.enumerated() {
      guard let least = weakest[k].min() else { continue }
      for i in candidates.indices where owners[k][Int32(i)] == nil {
        let gain = state.ledger.covered.gain(candidates[i].cover, weights: state.selection.sky.partWeight)
        guard gain > max(smallestGain, least + Refinement.smallestMove) else { continue }
        offers.append(ExchangeOffer(gain: gain, resource: k, candidate: Int32(i)))
      }
    }
    return offers
  }
}

extension NetworkSelection {
  /// What a refinement did.
  public struct RefinementReport: Sendable {
    /// Lattice numbers of the pointings appended to the candidates, by resource, in their order.
    public var numbers: [[Int]]
    public var steps: Int
  }

  /// Exchanges alone, to test them.
  mutating func exchange(smallestGain: Double, effort: Int) {
    var refinement = Refinement(self, effort: effort)
    _ = refinement.exchange(smallestGain: smallestGain)
    self = refinement.result()
  }

  /// Improves the selection, never to the worse.
  ///
  /// - Parameters:
  ///   - taken: covered for good, by nobody's visits.
  ///   - smallestGain: a candidate that adds less probability is not worth an exposure; > 0.
  ///   - effort: the most pointings looked at.
  public mutating func refine<L: PointingLattice>(
    _ lattice: L, besides taken: [SkyGrain.Cover] = [], smallestGain: Double, effort: Int
  ) -> RefinementReport {
    var refinement = Refinement(self, besides: taken, effort: effort)
    refinement.run(lattice, smallestGain: smallestGain)
    self = refinement.result()
    return RefinementReport(numbers: refinement.numbers, steps: refinement.steps)
  }
}
