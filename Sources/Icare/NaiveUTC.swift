import Units

/// A moment as ICARE writes it: UTC without a suffix. Encoded as `YYYY-MM-DDTHH:MM:SS`, rounded to the
/// second; offsets are never sent, since ICARE's columns are naive and its database session may have a
/// time zone.
public struct NaiveUTC: Hashable, Comparable, Sendable, Codable {
  public let instant: Instant

  /// Rounded to the nearest second of UTC.
  public init(_ instant: Instant) {
    self.instant = Instant(iso8601: instant.iso8601()) ?? instant
  }

  /// What ICARE sends: with `T` or a space, with or without a fraction (kept), naive or with an offset.
  public init?(_ text: String) {
    guard let instant = Instant(iso8601: text) else { return nil }
    self.instant = instant
  }

  public static func < (a: Self, b: Self) -> Bool { a.instant < b.instant }

  /// `2026-11-21T19:00:00`
  public var text: String { String(instant.iso8601().dropLast()) }
  /// `2026-11-21 19:00:00`, the form in which plan payloads hold dates.
  public var spaced: String { text.replacing("T", with: " ") }
  /// `2026-11-21`
  public var day: String { String(text.prefix(10)) }
  /// The first day that begins at or after it.
  public var dayAfter: String {
    text.hasSuffix("T00:00:00") ? day : NaiveUTC(instant + .hours(24)).day
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = NaiveUTC(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not a date: \(text.prefix(40))"))
    }
    self = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension Instant {
  /// The date form of HTTP headers (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
  init?(httpDate text: String) {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
      let month = months.firstIndex(of: String(words[2]))
    else { return nil }
    let clock = words[4].split(separator: ":").map { Int($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else {
      return nil
    }
    self.init(utcYear: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }
}
