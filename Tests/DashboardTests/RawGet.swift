import CZlib
import Dispatch

/// One request and the bytes of its answer as they travel.
struct RawGet {
  let head: String
  let body: [UInt8]

  /// Reads on a thread of its own: one of the few that the server runs on must not be held.
  init(port: Int, path: String, headers: [String] = []) async throws {
    let lines = ["GET \(path) HTTP/1.1", "Host: x", "Connection: close"] + headers
    let bytes = try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          with: Result {
            let socket = try LineSocket(port: port)
            try socket.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
            return socket.rest()
          })
      }
    }
    let end = bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) } ?? bytes.count
    head = String(decoding: bytes[..<min(end + 2, bytes.count)], as: UTF8.self)
    body = Array(bytes.dropFirst(end + 4))
  }

  /// What gzip packed; empty if it is none.
  static func unpacked(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return []
    }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 1 << 20)
    let count = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return inflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
      }
    }
    return Array(output[..<count])
  }
}
