import Foundation

/// A lock that the system takes from a process when it dies, and only then: whoever gets it knows that no
/// other instance on this machine lives. A paused process keeps it; then the lease's own time counts.
public final class InstanceLock: Sendable {
  private let descriptor: Int32

  /// - Parameter path: beside the store; it is made and stays.
  public init(path: String) throws(StoreError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
  }
  deinit {
    // A child that is just being started has a copy of the descriptor for a moment, and with it the lock.
    release()
    close(descriptor)
  }

  /// Takes the lock if nobody has it; true as long as it is ours.
  public func take() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  /// Lets another take it.
  public func release() { _ = flock(descriptor, LOCK_UN) }
}
