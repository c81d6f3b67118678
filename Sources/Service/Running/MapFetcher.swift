import Campaigns
import Logging
import Store
import Units
import WebClient

/// How maps that notices name by address are had.
public struct MapFetching: Sendable {
  /// The largest map taken, in bytes.
  public var largest = 64 << 20
  /// Also plain http and private addresses: for a mirror on this network.
  public var isLax = false
  public var deadlines = Deadlines.download
  /// Maps that are fetched at the same time.
  public var lanes = 6

  public init() {}
}

/// Fetches the maps that events wait for. What came is stored as it came, together with the word to the event
/// that its time has come; the engine reads it in its next step.
///
/// Notices are written by strangers: their addresses are asked for over https only, only at public addresses
/// (checked at every redirect), within limits of size and time.
struct MapFetcher: Sendable {
  let store: Store
  let options: MapFetching
  let clock: ServiceClock
  let epoch: Int64?
  let logger: Logger
  let client: WebClient

  init(
    store: Store, options: MapFetching, version: String, clock: ServiceClock, epoch: Int64?, logger: Logger
  ) throws(WebError) {
    self.store = store
    self.options = options
    self.clock = clock
    self.epoch = epoch
    self.logger = logger
    var made = WebClient.Configuration(version: version)
    made.addresses = options.isLax ? .any : .publicOnly
    made.maxConnectionsPerHost = 4
    client = try WebClient(made)
  }

  /// Until it is cancelled. A map that hangs holds up no other.
  func run() async throws {
    do { try await work() } catch {
      await client.shutdown()
      throw error
    }
    await client.shutdown()
  }

  private func work() async throws {
    try await withThrowingTaskGroup(of: String?.self) { tasks in
      var busy: Set<String> = []
      var isResting = false
      while !Task.isCancelled {
        for timer in try await due() where busy.count < options.lanes && busy.insert(timer.id).inserted {
          tasks.addTask {
            try await fetch(timer)
            return timer.id
          }
        }
        if !isResting {
          isResting = true
          tasks.addTask {
            // A sleep that is cut short is what is wanted.
            try? await clock.sleep(for: .seconds(1))
            return nil
          }
        }
        switch try await tasks.next() {
        case .some(.some(let id)): busy.remove(id)
        default: isResting = false
        }
      }
      tasks.cancelAll()
    }
  }

  /// Tries what is due now, one after the other.
  /// - Returns: how many maps that was.
  @discardableResult
  func pass() async throws -> Int {
    let list = try await due()
    for timer in list { try await fetch(timer) }
    return list.count
  }

  private func due() async throws -> [TimerDraft] {
    try await store.dueTimers(at: clock.now(), kinds: [RemoteMapWish.kind], limit: 64)
  }

  private enum Result {
    case bytes([UInt8])
    case later(String)
    case never(String)
  }

  private func fetch(_ timer: TimerDraft) async throws {
    guard let event = timer.event, var wish: RemoteMapWish = try? RecordJSON.value(of: timer.body) else {
      return try await commit { $0.firedTimers = [timer.id] }
    }
    let result = await ask(for: wish.url)
    if Task.isCancelled { return }
    let now = clock.now()
    var outcome = StepOutcome()
    outcome.firedTimers = [timer.id]
    var failure: String?
    switch result {
    case .bytes(let bytes):
      outcome.remoteMaps = [RemoteMap(url: wish.url, .bytes(bytes))]
      outcome.log = [Engine.line("map.fetched", event, "\(bytes.count) bytes from \(wish.url)")]
    case .later(let reason):
      if let next = wish.nextTry(after: now) {
        wish.tries += 1
        // The same name is set anew, so it counts as fired and waits again.
        outcome.firedTimers = []
        outcome.timers = [try wish.timer(for: event, due: next)]
        if wish.tries == 1 {
          outcome.log = [Engine.line("map.late", event, "not yet: \(reason); it is tried again")]
        }
      } else {
        failure = "given up after \(wish.tries + 1) tries: \(reason)"
      }
    case .never(let reason): failure = reason
    }
    if let failure { outcome.remoteMaps = [RemoteMap(url: wish.url, .unavailable(failure))] }
    if !outcome.remoteMaps.isEmpty {
      // A name of its own: the engine may be setting the event's usual timer at this moment.
      let name = SHA256.hexDigest(of: wish.url).prefix(16)
      outcome.timers.append(
        TimerDraft(id: "mapped/\(name)/\(event)", event: event, kind: "step", due: now))
    }
    try await commit { $0 = outcome }
  }

  private func commit(_ change: (inout StepOutcome) -> Void) async throws {
    var outcome = StepOutcome()
    change(&outcome)
    outcome.epoch = epoch
    do throws(StoreError) {
      try await store.commit(outcome, at: clock.now())
    } catch {
      switch error {
      case .storeFull, .busy:
        // The timer is still there.
        logger.error("a map could not be stored", metadata: ["error": "\(error)"])
        try await clock.sleep(for: .seconds(2))
      case .cancelled: return
      default: throw error
      }
    }
  }

  private func ask(for address: String) async -> Result {
    do throws(WebError) {
      var url = try WebURL(address)
      if url.scheme == .http, !options.isLax {
        // Archives that are still named by http have https too; nothing is fetched in the open.
        guard url.port == 80 else { return .never("only https is fetched: \(url)") }
        url = try WebURL("https" + url.reveal().dropFirst("http".count))
      }
      var request = WebRequest(.get, url, deadlines: options.deadlines)
      request.maxResponseBytes = options.largest
      let response = try await client.send(request)
      guard response.status == 200 else { return .later("status \(response.status) from \(url)") }
      guard !response.body.isEmpty else { return .later("nothing came from \(url)") }
      return .bytes(response.body)
    } catch {
      switch error {
      case .invalidRequest, .unsupportedScheme, .tooLarge, .redirectRefused:
        return .never(error.description)
      case .notSent(let failure) where failure.cause == .forbiddenAddress: return .never(error.description)
      default: return .later(error.description)
      }
    }
  }
}
