import Units
import WebClient

/// The signature of our webhooks: header `Vesper-Signature: t=<unix seconds>,v1=<hexadecimal>`, where v1 is
/// HMAC-SHA256 with the shared secret over `<t>.<body>`.
public enum WebhookSignature {
  public static let header = "Vesper-Signature"

  /// The header's value.
  public static func sign(_ body: [UInt8], at now: Instant, secret: Secret) -> String {
    let time = String(now.unixSeconds)
    return "t=\(time),v1=\(code(time, body, secret))"
  }

  /// What a receiver does: whether body and time are ours and the time is within `window` of its clock.
  /// It should also remember the `Idempotency-Key`s it has seen.
  public static func isGenuine(
    _ value: String, body: [UInt8], secret: Secret, now: Instant, window: Duration = .minutes(5)
  ) -> Bool {
    let parts = value.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1="),
      (3...14).contains(parts[0].utf8.count), let time = Int64(parts[0].dropFirst(2)), time >= 0,
      abs(now.unixSeconds - time) <= window.components.seconds
    else { return false }
    let expected = code(String(parts[0].dropFirst(2)), body, secret)
    return HMACSHA256.areEqual(Array(expected.utf8), Array(parts[1].dropFirst(3).utf8))
  }

  private static func code(_ time: String, _ body: [UInt8], _ secret: Secret) -> String {
    HMACSHA256.hexCode(for: Array((time + ".").utf8) + body, key: Array(secret.reveal().utf8))
  }
}
