import Observatories
import Scheduling
import Units

/// What one telescope may use of its allocation within a plan.
///
/// A night lasts from local noon to noon (mean solar time). A visit costs its exposures and one readout: a little
/// more than the open-shutter time that terms speak of, so that a budget is never overspent.
struct AllocationBudget: Sendable {
  /// Seconds of one visit.
  let cost: Double
  /// Telescopes that use up the same, itself among them, by name; empty: it shares with none.
  let sharing: [String]
  /// All that it may use of what is stated, seconds and visits: alone by its nights, shared by periods of 24 h.
  let seconds: Double
  let fields: Int
  /// All visits it may make, those that its usage level allows included; infinite: no bound.
  private let visits: Double
  /// The bound that is met first, in words; nil: there is none.
  let words: String?

  /// What is said of one night: its terms, and its usage level.
  private let nightly: [Telescope.Allocation]
  private let use: AllocationUse
  /// Number of the night of the request.
  private let tonight: Int
  private let longitude: Double

  /// - Parameter rule: the tiling rule it goes by.
  /// - Throws: an omission when nothing is left.
  init(
    _ telescope: Telescope, cost: Double, rule: Telescope.TilingRule?, request: PlanRequest
  ) throws(Plan.Omission) {
    let stated = request.statedTerms(of: telescope, rule: rule)
    let others = stated.sharedWith.filter { $0 != telescope.id }
    let cost = max(cost, 1)
    self.cost = cost
    sharing = others.isEmpty ? [] : (others + [telescope.id]).sorted()
    use =
      request.used[telescope.id] ?? others.sorted().lazy.compactMap { request.used[$0] }.first ?? .none
    // A level is said of each telescope: nobody shares it.
    var level = Telescope.Allocation()
    if request.keepsUsageLevels {
      let all = telescope.terms
      if stated.hoursPerNight == nil { level.hoursPerNight = all.hoursPerNight }
      if stated.requests == nil { level.requests = all.requests }
    }
    nightly = [stated, level].map { $0.nightlyOnly }
    longitude = telescope.site.position.longitude.degrees
    tonight = Self.night(of: request.now, longitude: longitude)
    func refused(_ why: String) -> Plan.Omission {
      .init(
        telescopeID: telescope.id, slug: telescope.slug, code: "allocation_spent",
        reason: "nothing of its allocation is left: \(why)")
    }
    for terms in [stated, level] {
      if let spent = terms.remainder(after: use, now: max(request.now, request.window.start)).exhausted {
        throw refused("\(spent)")
      }
    }
    // The last moment, not the end: a plan that ends at noon has no part of the next night.
    let last = Self.night(of: request.window.end.advanced(bySeconds: -1), longitude: longitude)
    let own = Double(last - Self.night(of: request.window.start, longitude: longitude) + 1)
    let periods = max(1, (request.window.duration.seconds / 86_400).rounded(.up))
    let shared = Self.bounds(stated, use, nights: others.isEmpty ? own : periods, cost: cost)
    let ofLevel = Self.bounds(level, use, nights: own, cost: cost)
    seconds = shared.compactMap(\.seconds).min() ?? .infinity
    fields = shared.compactMap(\.fields).min() ?? .max
    visits = (shared + ofLevel).map { $0.visits(cost) }.min() ?? .infinity
    func words(_ bound: Bound, isShared: Bool) -> String {
      bound.words + (isShared && !others.isEmpty ? ", shared with " + others.joined(separator: ", ") : "")
    }
    let first =
      (shared.map { ($0, true) } + ofLevel.map { ($0, false) }).min { $0.0.visits(cost) < $1.0.visits(cost) }
    self.words = first.map { words($0.0, isShared: $0.1) }
    if let first, first.0.visits(cost) < 1 {
      throw refused("\(first.0.words), and one visit takes \(Int(min(cost, 1e9).rounded())) s")
    }
  }

  private struct Bound {
    var seconds: Double?
    var fields: Int?
    var words: String
    func visits(_ cost: Double) -> Double {
      min(
        seconds.map { ($0 / cost + 1e-9).rounded(.down) } ?? .infinity, fields.map(Double.init) ?? .infinity)
    }
  }

