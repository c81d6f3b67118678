import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Somewhere bytes come from, once, in order.
protocol ByteSource: AnyObject {
  /// Bytes still to come, or nil when only reading to the end tells.
  var remaining: Int? { get }
  /// Fills as much of the buffer as there is; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SkymapFileError) -> Int
}

final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  var remaining: Int? { bytes.count - position }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - position)
    bytes.withUnsafeBytes {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
    }
    position += count
    return count
  }
}

/// A regular file, read in pieces: a flat map on disk never sits in memory whole.
final class FileSource: ByteSource {
  private let descriptor: Int32
  private(set) var remaining: Int? = 0

  init(_ url: URL) throws(SkymapFileError) {
    guard url.isFileURL else {
      throw .unreadable(
        reason: "\(url.scheme ?? "this") addresses are not fetched; download the file and give its path")
    }
    let path = url.path
    guard !path.utf8.contains(0) else { throw .unreadable(reason: "the path holds a NUL byte") }
    // Non-blocking, so that a FIFO cannot hang the open.
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else {
      let code = errno
      guard code != ENOENT, code != ENOTDIR else { throw .missing(path: path) }
      throw .unreadable(reason: String(cString: strerror(code)))
    }
    var status = stat()
    guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      throw .unreadable(reason: "\(path) is no regular file; give the path of a sky map")
    }
    // Only now is the object complete, so that `deinit` closes once.
    descriptor = opened
    remaining = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SkymapFileError) -> Int {
    // A file that grows while it is read ends where it ended when it was opened.
    let wanted = min(buffer.count, remaining ?? 0)
    guard wanted > 0, let base = buffer.baseAddress else { return 0 }
    var count = 0
    repeat { count = systemRead(descriptor, base, wanted) } while count < 0 && errno == EINTR
    guard count >= 0 else { throw .unreadable(reason: String(cString: strerror(errno))) }
    remaining = count == 0 ? 0 : (remaining ?? 0) - count
    return count
  }
}

/// `read` is also the name of the method above.
private func systemRead(_ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, base, count)
}

/// Buffers a source: look ahead, take exactly so many bytes, skip.
final class ByteReader {
  private let source: any ByteSource
  private let buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0

  init(_ source: any ByteSource) {
    self.source = source
    buffer = .allocate(byteCount: 1 << 16, alignment: 16)
  }

  deinit { buffer.deallocate() }

  var remaining: Int? { source.remaining.map { $0 + end - start } }

  /// Up to `count` bytes without taking them; fewer only at the end.
  ///
  /// - Precondition: count <= 64 KiB.
  func peek(_ count: Int) throws(SkymapFileError) -> [UInt8] {
    if end - start < count {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      (start, end) = (0, end - start)
      while end < count {
        let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        guard got > 0 else { break }
        end += got
      }
    }
    return [UInt8](buffer[start..<min(end, start + count)])
  }

  /// Fills the target; fewer bytes only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(SkymapFileError) -> Int {
    let ready = min(end - start, target.count)
    if ready > 0 {
      UnsafeMutableRawBufferPointer(rebasing: target[..<ready])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<start + ready]))
      start += ready
    }
    var filled = ready
    while filled < target.count {
      let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
      guard got > 0 else { break }
      filled += got
    }
    return filled
  }

  /// Passes over `count` bytes; returns how many there were.
  func skip(_ count: Int) throws(SkymapFileError) -> Int {
    var passed = min(count, end - start)
    start += passed
    while passed < count {
      if start == end { (start, end) = (0, try source.read(into: buffer)) }
      guard end > start else { break }
      let step = min(count - passed, end - start)
      start += step
      passed += step
    }
    return passed
  }

  /// All that is left.
  func rest(limit: Int) throws(SkymapFileError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(min(limit, remaining ?? 1 << 16))
    while true {
      result.append(contentsOf: buffer[start..<end])
      guard result.count <= limit else { throw .tooLarge(bytes: result.count, limit: limit) }
      (start, end) = (0, try source.read(into: buffer))
      guard end > 0 else { return result }
    }
  }
}
