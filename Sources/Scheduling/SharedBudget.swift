import HeapModule

/// Time and visits that several resources use up together.
public struct SharedBudget: Sendable {
  /// Index of the budget of each resource; nil: it shares none.
  private let owner: [Int?]
  /// Seconds that a visit of each resource costs.
  private let cost: [Double]
  private var seconds: [Double]
  private var visits: [Int]

  public static let none = SharedBudget(resources: 0, budgets: [])

  /// - Parameter budgets: members and the cost of a visit of each; infinite seconds and the largest integer are no
  ///   bound. No resource may be in two.
  public init(
    resources count: Int, budgets: [(members: [(resource: Int, cost: Double)], seconds: Double, visits: Int)]
  ) {
    var owner = [Int?](repeating: nil, count: count)
    var cost = [Double](repeating: 0, count: count)
    for (i, budget) in budgets.enumerated() {
      for member in budget.members { (owner[member.resource], cost[member.resource]) = (i, member.cost) }
    }
    self.owner = owner
    self.cost = cost
    seconds = budgets.map { max(0, $0.seconds) }
    visits = budgets.map { max(0, $0.visits) }
  }

  func allows(_ resource: Int) -> Bool {
    guard resource < owner.count, let i = owner[resource] else { return true }
    return visits[i] > 0 && cost[resource] <= seconds[i] + 1e-6
  }

  mutating func take(_ resource: Int) {
    guard resource < owner.count, let i = owner[resource] else { return }
    visits[i] -= 1
    seconds[i] -= cost[resource]
  }

  func isMember(_ resource: Int) -> Bool { resource < owner.count && owner[resource] != nil }
}

extension NetworkSelection {
  /// Ends sharing: what is left of shared budgets is dealt out in turns, and from now on every resource has a
  /// limit of its own, so that exchanges and later choices keep within them.
  public mutating func settleSharing() {
    let members = matchings.indices.filter { budget.isMember($0) }
    var limits = matchings.map(\.accepted)
    var isDealing = true
    while isDealing {
      isDealing = false
      for k in members where limits[k] < matchings[k].limit && budget.allows(k) {
        budget.take(k)
        limits[k] += 1
        isDealing = true
      }
    }
    for k in members { matchings[k].restrict(to: limits[k]) }
    budget = .none
  }

  /// No more for these than they have.
  public mutating func close(_ resources: [Int]) {
    for k in resources { matchings[k].restrict(to: matchings[k].accepted) }
  }
}

extension NetworkSelection {
  /// Covers by what each adds to those before, the most first, whatever the time they need: until they hold
  /// `enough`, or the next adds less than the smallest gain. Equal ones in their order. Of each owner no more than it
  /// has room for.
  ///
  /// What a cover adds only shrinks, so it is looked at again only when it might be next (Minoux 1978).
  public func mostProbable(
    of covers: [SkyGrain.Cover], besides covered: SkyGrain.Covered, until enough: Double,
    smallestGain: Double,
    owners: [Int] = [], room: [Int] = []
  ) -> [(index: Int, gain: Double)] {
    var seen = covered
    var room = room
    var heap = Heap(
      covers.indices.map { Promise(gain: seen.gain(covers[$0], weights: sky.partWeight), index: $0) })
    var list: [(index: Int, gain: Double)] = []
    var sum = 0.0
    while sum < enough, let top = heap.popMax(), top.gain >= smallestGain {
      guard owners.isEmpty || room[owners[top.index]] > 0 else { continue }
      let current = Promise(gain: seen.gain(covers[top.index], weights: sky.partWeight), index: top.index)
      if let next = heap.max, next > current {
        heap.insert(current)
        continue
      }
      guard current.gain >= smallestGain else { break }
      list.append((current.index, current.gain))
      sum += current.gain
      if !owners.isEmpty { room[owners[top.index]] -= 1 }
      seen.insert(covers[current.index])
    }
    return list
  }

  private struct Promise: Comparable {
    var gain: Double
    var index: Int
    static func < (a: Promise, b: Promise) -> Bool { (a.gain, -a.index) < (b.gain, -b.index) }
  }

  /// The most visits a resource may have.
  public func mostVisits(of resource: Int) -> Int { matchings[resource].limit }
}
