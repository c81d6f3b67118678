import Notices
import Units

@testable import Campaigns

/// A planner and an operator for tests: whatever is ordered is planned at once, and published.
struct Network {
  let policy: Policy
  var book = EventBook()
  var campaign: Campaign?
  var planned: [PlannedTelescope] = []
  var maps: [String: MapSummary] = [:]
  var telescopes = [
    TelescopeField(id: "TAROT-TCA", shortSide: .degrees(1.86)),
    TelescopeField(id: "FRAM-Auger", shortSide: .degrees(1)),
    TelescopeField(id: "NARROW", shortSide: .arcminutes(10)),
  ]
  var stated: [FactName: FactValue] = [:]
  var unavailable: Set<String> = []
  var brightness: Magnitude?
  var hasCounterpart = false
  var absences: [Absence] = []
  var refusals: [TileRefusal] = []
  var published: [PlanDiff] = []

  init(_ policy: String = "grandma") throws { self.policy = try shipped(policy) }

  mutating func receive(_ notice: Notice, at now: Instant) -> [CampaignAction] {
    guard let event = book.insert(notice) else { return [] }
    return step(event, at: now)
  }

  mutating func step(_ event: Event? = nil, at now: Instant, _ answers: [Answer] = []) -> [CampaignAction] {
    var situation = Situation(event: event ?? book.events[0], policy: policy, now: now)
    situation.maps = maps
    situation.telescopes = telescopes
    situation.planned = planned
    situation.stated = stated
    situation.unavailableMaps = unavailable
    situation.answers = answers
    situation.brightness = brightness
    situation.hasCounterpart = hasCounterpart
    (situation.absences, situation.refusals) = (absences, refusals)
    let step = Lifecycle.step(from: campaign, in: situation)
    campaign = step.campaign
    for action in step.actions { carryOut(action, at: now) }
    return step.actions
  }

  private mutating func carryOut(_ action: CampaignAction, at now: Instant) {
    switch action {
    case .withdraw(let list):
      for one in list {
        guard let i = planned.firstIndex(where: { $0.telescope == one.telescope }) else { continue }
        planned[i].tiles.removeAll { one.tiles.contains($0.id) }
        if planned[i].tiles.isEmpty { planned.remove(at: i) }
      }
    case .plan(let order): publish(plan(for: order, at: now), for: order.number, at: now)
    default: break
    }
  }

  /// Tiles that depend on the order alone: each telescope gets the same three, or one centred.
  func plan(for order: PlanOrder, at now: Instant) -> [PlannedTelescope] {
    telescopes.filter { order.orders.allows($0.id) }.map { telescope in
      let seed = (try? order.digest) ?? ""
      var tiles: [PlannedTile] = []
      if let one = order.centred.first(where: { $0.telescope == telescope.id }) {
        tiles = [PlannedTile(id: "centre", center: one.center, filter: "clear", start: now)]
      } else {
        let shift = Double(seed.utf8.reduce(0) { ($0 * 31 + Int($1)) % 90 })
        tiles = (0..<3).map { i in
          PlannedTile(
            id: "t\(i)", center: Direction(ra: .degrees(shift + Double(i)), dec: .zero), filter: "clear",
            start: now + .minutes(Double(10 * i)))
        }
      }
      return PlannedTelescope(telescope: telescope.id, planID: "\(seed.prefix(8))", tiles: tiles)
    }
  }

  mutating func publish(_ plan: [PlannedTelescope], for number: Int, at now: Instant) {
    guard case .publish(let diffs)? = campaign?.publication(of: plan, for: number, over: planned, at: now)
    else {
      return
    }
    published = diffs
    for diff in diffs {
      planned.removeAll { $0.telescope == diff.telescope }
      if let id = diff.planID, !diff.tiles.isEmpty {
        planned.append(PlannedTelescope(telescope: diff.telescope, planID: id, tiles: diff.tiles))
      }
    }
    planned.sort { $0.telescope < $1.telescope }
  }

  var live: [String] {
    planned.flatMap { t in t.tiles.map { "\(t.telescope) \(t.planID) \($0.id) \($0.progress.rawValue)" } }
  }
}

/// A wave notice with a map of the given area and distance, and the summary under its reference.
func mapped(
  _ id: String, _ stage: NoticeStage, minute: Int, kind: String, area90: Double, distance: Double,
  role: NoticeRole = .observation
) -> (Notice, String, MapSummary) {
  var notice = wave(id, stage, minute: minute, role: role)
  notice.wave?.significant = true
  notice.wave?.group = "CBC"
  notice.wave?.classification = [NamedProbability(name: kind, probability: Fraction(0.97)!)]
  let bytes = Array("\(stage.name) \(minute) \(area90) \(distance)".utf8)
  notice.localization = .embeddedMap(bytes: bytes, region: nil)
  var summary = MapSummary()
  summary.area90 = .squareDegrees(area90)
  summary.area50 = .squareDegrees(area90 / 4)
  summary.distanceMean = .megaparsecs(distance)
  summary.distanceMedian = .megaparsecs(distance)
  summary.peak = Direction(ra: .degrees(120), dec: .degrees(30))
  return (notice, notice.bestLocalization.mapReference!, summary)
}

extension [CampaignAction] {
  var names: [String] {
    map { action in
      switch action {
      case .announce(let decision): "announce \(decision.outcome.rawValue)"
      case .getMap: "getMap"
      case .withdraw(let list): "withdraw \(list.map(\.telescope).joined(separator: "+"))"
      case .stop: "stop"
      case .tags(let add, let remove): "tags +\(add.joined(separator: ",")) -\(remove.joined(separator: ","))"
      case .plan(let order): "plan \(order.number)"
      case .proposeStop(let cause): "propose \(cause.text)"
      case .goesOn: "goes on"
      case .ask(let question):
        switch question {
        case .reinstate: "ask reinstate"
        case .reopen(let outcome): "ask reopen \(outcome.rawValue)"
        case .contradiction: "ask contradiction"
        }
      case .note: "note"
      }
    }
  }
}

/// Preliminary GO at 300 Mpc, better at Initial, far at the Update.
func sequence() -> [(Notice, String, MapSummary)] {
  [
    mapped("S310203ab", .preliminary, minute: 1, kind: "BNS", area90: 190, distance: 300),
    mapped("S310203ab", .preliminary, minute: 5, kind: "BNS", area90: 180, distance: 250),
    mapped("S310203ab", .initial, minute: 40, kind: "BNS", area90: 120, distance: 150),
    mapped("S310203ab", .update, minute: 300, kind: "BNS", area90: 60, distance: 140),
  ]
}

func network(_ list: [(Notice, String, MapSummary)], policy: String = "grandma") throws -> Network {
  var network = try Network(policy)
  for (_, reference, summary) in list { network.maps[reference] = summary }
  return network
}
