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
  /// 4. If it says how many fields one site may have, the list is first made with that limit; what others cannot use
  ///    is then anybody's.
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
    let found = tiles(of: group, besides: covered, smallestGain: smallestGain) {
      [sites, rows, outlook] finder, i in
      finder.tiles(of: sites[i], on: rows[i], quota: nil) { outlook.mayTouch($0, telescope: i) }
    }
    var left = zip(group, found).flatMap { i, tiles in tiles.map { Field(site: i, tile: $0) } }
    let nights = max(1, (request.window.duration.seconds / 86_400).rounded(.up))
    func most(_ count: Int?) -> Int { count.map { Int(min(Double($0) * nights, 1e6)) } ?? .max }
    var room = request.recipe == nil ? Int.max : most(request.recipe?.fieldsPerNight)
    var quotas = [(open: most(rule.mostProbable), byAirmass: false)]
    if rule.mostProbable != nil, let count = rule.bestAirmass { quotas.append((most(count), true)) }
    var enough = rule.probability?.value ?? 1
    for share in rule.fieldsPerSite == nil ? [Int.max] : [most(rule.fieldsPerSite), .max] {
      for quota in quotas.indices {
        // Fields for which there is no time make room for the next.
        for _ in 0..<Self.rounds where min(quotas[quota].open, room) > 0 && enough > 0 {
          let wanted = best(
            min(quotas[quota].open, room), of: left, until: enough, byAirmass: quotas[quota].byAirmass,
            sites: rule.sites, share: share)
          guard !wanted.isEmpty else { break }
          let places = Set(wanted.map { Place($0) })
          left.removeAll { places.contains(Place($0)) }
          let (number, gain) = offer(wanted, group)
          quotas[quota].open -= quotas[quota].open == .max ? 0 : number
          room -= room == .max ? 0 : number
          enough -= gain
        }
      }
    }
    if room <= 0 { fullRules.formUnion(group) }
    selection.close(group)
  }

  private struct Place: Hashable {
    var site: Int
    var number: Int
    init(_ field: Field) { (site, number) = (field.site, field.tile.number) }
  }

  private static let rounds = 4

  /// The list of fields that hold enough together, and of it so many.
  private func best(
    _ count: Int, of fields: [Field], until enough: Double, byAirmass: Bool, sites most: Int?, share: Int
  ) -> [Field] {
    let room = sites.indices.map { share == .max ? share : max(0, share - selection.chosen(of: $0).count) }
    var list = selection.mostProbable(
      of: fields.map(\.tile.candidate.cover), besides: covered, until: enough, smallestGain: smallestGain,
      owners: fields.map(\.site), room: room
    ).map { index, gain in
      var field = fields[index]
      field.gain = gain
      return field
    }
    if byAirmass {
      list = list.map { ($0, bestAirmass(of: $0)) }
        .sorted { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0.gain > $1.0.gain }.map(\.0)
    }
    list = Array(list.prefix(count))
    if let most {
      let used = Set(sites.indices.filter { sites[$0].rule != nil && !selection.chosen(of: $0).isEmpty })
      let held = Dictionary(grouping: list, by: \.site).mapValues { $0.reduce(0) { $0 + $1.gain } }
      let first = held.sorted {
        let (a, b) = (used.contains($0.key), used.contains($1.key))
        return a != b ? a : $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key
      }.prefix(most)
      list.removeAll { field in !first.contains { $0.key == field.site } }
    }
    return list
  }

  /// - Returns: how many there is time for, and what they add.
  private mutating func offer(_ wanted: [Field], _ group: [Int]) -> (number: Int, gain: Double) {
    var offers: [(resource: Int, candidates: [Candidate])] = []
    for i in group {
      let own = wanted.filter { $0.site == i }
      fieldNumbers[i] += own.map(\.tile.number)
      offers.append((i, own.map(\.tile.candidate)))
    }
    let before = (group.reduce(0) { $0 + selection.chosen(of: $1).count }, ground.probability(of: covered))
    var soFar = covered
    selection.choose(offers, besides: &soFar, smallestGain: smallestGain)
    covered = soFar
    return (
      group.reduce(0) { $0 + selection.chosen(of: $1).count } - before.0,
      ground.probability(of: covered) - before.1
    )
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
