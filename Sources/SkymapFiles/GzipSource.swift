import CZlib

/// Inflates gzip as it is read; memory stays at a few hundred kilobytes whatever the size.
///
/// Deflate reaches 1032 to 1 and real maps 885 to 1, so a ratio tells nothing about a bomb: the limit is
/// on the bytes that come out, and a FITS header that promises more is refused before any of them.
final class GzipSource: ByteSource {
  private let input: ByteReader
  private let limit: Int
  private var stream: UnsafeMutablePointer<z_stream>
  private let chunk: UnsafeMutableRawBufferPointer
  private var produced = 0
  private var isFinished = false

  init(_ input: ByteReader, limit: Int) throws(SkymapFileError) {
    self.input = input
    self.limit = limit
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    chunk = .allocate(byteCount: 1 << 16, alignment: 16)
    // 16 asks for the gzip wrapper, 15 for the largest window.
    guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .unreadable(reason: "zlib cannot start")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    chunk.deallocate()
  }

  var remaining: Int? { nil }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SkymapFileError) -> Int {
    guard !isFinished, buffer.count > 0 else { return 0 }
    let wanted = min(buffer.count, 1 << 30)
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(wanted)
    while stream.pointee.avail_out == wanted, !isFinished {
      if stream.pointee.avail_in == 0 { try refill() }
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK: continue
      // No progress: more input is needed, and there must be some.
      case Z_BUF_ERROR where stream.pointee.avail_in == 0: continue
      case Z_STREAM_END: try nextMember()
      default:
        let message = stream.pointee.msg.map { String(cString: $0) }
        throw .gzip(
          message == "incorrect data check" || message == "incorrect length check" ? .checksum : .damaged)
      }
    }
    let count = wanted - Int(stream.pointee.avail_out)
    produced += count
    guard produced <= limit else { throw .expandsBeyond(limit: limit) }
    return count
  }

  private func refill() throws(SkymapFileError) {
    let count = try input.read(into: chunk)
    guard count > 0 else { throw .gzip(.truncated) }
    stream.pointee.next_in = chunk.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_in = UInt32(count)
  }

  /// A gzip file may be several members on end (RFC 1952, 2.2); anything else after one is ignored, as
  /// gzip does with padding.
  private func nextMember() throws(SkymapFileError) {
    var head: [UInt8] = []
    for i in 0..<Int(min(2, stream.pointee.avail_in)) { head.append(stream.pointee.next_in[i]) }
    if head.count < 2 { head += try input.peek(2 - head.count) }
    guard head == [0x1F, 0x8B] else {
      isFinished = true
      return
    }
    inflateReset(stream)
  }
}