  private static func bounds(
    _ terms: Telescope.Allocation, _ use: AllocationUse, nights: Double, cost: Double
  ) -> [Bound] {
    func hours(_ most: Double, _ used: Double, times: Double = 1, _ span: String) -> Bound {
      // A number that is none is no time.
      let left = most.isFinite && used.isFinite ? max(0, most * times - used) : 0
      let spent = used > 0 ? ", \(text(used)) h of them used" : ""
      return Bound(seconds: left * 3600, words: "\(text(most)) h \(span)" + spent)
    }
    func count(_ most: Int, _ used: Int, times: Double = 1, _ span: String) -> Bound {
      let left = max(0, min(Double(most) * times - Double(used), 1e9))
      let spent = used > 0 ? ", \(used) of them used" : ""
      return Bound(fields: Int(left), words: "\(most) fields \(span)" + spent)
    }
    var bounds: [Bound] = []
    if let most = terms.hoursPerNight {
      bounds.append(hours(most, use.hoursTonight, times: nights, "a night"))
    }
    if let most = terms.hoursPerSemester { bounds.append(hours(most, use.hoursThisSemester, "a semester")) }
    if let most = terms.hoursPerEvent { bounds.append(hours(most, use.hoursForEvent, "an event")) }
    if let left = use.quotaLeftHours { bounds.append(hours(max(0, left), 0, "left of its quota")) }
    if let most = terms.fieldsPerNight {
      bounds.append(count(most, use.fieldsTonight, times: nights, "a night"))
    }
    if let most = terms.fieldsPerEvent { bounds.append(count(most, use.fieldsForEvent, "an event")) }
    return bounds
  }

