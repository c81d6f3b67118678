import Campaigns
import Channels
import Formats
import Notices
import Units

extension EventMessage {
  /// What is known of an event and was decided, in the words of messages.
  init(
    _ event: Event, id: String, decision: Decision?, figures: MapFigures?, plan: NetworkPlanDocument?,
    at now: Instant
  ) {
    self.init(event: id, kind: Kind(event.latest?.kind), verdict: Verdict(decision?.outcome), made: now)
    revision = event.latest.map { $0.stage.name.uppercased() }
    isRetracted = event.status == .retracted
    mock = event.isReal ? nil : event.realm == .mock ? "MOCK" : "TEST"
    time = event.time
    if let best = event.latest?.wave?.classification.max(by: { $0.probability < $1.probability }) {
      classification = Classification(best.name, probability: best.probability)
    }
    if let mean = figures?.distanceMpc {
      distance = (.megaparsecs(mean), figures?.distanceDeviationMpc.map { .megaparsecs($0) })
    }
    area50 = figures?.area50Deg2.map { .squareDegrees($0) }
    area90 = figures?.area90Deg2.map { .squareDegrees($0) }
    if let region = event.localizing?.planningRegion {
      position = Position(region.center, error: region.largestRadius)
    }
    falseAlarmsPerYear = decision?.facts.number(.farPerYear)
    instruments = event.latest?.wave?.instruments ?? []
    score = decision?.facts.score?.value
    rule = decision.map { "\($0.policy), \($0.clause)" }
    reasons = decision?.reasons ?? []
    changes = decision?.changes.map(\.text) ?? []
    if let plan {
      self.plan = plan.planID
      probability = Fraction(clamping: plan.network.probability)
      telescopes = plan.plans.map(Telescope.init)
    }
  }
}

extension EventMessage.Telescope {
  init(_ plan: PlanDocument) {
    self.init(
      plan.telescope.name, tiles: plan.rows.count,
      dark: plan.darkWindows.first.map { TimeWindow($0.start.instant, $0.end.instant) },
      firstStart: plan.rows.map(\.startUTC.instant).min(), firstTarget: plan.rows.first?.fieldID,
      probability: Fraction(clamping: plan.totals.prob), note: nil)
  }
}

extension EventMessage.Kind {
  init(_ kind: NoticeKind?) {
    self =
      switch kind {
      case .gravitationalWave: .gravitationalWave
      case .gammaRayBurst: .gammaRayBurst
      case .neutrino, .supernovaNeutrinos: .neutrino
      case .xRayTransient: .xRayTransient
      default: .other
      }
  }
}

extension EventMessage.Verdict {
  init(_ outcome: Outcome?) {
    self = outcome.flatMap { Self(rawValue: $0.rawValue) } ?? .watch
  }
}
