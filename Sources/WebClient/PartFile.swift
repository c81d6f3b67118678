import Foundation

/// A file that appears under its name only when it is whole.
///
/// It is written beside its place as `.<name>.<random>.part`; a crash can leave that behind, never a
/// half file under the real name.
struct PartFile: Sendable {
  let descriptor: Int32
  private let path: String
  private let partPath: String

  init(for path: String) throws(WebError) {
    let url = URL(filePath: path)
    let random = String(UInt64.random(in: 0 ... .max), radix: 36)
    let part = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).\(random).part")
    self.path = path
    partPath = part.path
    descriptor = open(partPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .file(path: path, operation: "create", errno: errno) }
  }

  /// Makes the bytes durable, then visible, then the new name durable.
  func commit() throws(WebError) {
    guard fsync(descriptor) == 0 else { throw abandon("write") }
    close(descriptor)
    guard rename(partPath, path) == 0 else {
      let error = WebError.file(path: path, operation: "rename", errno: errno)
      unlink(partPath)
      throw error
    }
    let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    // The file is there in any case; a folder that cannot be synced only weakens a power cut.
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  func discard() {
    close(descriptor)
    unlink(partPath)
  }

  private func abandon(_ operation: String) -> WebError {
    let error = WebError.file(path: path, operation: operation, errno: errno)
    discard()
    return error
  }
}

/// - Returns: the errno of a failure.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
  var rest = bytes
  while !rest.isEmpty {
    let count = write(descriptor, rest.baseAddress, rest.count)
    if count < 0 {
      if errno == EINTR { continue }
      return errno
    }
    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
  }
  return nil
}