  private static func text(_ hours: Double) -> String {
    guard hours.isFinite, abs(hours) < 1e6 else { return "\(hours)" }
    let rounded = (hours * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  /// The most visits in the plan; nil: no bound.
  var mostVisits: Int? { visits.isFinite ? Int(min(visits, 1e9)) : nil }

  /// The visits one night has room for, whatever was used; infinite: no bound.
  private var visitsANight: Double {
    nightly.flatMap { Self.bounds($0, .none, nights: 1, cost: cost) }.map { $0.visits(cost) }.min()
      ?? .infinity
  }

  static func night(of t: Instant, longitude: Double) -> Int {
    Int((t.mjdUTC + longitude / 360 - 0.5).rounded(.down))
  }

  /// The visits that fit into their nights: of each night those worth most, in the order given.
  ///
  /// - Parameters:
  ///   - kept: starts of visits that stay whatever their worth.
  func withinNights<Visit>(
    _ visits: [Visit], kept: [Instant], start: (Visit) -> Instant, worth: (Visit) -> Double
  ) -> [Visit] {
    guard visitsANight.isFinite else { return visits }
    let groups = Dictionary(grouping: visits.indices) { night(of: start(visits[$0])) }
    var stays = Set<Int>()
    for (number, members) in groups {
      let room = max(0, room(in: number) - Double(kept.filter { night(of: $0) == number }.count))
      let byWorth = members.sorted { a, b in
        let (x, y) = (worth(visits[a]), worth(visits[b]))
        return x != y ? x > y : a < b
      }
      stays.formUnion(byWorth.prefix(Int(min(room, 1e9))))
    }
    return visits.indices.filter(stays.contains).map { visits[$0] }
  }

  /// Whether visits leave no room in some night.
  func fillsANight(_ starts: [Instant]) -> Bool {
    visitsANight.isFinite
      && Dictionary(grouping: starts, by: night).contains { Double($1.count) >= room(in: $0) }
  }

  private func night(of t: Instant) -> Int { Self.night(of: t, longitude: longitude) }

  /// Visits in a night, without what was used in it.
  private func room(in night: Int) -> Double {
    guard night == tonight else { return visitsANight }
    let spent = max((use.hoursTonight * 3600 / cost).rounded(.up), Double(use.fieldsTonight))
    return spent.isFinite ? max(0, visitsANight - spent) : 0
  }

  /// A choice with no more visits in any night than its share: those worth most first, each in the earliest night
  /// that has room. Only the slots taken are left, so that no exchange of slots changes a night's number.
  ///
  /// - Returns: with the places of the slots among all; nil where no night has too many.
  func spread(
    _ choice: NetworkSelection.Choice, of candidates: [Candidate]
  ) -> (choice: NetworkSelection.Choice, slots: [Int])? {
    let most = visitsANight
    let nights = choice.slotStarts.map(night)
    var counts: [Int: Double] = [:]
    for slot in nights.indices where choice.occupant[slot] >= 0 { counts[nights[slot], default: 0] += 1 }
    guard counts.values.contains(where: { $0 > most }) else { return nil }
    var occupant = [Int32](repeating: -1, count: nights.count)
    counts = [:]
    let byGain = choice.occupant.filter { $0 >= 0 }.sorted {
      let (a, b) = (choice.gains[$0] ?? 0, choice.gains[$1] ?? 0)
      return a != b ? a > b : $0 < $1
    }
    for id in byGain {
      let windows = candidates[Int(id)].startWindows
      let slot = nights.indices.first { slot in
        let t = choice.slotStarts[slot]
        return occupant[slot] < 0 && counts[nights[slot], default: 0] < most
          && windows.contains { $0.start <= t && t <= $0.end }
      }
      guard let slot else { continue }
      occupant[slot] = id
      counts[nights[slot], default: 0] += 1
    }
    let slots = occupant.indices.filter { occupant[$0] >= 0 }
    var spread = choice
    spread.slotStarts = slots.map { choice.slotStarts[$0] }
    spread.occupant = slots.map { occupant[$0] }
    return (spread, slots)
  }
}

extension Telescope.Allocation {
  fileprivate var nightlyOnly: Telescope.Allocation {
    var terms = Telescope.Allocation()
    terms.hoursPerNight = hoursPerNight
    terms.fieldsPerNight = fieldsPerNight
    return terms
  }
}

extension AllocationBudget {
  /// Whether what it shares has a bound.
  fileprivate var sharesBounds: Bool { !sharing.isEmpty && (seconds.isFinite || fields != .max) }
}

extension SharedBudget {
  /// What sites use up together.
  ///
  /// - Parameter isIn: the sites that choose from it; of a budget that others choose from elsewhere they get their
  ///   share by number.
  init(_ sites: [PlannedSite], where isIn: (Int) -> Bool = { _ in true }) {
    let groups = Dictionary(grouping: sites.indices.filter { sites[$0].budget.sharesBounds }) {
      sites[$0].budget.sharing
    }
    let budgets = groups.values.sorted { $0[0] < $1[0] }.map { all in
      let members = all.filter(isIn)
      let share = Double(members.count) / Double(all.count)
      let held = members.flatMap { i in (sites[i].held?.visitStarts ?? []).map { _ in sites[i].budget.cost } }
      let seconds = members.map { sites[$0].budget.seconds }.min() ?? .infinity
      let fields = members.map { sites[$0].budget.fields }.min() ?? .max
      return (
        members: members.map { (resource: $0, cost: sites[$0].budget.cost) },
        seconds: seconds * share - held.reduce(0, +),
        visits: fields == .max ? .max : Int(Double(fields) * share) - held.count
      )
    }
    self.init(resources: sites.count, budgets: budgets)
  }
}

extension PlanRequest {
  /// The terms that hold of this request whatever the usage level says.
  func statedTerms(of telescope: Telescope, rule: Telescope.TilingRule?) -> Telescope.Allocation {
    var terms = telescope.statedTerms
    if rule != nil { terms.fieldsPerNight = telescope.allocation?.fieldsPerNight }
    return terms
  }

  /// What a telescope's own rules say to this request.
  func verdict(on telescope: Telescope) throws(Plan.Omission) {
    // What it has agreed to already is not asked again.
    guard var known = circumstances, !held.contains(where: { $0.telescopeID == telescope.id }) else { return }
    known.permissions.formUnion(permissions[telescope.id] ?? [])
    // Who names a telescope has its people's consent.
    if named.contains(telescope.id) { known.permissions.formUnion(Telescope.Exclusion.Permission.allCases) }
    guard let rule = telescope.exclusions(forbidding: known).first else { return }
    throw .init(
      telescopeID: telescope.id, slug: telescope.slug, code: "rule", reason: "its rule: \(rule.rule)")
  }

  /// Digest text of what allocations and rules depend on; empty where a request says nothing of them.
  var termsText: String {
    var parts: [String] = []
    for (id, use) in used.sorted(by: { $0.key < $1.key }) {
      let requests = use.requests.map { "\($0.tai)" }.sorted().joined(separator: "+")
      parts.append(
        "\(id):\(use.hoursTonight),\(use.hoursThisSemester),\(use.hoursForEvent),\(use.fieldsTonight),"
          + "\(use.fieldsForEvent),\(use.quotaLeftHours ?? -1),\(requests)")
    }
    if let c = circumstances {
      parts.append(
        "\(c.stream ?? ""):\(c.expectedMagnitude?.value ?? -99):\(c.requested?.tai ?? 0):"
          + c.permissions.map(\.rawValue).sorted().joined(separator: "+"))
    }
    for (id, list) in permissions.sorted(by: { $0.key < $1.key }) {
      parts.append("\(id)=" + list.map(\.rawValue).sorted().joined(separator: "+"))
    }
    if followsTilingRules { parts.append("rules") }
    if let recipe { parts.append("recipe:" + recipe.digestText) }
    if keepsUsageLevels { parts.append("levels") }
    return parts.joined(separator: ";")
  }
}
