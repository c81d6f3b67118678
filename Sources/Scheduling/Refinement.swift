import Glibc
import HeapModule
import Units
import Healpix

/// Where else a resource could point: a lattice of pointings finer than its grid.
public protocol PointingLattice: Sendable {
  /// The lattice point some steps east and north of a pointing; nil if that is where it is.
  func neighbor(of center: Direction<ICRS>, resource: Int, east: Int, north: Int) -> (number: Int, center: Direction<ICRS>)?
  /// Half the sides of the field and one step of the lattice, radians.
  func size(resource: Int) -> (half: (east: Double, north: Double), step: (east: Double, north: Double))
  /// When a visit there may start.
  func startWindows(at center: Direction<ICRS>, resource: Int) -> [TimeWindow]
  func regions(at center: Direction<ICRS>, resource: Int) -> [ConvexRegion<ICRS>]
}

/// Improves a selection move by move; every evaluation of a pointing is a step.
struct Refinement {
  private var selection: NetworkSelection
  private var ledger: CoverLedger
  private let lookup: SkyLookup
  /// Chosen: resource and candidate.
  private var chosen: [(resource: Int, candidate: Int32)] = []
  private(set) var steps = 0
  /// Numbers of the lattice points among the candidates, by resource, in the order they were appended.
  private(set) var numbers: [[Int]]

  init(_ selection: NetworkSelection) {
    self.selection = selection
    ledger = CoverLedger(selection.sky)
    lookup = SkyLookup(selection.sky)
    numbers = .init(repeating: [], count: selection.candidates.count)
    for (k, matching) in selection.matchings.enumerated() {
      for id in matching.occupant.filter({ $0 >= 0 }).sorted() {
        ledger.insert(selection.candidates[k][Int(id)].cover, owner: Int32(chosen.count))
        chosen.append((k, id))
      }
    }
  }

  var total: Double { selection.sky.probability(of: ledger.covered) }

  /// Moves each chosen pointing to a better lattice point near it. Returns the probability gained.
  mutating func shift<L: PointingLattice>(_ lattice: L, stride: Int, limit: Int) -> Double {
    var gained = 0.0
    for owner in chosen.indices where steps < limit {
      gained += shift(owner, lattice, stride: stride)
    }
    return gained
  }

