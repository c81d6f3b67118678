import Foundation
import Testing

@testable import WebClient

/// What goes wrong on the way, and whether the peer can have acted.
@Suite struct FaultTests {
  /// Sends a request to a server that behaves like the closure and gives the error.
  private func error(
    _ method: WebRequest.Method = .post, deadlines: Deadlines = patientDeadline, limit: Int = 8 << 20,
    _ handler: @escaping @Sendable (Peer) -> Void
  ) async throws -> WebError? {
    let server = try LoopbackServer(handler)
    let client = try WebClient()
    var request = WebRequest(method, try server.url("/path?query=hidden"), deadlines: deadlines)
    request.maxResponseBytes = limit
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(error?.description.contains("hidden") == false)
    await client.shutdown()
    return error
  }

  @Test func aRefusedConnectionSentNothing() async throws {
    let client = try WebClient()
    let url = try WebURL("http://127.0.0.1:\(try LoopbackServer.closedPort())/")
    let error = await #expect(throws: WebError.self) { try await client.send(patientRequest(.post, url)) }
    #expect(notSent(error) == .connect)
    #expect(error?.mayHaveReachedPeer == false)
  }

  @Test func anUnknownHostGotNothing() async throws {
    let client = try WebClient()
    let request = WebRequest(.post, try WebURL("http://nobody.invalid/"), deadlines: shortDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    // Without a name server the look-up may outlast the deadline instead.
    #expect([.resolve, .deadline].contains(notSent(error)))
  }

  @Test func aResetAfterTheRequestLeftIsAmbiguous() async throws {
    let error = try await error { peer in
      peer.awaitBytes()
      peer.reset()
    }
    #expect(ambiguous(error) == .reset)
  }

  @Test func anAnswerlessCloseIsAmbiguous() async throws {
    let error = try await error { _ = $0.readRequest() }
    #expect(ambiguous(error) == .reset)
  }

  @Test func aResetWithinTheBodyIsAmbiguous() async throws {
    let error = try await error { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")
      peer.reset()
    }
    #expect(ambiguous(error) == .reset)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nshort",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
  ])
  func aTruncatedBodyIsAmbiguous(_ answer: String) async throws {
    for method in [WebRequest.Method.get, .post] {
      let error = try await error(method) { peer in
        _ = peer.readRequest()
        peer.send(answer)
      }
      #expect(ambiguous(error) == .truncated)
      if case .ambiguous(let failure) = error { #expect(failure.status == 200) }
    }
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0", "HTTP/9.9 what\r\n\r\n"])
  func anAnswerThatIsNotHTTPIsAmbiguous(_ answer: String) async throws {
    let error = try await error { peer in
      _ = peer.readRequest()
      peer.send(answer)
    }
    #expect(ambiguous(error) == .malformed)
  }

  @Test func slowHeadersMeetTheDeadline() async throws {
    let error = try await error(deadlines: shortDeadline) { peer in
      _ = peer.readRequest()
      guard peer.send(Array("HTTP/1.1 200 OK\r\nX-Slow: ".utf8)) else { return }
      while peer.send([UInt8(ascii: "x")]) { usleep(20_000) }
    }
    #expect(ambiguous(error) == .deadline)
  }

  @Test func aSlowBodyMeetsTheDeadline() async throws {
    let error = try await error(deadlines: shortDeadline) { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
      while peer.send([1]) { usleep(20_000) }
    }
    #expect(ambiguous(error) == .deadline)
    if case .ambiguous(let failure) = error { #expect(failure.status == 200) }
  }

  @Test func silenceMeetsTheDeadline() async throws {
    let error = try await error(deadlines: shortDeadline) { $0.awaitClose() }
    #expect(ambiguous(error) == .deadline)
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nstart"])
  func aStallEndsTheRequestLongBeforeItsDeadline(_ start: String) async throws {
    var deadlines = patientDeadline
    deadlines.stall = Deadlines.Stall(bytesPerSecond: 1000, window: .seconds(1))
    let error = try await error(deadlines: deadlines) { peer in
      _ = peer.readRequest()
      peer.send(start)
      peer.awaitClose()
    }
    #expect(ambiguous(error) == .stall)
  }

  @Test func aRequestThatNeverGotAConnectionSentNothing() async throws {
    let holding = Signal()
    let (server, log) = try LoopbackServer.http { _ in
      holding.fire()
      return Answer(raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
    }
    var configuration = WebClient.Configuration()
    configuration.maxConnectionsPerHost = 1
    let client = try WebClient(configuration)
    let long = WebRequest(.get, try server.url("/holds"), deadlines: patientDeadline)
    let first = Task { try await client.send(long) }
    await holding.wait()
    let queued = WebRequest(.post, try server.url("/queued"), deadlines: shortDeadline)
    let error = await #expect(throws: WebError.self) { try await client.send(queued) }
    #expect(notSent(error) == .deadline)
    first.cancel()
    _ = await first.result
    #expect(log.all.map(\.target) == ["/holds"])
  }

  @Test func theBodyLimitIsExact() async throws {
    let (server, _) = try LoopbackServer.http { _ in Answer(200, "12345") }
    let client = try WebClient()
    var request = patientRequest(.get, try server.url("/"))
    request.maxResponseBytes = 5
    #expect(try await client.send(request).text == "12345")
    request.maxResponseBytes = 4
    await #expect(throws: WebError.tooLarge(.body, limit: 4, status: 200)) { try await client.send(request) }
    request.maxResponseBytes = 0
    await #expect(throws: WebError.tooLarge(.body, limit: 0, status: 200)) { try await client.send(request) }
  }

  @Test func anUnannouncedBodyIsCutAtItsLimit() async throws {
    let error = try await error(limit: 100_000) { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 0, count: 4096) + Array("\r\n".utf8)
      while peer.send(chunk) {}
    }
    #expect(error == .tooLarge(.body, limit: 100_000, status: 200))
    #expect(error?.mayHaveReachedPeer == true)
  }

  @Test func aDecompressionBombIsCutAtItsLimit() async throws {
    let copies = 2000
    let bomb = GzipBomb.make(copies: copies)
    let (server, _) = try LoopbackServer.http { _ in
      Answer(200, headers: ["Content-Encoding: gzip"], body: bomb)
    }
    let client = try WebClient()
    var request = patientRequest(.get, try server.url("/"))
    request.acceptsGzip = true
    #expect(try await client.send(request).bodyBytes == 1 + 258 * copies)
    request.maxResponseBytes = 1 << 18
    await #expect(throws: WebError.tooLarge(.body, limit: 1 << 18, status: 200)) {
      try await client.send(request)
    }
  }

  static let hugeHeaders: [@Sendable (Peer) -> Void] = [
    // many lines
    { peer in
      peer.send("HTTP/1.1 200 OK\r\n")
      while peer.send(Array("X-Line: \(String(repeating: "x", count: 1000))\r\n".utf8)) {}
    },
    // one line that never ends
    { peer in
      peer.send("HTTP/1.1 200 OK\r\nX-Line: ")
      while peer.send([UInt8](repeating: 65, count: 1000)) {}
    },
    // interim answers without end
    { peer in while peer.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) {} },
  ]

  @Test(arguments: hugeHeaders.indices)
  func hugeHeadersAreCut(_ index: Int) async throws {
    let error = try await error { peer in
      _ = peer.readRequest()
      Self.hugeHeaders[index](peer)
    }
    guard case .tooLarge(.headers, _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aServerThatAnswersEarlyAndClosesIsHeard() async throws {
    // 413 without reading the body: either the answer or an ambiguous failure, never "not sent".
    let server = try LoopbackServer { peer in
      _ = peer.readLine()
      peer.send(Answer(413, headers: ["Connection: close"], "too much").bytes)
    }
    let client = try WebClient()
    let body = WebBody([UInt8](repeating: 1, count: 4_000_000), contentType: "a/b")
    let request = WebRequest(.post, try server.url("/"), body: body, deadlines: patientDeadline)
    do {
      #expect(try await client.send(request).status == 413)
    } catch {
      #expect(ambiguous(error) == .reset)
    }
  }
}

/// gzip of 1 + 258 x copies zeros, by RFC 1951 and 1952: every copy costs 13 bits.
enum GzipBomb {
  static func make(copies: Int) -> [UInt8] {
    var bits = BitWriter(bytes: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
    bits.low(0b1, 1)  // last block
    bits.low(0b01, 2)  // fixed Huffman codes
    bits.code(0x30, 8)  // the literal 0
    for _ in 0..<copies {
      bits.code(0b1100_0101, 8)  // length code 285: 258 bytes
      bits.code(0, 5)  // distance 1
    }
    bits.code(0, 7)  // end of block
    bits.flush()
    let length = UInt32(1 + 258 * copies)
    var crc: UInt32 = 0xffff_ffff
    for _ in 0..<length {
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1 }
    }
    return bits.bytes
      + [~crc, length].flatMap { v in (0..<4).map { UInt8(truncatingIfNeeded: v >> ($0 * 8)) } }
  }

  private struct BitWriter {
    var bytes: [UInt8]
    private var pending: UInt32 = 0
    private var count = 0
    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func low(_ value: UInt32, _ width: Int) {
      pending |= value << count
      count += width
      while count >= 8 {
        bytes.append(UInt8(pending & 255))
        pending >>= 8
        count -= 8
      }
    }
    /// Huffman codes go most significant bit first.
    mutating func code(_ value: UInt32, _ width: Int) {
      for bit in (0..<width).reversed() { low(value >> bit & 1, 1) }
    }
    mutating func flush() { if count > 0 { low(0, 8 - count) } }
  }
}
