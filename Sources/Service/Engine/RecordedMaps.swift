import Campaigns
import Store
import Units

extension Engine {
  /// Takes a map that came at another time or place, as the fetcher would: for replays.
  /// - Returns: whether an event waits for it.
  func take(map bytes: [UInt8], from url: String) async throws -> Bool {
    let now = clock.now()
    let waiting = try await store.dueTimers(at: now, kinds: [RemoteMapWish.kind], limit: 10_000).filter {
      let wish: RemoteMapWish? = try? RecordJSON.value(of: $0.body)
      return wish?.url == url
    }
    var outcome = StepOutcome()
    outcome.epoch = epoch
    outcome.remoteMaps = [RemoteMap(url: url, .bytes(bytes))]
    outcome.firedTimers = waiting.map(\.id)
    for timer in waiting {
      guard let event = timer.event else { continue }
      outcome.timers.append(
        TimerDraft(id: String("mapped/\(timer.id)".prefix(200)), event: event, kind: "step", due: now))
    }
    try await store.commit(outcome, at: now)
    return !waiting.isEmpty
  }
}