  private static let ways = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]

  /// What a short move in each of the eight ways would add, from points on either side of the four edges.
  private func estimate(_ center: Direction<ICRS>, _ half: (east: Double, north: Double), _ step: (east: Double, north: Double)) -> SIMD8<Double> {
    let c = center.unit
    let ra = center.ra.radians
    let e = SIMD3<Double>(-sin(ra), cos(ra), 0)
    let n = SIMD3<Double>(c.y * e.z - c.z * e.y, c.z * e.x - c.x * e.z, c.x * e.y - c.y * e.x)
    func edge(_ east: Double, _ north: Double, _ along: SIMD3<Double>, _ reach: Double) -> Double {
      let middle = c + e * east + n * north
      var sum = 0.0
      for i in 0..<Self.points {
        let t = (Double(i) + 0.5) / Double(Self.points) * 2 - 1
        let p = middle + along * (t * reach)
        sum += lookup.openDensity(at: p / (p * p).sum().squareRoot(), ledger.covered)
      }
      return sum / Double(Self.points)
    }
    func net(_ way: Double, east: Bool) -> Double {
      if east {
        let out = edge(way * (half.east + step.east / 2), 0, n, half.north)
        let lost = edge(-way * (half.east - step.east / 2), 0, n, half.north)
        return (out - lost) * step.east * half.north * 2
      }
      let out = edge(0, way * (half.north + step.north / 2), e, half.east)
      let lost = edge(0, -way * (half.north - step.north / 2), e, half.east)
      return (out - lost) * step.north * half.east * 2
    }
    let (east, west, north, south) = (net(1, east: true), net(-1, east: true), net(1, east: false), net(-1, east: false))
    return SIMD8(east, west, north, south, east + north, east + south, west + north, west + south)
  }
  private static let points = 6

  private mutating func shift<L: PointingLattice>(_ owner: Int, _ lattice: L, stride: Int) -> Double {
    let (k, id) = chosen[owner]
    let old = selection.candidates[k][Int(id)]
    ledger.remove(old.cover, owner: Int32(owner))
    let weights = selection.sky.partWeight
    let before = ledger.covered.gain(old.cover, weights: weights)
    var best = (gain: before, number: -1, candidate: old)
    let (half, unit) = lattice.size(resource: k)
    let step = (east: unit.east * Double(stride), north: unit.north * Double(stride))
    var moved = true
    while moved {
      moved = false
      var guess = estimate(best.candidate.center, half, step)
      for _ in 0..<Self.tries {
        let way = guess.indices.max { guess[$0] < guess[$1] }!
        guard guess[way] > Self.worthTrying * before else { break }
        guess[way] = -1
        let to = Self.ways[way]
        guard let (number, center) = lattice.neighbor(of: best.candidate.center, resource: k, east: to.0 * stride, north: to.1 * stride)
        else { continue }
        steps += 1
        let cover = selection.sky.cover(lattice.regions(at: center, resource: k))
        let gain = ledger.covered.gain(cover, weights: weights)
        guard gain > best.gain * (1 + 1e-4) + 1e-8 else { continue }
        let windows = lattice.startWindows(at: center, resource: k)
        let options = NetworkSelection.slots(in: windows, starts: selection.slotStarts[k])
        guard fits(options, insteadOf: id, k) else { continue }
        best = (gain, number, Candidate(center: center, startWindows: windows, cover: cover))
        moved = true
        break
      }
    }
    guard best.number >= 0 else {
      ledger.insert(old.cover, owner: Int32(owner))
      return 0
    }
    let new = Int32(selection.candidates[k].count)
    selection.candidates[k].append(best.candidate)
    numbers[k].append(best.number)
    let options = NetworkSelection.slots(in: best.candidate.startWindows, starts: selection.slotStarts[k])
    if !selection.matchings[k].replace(id, by: new, options: options) {
      selection.matchings[k].remove(id)
      _ = selection.matchings[k].insert(new, options: options)
    }
    chosen[owner].candidate = new
    ledger.insert(best.candidate.cover, owner: Int32(owner))
    return best.gain - before
  }
  private static let tries = getenv("VTRY").flatMap { Int(String(cString: $0)) } ?? 2
  private static let worthTrying = getenv("VWT").flatMap { Double(String(cString: $0)) } ?? 0.0

  private func fits(_ options: SlotMatching.Options, insteadOf id: Int32, _ k: Int) -> Bool {
    guard !options.isEmpty else { return false }
    let slot = Int32(selection.matchings[k].occupant.firstIndex(of: id)!)
    if options.contains(where: { $0.contains(slot) }) { return true }
    var trial = selection.matchings[k]
    trial.remove(id)
    return trial.insert(.max, options: options)
  }

  /// Takes unchosen candidates in, for the least valuable one they can replace if need be.
  mutating func exchange(smallestGain: Double) -> Double {
    var gained = 0.0
    var taken = chosen.enumerated().reduce(into: Set<Int64>()) { $0.insert(Self.key($1.element.resource, $1.element.candidate)) }
    var heap = Heap<Offer>()
    let weights = selection.sky.partWeight
    var leastOwn = [Double](repeating: .infinity, count: selection.candidates.count)
    for (owner, c) in chosen.enumerated() {
      let own = ledger.own(selection.candidates[c.resource][Int(c.candidate)].cover, owner: Int32(owner), weights: weights)
      leastOwn[c.resource] = min(leastOwn[c.resource], own)
    }
    for k in selection.candidates.indices {
      let least = selection.matchings[k].room > 0 ? 0 : leastOwn[k]
      for i in selection.candidates[k].indices where !taken.contains(Self.key(k, Int32(i))) {
        let gain = ledger.covered.gain(selection.candidates[k][i].cover, weights: weights)
        if gain > max(smallestGain, least + 1e-7) { heap.insert(Offer(gain: gain, resource: Int32(k), candidate: Int32(i))) }
      }
    }
    var ownerOf: [Int64: Int] = [:]
    for (owner, c) in chosen.enumerated() { ownerOf[Self.key(c.resource, c.candidate)] = owner }
    while let top = heap.popMax() {
      let k = Int(top.resource)
      let candidate = selection.candidates[k][Int(top.candidate)]
      let gain = ledger.covered.gain(candidate.cover, weights: weights)
      guard gain > smallestGain else { continue }
      if let next = heap.max, next.gain > gain {
        heap.insert(Offer(gain: gain, resource: top.resource, candidate: top.candidate))
        continue
      }
      steps += 1
      let options = NetworkSelection.slots(in: candidate.startWindows, starts: selection.slotStarts[k])
      guard !options.isEmpty else { continue }
      if let circuit = selection.matchings[k].circuit(of: options) {
        var least = (own: Double.infinity, owner: -1)
        for id in circuit {
          let owner = ownerOf[Self.key(k, id)]!
          let own = ledger.own(selection.candidates[k][Int(id)].cover, owner: Int32(owner), weights: weights)
          if own < least.own { least = (own, owner) }
        }
        // What the candidate adds once the other is gone.
        guard least.owner >= 0, least.own < gain - 1e-7 else { continue }
        let out = chosen[least.owner]
        selection.matchings[k].remove(out.candidate)
        guard selection.matchings[k].insert(top.candidate, options: options) else { fatalError() }
        ledger.remove(selection.candidates[k][Int(out.candidate)].cover, owner: Int32(least.owner))
        ledger.insert(candidate.cover, owner: Int32(least.owner))
        chosen[least.owner].candidate = top.candidate
        taken.remove(Self.key(k, out.candidate))
        ownerOf[Self.key(k, top.candidate)] = least.owner
        gained += gain - least.own
      } else {
        _ = selection.matchings[k].insert(top.candidate, options: options)
        ownerOf[Self.key(k, top.candidate)] = chosen.count
        ledger.insert(candidate.cover, owner: Int32(chosen.count))
        chosen.append((k, top.candidate))
        gained += gain
      }
      taken.insert(Self.key(k, top.candidate))
    }
    return gained
  }

  private static func key(_ k: Int, _ id: Int32) -> Int64 { Int64(k) << 32 | Int64(id) }

  private struct Offer: Comparable {
    var gain: Double
    var resource: Int32
    var candidate: Int32
    static func < (a: Offer, b: Offer) -> Bool {
      (a.gain, -a.resource, -a.candidate) < (b.gain, -b.resource, -b.candidate)
    }
  }

  /// The improved selection, with gains in the order of the resources.
  func result() -> NetworkSelection {
    var result = selection
    for k in result.gains.indices { result.gains[k] = [:] }
    for (owner, c) in chosen.enumerated() {
      result.gains[c.resource][c.candidate] = ledger.own(
        selection.candidates[c.resource][Int(c.candidate)].cover, owner: Int32(owner), weights: selection.sky.partWeight)
    }
    return result
  }
}

extension NetworkSelection {
  public struct RefinementReport: Sendable {
    public var numbers: [[Int]]
    public var lines: [String]
  }
  /// Shifts and exchanges.
  public mutating func refine<L: PointingLattice>(_ lattice: L, smallestGain: Double, plan: [Int]) -> RefinementReport {
    var refinement = Refinement(self)
    var lines = ["start \(refinement.total)"]
    for p in plan {
      if p == 0 {
        let g = refinement.exchange(smallestGain: smallestGain)
        lines.append("exchange +\(g) -> \(refinement.total) steps \(refinement.steps)")
      } else {
        let g = refinement.shift(lattice, stride: p, limit: .max)
        lines.append("shift \(p) +\(g) -> \(refinement.total) steps \(refinement.steps)")
      }
    }
    self = refinement.result()
    return .init(numbers: refinement.numbers, lines: lines)
  }
}
