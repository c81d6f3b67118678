import Campaigns
import Logging
import Store
import Units

/// Remembers over restarts when the feed's credentials were last accepted: GCN ends those that nobody has used
/// for 30 days, and the feed warns before.
struct CredentialMemory: Sendable {
  static let setting = "kafka.credentials_last_used_tai"
  /// Often enough for a warning that counts days.
  private static let rhythm: Duration = .hours(12)
  let store: Store
  let clock: ServiceClock
  let logger: Logger

  func lastUsed() async throws(StoreError) -> Instant? {
    try await store.setting(Self.setting).flatMap { Int64($0) }.map { Instant(tai: $0) }
  }

  /// Until it is cancelled.
  /// - Parameter granted: when a token was last granted.
  func run(granted: @Sendable () -> Instant?) async throws {
    while !Task.isCancelled {
      do throws(StoreError) {
        try await remember(granted())
      } catch {
        if case .cancelled = error { return }
        // It is tried again in a minute.
        logger.warning("the use of the credentials was not remembered", metadata: ["error": "\(error)"])
      }
      try await clock.sleep(for: .seconds(60))
    }
  }

  func remember(_ granted: Instant?) async throws(StoreError) {
    guard let granted else { return }
    if let known = try await lastUsed(), granted - known < Self.rhythm { return }
    try await store.set(Self.setting, to: "\(granted.tai)", actor: "feed", at: clock.now())
  }
}
