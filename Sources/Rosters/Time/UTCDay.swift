import Units

/// A day of the UTC calendar, 1972 to 2290, counted from 2000-01-01.
public struct UTCDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let number: Int

  private init(number: Int) { self.number = number }

  /// Without the check of the range: for numbers already known to be inside.
  static func fromNumber(_ number: Int) -> UTCDay { UTCDay(number: number) }

  /// Nil when there is no such day, or outside 1972...2289.
  public init?(year: Int, month: Int, day: Int) {
    guard year < 2290, let noon = Instant(utcYear: year, month: month, day: day, hour: 12) else { return nil }
    self.init(number: Self.days(noon.tai))
  }

  /// `2026-11-26`, exactly.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2],
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// The UTC day an instant lies in.
  public init?(containing instant: Instant) {
    let u = instant.utc
    self.init(year: u.year, month: u.month, day: u.day)
  }

  /// UTC noon is less than a minute of TAI after the multiple of a day that numbers it, because the epoch
  /// of an instant is a noon and TAI-UTC stays below a minute until long after 2290.
  private static func days(_ tai: Int64) -> Int {
    let day: Int64 = 86_400_000_000_000
    let quotient = tai / day
    return Int(tai % day < 0 ? quotient - 1 : quotient)
  }

  private var date: UTCDate { Instant(tai: Int64(number) * 86_400_000_000_000).utc }
  public var year: Int { date.year }
  public var month: Int { date.month }
  public var day: Int { date.day }

  /// Moves by whole days; stays within the calendar (1972-01-01...2289-12-31).
  public func advanced(by days: Int) -> UTCDay {
    let (sum, overflow) = number.addingReportingOverflow(days)
    guard !overflow else { return days < 0 ? Self.first : Self.last }
    return UTCDay(number: min(max(sum, Self.first.number), Self.last.number))
  }
  private static let first = UTCDay(number: -10_227)
  private static let last = UTCDay(number: 105_920)

  public var weekday: Weekday { Weekday.allCases[((number + 5) % 7 + 7) % 7] }

  /// The instant at a time of this day.
  public func at(_ time: TimeOfDay) -> Instant {
    let d = date
    let instant = Instant(
      utcYear: d.year, month: d.month, day: d.day, hour: time.minutes / 60, minute: time.minutes % 60)
    return instant ?? Instant(tai: Int64(number) * 86_400_000_000_000)
  }
  public var midnight: Instant { at(.midnight) }

  public static func < (a: Self, b: Self) -> Bool { a.number < b.number }
  public static func - (a: Self, b: Self) -> Int { a.number - b.number }

  public var description: String { String(midnight.iso8601().prefix(10)) }
}

public enum Weekday: String, Hashable, Sendable, CaseIterable {
  case monday = "Monday"
  case tuesday = "Tuesday"
  case wednesday = "Wednesday"
  case thursday = "Thursday"
  case friday = "Friday"
  case saturday = "Saturday"
  case sunday = "Sunday"
  public var short: String { String(rawValue.prefix(3)) }
}

/// A time of day in whole minutes, 00:00...23:59.
public struct TimeOfDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let minutes: Int
  private init(minutes: Int) { self.minutes = minutes }
  public static let midnight = TimeOfDay(minutes: 0)

  public init?(hour: Int, minute: Int = 0) {
    guard (0...23).contains(hour), (0...59).contains(minute) else { return nil }
    self.init(minutes: hour * 60 + minute)
  }

  /// `11:00`, exactly; `24:00` is read as `00:00`.
  public init?(_ text: some StringProtocol) {
    if text == "24:00" {
      self = .midnight
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let hour = Int(parts[0]), let minute = Int(parts[1])
    else { return nil }
    self.init(hour: hour, minute: minute)
  }

  /// Later by `minutes`, round the clock.
  public func advanced(byMinutes minutes: Int) -> TimeOfDay {
    let day = 1440
    return TimeOfDay(minutes: ((self.minutes + minutes % day) % day + day) % day)
  }

  /// Minutes from `earlier` forward to here, 0..<1440.
  public func minutes(after earlier: TimeOfDay) -> Int { (minutes - earlier.minutes + 1440) % 1440 }

  public static func < (a: Self, b: Self) -> Bool { a.minutes < b.minutes }
  public var description: String { "\(Digits.two(minutes / 60)):\(Digits.two(minutes % 60))" }
}

/// Numbers as text without a locale.
enum Digits {
  static func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

  /// At most two decimals, no trailing zeros; `-` for what is not finite.
  static func short(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "-" }
    let hundredths = Int((abs(value) * 100).rounded())
    let sign = value < 0 && hundredths > 0 ? "-" : ""
    let (whole, rest) = (hundredths / 100, hundredths % 100)
    if rest == 0 { return "\(sign)\(whole)" }
    return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(two(rest))"
  }
}
