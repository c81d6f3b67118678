import Store
import Units

/// The instance lock as evidence that whoever has the lease is dead.
///
/// It proves that only as long as the holder of the lease has the lock too. An instance that was paused longer
/// than its lease keeps the lock while another works without it: so it gives the lock up when it finds out,
/// the other one takes it, and until somebody else was seen with it the lock proves nothing.
final class LeaderLock: Sendable {
  private let lock: InstanceLock
  private struct State {
    /// Taken for a lease that has not been seized yet.
    var isTaken = false
    var provesNothing = false
  }
  private let state = Guard(State())

  init(_ lock: InstanceLock) { self.lock = lock }

  func provesHolderGone() -> Bool {
    state.withLock { state in
      if state.isTaken {
        // It was taken and the lease was not: somebody lives who was faster.
        lock.release()
        state = State(isTaken: false, provesNothing: true)
        return false
      }
      guard lock.take() else {
        state.provesNothing = false
        return false
      }
      if state.provesNothing { lock.release() } else { state.isTaken = true }
      return state.isTaken
    }
  }

  /// Holds the lock while the body works, from the moment at which it can be had.
  func held(during body: () async throws -> Void) async throws {
    defer {
      state.withLock { state in
        lock.release()
        state = State(isTaken: false, provesNothing: true)
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      tasks.addTask { await self.take() }
      try await body()
    }
  }

  /// A paused predecessor may have it for a while.
  private func take() async {
    while !Task.isCancelled, !lock.take() {
      // A sleep that is cut short is what is wanted.
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
