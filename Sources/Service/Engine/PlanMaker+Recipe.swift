import Campaigns
import Observatories
import Planning
import Units

/// What a policy orders beyond which telescopes: the highest airmass, several exposures of a field in a
/// filter of its choice, how much probability and how many fields.
public struct ObservingRecipe: Sendable {
  private let orders: Orders
  /// Several filters in one visit; nil: each telescope observes in one.
  public let filters: FilterRecipe?

  /// - Parameter filters: wanted instead of those ordered; number and length of exposures are as ordered.
  public init(_ orders: Orders, filters: FilterRecipe? = nil) {
    let exposures = orders.exposures
    guard
      let wanted = filters
        ?? exposures?.filters.first(where: { $0.contains("+") }).map({ FilterRecipe(sum: $0) })
    else {
      (self.orders, self.filters) = (orders, nil)
      return
    }
    var (rest, all) = (orders, wanted)
    // A visit is then made of them by the planner.
    rest.exposures = nil
    (all.count, all.exposure) = (exposures?.count, exposures?.each)
    (self.orders, self.filters) = (rest, all)
  }

  private var count: Int { max(1, orders.exposures?.count ?? 1) }

  /// One exposure: what is ordered, within what the telescope can.
  private func each(on telescope: Telescope) -> Duration? {
    orders.exposures.map { min(max($0.each, telescope.exposure.shortest), telescope.exposure.longest) }
  }

  /// The telescope as the planner is to see it: a visit takes all exposures with the readouts between them.
  public func applied(to telescope: Telescope) -> Telescope {
    var copy = telescope
    if let limit = orders.maximumAirmass { copy.limits.maxAirmass = min(limit, copy.limits.maxAirmass) }
    guard let each = each(on: telescope) else { return copy }
    let visit = each * Double(count) + telescope.timing.readout * Double(count - 1)
    (copy.exposure.typical, copy.exposure.shortest, copy.exposure.longest) = (visit, visit, visit)
    let wanted = (orders.exposures?.filters ?? []).map { $0.lowercased() }
    if let filter = wanted.lazy.compactMap({ name in
      telescope.filters.first { $0.lowercased() == name }
    }).first {
      copy.exposure.filter = filter
    }
    return copy
  }

  /// How fields are to be chosen; nil: freely, by what they add.
  ///
  /// How a number of fields is divided between the most probable ones and those at good airmass is said by the
  /// allocation of the telescopes that are ordered, where they have one in common.
  public func fields(for telescopes: [Telescope]) -> FieldRecipe? {
    guard orders.probability != nil || orders.fieldsPerNight != nil else { return nil }
    let own = telescopes.map { $0.allocation?.tiling }
    var rule = Telescope.TilingRule()
    if let first = own.first, let common = first, own.allSatisfy({ $0 == first }) {
      (rule.mostProbable, rule.bestAirmass, rule.sites) = (
        common.mostProbable, common.bestAirmass, common.sites
      )
      rule.fieldsPerSite = common.fieldsPerSite
    }
    rule.probability = orders.probability
    return FieldRecipe(rule, fieldsPerNight: orders.fieldsPerNight)
  }

  /// Says in the plan what a visit is made of, and names the telescopes as they are.
  public func described(_ plan: Plan, telescopes: [Telescope]) -> Plan {
    var copy = plan
    for part in copy.telescopes.indices where fields(for: telescopes) != nil {
      copy.telescopes[part].notes.append("fields by order: \(fieldWords)")
    }
    guard orders.exposures != nil else { return copy }
    let known = Dictionary(telescopes.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for part in copy.telescopes.indices {
      guard let telescope = known[copy.telescopes[part].telescope.id], let each = each(on: telescope) else {
        continue
      }
      copy.telescopes[part].telescope.exposure.typical = telescope.exposure.typical
      copy.telescopes[part].telescope.exposure.shortest = telescope.exposure.shortest
      copy.telescopes[part].telescope.exposure.longest = telescope.exposure.longest
      for row in copy.telescopes[part].assignments.indices {
        copy.telescopes[part].assignments[row].exposure = each
        copy.telescopes[part].assignments[row].exposureCount = count
      }
    }
    return copy
  }

  private var fieldWords: String {
    [
      orders.probability.map { "up to \(($0.value * 1000).rounded() / 10) % of the probability" },
      orders.fieldsPerNight.map { "at most \($0) in 24 h, all telescopes together" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
