import Units

/// An answer, of any status. Printing it shows neither header values nor the body.
public struct WebResponse: Sendable {
  /// Since the request's last hop began; zero for what did not happen, as on a kept connection.
  public struct Timings: Hashable, Sendable {
    public let nameLookup: Duration
    public let connect: Duration
    public let tls: Duration
    public let firstByte: Duration
    public let total: Duration
  }

  /// 200...599 for any HTTP server worth the name; not checked.
  public let status: Int
  public let headers: WebHeaders
  /// Empty for HEAD, and for a download that went to its file.
  public let body: [UInt8]
  /// The body's length wherever it went.
  public let bodyBytes: Int
  public let timings: Timings
  /// Where the answer came from after redirects; it prints without query.
  public let url: WebURL

  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The body as text, with U+FFFD for what is not UTF-8.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// How long the server asks to be left alone (RFC 9110 10.2.3); nil if it does not, or not legibly.
  /// - Parameter now: to count a date from; a date in the past gives zero.
  public func retryAfter(now: Instant) -> Duration? {
    guard let value = headers["Retry-After"] else { return nil }
    if !value.isEmpty, value.utf8.allSatisfy({ (48...57).contains($0) }) {
      // Longer than 9 digits is 30 years: no server means it.
      return value.utf8.count <= 9 ? Int(value).map { .seconds($0) } : nil
    }
    guard let date = Instant(httpDate: value) else { return nil }
    return max(date - now, .zero)
  }
}

extension WebResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "\(status) from \(url), \(bodyBytes) bytes" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["response": description]) }
}

extension Instant {
  /// The one date form servers may send, RFC 9110 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
  init?(httpDate text: String) {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[0].count == 4, words[5] == "GMT", let day = Int(words[1]),
      let month = months.firstIndex(of: String(words[2])), let year = Int(words[3])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else {
      return nil
    }
    self.init(
      utcYear: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }
}
