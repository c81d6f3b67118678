import Foundation
import Glibc
import Icare

/// One request as the server received it.
public struct FakeRequest: Sendable {
  public let number: Int
  public let method: String
  /// Without `/api`.
  public let path: [String]
  public let query: [String: String]
  public let token: String?
  public let body: JSONNode?
  /// Whether the body was JSON at all.
  public let bodyIsJSON: Bool

  /// `GET gcn_event/tags`
  public var name: String { "\(method) \(path.joined(separator: "/"))" }
  public var isWrite: Bool { method != "GET" && method != "HEAD" }
}

struct FakeAnswer: Sendable {
  var status = 200
  var contentType = "application/json"
  var body: [UInt8]
  var headers: [String] = []
}

/// What goes wrong with one request.
public enum FakeFault: Sendable {
  /// A proxy's page instead of the application.
  case page(Int)
  /// The application acts, and the proxy gives up waiting: 504 after it was accepted, for one.
  case actThenPage(Int)
  /// The proxy gives up with 504, and the application acts as much later by the server's clock.
  case actLater(Duration)
  case closeBeforeActing
  case actThenClose
  /// The proxy's limit.
  case tooMany
  /// The application's own answer when its database is down.
  case databaseDown
  /// The body comes a piece at a time, with as many seconds in all.
  case slowBody(seconds: Double)
  /// The process dies after the n-th commit of an upload that has three; 502.
  case dieAfterCommit(Int)
  /// These bytes, whatever was asked.
  case canned(status: Int, body: [UInt8])
}

/// Sockets and HTTP/1.1 on 127.0.0.1, a thread for each connection.
final class FakeListener: @unchecked Sendable {
  let port: Int
  private let descriptor: Int32
  private let lock = NSLock()
  private var isOpen = true

  struct Failure: Error { let errno: Int32 }

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(errno: errno) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let failed = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) != 0 || listen(descriptor, 256) != 0
          || getsockname(descriptor, $0, &length) != 0
      }
    }
    guard !failed else { throw Failure(errno: errno) }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func run(_ serve: @escaping @Sendable (FakeConnection) -> Void) {
    let descriptor = descriptor
    let thread = Thread {
      while true {
        let socket = accept(descriptor, nil, nil)
        guard socket >= 0 else {
          if errno == EINTR || errno == ECONNABORTED { continue }
          // Closed by the thread that uses it: its number may be another server's the moment after.
          close(descriptor)
          return
        }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        let worker = Thread {
          let connection = FakeConnection(socket)
          serve(connection)
          close(socket)
        }
        worker.stackSize = 1 << 20
        worker.start()
      }
    }
    thread.start()
  }

  func stop() {
    lock.lock()
    defer { lock.unlock() }
    guard isOpen else { return }
    isOpen = false
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  deinit { stop() }
}

/// One connection; used by one thread.
final class FakeConnection {
  private let socket: Int32
  private var buffer: [UInt8] = []

  init(_ socket: Int32) {
    self.socket = socket
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  private func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(socket, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer += chunk[..<count]
      return true
    }
  }

  private func line() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let text = buffer[..<end].filter { $0 != 13 }
        buffer.removeSubrange(...end)
        return String(decoding: text, as: UTF8.self)
      }
      guard fill() else { return nil }
    }
  }

  func request(number: Int) -> FakeRequest? {
    guard let words = line()?.split(separator: " "), words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    while let text = line(), !text.isEmpty {
      guard let colon = text.firstIndex(of: ":") else { return nil }
      headers[text[..<colon].lowercased()] =
        text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    let length = headers["content-length"].flatMap { Int($0) } ?? 0
    while buffer.count < length { guard fill() else { return nil } }
    let body = Array(buffer[..<length])
    buffer.removeSubrange(..<length)
    let parts = words[1].split(separator: "?", maxSplits: 1).map(String.init)
    let path = parts[0].split(separator: "/").map { String($0).removingPercentEncoding ?? "" }
    var query: [String: String] = [:]
    for item in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      query[pair[0].removingPercentEncoding ?? ""] =
        pair.count > 1 ? pair[1].removingPercentEncoding ?? "" : ""
    }
    let scheme = headers["authorization"]?.split(separator: " ").map(String.init) ?? []
    let node = body.isEmpty ? nil : JSONNode(parsing: body)
    return FakeRequest(
      number: number, method: String(words[0]), path: Array(path.dropFirst(path.first == "api" ? 1 : 0)),
      query: query, token: scheme.count == 2 && scheme[0] == "token" ? scheme[1] : nil, body: node,
      bodyIsJSON: body.isEmpty || node != nil)
  }

  @discardableResult
  func send(_ answer: FakeAnswer, date: String, slowly seconds: Double = 0) -> Bool {
    let head =
      ["HTTP/1.1 \(answer.status) Fake", "Date: \(date)", "Content-Type: \(answer.contentType)"]
      + answer.headers + ["Content-Length: \(answer.body.count)"]
    let bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    // In one piece: a second small write would wait 40 ms for the first to be acknowledged.
    guard seconds > 0 else { return write(bytes + answer.body) }
    guard write(bytes) else { return false }
    let pieces = 10
    let size = answer.body.count / pieces + 1
    for start in stride(from: 0, to: answer.body.count, by: size) {
      Thread.sleep(forTimeInterval: seconds / Double(pieces))
      guard write(Array(answer.body[start..<min(start + size, answer.body.count)])) else { return false }
    }
    return true
  }

  private func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
