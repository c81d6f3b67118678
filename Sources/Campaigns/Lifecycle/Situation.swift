import Notices
import Units

/// A person's word on a campaign, new since the last step.
public enum Answer: Hashable, Sendable {
  case stopConfirmed(role: String)
  case stopDeclined(role: String)
  case reopened(role: String)
  case overridden(Override)
  /// The policy's own outcome counts again.
  case overrideLifted(role: String)
}

/// Everything a step of a campaign depends on besides what the campaign remembers.
public struct Situation: Sendable {
  public var event: Event
  public var policy: Policy
  public var now: Instant
  /// The sky maps that were read, by the reference with which they were asked for.
  public var maps: [String: MapSummary] = [:]
  /// References of maps that cannot be had; they are not asked for again.
  public var unavailableMaps: Set<String> = []
  /// Reference of the map of this event and a coincident one together, to be planned on before any other.
  public var jointMap: String?
  public var telescopes: [TelescopeField] = []
  /// What people say: `expert_validated`, `particularly_interesting`, a redshift, ...
  public var stated: [FactName: FactValue] = [:]
  /// With the sky taken into account where maps are at hand; see `Coincidence.found(for:among:windows:)`.
  public var coincidences: [Coincidence] = []
  public var windows = CoincidenceWindows()
  /// What telescopes have been told, with the progress they reported.
  public var planned: [PlannedTelescope] = []
  /// Telescopes that are out now or later, as their teams say.
  public var absences: [Absence] = []
  public var refusals: [TileRefusal] = []
  /// What people have adopted for the plans of this event.
  public var adjustment: PlanAdjustment?
  /// Whether a counterpart is known to people.
  public var hasCounterpart = false
  /// The newest brightness of the counterpart.
  public var brightness: Magnitude?
  public var answers: [Answer] = []
  /// Roles whose decisions count.
  public var roles = Decision.overridingRoles

  public init(event: Event, policy: Policy, now: Instant) {
    self.event = event
    self.policy = policy
    self.now = now
  }
}

/// What to do after a step; the caller does it, in this order.
public enum CampaignAction: Hashable, Sendable {
  /// A new or changed decision: record it and post its card.
  case announce(Decision)
  /// Fetch or read a map, then step again with it.
  case getMap(reference: String, noticeKey: String)
  /// Take tiles back at once.
  case withdraw([Withdrawal])
  /// Say STOP to all teams.
  case stop(reason: String)
  case tags(add: [String], remove: [String])
  /// Make a plan; when it is ready, see `Campaign.publication(of:for:over:at:)`.
  case plan(PlanOrder)
  /// Suggest the end to a person.
  case proposeStop(FollowUp.Cause)
  /// Say that a proposed end was declined.
  case goesOn(reason: String)
  case ask(Question)
  /// Why nothing else happens; shown.
  case note(String)
}

public enum Question: Hashable, Sendable {
  /// The event came back after the retraction of this key.
  case reinstate(retractionKey: String)
  /// A person had ended the campaign; the policy now says this.
  case reopen(Outcome)
  /// Messages with one identifier and different contents.
  case contradiction(keys: [String])
}

extension Localization {
  /// Of a map, what to ask for it with; nil for a region.
  var mapReference: String? {
    switch self {
    case .none, .region: nil
    case .remoteMap(let url, _): url
    case .embeddedMap(let bytes, _): Notice.heldScheme + SHA256.hexDigest(of: bytes)
    }
  }
}

extension Notice {
  /// What can be planned on, best first: the joint map of a coincidence, then its own.
  var places: [Localization] {
    var list = [bestLocalization]
    if wave?.coincidence?.combinedMap != nil, !localization.isAbsent { list.append(localization) }
    return list.filter { !$0.isAbsent }
  }
}

extension Event {
  /// References of the maps of the notice to take the place from, best first: for the caller to have them at
  /// hand before the first step.
  public var mapReferences: [String] { localizing?.places.compactMap(\.mapReference) ?? [] }

  /// The same of all notices that stand, newest first: an older map serves while a newer one is on its way.
  public var allMapReferences: [String] {
    standing.reversed().flatMap(\.places).compactMap(\.mapReference)
  }
}
