import Foundation
import Glibc

/// A value that is only reached while its lock is held.
final class Guarded<State>: @unchecked Sendable {
  private let lock = NSLock()
  private var state: State
  init(_ state: State) { self.state = state }
  func callAsFunction<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}

public struct SocketFailure: Error { public let code: Int32 }

/// Listens on 127.0.0.1 and hands each connection to a closure on a thread of its own. `stop` ends the
/// listener and every connection.
final class Listener: Sendable {
  let port: Int
  private let descriptor: Int32
  private let open = Guarded<Set<Int32>>([])
  private let isStopped = Guarded(false)

  /// - Parameter port: 0 for any free one.
  init(port: Int, _ handler: @escaping @Sendable (Connection) -> Void) throws {
    (descriptor, self.port) = try Self.listen(port)
    let (descriptor, open, isStopped) = (descriptor, open, isStopped)
    let thread = Thread {
      while true {
        let socket = accept(descriptor, nil, nil)
        if socket < 0, [EINTR, ECONNABORTED].contains(errno) { continue }
        guard socket >= 0 else { break }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        guard !isStopped({ $0 }) else {
          close(socket)
          break
        }
        open { _ = $0.insert(socket) }
        let worker = Thread {
          let connection = Connection(socket)
          handler(connection)
          // Closing twice would close a stranger's descriptor.
          if open({ $0.remove(socket) }) != nil { connection.close() }
        }
        worker.stackSize = 512 << 10
        worker.start()
      }
      close(descriptor)
    }
    thread.start()
  }

  private static func listen(_ port: Int) throws -> (Int32, Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SocketFailure(code: errno) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(clamping: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) != 0 || Glibc.listen(descriptor, 512) != 0
          || getsockname(descriptor, $0, &length) != 0
      }
    }
    guard !failed else {
      let code = errno
      close(descriptor)
      throw SocketFailure(code: code)
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  func stop() {
    guard
      !isStopped({ was in
        defer { was = true }; return was
      })
    else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
    open { sockets in for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
  }

  deinit { stop() }
}

/// One connection as the far side sees it; one thread uses it.
final class Connection: @unchecked Sendable {
  private let socket: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true

  init(_ socket: Int32) {
    self.socket = socket
    // No thread stays for ever.
    var patience = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  private func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(socket, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer += chunk[..<count]
      return true
    }
  }

  /// A line without its CRLF; nil at the end.
  func readLine() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = buffer[..<end].filter { $0 != 13 }
        buffer.removeSubrange(...end)
        return String(decoding: line, as: UTF8.self)
      }
      guard buffer.count < 16 << 20, fill() else { return nil }
    }
  }

  func read(exactly count: Int) -> [UInt8]? {
    while buffer.count < count {
      guard fill() else { return nil }
    }
    defer { buffer.removeSubrange(..<count) }
    return Array(buffer[..<count])
  }

  /// Returns when the other side has closed, or after two minutes.
  func awaitClose() { while fill() { buffer.removeAll() } }

  /// Makes the close that follows a reset.
  func willReset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    Glibc.close(socket)
  }
}
