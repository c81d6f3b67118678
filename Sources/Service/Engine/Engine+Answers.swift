import Campaigns
import Deliveries
import Observatories
import Planning
import Queues
import Skymaps
import Store
import Units

/// What has been done for an event so far, as the record keeps it.
struct ExecutedFigures: Codable, Hashable, Sendable {
  var observations: Int
  /// Of them, without a limiting magnitude.
  var withoutLimit: Int
  /// Probabilities of the map.
  var accepted: Double
  var observed: Double
  var depthWeighted: Double
  var remaining: Double
  var areaDeg2: Double
  /// Depth at which a piece of sky counts in full in `depthWeighted`.
  var referenceMag: Double
}

extension Engine {
  /// Which telescope goes by a slug.
  private var bySlug: [String: Telescope] {
    Dictionary(maker.telescopes.map { ($0.slug, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What teams have said that a plan must honour.
  func addAnswers(about id: String, to situation: inout Situation) async throws {
    let telescopes = bySlug
    for stored in try await store.outages(for: id, after: situation.now) {
      let outage = stored.outage
      guard let telescope = telescopes[outage.telescope] else { continue }
      situation.absences.append(
        Absence(
          telescope: telescope.id, filter: outage.filter, window: outage.window,
          reason: "\(outage.kind.rawValue): \(outage.reason)"))
    }
    for refused in try await store.refusedPointings(for: id) {
      guard let telescope = telescopes[refused.assignment.telescope] else { continue }
      situation.refusals.append(
        TileRefusal(
          telescope: telescope.id, tile: refused.assignment.tile, center: refused.assignment.direction))
    }
  }

  private var fields: ExecutedFields { ExecutedFields(store: store, telescopes: maker.telescopes) }

  /// Exposures taken for an event, and those whose shutter is open.
  /// - Parameter delivered: pointings that robots have although nobody said so.
  func taken(
    for id: String, isPlanning: Bool, delivered: Set<Int64> = [], at now: Instant
  ) async throws -> [ObservedField] {
    try await fields.taken(for: id, isPlanning: isPlanning, delivered: delivered, at: now)
  }

  /// Telescopes that have their shutters open for an event, until the exposures end.
  func busy(with id: String, delivered: Set<Int64>, at now: Instant) async throws -> [Outage] {
    let telescopes = bySlug
    return try await fields.running(id, delivered: delivered, at: now).compactMap { pointing in
      telescopes[pointing.assignment.telescope].map {
        Outage(
          telescopeID: $0.id, window: TimeWindow(now, pointing.assignment.window.end),
          reason: "observing \(pointing.assignment.tile)")
      }
    }
  }

  /// The figures for the record; nil before anybody has said anything.
  func executed(_ id: String, on map: Skymap, distance: Distance?) async throws -> ExecutedFigures? {
    let taken = try await taken(for: id, isPlanning: false, at: clock.now())
    let accepted = try await fields.pointings(of: id, in: [.accepted, .started])
    guard !taken.isEmpty || !accepted.isEmpty else { return nil }
    let coverage = ExecutedCoverage(
      taken: taken, accepted: accepted,
      open: try await fields.pointings(of: id, in: [.sent, .seen, .accepted, .started]),
      in: ProbabilityTree(map), reference: ExecutedCoverage.reference(distance: distance))
    return ExecutedFigures(
      observations: taken.count, withoutLimit: taken.filter { $0.limit == nil }.count,
      accepted: coverage.accepted.value, observed: coverage.observed.value,
      depthWeighted: coverage.depthWeighted.value, remaining: coverage.remaining.value,
      areaDeg2: coverage.area.squareDegrees, referenceMag: coverage.reference.value)
  }

  /// Brings the record's figures up to date and says so.
  func countExecuted(
    _ id: String, _ event: Event, memo: inout EventMemo, into outcome: inout StepOutcome
  ) async throws {
    guard let order = memo.campaign.order, let (map, _) = try? await place(of: order, id, event) else {
      return  // no map at hand: the figures stay what they were
    }
    let distance = memo.map?.distanceMpc.map { Distance.megaparsecs($0) }
    guard let figures = try await executed(id, on: map, distance: distance), figures != memo.executed else {
      return
    }
    memo.executed = figures
    func percent(_ value: Double) -> String { "\((value * 1000).rounded() / 10) %" }
    outcome.log.append(
      Self.line(
        "coverage.executed", id,
        "observed \(percent(figures.observed)) in \(figures.observations) exposures, "
          + "\(percent(figures.depthWeighted)) weighted by depth, accepted \(percent(figures.accepted)), "
          + "to come \(percent(figures.remaining))"))
  }

  // MARK: Timers

  /// Steps the events whose teams have answered or reported; many answers are one step.
  /// - Returns: how many timers fired.
  func hearTeams() async throws -> Int {
    let due = try await store.dueTimers(at: clock.now(), kinds: [Self.reportKind], limit: 500)
    for (id, timers) in Dictionary(grouping: due, by: { $0.event ?? "" }).sorted(by: { $0.key < $1.key }) {
      guard let event = try await event(id) else {
        for timer in timers { try await drop(timer) }
        continue
      }
      try await step(id, event, because: StepCause(timers: timers.map(\.id), isReported: true))
    }
    return due.count
  }

  private static let reportKind = "answer"
  static let expiry = "expire"
  /// Reports that come within this time of a plan's last pointing are not late.
  static let reportingTime = Duration.hours(2)

  func expiryTimer(of plan: PlanDraft) throws -> TimerDraft? {
    guard let end = plan.assignments.map(\.window.end).max() else { return nil }
    return TimerDraft(
      id: "expire/\(plan.id)", event: plan.event, kind: Self.expiry, due: end + Self.reportingTime,
      body: try RecordJSON.text(["plan": plan.id]))
  }

  func expire(_ timer: TimerDraft) async throws {
    let body: [String: String] = try RecordJSON.value(of: timer.body)
    var outcome = StepOutcome()
    outcome.epoch = epoch
    outcome.firedTimers = [timer.id]
    outcome.expiredPlans = body["plan"].map { [$0] } ?? []
    try await store.commit(outcome, at: clock.now())
  }
}
