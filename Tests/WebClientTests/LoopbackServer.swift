import Foundation
import Glibc

@testable import WebClient

/// A server on 127.0.0.1 that hands each connection to a closure on a thread of its own, so that a
/// test decides about every byte and every fault.
final class LoopbackServer: Sendable {
  let port: Int
  private let listener: Int32
  private let accepted = Locked(0)

  /// - Parameter handler: runs once for each connection, which is closed after it.
  init(_ handler: @escaping @Sendable (Peer) -> Void) throws {
    (listener, port) = try Self.listen()
    let (listener, accepted) = (listener, accepted)
    let thread = Thread {
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else { return }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        accepted.withLock { $0 += 1 }
        let peer = Peer(socket: socket)
        let worker = Thread {
          handler(peer)
          peer.close()
        }
        worker.stackSize = 256 << 10
        worker.start()
      }
    }
    thread.start()
  }

  /// A server that answers every request of every connection by the closure; nil closes.
  static func http(
    _ answer: @escaping @Sendable (Received) -> Answer?
  ) throws -> (server: LoopbackServer, log: RequestLog) {
    let log = RequestLog()
    let server = try LoopbackServer { peer in
      while let request = peer.readRequest() {
        log.add(request)
        guard let answer = answer(request) else { return }
        peer.send(answer.bytes)
      }
    }
    return (server, log)
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  var connections: Int { accepted.withLock { $0 } }
  func url(_ path: String, scheme: String = "http") throws -> WebURL {
    try WebURL("\(scheme)://127.0.0.1:\(port)\(path)")
  }

  struct SocketFailure: Error { let errno: Int32 }

  static func listen() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SocketFailure(errno: errno) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) != 0 || Glibc.listen(descriptor, 512) != 0
          || getsockname(descriptor, $0, &length) != 0
      }
    }
    guard !failed else { throw SocketFailure(errno: errno) }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// A port of this machine on which nobody listens (it was just given back).
  static func closedPort() throws -> Int {
    let (descriptor, port) = try listen()
    close(descriptor)
    return port
  }
}

/// What a test server was asked, in order.
final class RequestLog: Sendable {
  private let received = Locked<[Received]>([])
  func add(_ request: Received) { received.withLock { $0.append(request) } }
  var all: [Received] { received.withLock { $0 } }
  var count: Int { all.count }
}

struct Received: Sendable {
  let method: String
  let target: String
  let headers: [(name: String, value: String)]
  let body: [UInt8]

  func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

struct Answer: Sendable {
  let bytes: [UInt8]

  init(_ status: Int, headers: [String] = [], body: [UInt8] = []) {
    let length = status == 204 || status == 304 ? [] : ["Content-Length: \(body.count)"]
    let head = ["HTTP/1.1 \(status) Whatever"] + headers + length
    bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }
  init(_ status: Int, headers: [String] = [], _ text: String) {
    self.init(status, headers: headers, body: Array(text.utf8))
  }
  init(raw text: String) { bytes = Array(text.utf8) }
}

/// One connection as the server sees it. A thread uses it at a time.
final class Peer: @unchecked Sendable {
  private let input: Int32
  private let output: Int32
  private let isSocket: Bool
  private var buffer: [UInt8] = []
  private var isOpen = true
  /// What to end beside the descriptors.
  private let onClose: @Sendable () -> Void

  init(socket: Int32) {
    input = socket
    output = socket
    isSocket = true
    onClose = {}
    // No thread of a failed test stays for ever.
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  init(input: Int32, output: Int32, onClose: @escaping @Sendable () -> Void) {
    self.input = input
    self.output = output
    isSocket = false
    self.onClose = onClose
  }

  /// The socket under it, for those who take it over.
  var socket: Int32 { input }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// - Returns: false once the client is gone.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        isSocket
          ? Glibc.send(output, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
          : write(output, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// - Returns: false at the end of the stream.
  private func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(input, &chunk, chunk.count)
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
      guard fill() else { return nil }
    }
  }

  func read(exactly count: Int) -> [UInt8]? {
    while buffer.count < count {
      guard fill() else { return nil }
    }
    defer { buffer.removeSubrange(..<count) }
    return Array(buffer[..<count])
  }

  func readRequest() -> Received? {
    guard let words = readLine()?.split(separator: " "), words.count == 3 else { return nil }
    var headers: [(name: String, value: String)] = []
    while let line = readLine() {
      if line.isEmpty {
        let request = Received(
          method: String(words[0]), target: String(words[1]), headers: headers, body: [])
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        guard let body = read(exactly: length) else { return nil }
        return Received(method: request.method, target: request.target, headers: headers, body: body)
      }
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      headers.append((String(line[..<colon]), value))
    }
    return nil
  }

  /// Returns when the client has closed.
  func awaitClose() { while fill() { buffer.removeAll() } }

  /// Waits until bytes have arrived, without taking them.
  func awaitBytes() {
    var byte: UInt8 = 0
    _ = recv(input, &byte, 1, Int32(MSG_PEEK))
  }

  /// Ends the connection with a reset instead of an orderly close.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(input, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    onClose()
    Glibc.close(input)
    if output != input { Glibc.close(output) }
  }
}

/// An event that a server thread reports and a test awaits.
struct Signal: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }
  func fire() { continuation.yield() }
  /// Returns after as many firings.
  func wait(_ count: Int = 1) async {
    var iterator = stream.makeAsyncIterator()
    for _ in 0..<count { await iterator.next() }
  }
}

/// Long enough for a busy machine to have connected and sent; short enough to wait for.
let shortDeadline = Deadlines(connect: .seconds(30), total: .seconds(2))
/// Never reached in a test that passes.
let patientDeadline = Deadlines(connect: .seconds(60), total: .seconds(120))

extension WebFailure.Cause? {
  /// The cause of `.notSent`; nil for any other error.
  init(notSent error: WebError?) {
    if case .notSent(let failure) = error { self = failure.cause } else { self = nil }
  }
  /// The cause of `.ambiguous`; nil for any other error.
  init(ambiguous error: WebError?) {
    if case .ambiguous(let failure) = error { self = failure.cause } else { self = nil }
  }
}

func notSent(_ error: WebError?) -> WebFailure.Cause? { .init(notSent: error) }
func ambiguous(_ error: WebError?) -> WebFailure.Cause? { .init(ambiguous: error) }
