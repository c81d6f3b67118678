import Glibc

/// Standard input as lines and counted bytes.
final class Input {
  private var buffer: [UInt8] = []
  private var start = 0
  /// The process dies with the one that started it, even if some other process holds the pipe open.
  private let parent = getppid()

  /// The next line without its end; nil when there are no more.
  func line() -> String? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: 10) {
        defer { start = end + 1 }
        return String(decoding: buffer[start..<end], as: UTF8.self)
      }
      searched = buffer.count
      let dropped = start
      guard fill() else { return nil }
      searched -= dropped
    }
  }

  func bytes(_ count: Int) -> [UInt8]? {
    while buffer.count - start < count {
      guard fill() else { return nil }
    }
    defer { start += count }
    return Array(buffer[start..<(start + count)])
  }

  private func fill() -> Bool {
    buffer.removeFirst(start)
    start = 0
    while true {
      var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, 1000)
      if ready == 0 || (ready < 0 && errno == EINTR) {
        guard getppid() == parent else { return false }
        continue
      }
      var chunk = [UInt8](repeating: 0, count: 64 << 10)
      let count = read(0, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer += chunk[..<count]
      return true
    }
  }
}
