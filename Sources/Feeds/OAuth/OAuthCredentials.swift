import Foundation
import WebClient

/// Who we are to the token server (RFC 6749, section 4.4). Printing it shows no secret.
public struct OAuthCredentials: Sendable {
  public let clientID: Secret
  public let clientSecret: Secret
  public let tokenEndpoint: WebURL
  public let scope: String?

  public init(clientID: Secret, clientSecret: Secret, tokenEndpoint: WebURL, scope: String? = nil) {
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.tokenEndpoint = tokenEndpoint
    self.scope = scope
  }

  public static let gcnTokenEndpoint = "https://auth.gcn.nasa.gov/oauth2/token"

  /// Reads `<prefix>_CLIENT_ID` and `<prefix>_CLIENT_SECRET`, or the files that `<prefix>_CLIENT_ID_FILE` and
  /// `<prefix>_CLIENT_SECRET_FILE` name; each file holds one value and may be read by nobody but its owner.
  ///
  /// - Parameters:
  ///   - environment: of the process.
  ///   - tokenEndpoint: https, or http to this machine.
  /// - Returns: nil if none of the four is set.
  /// - Throws: `.credentials` naming the variable, never its value; `.file`.
  public static func load(
    from environment: [String: String], prefix: String = "VESPER_GCN", tokenEndpoint: WebURL,
    scope: String? = nil
  ) throws(FeedError) -> OAuthCredentials? {
    let id = try value("\(prefix)_CLIENT_ID", environment)
    let secret = try value("\(prefix)_CLIENT_SECRET", environment)
    switch (id, secret) {
    case (nil, nil): return nil
    case (let id?, let secret?):
      guard !id.reveal().contains(":") else { throw .credentials("\(prefix)_CLIENT_ID contains a colon") }
      return OAuthCredentials(clientID: id, clientSecret: secret, tokenEndpoint: tokenEndpoint, scope: scope)
    case (nil, _): throw .credentials("\(prefix)_CLIENT_SECRET is set, but \(prefix)_CLIENT_ID is not")
    case (_, nil): throw .credentials("\(prefix)_CLIENT_ID is set, but \(prefix)_CLIENT_SECRET is not")
    }
  }

  private static func value(_ name: String, _ environment: [String: String]) throws(FeedError) -> Secret? {
    let path = environment["\(name)_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    let direct = environment[name].flatMap { $0.isEmpty ? nil : $0 }
    switch (direct, path) {
    case (nil, nil): return nil
    case (_?, _?): throw .credentials("\(name) and \(name)_FILE are both set")
    case (let text?, nil): return try checked(text, name)
    case (nil, let path?): return try checked(try read(path), "the file of \(name)_FILE")
    }
  }

  private static func checked(_ text: String, _ name: String) throws(FeedError) -> Secret {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty, trimmed.utf8.count <= 4096, trimmed.utf8.allSatisfy({ (33...126).contains($0) })
    else { throw .credentials("\(name) is not one word of printable ASCII") }
    return Secret(trimmed)
  }

  private static func read(_ path: String) throws(FeedError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .file(path: path, operation: "open", errno: errno) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw .file(path: path, operation: "stat", errno: errno) }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw .credentials("\(path) is not a file") }
    guard facts.st_mode & 0o077 == 0 else {
      throw .credentials("\(path) can be read by others: make it mode 0600")
    }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw .file(path: path, operation: "read", errno: errno) }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
