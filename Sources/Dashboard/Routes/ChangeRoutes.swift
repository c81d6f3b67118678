import HTTPTypes
import Hummingbird
import JSON
import ServiceLifecycle

/// Server-sent events (WHATWG HTML, section 9.2): one per line of the log, resumable by `Last-Event-ID`.
struct ChangeRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/api/changes") { request, _ in
      let asked =
        request.headers[HTTPField.Name("Last-Event-ID")!]
        ?? request.uri.queryParameters.get("after").map { String($0) }
      let start: Int64
      if let asked {
        guard let number = Int64(asked), number >= 0 else {
          throw HTTPError(.badRequest, message: "Last-Event-ID must be the number of an event of this stream")
        }
        start = number
      } else {
        start = try await desk.lastChange()
      }
      return Response(
        status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
        body: stream(after: start, request))
    }
  }

  private func stream(after start: Int64, _ request: Request) -> ResponseBody {
    let reader = ChangeReader(desk: desk, last: start)
    let chunks = AsyncThrowingStream<ByteBuffer, any Error> { try await reader.next() }
    return ResponseBody { writer in
      // The comment makes proxies pass the head on at once.
      try await writer.write(ByteBuffer(string: ": changes after \(start)\n\n"))
      do {
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          for try await chunk in chunks.cancelOnGracefulShutdown() { try await writer.write(chunk) }
        }
      } catch is CancellationError {}
      try await writer.finish(nil)
    }
  }
}

/// What one client of the stream has yet to get.
private actor ChangeReader {
  private let desk: any Desk
  private var last: Int64

  init(desk: any Desk, last: Int64) {
    self.desk = desk
    self.last = last
  }

  /// The lines logged since, or a comment after a while without any: a client that is gone shows by it.
  func next() async throws -> ByteBuffer? {
    var lines = try await desk.changes(after: last, limit: 200)
    if lines.isEmpty {
      await desk.waitForChange()
      try Task.checkCancellation()
      lines = try await desk.changes(after: last, limit: 200)
    }
    guard let newest = lines.last else { return ByteBuffer(string: ":\n\n") }
    last = newest.sequence
    return ByteBuffer(string: try lines.map(Self.message).joined())
  }

  private static func message(_ line: ChangeLine) throws -> String {
    let data = JSONPrinter.text(try JSONTreeEncoder.value(of: line, keys: .snakeCase))
    return "id: \(line.sequence)\nevent: \(line.kind)\ndata: \(data)\n\n"
  }
}
