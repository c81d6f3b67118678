#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Healpix
import Units

/// Shifts: a pointing moves a few steps of its lattice toward sky that nobody covers.
extension Refinement {
  /// One pass over all visits. Returns the probability gained.
  mutating func shift<L: PointingLattice>(_ lattice: L, stride: Int) -> Double {
    var gained = 0.0
    for owner in chosen.indices where steps < effort {
      guard let size = lattice.size(of: chosen[owner].resource) else { continue }
      let probe = EdgeProbe(half: size.half, step: size.step * Double(stride))
      let before = cover(of: owner)
      guard changes.isAny(within: before, since: settled[owner, stride]) else { continue }
      let gain = shift(owner, lattice, probe, stride: stride)
      if gain > 0 {
        changes.note(before)
        changes.note(cover(of: owner))
        gained += gain
      }
      settled[owner, stride] = changes.clock
    }
    return gained
  }

  private mutating func shift<L: PointingLattice>(
    _ owner: Int, _ lattice: L, _ probe: EdgeProbe, stride: Int
  ) -> Double {
    let (k, id) = chosen[owner]
    let old = selection.candidates[k][Int(id)]
    ledger.remove(old.cover, owner: Int32(owner))
    let before = ledger.covered.gain(old.cover, weights: selection.sky.partWeight)
    var best = Place(gain: before, number: -1, candidate: old)
    while steps < effort, let better = improved(best, k, instead: id, lattice, probe, stride: stride) {
      best = better
    }
    defer { ledger.insert(cover(of: owner), owner: Int32(owner)) }
    guard best.number >= 0 else { return 0 }
    let new = Int32(selection.candidates[k].count)
    let options = NetworkSelection.slots(in: best.candidate.startWindows, starts: selection.slotStarts[k])
    guard selection.matchings[k].replace(id, by: new, options: options) else { return 0 }
    selection.candidates[k].append(best.candidate)
    numbers[k].append(best.number)
    chosen[owner].candidate = new
    return best.gain - before
  }

  private struct Place {
    var gain: Double
    var number: Int
    var candidate: Candidate
  }

  /// The first better place among the most promising neighbours.
  private mutating func improved<L: PointingLattice>(
    _ place: Place, _ k: Int, instead id: Int32, _ lattice: L, _ probe: EdgeProbe, stride: Int
  ) -> Place? {
    steps += 1
    var guess = probe.gains(around: place.candidate.center, lookup, ledger.covered)
    for _ in 0..<3 {
      guard let way = guess.indices.max(by: { guess[$0] < guess[$1] }), guess[way] > 0 else { return nil }
      guess[way] = -1
      let (east, north) = EdgeProbe.ways[way]
      guard
        let (number, center) = lattice.neighbor(
          of: place.candidate.center, resource: k, east: east * stride, north: north * stride)
      else { continue }
      steps += 1
      let cover = lattice.cover(at: center, resource: k, of: selection.sky)
      let gain = ledger.covered.gain(cover, weights: selection.sky.partWeight)
      guard gain > place.gain * (1 + 2e-5) + Self.smallestMove else { continue }
      let windows = lattice.startWindows(at: center, resource: k)
      guard fits(windows, instead: id, k) else { continue }
      return Place(
        gain: gain, number: number, candidate: Candidate(center: center, startWindows: windows, cover: cover))
    }
    return nil
  }

  private mutating func fits(_ windows: [TimeWindow], instead id: Int32, _ k: Int) -> Bool {
    let options = NetworkSelection.slots(in: windows, starts: selection.slotStarts[k])
    return !options.isEmpty && selection.matchings[k].canReplace(id, options: options)
  }
}

/// When the sky about each place last changed hands, coarsely: where nothing has, no move is worth another look.
struct ChangeLog: Sendable {
  private(set) var clock: Int32 = 0
  private var last: ContiguousArray<Int32>
  private let sky: SkyGrain
  /// Cells of 1.8 degrees, which a field and its neighbour share along their border.
  private static let order = 5
  private static let shift = UInt64(2 * (Cell.maxOrder - order))

  init(_ sky: SkyGrain) {
    self.sky = sky
    last = .init(repeating: 0, count: Int(Cell.count(order: Self.order)))
  }

  mutating func note(_ cover: SkyGrain.Cover) {
    clock += 1
    for grain in cover.grains { last[Int(sky.keys[Int(grain)] >> Self.shift)] = clock }
  }

  /// - Parameter time: a former `clock`; negative is before everything.
  func isAny(within cover: SkyGrain.Cover, since time: Int32) -> Bool {
    time < 0 || cover.grains.contains { last[Int(sky.keys[Int($0)] >> Self.shift)] > time }
  }
}

/// The clock when each visit was last found to be in a good place, by stride.
struct SettledTimes {
  private var times: [Int: ContiguousArray<Int32>] = [:]
  subscript(owner: Int, stride: Int) -> Int32 {
    get {
      guard let list = times[stride], owner < list.count else { return -1 }
      return list[owner]
    }
    set {
      let missing = owner + 1 - (times[stride]?.count ?? 0)
      if missing > 0 { times[stride, default: []].append(contentsOf: repeatElement(-1, count: missing)) }
      times[stride]![owner] = newValue
    }
  }
}

/// Guesses what a short move of a box adds from a few points on either side of its edges: what comes in ahead less
/// what is left behind. Good for choosing which moves to compute.
struct EdgeProbe {
  static let ways = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]
  let half: SIMD2<Double>
  let step: SIMD2<Double>
  private static let points = 6

  /// By `ways`.
  func gains(around center: Direction<ICRS>, _ lookup: SkyLookup, _ covered: SkyGrain.Covered) -> SIMD8<
    Double
  > {
    let ra = center.ra.radians
    let eastward = SIMD3(-sin(ra), cos(ra), 0)
    let c = lookup.toMap(center.unit)
    let east = lookup.toMap(eastward)
    let north = lookup.toMap(cross(center.unit, eastward))
    func mean(_ middle: SIMD3<Double>, _ along: SIMD3<Double>) -> Double {
      var sum = 0.0
      for i in 0..<Self.points {
        let t = (Double(i) + 0.5) / Double(Self.points) * 2 - 1
        sum += lookup.openDensity(at: middle + along * t, covered)
      }
      return sum / Double(Self.points)
    }
    // Strips of one step, outside and inside of each edge.
    let (x, y) = (east * half.x, north * half.y)
    let outX = east * (half.x + step.x / 2)
    let inX = east * (half.x - step.x / 2)
    let outY = north * (half.y + step.y / 2)
    let inY = north * (half.y - step.y / 2)
    let e = (mean(c + outX, y) - mean(c - inX, y)) * step.x * half.y * 2
    let w = (mean(c - outX, y) - mean(c + inX, y)) * step.x * half.y * 2
    let n = (mean(c + outY, x) - mean(c - inY, x)) * step.y * half.x * 2
    let s = (mean(c - outY, x) - mean(c + inY, x)) * step.y * half.x * 2
    return SIMD8(e, w, n, s, e + n, e + s, w + n, w + s)
  }
}
