import Dashboard
import Formats
import Queues
import Skymaps
import Store
import Units

/// The sky of an event with the fields of its plans by what has become of them.
extension StoreDesk {
  static let statesFile = "states.svg"

  /// In the order of the legend.
  private static let words: [(String, Set<QueueState>)] = [
    ("asked", [.sent]), ("fetched", [.seen]), ("accepted", [.accepted]), ("under way", [.started]),
    ("observed", [.observed, .data, .photometry]), ("refused", [.refused]),
    ("never heard of", [.expired]),
  ]

  /// - Parameter plan: the one whose fields are shown; of earlier ones only what began.
  func states(of event: String, plan id: String) async throws(DeskError) -> FileView {
    let queues = StoreQueueDesk(state: state)
    let earlier: Set<QueueState> = [.started, .observed, .data, .photometry]
    var pointings = try await asked { () async throws(StoreError) in try await store.assignments(of: id) }
    pointings += try await asked { () async throws(StoreError) in
      try await store.pointings(for: event, in: earlier).filter { $0.plan != id }
    }
    let digest = SHA256.hexDigest(
      of: pointings.map { "\($0.id) \($0.state.rawValue)" }.joined(separator: "\n"))
    let key = "\(event) \(id) \(digest)"
    if let known = state.sight.region(key) { return known }
    guard let engine = state.engine else {
      throw .unavailable("this instance stands by: ask the one that works")
    }
    let document = try await queues.document(id)
    let map: Skymap?
    do { map = try await engine.plannedMap(of: event) } catch {
      throw .unavailable("the map of \(event) cannot be had: \(error)")
    }
    var fates: [SkyChart.Fate] = []
    for pointing in pointings {
      guard let word = Self.words.first(where: { $0.1.contains(pointing.state) })?.0,
        let share = try await queues.document(pointing.plan).plans
          .first(where: { $0.telescope.slug == pointing.assignment.telescope })
      else { continue }
      fates.append(.init(state: word, plan: share, position: pointing.assignment.position))
    }
    let chart = map.map { PlanFiles.skyChart(document, on: $0) } ?? SkyChart(document)
    let svg = SkyChartSVG.render(chart.byState(fates, Self.words.map(\.0)))
    let view = FileView(bytes: Array(svg.utf8), mediaType: "image/svg+xml", isImmutable: false)
    state.sight.keep(view, region: key)
    return view
  }
}

extension Engine {
  /// What the live plan was made on; nil without one.
  func plannedMap(of id: String) async throws -> Skymap? {
    guard let event = try await event(id), let order = try await known(id)?.memo.campaign.order else {
      return nil
    }
    return try await place(of: order, id, event).0
  }
}
