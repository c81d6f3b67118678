import Deliveries
import Units
import WebClient

/// What Slack's answer to a call means. Slack says no with status 200 and `"ok": false`.
enum SlackAnswer {
  case yes(JSONAnswer)
  /// The message to edit is gone or can no longer be edited: another one must take its place.
  case rootLost(code: String)
  case no(SendOutcome)

  init(_ response: WebResponse, _ redact: Redactor, now: Instant) {
    let body = JSONAnswer(response.body)
    let isAnswer = body?.isObject == true
    if response.status == 200, let body, isAnswer, body["ok"].flag == true {
      self = .yes(body)
    } else if (200..<300).contains(response.status) {
      guard let body, isAnswer, body["ok"].flag == false else {
        // A page of a portal or proxy: whether Slack ever saw the call is not known.
        let type = redact(response.headers["Content-Type"] ?? "no content type", limit: 60)
        self = .no(.ambiguous(reason: "status \(response.status) with what is no answer of Slack (\(type))"))
        return
      }
      self = Self.refusal(Self.code(body, redact), response, now: now)
    } else {
      // Statuses of refusal carry Slack's code as well, or say enough alone.
      let code = body.map { Self.code($0, redact) } ?? ""
      let known = code.isEmpty || response.status == 429 ? nil : Self.refusal(code, response, now: now)
      self = known ?? .no(SendOutcome(status: response, code, now: now))
    }
  }

  private static func code(_ body: JSONAnswer, _ redact: Redactor) -> String {
    redact(body["error"].text ?? "", limit: 60)
  }

  /// Wrong or withdrawn rights: nothing of the channel can leave.
  private static let halting: Set<String> = [
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
    "not_allowed_token_type", "no_permission", "org_login_required", "ekm_access_denied", "access_denied",
    "accesslimited", "enterprise_is_restricted", "team_access_not_granted", "two_factor_setup_required",
    "deprecated_endpoint", "method_deprecated", "invalid_token",
  ]
  /// Slack did not take it up.
  private static let later: Set<String> = [
    "service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating",
    "streaming_state_conflict",
  ]
  private static let limited: Set<String> = ["ratelimited", "rate_limited", "message_limit_exceeded"]
  /// Slack's words on these: a part of the operation may have succeeded.
  private static let unclear: Set<String> = ["internal_error", "fatal_error", "update_failed"]
  private static let lostRoot: Set<String> = [
    "message_not_found", "edit_window_closed", "cant_update_message", "thread_not_found",
  ]

  private static func refusal(_ code: String, _ response: WebResponse, now: Instant) -> SlackAnswer {
    let reason = code.isEmpty ? "Slack says no without a reason" : "Slack says \(code)"
    let after = response.retryAfter(now: now).map { now + $0 }
    if lostRoot.contains(code) { return .rootLost(code: code) }
    if halting.contains(code) { return .no(.halted(reason: reason)) }
    if limited.contains(code) { return .no(.unsent(reason: reason, after: after ?? now + .seconds(30))) }
    if later.contains(code) { return .no(.unsent(reason: reason, after: after)) }
    if unclear.contains(code) { return .no(.ambiguous(reason: reason)) }
    return .no(.refused(reason: reason))
  }
}
