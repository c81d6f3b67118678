import Foundation
import WebClient

/// Where a secret lies: configuration files name the place, never the secret.
public enum SecretReference: Hashable, Sendable {
  case file(String)
  case environment(String)

  /// - Parameter text: `file:/run/credentials/slack` or `env:SLACK_TOKEN`.
  /// - Throws: `.secret` for anything else, without repeating it: it may be the secret itself.
  public init(_ text: String) throws(ChannelError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty, !parts[1].utf8.contains(0) else {
      throw .secret("a reference is file:PATH or env:NAME")
    }
    switch parts[0] {
    case "file": self = .file(String(parts[1]))
    case "env": self = .environment(String(parts[1]))
    default: throw .secret("a reference is file:PATH or env:NAME")
    }
  }

  private static let maxBytes = 64 << 10

  /// Reads it; line ends and spaces at the end of a file do not belong to it.
  public func load(environment: [String: String]) throws(ChannelError) -> Secret {
    let text: String
    switch self {
    case .environment(let name):
      guard let value = environment[name] else { throw .secret("\(name) is not in the environment") }
      text = value
    case .file(let path):
      guard let handle = FileHandle(forReadingAtPath: path) else { throw .secret("\(path) cannot be read") }
      defer { try? handle.close() }  // nothing was written
      guard let data = try? handle.read(upToCount: Self.maxBytes + 1), data.count <= Self.maxBytes,
        let whole = String(data: data, encoding: .utf8)
      else { throw .secret("\(path) is not a short text") }
      text = whole
    }
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty else { throw .secret("\(self) is empty") }
    guard trimmed.utf8.allSatisfy({ (32...126).contains($0) }) else {
      throw .secret("\(self) is not plain ASCII on one line")
    }
    return Secret(trimmed)
  }
}

extension SecretReference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let path): "file:\(path)"
    case .environment(let name): "env:\(name)"
    }
  }
}
