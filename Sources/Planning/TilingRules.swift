import Observatories
import Scheduling
import Units
import Visibility

/// How a request wants fields chosen, such as what a policy orders.
public struct FieldRecipe: Sendable, Hashable {
  /// For every telescope, in place of the rule of its own allocation.
  public var rule: Telescope.TilingRule
  /// So many fields in 24 h, all telescopes together.
  public var fieldsPerNight: Int?

  public init(_ rule: Telescope.TilingRule, fieldsPerNight: Int? = nil) {
    self.rule = rule
    self.fieldsPerNight = fieldsPerNight
  }

  var digestText: String { "\(rule):\(fieldsPerNight ?? -1)" }
}

/// How `Telescope.TilingRule` chooses fields: such as that of GRANDMA's automatic requests to TAROT, up to 70 % of
/// the probability in at most 20 fields a night, ten the most probable and ten at good airmass.
extension Session {
  /// Lets the telescopes choose whose allocation says how, or all where the request does. Those of one allocation,
  /// or of one recipe, choose together; what they have then is all they get.
  ///
  /// 1. The list: fields by greatest marginal probability, until they hold as much as the rule asks for.
  /// 2. Of the list the most probable ones, and of the rest those that can be had at the best airmass.
  /// 3. If the rule counts sites, only those that hold most of these.
  mutating func followRules() {
    let ruled = sites.indices.filter { sites[$0].rule != nil && !pointsAtGalaxies($0) }
    let groups = Dictionary(grouping: ruled) { i -> [String] in
      if request.recipe != nil { return [""] }
      return sites[i].budget.sharing.isEmpty ? [sites[i].telescope.id] : sites[i].budget.sharing
    }
    for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
      if let rule = sites[group[0]].rule { follow(rule, group) }
    }
  }

  private struct Field {
    var site: Int
    var tile: CandidateFinder.Tile
    var gain = 0.0
  }

  private mutating func follow(_ rule: Telescope.TilingRule, _ group: [Int]) {
    let found = tiles(of: group, besides: covered, smallestGain: smallestGain) { [sites, rows] in
      $0.tiles(of: sites[$1], on: rows[$1], limit: nil)
    }
    let all = zip(group, found).flatMap { i, tiles in tiles.map { Field(site: i, tile: $0) } }
    let nights = max(1, (request.window.duration.seconds / 86_400).rounded(.up))
    func most(_ count: Int?) -> Int { count.map { Int(min(Double($0) * nights, 1e6)) } ?? .max }
    let list = selection.mostProbable(
      of: all.map(\.tile.candidate.cover), besides: covered, until: rule.probability?.value ?? 1,
      smallestGain: smallestGain
    ).map { index, gain in
      var field = all[index]
      field.gain = gain
      return field
    }
    var wanted = Array(list.prefix(most(rule.mostProbable)))
    let rest = list.dropFirst(wanted.count).map { ($0, bestAirmass(of: $0)) }
      .sorted { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0.gain > $1.0.gain }
    wanted += rest.prefix(rule.mostProbable == nil ? 0 : most(rule.bestAirmass)).map(\.0)
    wanted.removeLast(max(0, wanted.count - most(request.recipe?.fieldsPerNight)))
    if let sites = rule.sites {
      let held = Dictionary(grouping: wanted, by: \.site).mapValues { $0.reduce(0) { $0 + $1.gain } }
      let best = held.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(sites)
      wanted.removeAll { field in !best.contains { $0.key == field.site } }
    }
    var offers: [(resource: Int, candidates: [Candidate])] = []
    for i in group {
      let own = wanted.filter { $0.site == i }
      fieldNumbers[i] += own.map(\.tile.number)
      offers.append((i, own.map(\.tile.candidate)))
    }
    var soFar = covered
    selection.choose(offers, besides: &soFar, smallestGain: smallestGain)
    covered = soFar
    selection.close(group)
  }

  private func bestAirmass(of field: Field) -> Double {
    let site = sites[field.site]
    let (center, windows) = (field.tile.candidate.center, field.tile.candidate.startWindows)
    let times = site.resource.slotStarts.filter { t in windows.contains { $0.start <= t && t <= $0.end } }
    return times.map { t in
      1 / max(0.05, site.visibility.frame(at: t + site.exposure / 2).sinAltitude(center.unit))
    }.min() ?? .infinity
  }
}
