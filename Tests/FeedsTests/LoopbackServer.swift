import Foundation
import Glibc

@testable import Feeds

/// A server on 127.0.0.1 that hands each connection to a closure on a thread of its own.
final class LoopbackServer: Sendable {
  let port: Int
  private let listener: Int32

  struct Failure: Error { let errno: Int32 }

  init(_ handler: @escaping @Sendable (Wire) -> Void) throws {
    (listener, port) = try Self.listen()
    let listener = listener
    let thread = Thread {
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else { return }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        let wire = Wire(socket)
        let worker = Thread { handler(wire) }
        worker.stackSize = 256 << 10
        worker.start()
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  static func listen() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(errno: errno) }
    let done = withLoopback(port: 0) { address, length in
      var length = length
      return bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 64) == 0
        && getsockname(descriptor, UnsafeMutablePointer(mutating: address), &length) == 0
        ? Int(UInt16(bigEndian: UnsafeRawPointer(address).load(as: sockaddr_in.self).sin_port)) : nil
    }
    guard let port = done else { throw Failure(errno: errno) }
    return (descriptor, port)
  }

  /// A port of this machine on which nobody listens: it was just given back.
  static func closedPort() throws -> Int {
    let (descriptor, port) = try listen()
    close(descriptor)
    return port
  }

  static func withLoopback<R>(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = in_port_t(port).bigEndian
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(UnsafePointer($0), socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// One TCP connection, closed with its last reference. One thread reads.
final class Wire: @unchecked Sendable {
  private let socket: Int32

  init(_ socket: Int32) {
    self.socket = socket
    // No thread of a failed test stays for ever.
    var patience = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  static func connect(port: Int) -> Wire? {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    let failed = LoopbackServer.withLoopback(port: port) { Glibc.connect(descriptor, $0, $1) != 0 }
    if failed {
      close(descriptor)
      return nil
    }
    return Wire(descriptor)
  }

  deinit { close(socket) }

  /// Ends both directions now; readers and writers notice.
  func cut() { shutdown(socket, Int32(SHUT_RDWR)) }

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

  func read(exactly count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(socket, $0.baseAddress! + filled, count - filled) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      filled += got
    }
    return bytes
  }

  /// A line without its CRLF.
  func readLine() -> String? {
    var bytes: [UInt8] = []
    while let byte = read(exactly: 1) {
      if byte[0] == 10 { return String(decoding: bytes.filter { $0 != 13 }, as: UTF8.self) }
      bytes += byte
    }
    return nil
  }
}

/// Grants tokens by the script of a test.
final class TokenServer: Sendable {
  struct Request: Sendable {
    let authorization: String
    let body: String
  }

  enum Answer: Sendable {
    case token(String, life: Double)
    case text(Int, String)
    case cut
  }

  let requests = Guarded<[Request]>([])
  private let server: LoopbackServer

  /// - Parameter answer: to the n-th request, counted from 0.
  init(_ answer: @escaping @Sendable (Int) -> Answer) throws {
    let requests = requests
    server = try LoopbackServer { wire in
      guard wire.readLine() != nil else { return }
      var authorization = ""
      var length = 0
      while let line = wire.readLine(), !line.isEmpty {
        let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        if parts.first?.lowercased() == "authorization" { authorization = parts[1] }
        if parts.first?.lowercased() == "content-length" { length = Int(parts[1]) ?? 0 }
      }
      let body = String(decoding: wire.read(exactly: length) ?? [], as: UTF8.self)
      let number = requests.withLock { list in
        list.append(Request(authorization: authorization, body: body))
        return list.count - 1
      }
      let (status, text): (Int, String)
      switch answer(number) {
      case .token(let token, let life):
        (status, text) = (
          200, "{\"access_token\":\"\(token)\",\"expires_in\":\(life),\"token_type\":\"Bearer\"}"
        )
      case .text(let code, let body): (status, text) = (code, body)
      case .cut: return wire.cut()
      }
      wire.send(
        Array(
          "HTTP/1.1 \(status) Whatever\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)"
            .utf8))
    }
  }

  var url: String { "http://127.0.0.1:\(server.port)/oauth2/token" }
  var count: Int { requests.withLock { $0.count } }
}
