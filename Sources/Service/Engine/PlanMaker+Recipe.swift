import Campaigns
import Observatories
import Planning
import Units

/// What a policy orders beyond which telescopes: the highest airmass, and several exposures of a field in a
/// filter of its choice.
struct ObservingRecipe {
  private let orders: Orders

  init(_ orders: Orders) { self.orders = orders }

  private var count: Int { max(1, orders.exposures?.count ?? 1) }

  /// One exposure: what is ordered, within what the telescope can.
  private func each(on telescope: Telescope) -> Duration? {
    orders.exposures.map { min(max($0.each, telescope.exposure.shortest), telescope.exposure.longest) }
  }

  /// The telescope as the planner is to see it: a visit takes all exposures with the readouts between them.
  func applied(to telescope: Telescope) -> Telescope {
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

  /// Says in the plan what a visit is made of, and names the telescopes as they are.
  func described(_ plan: Plan, telescopes: [Telescope]) -> Plan {
    guard orders.exposures != nil else { return plan }
    let known = Dictionary(telescopes.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var copy = plan
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
}
