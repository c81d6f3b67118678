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
  /// Probability a cover adds to what is covered.
  public func gain(of cover: SkyGrain.Cover, besides covered: SkyGrain.Covered) -> Double {
    covered.gain(cover, weights: sky.partWeight)
  }

  /// The most visits a resource may have.
  public func mostVisits(of resource: Int) -> Int { matchings[resource].limit }
}
