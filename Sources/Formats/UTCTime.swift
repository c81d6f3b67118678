import Units

/// A moment as documents write it: `2026-11-21T03:11:00.000Z`, a whole number of milliseconds.
public struct UTCTime: Codable, Hashable, Comparable, Sendable {
  /// Of a whole millisecond.
  public let instant: Instant

  /// Rounds to the nearest millisecond: a reader must allow 1 ms on the difference of two times.
  public init(_ instant: Instant) {
    let step: Int64 = 1_000_000
    let half = instant.tai.addingReportingOverflow(step / 2)
    let base = half.overflow ? instant.tai : half.partialValue
    let rest = base % step
    self.instant = Instant(tai: base - (rest < 0 ? rest + step : rest))
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard text.hasSuffix("Z"), let instant = Instant(iso8601: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text.prefix(40))\" is no UTC time such as 2026-11-21T03:11:00Z")
    }
    self.init(instant)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  public var text: String { instant.iso8601(.milliseconds) }

  public static func < (a: Self, b: Self) -> Bool { a.instant < b.instant }
}

/// A stretch of time as documents write it: `[start, end]`, start <= end.
public struct UTCWindow: Codable, Hashable, Sendable {
  public let start: UTCTime
  public let end: UTCTime

  public init(_ window: TimeWindow) {
    start = UTCTime(window.start)
    end = UTCTime(window.end)
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    start = try container.decode(UTCTime.self)
    end = try container.decode(UTCTime.self)
    guard container.isAtEnd, start <= end else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a window is [start, end] with start no later than end")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(start)
    try container.encode(end)
  }

  public var window: TimeWindow { TimeWindow(start.instant, end.instant) }
}
