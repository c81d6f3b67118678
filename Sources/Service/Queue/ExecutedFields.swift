import Observatories
import Planning
import Queues
import Store
import Units

/// What the store knows of exposures, as fields on the sky.
struct ExecutedFields {
  let store: Store
  private let bySlug: [String: Telescope]

  init(store: Store, telescopes: [Telescope]) {
    self.store = store
    bySlug = Dictionary(telescopes.map { ($0.slug, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Exposures taken for an event.
  /// - Parameter isPlanning: then those under way count too, and the telescope's own depth stands for a limit
  ///   that was not reported.
  ///   - delivered: pointings that robots have although nobody said so.
  func taken(
    for event: String, isPlanning: Bool, delivered: Set<Int64> = [], at now: Instant
  ) async throws(StoreError) -> [ObservedField] {
    let observations = try await store.observations(for: event)
    var fields = observations.compactMap { stored -> ObservedField? in
      guard let telescope = bySlug[stored.telescope], let field = telescope.field else { return nil }
      let o = stored.observation
      let usual = isPlanning ? telescope.depth?.limit(in: o.exposure) : nil
      return ObservedField(
        telescopeID: telescope.id, center: o.direction, rotation: o.rotation, field: field,
        limit: o.limit ?? usual)
    }
    if isPlanning {
      fields += try await running(event, delivered: delivered, at: now).filter { $0.state != .started }
        .compactMap { pointing in
          let depth = bySlug[pointing.assignment.telescope]?.depth
          return field(of: pointing, limit: depth?.limit(in: pointing.assignment.exposure))
        }
    }
    // A pointing that is called observed without an exposure beside it was observed as planned.
    let told = Set(observations.flatMap(\.assignments))
    let observed: Set<QueueState> = [.observed, .data, .photometry]
    let states = isPlanning ? observed.union([.started]) : observed
    for pointing in try await store.pointings(for: event, in: states) where !told.contains(pointing.id) {
      // Begun, and never heard of again.
      if pointing.state == .started, pointing.assignment.window.end + .hours(1) < now { continue }
      let depth = bySlug[pointing.assignment.telescope]?.depth
      let limit = isPlanning ? depth?.limit(in: pointing.assignment.exposure) : nil
      if let field = field(of: pointing, limit: limit) { fields.append(field) }
    }
    return fields
  }

  /// Pointings that are under way: begun as their teams said, or taken as begun, because their time has come and
  /// their teams or robots have the plan. Nobody else is asked for them, and they are not taken back.
  func running(
    _ event: String, delivered: Set<Int64> = [], at now: Instant
  ) async throws(StoreError) -> [StoredAssignment] {
    // Who is out has nothing under way, unless the team says so.
    let absent = Set(
      try await store.outages(for: event, after: now).map(\.outage)
        .filter { $0.filter == nil && $0.window.start <= now }.map(\.telescope))
    let states = Store.takenAsBegun.union([.started, .sent])
    return try await store.pointings(for: event, in: states).filter {
      ($0.state != .sent || delivered.contains($0.id))
        && $0.assignment.window.start < now && now < $0.assignment.window.end
        && ($0.state == .started || !absent.contains($0.assignment.telescope))
    }
  }

  /// Where pointings in these states are to look.
  func pointings(
    of event: String, in states: Set<QueueState>
  ) async throws(StoreError) -> [ObservedField] {
    try await store.pointings(for: event, in: states).compactMap { field(of: $0, limit: nil) }
  }

  private func field(of pointing: StoredAssignment, limit: Magnitude?) -> ObservedField? {
    guard let telescope = bySlug[pointing.assignment.telescope], let field = telescope.field else {
      return nil
    }
    return ObservedField(
      telescopeID: telescope.id, center: pointing.assignment.direction, field: field, limit: limit)
  }
}
