import Foundation

/// A value that is only reached while its lock is held.
///
/// On NSLock: the thread sanitizer does not see `Synchronization.Mutex` on Linux.
final class Guarded<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State

  init(_ state: sending State) { self.state = state }

  func withLock<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}

/// Lets only so many in at a time, in the order in which they came.
actor Turnstile {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ places: Int) { free = max(places, 1) }

  func enter() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// One at a time for each key. ICARE has no locks of its own: what is read, decided and written about one
/// entity must not be interleaved with the same from another delivery.
actor KeyedGate {
  private var queues: [String: [CheckedContinuation<Void, Never>]] = [:]

  func enter(_ key: String) async {
    guard queues[key] != nil else {
      queues[key] = []
      return
    }
    await withCheckedContinuation { queues[key, default: []].append($0) }
  }

  func leave(_ key: String) {
    guard var queue = queues[key], !queue.isEmpty else {
      queues[key] = nil
      return
    }
    let next = queue.removeFirst()
    queues[key] = queue
    next.resume()
  }

  nonisolated func serially<Value: Sendable>(
    _ key: String, _ body: @Sendable () async -> Value
  ) async -> Value {
    await enter(key)
    let value = await body()
    await leave(key)
    return value
  }
}
