import Glibc
import Units

/// A directory reached through its descriptor, so that nobody can exchange it in between. Names are bytes: a
/// file system does not promise UTF-8.
struct SpoolFolder: ~Copyable {
  let path: String
  private let descriptor: Int32

  /// - Throws: `.file` if the directory cannot be made or opened.
  init(_ path: String) throws(FeedError) {
    if mkdir(path, 0o755) != 0, errno != EEXIST {
      throw .file(path: path, operation: "create the directory", errno: errno)
    }
    let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw .file(path: path, operation: "open the directory", errno: errno) }
    descriptor = opened
    self.path = path
  }

  deinit { close(descriptor) }

  /// The files that are ready, in the order of their names' bytes. Directories are none; what is hidden or
  /// ends in `.part` is not ready.
  func ready() throws(FeedError) -> [FileName] {
    // A descriptor of its own, since reading a directory moves a position and closing ends it.
    let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0, let stream = fdopendir(own) else {
      throw .file(path: path, operation: "read the directory", errno: errno)
    }
    defer { closedir(stream) }
    var names: [FileName] = []
    while let entry = readdir(stream) {
      guard entry.pointee.d_type != UInt8(DT_DIR) else { continue }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { FileName(Array($0.prefix { $0 != 0 })) }
      if name.isReady { names.append(name) }
    }
    return names.sorted()
  }

  enum Contents {
    case whole([UInt8], modified: Instant?)
    /// It went away by itself.
    case gone
    /// It will never be readable, and why.
    case unreadable(String)
    /// The system cannot now (too many open files, an I/O error): later.
    case later(errno: Int32)
  }

  /// Reads a regular file of at most `limit` bytes.
  func read(_ name: FileName, limit: Int) -> Contents {
    // Without following links, and without waiting at a named pipe.
    let file = name.withCString { openat(descriptor, $0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
    guard file >= 0 else {
      switch errno {
      case ENOENT: return .gone
      case ELOOP: return .unreadable("it is a symbolic link")
      case EACCES, EPERM: return .unreadable("it may not be read")
      case ENXIO: return .unreadable("it is not a regular file")
      default: return .later(errno: errno)
      }
    }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { return .later(errno: errno) }
    guard facts.st_mode & S_IFMT == S_IFREG else { return .unreadable("it is not a regular file") }
    guard facts.st_size <= limit else {
      return .unreadable("it has \(facts.st_size) bytes, and the limit is \(limit)")
    }
    var bytes = [UInt8](repeating: 0, count: Int(facts.st_size) + 1)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        Glibc.read(file, $0.baseAddress! + filled, $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .later(errno: errno) }
      if count == 0 { break }
      filled += count
    }
    // One byte more than it had: somebody writes to it in place.
    guard filled < bytes.count else { return .later(errno: EBUSY) }
    bytes.removeLast(bytes.count - filled)
    let time = facts.st_mtim
    let modified = Instant(unixMilliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    return .whole(bytes, modified: modified)
  }

  /// Moves a file, over one of that name if there is one.
  func move(_ name: FileName, to folder: borrowing SpoolFolder, as new: FileName) throws(FeedError) {
    let other = folder.descriptor
    let failed = name.withCString { from in
      new.withCString { to in renameat(descriptor, from, other, to) != 0 }
    }
    // Gone already: whoever took it away wanted that.
    if failed, errno != ENOENT {
      throw .file(path: "\(path)/\(name)", operation: "move it to \(folder.path)", errno: errno)
    }
  }

  func contains(_ name: FileName) -> Bool {
    name.withCString { faccessat(descriptor, $0, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
  }

  /// Writes a small file that appears whole.
  func write(_ text: String, to name: FileName) throws(FeedError) {
    let part = FileName([UInt8(ascii: ".")] + name.bytes)
    let file = part.withCString {
      openat(descriptor, $0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    }
    guard file >= 0 else { throw .file(path: "\(path)/\(part)", operation: "create", errno: errno) }
    let bytes = Array(text.utf8)
    let written = Glibc.write(file, bytes, bytes.count)
    let failure = written == bytes.count ? 0 : (written < 0 ? errno : ENOSPC)
    close(file)
    guard failure == 0 else { throw .file(path: "\(path)/\(part)", operation: "write", errno: failure) }
    try move(part, to: self, as: name)
  }
}

/// The name of a file as the file system has it.
struct FileName: Hashable, Comparable, CustomStringConvertible {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// For people: what is not UTF-8 is replaced.
  var description: String { String(decoding: bytes, as: UTF8.self) }
  var isReady: Bool {
    bytes.first != UInt8(ascii: ".") && !bytes.reversed().starts(with: ".part".utf8.reversed())
  }

  /// At most the 255 bytes that file systems take.
  func appending(_ text: String) -> FileName {
    let added = Array(text.utf8)
    return FileName(bytes.prefix(255 - added.count) + added)
  }

  func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
    (bytes + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
