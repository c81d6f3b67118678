import Foundation

@testable import Feeds

/// Stands in front of a broker that knows no authentication: it asks clients for an OAUTHBEARER token (RFC 7628)
/// as Kafka's protocol carries it, ends connections when their token has expired, and otherwise passes requests
/// and answers on, with its own port in the place of the broker's.
///
/// For one broker. Authentication is that of KIP-43 and KIP-152: SaslHandshake, then SaslAuthenticate.
final class SASLRelay: Sendable {
  /// What it thinks of a token: how many seconds it lives; nil if it is not accepted.
  typealias Judge = @Sendable (String) -> Double?

  let seen = Guarded<[String]>([])
  private let server: Guarded<LoopbackServer?>
  private let wires = Guarded<[Weak]>([])
  let port: Int

  private struct Weak: Sendable { weak let wire: Wire? }

  init(broker: String, judge: @escaping Judge) throws {
    let target = broker.split(separator: ":").last.flatMap { Int($0) } ?? 0
    let (seen, wires) = (seen, wires)
    let own = Guarded(0)
    let server = try LoopbackServer { client in
      guard let broker = Wire.connect(port: target) else { return }
      wires.withLock { $0.append(Weak(wire: client)) }
      Connection(client: client, broker: broker, port: own.withLock { $0 }, seen: seen, judge: judge).serve()
    }
    own.withLock { $0 = server.port }
    port = server.port
    self.server = Guarded(server)
  }

  var bootstrap: String { "127.0.0.1:\(port)" }

  /// Ends all connections, as a broker that restarts does.
  func cut() { wires.withLock { $0 }.forEach { $0.wire?.cut() } }

  private struct Connection {
    let client: Wire
    let broker: Wire
    let port: Int
    let seen: Guarded<[String]>
    let judge: Judge
    /// The API of each request that waits for its answer, by correlation id.
    let pending = Guarded<[Int32: Int16]>([:])

    func serve() {
      defer {
        client.cut()
        broker.cut()
      }
      guard let life = authenticate() else { return }
      // The token's end is the connection's end.
      let (client, broker) = (client, broker)
      DispatchQueue.global().asyncAfter(deadline: .now() + life) {
        client.cut()
        broker.cut()
      }
      let answers = self
      let thread = Thread { answers.passAnswers() }
      thread.stackSize = 256 << 10
      thread.start()
      while let frame = frame(client) {
        note(frame)
        guard send(frame, to: broker) else { return }
      }
    }

    private func frame(_ wire: Wire) -> [UInt8]? {
      guard let head = wire.read(exactly: 4) else { return nil }
      let size = Int(int32(head, 0))
      guard size >= 0, size < 100 << 20 else { return nil }
      return size == 0 ? [] : wire.read(exactly: size)
    }

    private func send(_ frame: [UInt8], to wire: Wire) -> Bool {
      wire.send(big(Int32(frame.count)) + frame)
    }

    private func note(_ request: [UInt8]) {
      guard request.count >= 8 else { return }
      pending.withLock { $0[int32(request, 4)] = Int16(request[0]) << 8 | Int16(request[1]) }
    }

    /// - Returns: the seconds the token lives; nil if there is no access.
    private func authenticate() -> Double? {
      var isRefused = false
      while let request = frame(client) {
        guard request.count >= 10 else { return nil }
        let correlation = Array(request[4..<8])
        switch Int16(request[0]) << 8 | Int16(request[1]) {
        case 18:  // ApiVersions: as the broker answers, and the two that follow
          guard send(request, to: broker), let answer = frame(broker), answer.count >= 10 else { return nil }
          let versions = big(int32(answer, 6) + 2) + [0, 17, 0, 0, 0, 1] + [0, 36, 0, 0, 0, 0]
          let isSupported = answer[4] == 0 && answer[5] == 0
          guard send(isSupported ? answer[..<6] + versions + answer[10...] : answer, to: client) else {
            return nil
          }
        case 17:  // SaslHandshake: no error, one mechanism
          let name = Array("OAUTHBEARER".utf8)
          guard send(correlation + [0, 0] + big(1) + [0, UInt8(name.count)] + name, to: client) else {
            return nil
          }
        case 36:  // SaslAuthenticate
          if isRefused {
            // The client has seen why: error 58, no text, no bytes, and the end.
            _ = send(correlation + [0, 58, 0xff, 0xff] + big(0), to: client)
            return nil
          }
          let text = String(decoding: request, as: UTF8.self)
          guard let start = text.range(of: "auth=Bearer "),
            let end = text.range(of: "\u{1}", range: start.upperBound..<text.endIndex)
          else { return nil }
          let token = String(text[start.upperBound..<end.lowerBound])
          seen.withLock { $0.append(token) }
          let life = judge(token)
          let reason = life == nil ? Array("{\"status\":\"invalid_token\"}".utf8) : []
          guard send(correlation + [0, 0, 0xff, 0xff] + big(Int32(reason.count)) + reason, to: client) else {
            return nil
          }
          if let life { return life }
          isRefused = true
        default: return nil
        }
      }
      return nil
    }

    private func passAnswers() {
      defer {
        client.cut()
        broker.cut()
      }
      while var answer = frame(broker) {
        if answer.count >= 4, let api = pending.withLock({ $0.removeValue(forKey: int32(answer, 0)) }) {
          redirect(&answer, api)
        }
        guard send(answer, to: client) else { return }
      }
    }

    /// Puts our port where the answer names the broker: metadata (3) up to version 2, coordinator (10) from
    /// version 1, which are what the mock cluster speaks.
    private func redirect(_ answer: inout [UInt8], _ api: Int16) {
      if api == 3, answer.count > 8 {
        var at = 8
        for _ in 0..<int32(answer, 4) {
          at += 4
          at += 2 + Int(int16(answer, at))
          replacePort(&answer, at)
          at += 4
          at += 2 + max(0, Int(int16(answer, at)))
        }
      } else if api == 10, answer.count > 16 {
        var at = 4 + 4 + 2
        at += 2 + max(0, Int(int16(answer, at))) + 4
        at += 2 + Int(int16(answer, at))
        replacePort(&answer, at)
      }
    }

    private func replacePort(_ answer: inout [UInt8], _ at: Int) {
      answer.replaceSubrange(at..<(at + 4), with: big(Int32(port)))
    }

    private func int32(_ bytes: [UInt8], _ at: Int) -> Int32 {
      bytes[at..<(at + 4)].reduce(0) { $0 << 8 | Int32($1) }
    }
    private func int16(_ bytes: [UInt8], _ at: Int) -> Int16 {
      Int16(bitPattern: UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]))
    }
    private func big(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
  }
}
