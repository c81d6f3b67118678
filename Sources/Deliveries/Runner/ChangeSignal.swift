/// Tells waiting tasks that something of a name changed, so that nobody has to look again and again.
///
/// A change is never missed: a waiter says up to which generation it has looked.
public final class ChangeSignal: Sendable {
  private struct State {
    var generations: [String: UInt64] = [:]
    var waiters: [UInt64: (name: String, continuation: CheckedContinuation<Void, Never>)] = [:]
    var nextWaiter: UInt64 = 0
  }
  private let state = Locked(State())

  public init() {}

  public func generation(of name: String) -> UInt64 {
    state.withLock { $0.generations[name] ?? 0 }
  }

  public func fire(_ names: some Sequence<String>) {
    let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      let names = Set(names)
      for name in names { state.generations[name, default: 0] += 1 }
      let ids = state.waiters.filter { names.contains($0.value.name) }.map(\.key)
      return ids.compactMap { state.waiters.removeValue(forKey: $0)?.continuation }
    }
    for continuation in woken { continuation.resume() }
  }

  /// Returns when something of the name changed after `generation`, or when the task is cancelled.
  public func wait(for name: String, beyond generation: UInt64) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let goOn = state.withLock { state in
          // Seen under the lock: a cancellation before this point finds no waiter to wake.
          if Task.isCancelled || (state.generations[name] ?? 0) > generation { return true }
          state.waiters[id] = (name, continuation)
          return false
        }
        if goOn { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
    }
  }
}
