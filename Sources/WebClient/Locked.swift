import Foundation

/// A value that is only reached while its lock is held.
///
/// On NSLock rather than `Synchronization.Mutex`, whose locking the thread sanitizer does not see on
/// Linux: it reports races that are not there.
final class Locked<State>: @unchecked Sendable {
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

/// Nanoseconds that never jump, from an arbitrary origin: for deadlines, never for dates.
enum Monotonic {
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
