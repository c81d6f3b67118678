import Units
import WebClient

/// Verifies that a request came from Slack, once: HMAC-SHA256 over `v0:<time>:<body>` with the app's signing
/// secret, a window of five minutes, and a memory of what was seen within it.
///
/// A pure state machine: the time goes in. Only genuine signatures enter its memory, so a stranger cannot
/// fill it.
public struct SlackSignature: Sendable {
  public enum Verdict: Hashable, Sendable {
    case genuine
    /// A header is missing or not of its form.
    case malformed
    /// More than the window old, or as far ahead: `byMoreThan` says by how much.
    case stale(Duration)
    case forged
    /// Genuine, and seen before.
    case replayed
    /// Genuine, but more requests than anybody makes came within the window.
    case crowded
  }

  public static let window = Duration.minutes(5)
  private static let capacity = 10_000
  private let secret: Secret
  /// Unix seconds of genuine signatures.
  private var seen: [String: Int64] = [:]

  public init(secret: Secret) { self.secret = secret }

  /// - Parameters:
  ///   - timestamp: of the header `X-Slack-Request-Timestamp`.
  ///   - signature: of the header `X-Slack-Signature`.
  ///   - body: the raw bytes; what was parsed and written again has another signature.
  public mutating func verify(
    timestamp: String?, signature: String?, body: [UInt8], now: Instant
  ) -> Verdict {
    guard let timestamp, let signature, (1...12).contains(timestamp.utf8.count),
      timestamp.utf8.allSatisfy({ (48...57).contains($0) }), let time = Int64(timestamp),
      signature.utf8.count == 67, signature.hasPrefix("v0=")
    else { return .malformed }
    let clock = now.unixSeconds
    let limit = Self.window.components.seconds
    guard abs(clock - time) <= limit else { return .stale(.seconds(abs(clock - time))) }
    let expected = Self.sign(timestamp: timestamp, body: body, secret: secret)
    guard HMACSHA256.areEqual(Array(expected.utf8), Array(signature.utf8)) else { return .forged }
    // Anything older than the window is stale already, whoever brings it.
    seen = seen.filter { abs(clock - $0.value) <= limit }
    guard seen[signature] == nil else { return .replayed }
    guard seen.count < Self.capacity else { return .crowded }
    seen[signature] = time
    return .genuine
  }

  /// The signature Slack would send.
  public static func sign(timestamp: String, body: [UInt8], secret: Secret) -> String {
    let message = Array("v0:\(timestamp):".utf8) + body
    return "v0=" + HMACSHA256.hexCode(for: message, key: Array(secret.reveal().utf8))
  }
}
