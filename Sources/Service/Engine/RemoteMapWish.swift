import Campaigns
import Store
import Units

/// A map that an event waits for, as its timer keeps it.
struct RemoteMapWish: Codable, Hashable {
  let url: String
  /// When it was first asked for, TAI nanoseconds since 2000-01-01T12:00 TAI.
  let sinceTAI: Int64
  /// Tries so far.
  var tries = 0

  static let kind = "map"
  /// Maps are announced before they exist; some come within minutes, some never.
  static let patience: Duration = .hours(24)
  private static let firstDelay: Duration = .seconds(10)
  private static let longestDelay: Duration = .minutes(10)

  init(url: String, since: Instant) {
    self.url = url
    sinceTAI = since.tai
  }

  static func isAddress(_ reference: String) -> Bool {
    reference.hasPrefix("https://") || reference.hasPrefix("http://")
  }

  /// When to try again after a failure now; nil when it is too late for this event.
  func nextTry(after now: Instant) -> Instant? {
    let delay = min(Self.firstDelay * Double(1 << min(tries, 10)), Self.longestDelay)
    let next = now + delay
    return next - Instant(tai: sinceTAI) <= Self.patience ? next : nil
  }

  func timer(for event: String, due: Instant) throws -> TimerDraft {
    TimerDraft(
      id: "map/\(SHA256.hexDigest(of: url).prefix(16))/\(event)", event: event, kind: Self.kind, due: due,
      body: try RecordJSON.text(self))
  }
}
