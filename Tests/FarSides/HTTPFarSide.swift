import Foundation

/// A request as a far side sees it.
public struct FarRequest: Sendable {
  public let method: String
  /// Without the query, still percent-encoded.
  public let path: String
  public let query: [String: String]
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]

  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  var json: [String: Any] {
    // A bad body is an empty one.
    (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
  }
}

struct FarAnswer: Sendable {
  let status: Int
  let headers: [String]
  let body: [UInt8]

  init(_ status: Int, headers: [String] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  static func json(_ status: Int, _ value: Any) -> FarAnswer {
    let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
    return FarAnswer(
      status, headers: ["Content-Type: application/json; charset=utf-8"], body: Array(data ?? Data()))
  }

  var bytes: [UInt8] {
    let lines = ["HTTP/1.1 \(status) Whatever"] + headers + ["Content-Length: \(body.count)"]
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }

  static let loginPage = FarAnswer(
    200, headers: ["Content-Type: text/html; charset=utf-8"],
    body: Array("<!doctype html><title>Sign in</title><form action=/login>".utf8))
}

/// An HTTP server whose service is a closure and whose faults are planned.
public final class HTTPFarSide: Sendable {
  /// Of requests that change something.
  public let faults: FaultPlan
  /// Of those that only read.
  public let readFaults: FaultPlan
  private let listener: Listener
  private let seen: Guarded<[FarRequest]>

  public var port: Int { listener.port }
  /// Everything that was asked, accepted or not.
  public var requests: [FarRequest] { seen { $0 } }
  public func stop() { listener.stop() }

  /// - Parameter service: what the request does; called for accepted requests only.
  init(
    port: Int, faults: FaultPlan, readFaults: FaultPlan,
    service: @escaping @Sendable (FarRequest) -> FarAnswer
  ) throws {
    self.faults = faults
    self.readFaults = readFaults
    let seen = Guarded<[FarRequest]>([])
    self.seen = seen
    listener = try Listener(port: port) { connection in
      while let request = Self.readRequest(connection) {
        seen { $0.append(request) }
        let treatment = (request.method == "GET" ? readFaults : faults).next()
        let answer = treatment.accepts ? service(request) : FarAnswer(200)
        guard Self.reply(answer, treatment.reply, to: connection) else { return }
      }
    }
  }

  /// - Returns: false if the connection ends here.
  private static func reply(_ answer: FarAnswer, _ reply: Treatment.Reply, to connection: Connection) -> Bool
  {
    switch reply {
    case .normal: return connection.send(answer.bytes)
    case .status(let status, let seconds):
      let headers = seconds.map { ["Retry-After: \($0)"] } ?? []
      return connection.send(FarAnswer(status, headers: headers, body: Array("gateway".utf8)).bytes)
    case .loginPage: return connection.send(FarAnswer.loginPage.bytes)
    case .hang: connection.awaitClose()
    case .reset: connection.willReset()
    case .slow(let milliseconds):
      for byte in answer.bytes {
        guard connection.send([byte]) else { return false }
        Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
      }
      return true
    case .truncated:
      let bytes = answer.bytes
      connection.send(Array(bytes.prefix(bytes.count - max(1, answer.body.count / 2))))
    }
    return false
  }

  private static func readRequest(_ connection: Connection) -> FarRequest? {
    guard let words = connection.readLine()?.split(separator: " "), words.count == 3 else { return nil }
    var headers: [(name: String, value: String)] = []
    while let line = connection.readLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      headers.append((String(line[..<colon]), value))
    }
    let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    guard (0...64 << 20).contains(length), let body = connection.read(exactly: length) else { return nil }
    let target = words[1].split(separator: "?", maxSplits: 1).map(String.init)
    var query: [String: String] = [:]
    for item in (target.count == 2 ? target[1] : "").split(separator: "&") {
      let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = sides[0].removingPercentEncoding ?? ""
      query[name] = sides.count == 2 ? sides[1].removingPercentEncoding ?? "" : ""
    }
    return FarRequest(
      method: String(words[0]), path: target.first ?? "/", query: query, headers: headers, body: body)
  }
}
