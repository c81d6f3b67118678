import CCurl

/// An http or https address, parsed by the library that will connect to it.
///
/// There is one parser for checking and for connecting, so an address cannot mean two things. User
/// names and passwords in it are refused; a fragment is dropped. What it prints never contains the
/// query, which often holds tokens, nor the path of addresses that are secrets themselves (Slack
/// webhooks); `reveal()` gives the whole.
public struct WebURL: Hashable, Sendable {
  public enum Scheme: String, Hashable, Sendable { case http, https }

  public let scheme: Scheme
  /// In lower case; IPv6 in brackets.
  public let host: String
  public let port: Int
  let path: String
  let query: String?
  let pathIsSecret: Bool

  static let maxLength = 8192

  /// - Parameters:
  ///   - text: an absolute address.
  ///   - pathIsSecret: for addresses whose path grants access; it is then never printed.
  /// - Throws: `.unsupportedScheme` or `.invalidRequest`; neither repeats the address.
  public init(_ text: String, pathIsSecret: Bool = false) throws(WebError) {
    guard text.utf8.count <= Self.maxLength else {
      throw .invalidRequest("the URL is longer than \(Self.maxLength) bytes")
    }
    guard !text.utf8.contains(0) else { throw .invalidRequest("the URL contains a NUL") }
    guard let parts = curl_url() else { throw .invalidRequest("no memory for the URL") }
    defer { curl_url_cleanup(parts) }
    let flags = UInt32(CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME)
    let code = curl_url_set(parts, CURLUPART_URL, text, flags)
    guard code != CURLUE_USER_NOT_ALLOWED else {
      throw .invalidRequest("the URL contains a user name or password")
    }
    guard code == CURLUE_OK, let name = Self.part(parts, CURLUPART_SCHEME) else {
      throw .invalidRequest("not an absolute URL: \(String(cString: curl_url_strerror(code)))")
    }
    guard let scheme = Scheme(rawValue: name.lowercased()) else { throw .unsupportedScheme(name) }
    // The parser would take the x of http:///x for the host.
    guard !text.drop(while: { $0 != ":" }).hasPrefix(":///"),
      let host = Self.part(parts, CURLUPART_HOST), !host.isEmpty
    else { throw .invalidRequest("the URL has no host") }
    let port = Self.part(parts, CURLUPART_PORT, flags: UInt32(CURLU_DEFAULT_PORT)).flatMap { Int($0) }
    guard let port, (1...65_535).contains(port) else { throw .invalidRequest("the URL's port") }
    self.scheme = scheme
    self.host = host.lowercased()
    self.port = port
    path = Self.part(parts, CURLUPART_PATH) ?? "/"
    query = Self.part(parts, CURLUPART_QUERY).flatMap { $0.isEmpty ? nil : $0 }
    self.pathIsSecret = pathIsSecret
  }

  private init(_ base: WebURL, path: String, query: String?) {
    scheme = base.scheme
    host = base.host
    port = base.port
    self.path = path
    self.query = query
    pathIsSecret = base.pathIsSecret
  }

  private static func part(_ url: OpaquePointer, _ what: CURLUPart, flags: UInt32 = 0) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(url, what, &text, flags) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  /// The address with more path segments and query items, each percent-encoded as a whole: a `/` in
  /// a segment is data.
  /// - Throws: `.invalidRequest` for the segments `.` and `..`, which no encoding can protect.
  public func appending(
    path segments: [String] = [], query items: [(name: String, value: String)] = []
  ) throws(WebError) -> WebURL {
    var path = self.path
    for segment in segments {
      guard segment != ".", segment != ".." else {
        throw .invalidRequest("the path segment \"\(segment)\"")
      }
      if !path.hasSuffix("/") { path += "/" }
      path += Self.percentEncoded(segment)
    }
    let added = items.map { "\(Self.percentEncoded($0.name))=\(Self.percentEncoded($0.value))" }
    let parts = ([query].compactMap { $0 } + added).filter { !$0.isEmpty }
    return WebURL(self, path: path, query: parts.isEmpty ? nil : parts.joined(separator: "&"))
  }

  /// The whole address, secrets included, for the one place that sends it.
  public func reveal() -> String { origin + path + (query.map { "?" + $0 } ?? "") }

  /// scheme://host, with the port unless it is the scheme's own.
  public var origin: String {
    let usual = scheme == .http ? 80 : 443
    return "\(scheme.rawValue)://\(host)" + (port == usual ? "" : ":\(port)")
  }

  /// Whether the host is this machine by its name or number.
  public var isLoopback: Bool { Self.isLoopback(host: host) }

  static func isLoopback(host: String) -> Bool {
    if host == "localhost" || host == "[::1]" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }

  /// Everything but RFC 3986's unreserved characters becomes %XX of its UTF-8.
  static func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}

extension WebURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    origin + (pathIsSecret ? "/…" : path + (query == nil ? "" : "?…"))
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
