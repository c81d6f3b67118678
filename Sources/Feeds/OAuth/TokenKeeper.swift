import Units
import WebClient

/// Sees to it that a client has a token while it lives: asks when the library wants one (at 80 % of the life of
/// the last) or the brokers refused one, and again with growing waits until there is one.
final class TokenKeeper: Sendable {
  struct Grant: Sendable {
    let token: AccessToken
    /// When the answer came, by uptime and as POSIX milliseconds.
    let at: Duration
    let expiresUnixMilliseconds: Int64
  }

  private let fetch: @Sendable () async throws(TokenFailure) -> AccessToken
  private let port: TokenPort
  private let backoff: FeedBackoff
  private let clock: FeedClock
  private let stop: StopFlag
  private let granted: @Sendable (AccessToken) -> Void
  private let failed: @Sendable (TokenFailure) -> Void
  private let wishes: AsyncStream<Void>
  private let wish: AsyncStream<Void>.Continuation
  private let current = Guarded<Grant?>(nil)
  /// By brokers, since they last let us in.
  private let refusals = Guarded(0)

  init(
    port: TokenPort, backoff: FeedBackoff, clock: FeedClock, stop: StopFlag,
    fetch: @escaping @Sendable () async throws(TokenFailure) -> AccessToken,
    granted: @escaping @Sendable (AccessToken) -> Void, failed: @escaping @Sendable (TokenFailure) -> Void
  ) {
    self.port = port
    self.backoff = backoff
    self.clock = clock
    self.stop = stop
    self.fetch = fetch
    self.granted = granted
    self.failed = failed
    (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// The library wants a token. From any thread; returns at once.
  func wanted() { wish.yield() }

  /// The brokers did not take the token: another is asked for, after a wait that grows with each refusal.
  func refused() {
    let isNew = current.withLock { grant in
      defer { grant = nil }
      return grant != nil
    }
    // Without a token this only repeats that there is none.
    guard isNew else { return }
    refusals.withLock { $0 += 1 }
    wish.yield()
  }

  /// The brokers let us in.
  func accepted() { refusals.withLock { $0 = 0 } }

  func finish() { wish.finish() }

  /// Ends after `finish()`, or when its task is cancelled.
  func run() async {
    for await _ in wishes {
      guard !stop.isRaised, !Task.isCancelled else { return }
      if let grant = current.withLock({ $0 }), clock.uptime() - grant.at < grant.token.life * 0.5 {
        // A client made anew: what the last one had is still good.
        _ = port.set(grant.token.value, expiresUnixMilliseconds: grant.expiresUnixMilliseconds)
        continue
      }
      await obtain()
    }
  }

  private func obtain() async {
    let refused = refusals.withLock { $0 }
    if refused > 0 { await stop.sleep(for: backoff.delay(attempt: refused)) }
    var attempt = 1
    while !stop.isRaised, !Task.isCancelled {
      do throws(TokenFailure) {
        // Life is counted from before the request, so that no token is thought to live longer than it does.
        let (asked, askedUnix) = (clock.uptime(), FeedClock.unixMilliseconds)
        let token = try await fetch()
        let expires = askedUnix + Int64(token.life.seconds * 1000)
        // Known before it is handed over: the library may speak of it.
        granted(token)
        if let reason = port.set(token.value, expiresUnixMilliseconds: expires) {
          throw TokenFailure(reason: reason, isRefusal: false)
        }
        current.withLock {
          $0 = Grant(token: token, at: asked, expiresUnixMilliseconds: expires)
        }
        return
      } catch {
        guard !stop.isRaised, !Task.isCancelled else { return }
        failed(error)
        port.fail(error.reason)
        await stop.sleep(for: backoff.delay(attempt: attempt))
        attempt += 1
      }
    }
  }
}
