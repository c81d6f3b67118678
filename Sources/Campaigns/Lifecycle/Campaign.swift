import Notices
import Units

/// What is remembered of an event between two steps of its lifecycle.
public struct Campaign: Codable, Hashable, Sendable {
  public internal(set) var decision: Decision?
  public internal(set) var followUp: FollowUp
  /// What is to be planned now; nil when nothing is.
  public internal(set) var order: PlanOrder?
  public internal(set) var orderCount = 0
  /// As last set.
  public internal(set) var tags: [String] = []
  /// Of the notice that the last announcement was about.
  var announcedKey: String?
  /// A digest of all notices seen.
  var seen = ""
  var askedForMaps: [String] = []
  var askedContradictions: [String] = []
  var status = EventStatus.active
  @Coded var brightness: Magnitude? = nil

  public init(timers: StopTimers = StopTimers()) { followUp = FollowUp(timers: timers) }

  /// What stands: STOP where the campaign was ended, though the rules may still say GO; GO where it goes on, though
  /// they say WATCH; else as decided.
  public var outcome: Outcome? {
    guard let decision else { return nil }
    switch followUp.state {
    case .stopped where decision.outcome.isFollowUp: return .stop
    case .go where decision.outcome == .watch: return .go
    case .limited where decision.outcome == .watch: return .limited
    default: return decision.outcome
    }
  }

  /// What may be published of a plan that is ready.
  public enum Publication: Hashable, Sendable {
    /// The campaign has moved on; the plan must not leave.
    case stale(reason: String)
    /// By telescope, those included that lose their plan. Telescopes whose plan does not change are left out.
    case publish([PlanDiff])
  }

  /// Compares a finished plan with what telescopes have.
  /// - Parameters:
  ///   - plan: by telescope, in any order.
  ///   - orderNumber: of the order it was made for.
  ///   - planned: what telescopes have been told, with the progress they reported.
  ///   - now: tiles that should have started before are left out.
  public func publication(
    of plan: [PlannedTelescope], for orderNumber: Int, over planned: [PlannedTelescope], at now: Instant
  ) -> Publication {
    guard let order, followUp.isRunning else {
      return .stale(reason: "the campaign is over: \(followUp.state.rawValue)")
    }
    guard orderNumber == order.number else {
      return .stale(reason: "made for order \(orderNumber), but order \(order.number) has replaced it")
    }
    if let expires = order.expires, now >= expires {
      return .stale(reason: "valid until \(expires.iso8601()), which has passed")
    }
    let old = Dictionary(planned.map { ($0.telescope, $0) }, uniquingKeysWith: { $1 })
    let new = Dictionary(plan.map { ($0.telescope, $0) }, uniquingKeysWith: { $1 })
      .filter { order.allows($0.key) }
    let diffs = Set(old.keys).union(new.keys).sorted().map {
      PlanDiff(old: old[$0], new: new[$0], telescope: $0, now: now)
    }
    return .publish(diffs.filter { !$0.isEmpty })
  }
}

/// The result of a step.
public struct CampaignStep: Hashable, Sendable {
  public let campaign: Campaign
  /// To be done in this order.
  public let actions: [CampaignAction]
  /// When to step again if nothing happens before.
  public let wake: Instant?
}
