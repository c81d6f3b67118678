import Campaigns
import Store
import Units

/// What a person says about an event, as it waits for the engine and as the log keeps it.
public struct PersonalAnswer: Codable, Hashable, Sendable {
  public enum Action: String, Codable, CaseIterable, Sendable {
    /// Another outcome than the policy's.
    case override
    /// The policy's own outcome counts again.
    case lift
    /// To a proposed STOP.
    case confirmStop = "confirm_stop"
    case declineStop = "decline_stop"
    /// A campaign that a person had ended may begin again.
    case reopen
    /// A withdrawn event stands after all.
    case reinstate
  }
  public var action: Action
  /// For `override`.
  public var outcome: PolicyOutcome?
  /// In which the person answers: `weekly coordinator`.
  public var role: String
  public var reason: String
  /// For LIMITED: ids in the registry.
  public var telescopes: [String] = []
  /// The token's label: through which door it came.
  public var by: String
  /// TAI nanoseconds since 2000-01-01T12:00 TAI.
  public var atTAI: Int64

  static let kind = "person"

  public init(
    _ action: Action, outcome: PolicyOutcome? = nil, role: String, reason: String, telescopes: [String] = [],
    by: String, at now: Instant
  ) {
    self.action = action
    self.outcome = outcome
    self.role = role
    self.reason = reason
    self.telescopes = telescopes
    self.by = by
    atTAI = now.tai
  }

  var at: Instant { Instant(tai: atTAI) }

  /// For the log and for whoever answered.
  public var text: String {
    let what: String
    switch action {
    case .override:
      let names = telescopes.isEmpty ? "" : " (\(telescopes.joined(separator: ", ")))"
      what = "decided \(outcome?.rawValue ?? "nothing")\(names)"
    case .lift: what = "let the policy decide again"
    case .confirmStop: what = "confirmed the STOP that was proposed"
    case .declineStop: what = "declined the STOP that was proposed"
    case .reopen: what = "reopened the campaign"
    case .reinstate: what = "said that the withdrawn event stands"
    }
    return "the \(role) \(what): \(reason)"
  }

  /// Nil for a reinstatement, which is part of the event and not of its campaign.
  var answer: Answer? {
    switch action {
    case .override:
      outcome.map {
        .overridden(Override(role: role, outcome: $0, reason: reason, telescopes: telescopes, at: at))
      }
    case .lift: .overrideLifted(role: role)
    case .confirmStop: .stopConfirmed(role: role)
    case .declineStop: .stopDeclined(role: role)
    case .reopen: .reopened(role: role)
    case .reinstate: nil
    }
  }

  /// Waits for the engine, also over a restart; the same answer twice is one.
  func timer(for event: String) throws -> TimerDraft {
    let body = try RecordJSON.text(self)
    return TimerDraft(
      id: "answer/\(SHA256.hexDigest(of: body).prefix(24))", event: event, kind: Self.kind, due: at,
      body: body)
  }

  /// Why it cannot be given now; nil when it can.
  func objection(to memo: EventMemo, roles: [String]) -> String? {
    let followUp = memo.campaign.followUp
    guard roles.contains(role) else {
      return "the \(role) may not decide; those who may: \(roles.joined(separator: ", "))"
    }
    guard reason.contains(where: { !$0.isWhitespace }) else { return "a reason is missing" }
    switch action {
    case .override:
      guard let decision = memo.campaign.decision else { return "nothing was decided yet" }
      guard case .overridden(let override)? = answer else { return "the outcome is missing" }
      do throws(OverrideError) {
        _ = try decision.overridden(by: override, allowed: roles)
        return nil
      } catch {
        return error.text
      }
    case .lift: return memo.campaign.decision?.override == nil ? "no decision of a person stands" : nil
    case .confirmStop, .declineStop: return followUp.proposal == nil ? "no STOP is proposed" : nil
    case .reopen:
      return followUp.state == .stopped && followUp.end == .person ? nil : "no person has ended the campaign"
    case .reinstate: return memo.record.status == .active ? "the event is not withdrawn" : nil
    }
  }
}
