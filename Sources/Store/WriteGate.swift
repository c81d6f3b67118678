import Foundation

/// Lets one process at a time write to the file or move its WAL back into it.
///
/// SQLite 3.7.0 to 3.51.2 can lose the place in its WAL when one connection checkpoints twice while another
/// writes (the "WAL-reset" bug, fixed in 3.51.3); Debian 12 has 3.40.1. Within a process there is exactly one
/// connection that writes, and only it checkpoints, as part of its own commits: readers are read-only. Between
/// processes (a standby that takes over, a command beside the service) this lock around every transaction,
/// and so around the checkpoint at its end, keeps both apart. The system drops it when a process dies.
final class WriteGate: Sendable {
  private let descriptor: Int32
  private let timeout: Duration

  init(path: String, timeout: Duration) throws(StoreError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    self.timeout = timeout
    guard descriptor >= 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
  }

  deinit { close(descriptor) }

  func pass<T>(_ body: () throws -> T) throws -> T {
    try lock()
    defer { _ = flock(descriptor, LOCK_UN) }
    return try body()
  }

  private func lock() throws {
    // Runs on the writer's own thread, so a short sleep blocks nobody else.
    let begun = ContinuousClock.now
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw StoreError.busy(String(cString: strerror(errno)))
      }
      guard ContinuousClock.now - begun < timeout else {
        throw StoreError.busy("another process has been writing for \(timeout)")
      }
      usleep(2000)
    }
  }
}
