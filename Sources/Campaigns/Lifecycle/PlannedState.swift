import Units

/// One pointing of a telescope's current plan.
public struct PlannedTile: Codable, Hashable, Sendable {
  public enum Progress: String, Codable, Hashable, Sendable { case waiting, started, done }

  /// The planner's name of it.
  public let id: String
  @Coded public private(set) var center: Direction<ICRS>
  public let filter: String
  @Coded public private(set) var start: Instant
  public var progress: Progress

  public init(
    id: String, center: Direction<ICRS>, filter: String, start: Instant, progress: Progress = .waiting
  ) {
    self.id = id
    self.center = center
    self.filter = filter
    self.start = start
    self.progress = progress
  }

  /// Names may be given anew by every plan: the sky and the filter say whether it is the same pointing.
  func isSamePointing(as other: PlannedTile) -> Bool {
    filter == other.filter && center.separation(from: other.center) < Self.samePlace
  }
  /// Below any telescope's pointing accuracy, above the rounding of files.
  private static let samePlace = Angle.arcseconds(1)
}

/// What one telescope has been told to do.
public struct PlannedTelescope: Codable, Hashable, Sendable {
  public let telescope: String
  public let planID: String
  /// In the order of their starts.
  public var tiles: [PlannedTile]

  public init(telescope: String, planID: String, tiles: [PlannedTile]) {
    self.telescope = telescope
    self.planID = planID
    self.tiles = tiles
  }
}

/// Tiles to take back from a telescope.
public struct Withdrawal: Codable, Hashable, Sendable {
  public let telescope: String
  public let planID: String
  /// Not started: they are removed.
  public let tiles: [String]
  /// Being exposed: the operator is told to stop.
  public let running: [String]
}

/// How a telescope's new plan differs from the one it has.
public struct PlanDiff: Codable, Hashable, Sendable {
  public let telescope: String
  /// The plan that is replaced; nil for a first one.
  public let replaces: String?
  /// Nil when the telescope has nothing left to do.
  public let planID: String?
  /// Same pointing, same start; by the ids of the new plan.
  public let kept: [String]
  /// Same pointing at another time.
  public let moved: [String]
  public let added: [String]
  /// Of the old plan, not begun and no longer wanted.
  public let removed: [String]
  /// Of the old plan: their time has come, and nobody has told anything.
  public let past: [String]
  /// Of the old plan, already started or done: nothing undoes them, and the new plan does not repeat them.
  public let observed: [String]
  /// Of the new plan, left out because their time has passed.
  public let late: [String]
  /// What the telescope is to do from now on, those already started included.
  public let tiles: [PlannedTile]

  /// Nothing to tell the telescope.
  public var isEmpty: Bool { moved.isEmpty && added.isEmpty && removed.isEmpty }

  /// - Parameter now: nothing is planned before it.
  public init(old: PlannedTelescope?, new: PlannedTelescope?, telescope: String, now: Instant) {
    let before = old?.tiles ?? []
    let running = before.filter { $0.progress != .waiting }
    var waiting = before.filter { $0.progress == .waiting }
    var lists = (kept: [String](), moved: [String](), added: [String](), late: [String]())
    var next = running
    for tile in new?.tiles ?? [] {
      if running.contains(where: { $0.isSamePointing(as: tile) }) { continue }
      guard tile.start >= now else {
        lists.late.append(tile.id)
        continue
      }
      if let i = waiting.firstIndex(where: { $0.isSamePointing(as: tile) }) {
        if waiting.remove(at: i).start == tile.start {
          lists.kept.append(tile.id)
        } else {
          lists.moved.append(tile.id)
        }
      } else {
        lists.added.append(tile.id)
      }
      next.append(tile)
    }
    self.telescope = telescope
    replaces = old?.planID
    planID = new?.planID
    (kept, moved, added, late) = lists
    removed = waiting.filter { $0.start >= now }.map(\.id)
    past = waiting.filter { $0.start < now }.map(\.id)
    observed = running.map(\.id)
    tiles = next.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
  }

  /// `FRAM-Auger: 3 kept, 1 moved, 4 added, 2 removed, 1 already observed`
  public var text: String {
    let parts = [
      (kept, "kept"), (moved, "moved"), (added, "added"), (removed, "removed"),
      (observed, "already observed"), (past, "past"), (late, "too late"),
    ]
    let words = parts.filter { !$0.0.isEmpty }.map { "\($0.0.count) \($0.1)" }
    return "\(telescope): " + (words.isEmpty ? "nothing to do" : words.joined(separator: ", "))
  }
}
