import CZlib
import HTTPTypes
import Hummingbird
import Synchronization

/// Packs text for readers who take it packed: mountain links carry 64 kbit/s.
struct PackedText: RouterMiddleware {
  /// Below this a packed answer is no smaller in packets.
  private static let smallest = 600

  func handle(
    _ request: Request, context: DashboardContext,
    next: (Request, DashboardContext) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    guard request.method != .head, let type = response.headers[.contentType], Self.isText(type) else {
      return response
    }
    response.headers[.vary] = [response.headers[.vary], "Accept-Encoding"].compactMap { $0 }
      .joined(separator: ", ")
    guard Self.takesGzip(request), response.headers[.contentEncoding] == nil,
      let length = response.body.contentLength, (Self.smallest...(16 << 20)).contains(length)
    else { return response }
    let whole = CollectedBody()
    try await response.body.write(CollectingWriter(body: whole))
    let bytes = whole.bytes.withLock { $0 }
    guard let packed = Gzip.packed(bytes) else {
      response.body = .init(byteBuffer: ByteBuffer(bytes: bytes))
      return response
    }
    response.headers[.contentEncoding] = "gzip"
    response.headers[.contentLength] = nil
    // Other bytes for the same content: the tag is a weak one now (RFC 9110, section 8.8.3).
    if let tag = response.headers[.eTag], !tag.hasPrefix("W/") { response.headers[.eTag] = "W/" + tag }
    response.body = .init(byteBuffer: ByteBuffer(bytes: packed))
    return response
  }

  private static func isText(_ type: String) -> Bool {
    let name = type.prefix { $0 != ";" }
    return name != "text/event-stream"
      && (name.hasPrefix("text/")
        || ["application/json", "application/yaml", "image/svg+xml"].contains(String(name)))
  }

  private static func takesGzip(_ request: Request) -> Bool {
    request.headers[values: .acceptEncoding].flatMap { $0.split(separator: ",") }.contains { offer in
      let parts = offer.split(separator: ";").map { $0.filter { $0 != " " } }
      let refused = parts.dropFirst().contains { q in
        q.hasPrefix("q=0") && !q.contains { "123456789".contains($0) }
      }
      return parts.first == "gzip" && !refused
    }
  }
}

private final class CollectedBody: Sendable {
  let bytes = Mutex<[UInt8]>([])
}

private struct CollectingWriter: ResponseBodyWriter {
  let body: CollectedBody
  mutating func write(_ buffer: ByteBuffer) async throws {
    body.bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
  }
  consuming func finish(_ trailers: HTTPFields?) async throws {}
}

/// The gzip form (RFC 1952) of bytes, without a time stamp.
enum Gzip {
  /// Nil where zlib fails or the result would be no smaller.
  static func packed(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count <= Int(UInt32.max) >> 1 else { return nil }
    var stream = z_stream()
    let windowBits: Int32 = 15 + 16  // 16 asks for a gzip head
    guard
      deflateInit2_(
        &stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count)
    let count = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
      }
    }
    return count > 0 ? Array(output[..<count]) : nil
  }
}
