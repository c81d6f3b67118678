import Foundation
import Glibc

/// What took effect at a far side, one JSON object a line: other processes may read the file while it grows,
/// and it survives the sender's death.
public final class History: Sendable {
  public struct Entry: Codable, Hashable, Sendable {
    /// Counts from 1.
    public let n: Int
    /// `slack`, `mail`, `webhook`, `treasure-map`.
    public let side: String
    /// `chat.postMessage`, `mail`, `planned`, ...
    public let action: String
    /// The delivery's key as far as the far side gets to see it.
    public let key: String
    public let detail: [String: String]
    /// Seconds since 1970.
    public let at: Double
  }

  private let entries = Guarded<[Entry]>([])
  private let descriptor: Int32

  /// - Parameter path: appended to; nil keeps the history in memory only.
  public init(path: String? = nil) throws {
    guard let path else {
      descriptor = -1
      return
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SocketFailure(code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  public var all: [Entry] { entries { $0 } }
  public func all(of action: String) -> [Entry] { all.filter { $0.action == action } }
  public var count: Int { entries { $0.count } }

  /// Reads a file that this or another process wrote; a torn last line is left out.
  public static func read(_ path: String) throws -> [Entry] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return text.split(separator: "\n").compactMap {
      try? JSONDecoder().decode(Entry.self, from: Data($0.utf8))
    }
  }

  func record(_ side: String, _ action: String, key: String, _ detail: [String: String] = [:]) {
    entries { entries in
      let at = Date().timeIntervalSince1970
      let entry = Entry(
        n: entries.count + 1, side: side, action: action, key: key, detail: detail, at: at)
      entries.append(entry)
      guard descriptor >= 0 else { return }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      guard var line = try? encoder.encode(entry) else { return }  // texts and numbers only
      line.append(10)
      line.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }
  }
}
