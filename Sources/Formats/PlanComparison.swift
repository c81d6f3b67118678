import Planning
import Units

/// Two plans pointing by pointing, by telescope, tile and filter.
public struct PlanComparison: Hashable, Sendable {
  /// What is compared of a pointing.
  public struct Pointing: Hashable, Sendable {
    /// Its slug, or its name where people read the lines.
    public let telescope: String
    public let tile: String
    public let filter: String
    public let start: Instant

    public init(telescope: String, tile: String, filter: String, start: Instant) {
      self.telescope = telescope
      self.tile = tile
      self.filter = filter
      self.start = start
    }
  }

  public struct Counts: Hashable, Sendable {
    public var kept = 0
    /// The same tile at another time.
    public var moved = 0
    public var new = 0
    public var dropped = 0
    /// Of the old plan alone, and begun before the new one was made: time took them, not the new plan.
    public var past = 0
    var isQuiet: Bool { moved == 0 && new == 0 && dropped == 0 }

    var text: String {
      let parts = [(kept, "kept"), (moved, "moved"), (new, "new"), (dropped, "dropped"), (past, "past")]
      return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
  }

  public private(set) var total = Counts()
  /// By slug.
  public private(set) var byTelescope: [String: Counts] = [:]

  /// A start that differs by less is the same start: replanning shifts by seconds.
  private static let sameStart = 120.0

  /// - Parameter now: when the new plan was made; nil where none of the old pointings had begun.
  public init(_ old: [Pointing], _ new: [Pointing], at now: Instant? = nil) {
    struct Name: Hashable {
      let telescope: String
      let tile: String
      let filter: String
      init(_ p: Pointing) { (telescope, tile, filter) = (p.telescope, p.tile, p.filter) }
    }
    // A tile may be looked at twice: pairs in the order of their times.
    var before = Dictionary(grouping: old.sorted { $0.start < $1.start }, by: Name.init)
    for pointing in new.sorted(by: { $0.start < $1.start }) {
      let slug = pointing.telescope
      guard let was = before[Name(pointing)]?.first else {
        byTelescope[slug, default: Counts()].new += 1
        continue
      }
      before[Name(pointing)]?.removeFirst()
      if abs(pointing.start.seconds(since: was.start)) < Self.sameStart {
        byTelescope[slug, default: Counts()].kept += 1
      } else {
        byTelescope[slug, default: Counts()].moved += 1
      }
    }
    for (name, rest) in before where !rest.isEmpty {
      let past = now.map { now in rest.count { $0.start < now } } ?? 0
      byTelescope[name.telescope, default: Counts()].past += past
      byTelescope[name.telescope, default: Counts()].dropped += rest.count - past
    }
    for counts in byTelescope.values {
      total.kept += counts.kept
      total.moved += counts.moved
      total.new += counts.new
      total.dropped += counts.dropped
      total.past += counts.past
    }
  }

  /// A line for each telescope that changed.
  public var lines: [String] {
    byTelescope.filter { !$0.value.isQuiet }.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }
  }
}

extension PlanComparison {
  /// - Parameter now: what began before it is no part of either plan any more.
  public init(_ old: NetworkPlanDocument, _ new: NetworkPlanDocument, after now: Instant) {
    func pointings(_ network: NetworkPlanDocument) -> [Pointing] {
      network.plans.flatMap { plan in
        plan.rows.filter { $0.startUTC.instant >= now }.map {
          Pointing(
            telescope: plan.telescope.slug, tile: $0.tileKey, filter: $0.filter ?? "",
            start: $0.startUTC.instant)
        }
      }
    }
    self.init(pointings(old), pointings(new))
  }

  /// What changed, for a terminal: `against S1-r1-abc: 812 kept, 3 new, 14 dropped; covered -0.42 %`.
  public func text(_ old: NetworkPlanDocument, _ new: NetworkPlanDocument) -> String {
    let change = (new.network.probability - old.network.probability) * 100
    let head = "against \(old.planID): \(total.isQuiet ? "nothing changed" : total.text); covered "
    return ([head + change.signedFixed(2) + " %"] + lines.map { "  " + $0 }).map { $0 + "\n" }.joined()
  }
}

extension NetworkPlanDocument {
  /// What is still to come of the plan, to be kept by the next one.
  public func standing(after now: Instant) -> StandingPlan {
    let pointings = plans.flatMap { plan in
      plan.rows.filter { $0.startUTC.instant >= now }.map {
        HeldPointing(
          telescopeID: plan.telescope.name, fieldID: $0.fieldID, tileKey: $0.tileKey,
          center: Direction(ra: .degrees($0.raDeg), dec: .degrees($0.decDeg)), start: $0.startUTC.instant,
          exposure: .seconds($0.exptimeS), exposureCount: $0.nexp, end: $0.endUTC.instant, filter: $0.filter)
      }
    }
    return StandingPlan(pointings, mapDigest: inputs.mapSHA256)
  }
}
