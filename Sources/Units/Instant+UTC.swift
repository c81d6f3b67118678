/// TAI minus UTC since 1972, IERS Bulletin C. `UnitsTests` holds this table against ERFA's.
enum LeapSeconds {
  /// (UTC day as days since 2000-01-01 on which the offset begins, TAI-UTC in seconds), newest last.
  static let table: [(day: Int64, offset: Int64)] = [
    (1972, 1, 10), (1972, 7, 11), (1973, 1, 12), (1974, 1, 13), (1975, 1, 14), (1976, 1, 15),
    (1977, 1, 16), (1978, 1, 17), (1979, 1, 18), (1980, 1, 19), (1981, 7, 20), (1982, 7, 21),
    (1983, 7, 22), (1985, 7, 23), (1988, 1, 24), (1990, 1, 25), (1991, 1, 26), (1992, 7, 27),
    (1993, 7, 28), (1994, 7, 29), (1996, 1, 30), (1997, 7, 31), (1999, 1, 32), (2006, 1, 33),
    (2009, 1, 34), (2012, 7, 35), (2015, 7, 36), (2017, 1, 37),
  ].map { (Calendar.days(year: $0.0, month: $0.1, day: 1), $0.2) }

  /// Before 1972 the first value is used: no alert is that old.
  static func offset(onDay day: Int64) -> Int64 {
    for entry in table.reversed() where day >= entry.day { return entry.offset }
    return table[0].offset
  }
}

/// Days of the proleptic Gregorian calendar counted from 2000-01-01 (Hinnant, "chrono-compatible
/// low-level date algorithms", 2013).
enum Calendar {
  static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 730_425
  }

  static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 730_425
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1)
  }

  static func daysInMonth(year: Int64, month: Int64) -> Int64 {
    let next =
      month == 12 ? days(year: year + 1, month: 1, day: 1) : days(year: year, month: month + 1, day: 1)
    return next - days(year: year, month: month, day: 1)
  }
}

/// A UTC calendar moment; `second` reaches 60 in a leap second.
public struct UTCDate: Hashable, Sendable {
  public let year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, nanosecond: Int
}

private let nanosPerDay: Int64 = 86_400_000_000_000
/// 2000-01-01T00:00:00 UTC lies 43,200 s minus the 32 leap seconds before the epoch.
private let epochToMidnight: Int64 = 43_200_000_000_000

extension Instant {
  /// Throws nothing: nil when a field is out of range, when a leap second is named that did not
  /// happen, or when the year is outside 1972...2290.
  public init?(
    utcYear year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0,
    nanosecond: Int = 0
  ) {
    guard (1972...2290).contains(year), (1...12).contains(month), (0...23).contains(hour),
      (0...59).contains(minute), (0...60).contains(second), (0..<1_000_000_000).contains(nanosecond),
      day >= 1, Int64(day) <= Calendar.daysInMonth(year: Int64(year), month: Int64(month))
    else { return nil }
    let days = Calendar.days(year: Int64(year), month: Int64(month), day: Int64(day))
    if second == 60 {
      guard hour == 23, minute == 59,
        LeapSeconds.offset(onDay: days + 1) > LeapSeconds.offset(onDay: days)
      else { return nil }
    }
    let secondOfDay = Int64(hour * 3600 + minute * 60 + second)
    tai =
      days * nanosPerDay + (secondOfDay + LeapSeconds.offset(onDay: days)) * 1_000_000_000
      + Int64(nanosecond) - epochToMidnight
  }

  /// Away from the ends of the range, so that adding a day cannot overflow.
  private var clampedForCalendar: Instant {
    Instant(tai: Swift.min(Swift.max(tai, .min + 2 * nanosPerDay), .max - 2 * nanosPerDay))
  }

  /// The UTC calendar reading of this instant.
  ///
  /// The two days at either end of the range of an instant read as the third.
  public var utc: UTCDate {
    let sinceMidnight = clampedForCalendar.tai + epochToMidnight
    var day = sinceMidnight.quotientFlooring(nanosPerDay)
    // TAI runs ahead of UTC by less than a minute: the UTC day is this one or the one before.
    var ns = sinceMidnight - day * nanosPerDay - LeapSeconds.offset(onDay: day) * 1_000_000_000
    if ns < 0 {
      day -= 1
      ns = sinceMidnight - day * nanosPerDay - LeapSeconds.offset(onDay: day) * 1_000_000_000
    }
    let inLeapSecond = ns >= nanosPerDay
    let second = inLeapSecond ? 60 : (ns / 1_000_000_000) % 60
    let minuteOfDay = inLeapSecond ? 1439 : ns / 60_000_000_000
    let date = Calendar.date(days: day)
    return UTCDate(
      year: Int(date.year), month: Int(date.month), day: Int(date.day), hour: Int(minuteOfDay / 60),
      minute: Int(minuteOfDay % 60), second: Int(second), nanosecond: Int(ns % 1_000_000_000))
  }

  /// TAI minus UTC at this instant, whole seconds.
  public var taiMinusUTC: Duration {
    let u = utc
    return .seconds(
      LeapSeconds.offset(onDay: Calendar.days(year: Int64(u.year), month: Int64(u.month), day: Int64(u.day))))
  }

  /// Modified Julian date, UTC. A day with a leap second is stretched as SOFA does.
  public var mjdUTC: Double {
    let u = utc
    let days = Calendar.days(year: Int64(u.year), month: Int64(u.month), day: Int64(u.day))
    let length = 86_400 + LeapSeconds.offset(onDay: days + 1) - LeapSeconds.offset(onDay: days)
    let second = Double(u.hour * 3600 + u.minute * 60 + u.second) + Double(u.nanosecond) * 1e-9
    return 51_544 + Double(days) + second / Double(length)
  }

  /// - Parameter mjdUTC: finite, within 1972...2290; nil otherwise. A double holds about 1 microsecond.
  public init?(mjdUTC: Double) {
    guard mjdUTC.isFinite, (41_317...157_000).contains(mjdUTC) else { return nil }
    let whole = mjdUTC.rounded(.down)
    let days = Int64(whole) - 51_544
    let length = 86_400 + LeapSeconds.offset(onDay: days + 1) - LeapSeconds.offset(onDay: days)
    let ns = Int64(((mjdUTC - whole) * Double(length) * 1e9).rounded())
    tai = days * nanosPerDay + ns + LeapSeconds.offset(onDay: days) * 1_000_000_000 - epochToMidnight
  }

  /// GPS seconds since 1980-01-06T00:00:00 UTC, as gravitational-wave data carry them.
  public var gps: Double { seconds(since: Instant(tai: Self.gpsEpoch)) }
  public init(gps: Double) { self = Instant(tai: Self.gpsEpoch).advanced(bySeconds: gps) }
  private static let gpsEpoch = Instant(utcYear: 1980, month: 1, day: 6)!.tai
}

/// How many decimals of a second are printed.
public enum SecondDecimals: Int, Sendable {
  case none = 0
  case milliseconds = 3
  case microseconds = 6
}

extension Instant {
  /// ISO 8601 in UTC with a trailing Z, rounded to the wanted decimals.
  public func iso8601(_ decimals: SecondDecimals = .none) -> String {
    let step: Int64 =
      switch decimals {
      case .none: 1_000_000_000
      case .milliseconds: 1_000_000
      case .microseconds: 1000
      }
    // Rounding happens on the UTC second grid, which is the TAI one.
    let base = (clampedForCalendar.tai + step / 2).quotientFlooring(step) * step
    let u = Instant(tai: base).utc
    func pad(_ n: Int, _ width: Int) -> String {
      let s = String(n)
      return String(repeating: "0", count: max(0, width - s.count)) + s
    }
    var text = "\(pad(u.year, 4))-\(pad(u.month, 2))-\(pad(u.day, 2))T"
    text += "\(pad(u.hour, 2)):\(pad(u.minute, 2)):\(pad(u.second, 2))"
    if decimals != .none {
      text += "." + pad(u.nanosecond, 9).prefix(decimals.rawValue)
    }
    return text + "Z"
  }

  /// Reads ISO 8601 as alert brokers write it: date, `T` or space, time with optional fraction, then
  /// `Z`, `+00:00`, any other offset, or nothing, which means UTC. A bare date is its midnight.
  public init?(iso8601 text: some StringProtocol) {
    var scanner = DigitScanner(Array(text.utf8))
    guard let year = scanner.number(digits: 4), scanner.take("-"), let month = scanner.number(digits: 2),
      scanner.take("-"), let day = scanner.number(digits: 2)
    else { return nil }
    if scanner.atEnd {
      self.init(utcYear: year, month: month, day: day)
      return
    }
    guard scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.number(digits: 2), scanner.take(":"), let minute = scanner.number(digits: 2)
    else { return nil }
    var second = 0
    var nanosecond = 0
    if scanner.take(":") {
      guard let s = scanner.number(digits: 2) else { return nil }
      second = s
      if scanner.take(".") || scanner.take(",") {
        guard let f = scanner.fractionAsNanoseconds() else { return nil }
        nanosecond = f
      }
    }
    guard let offset = scanner.zoneOffsetMinutes(), scanner.atEnd, (1...12).contains(month), day >= 1,
      Int64(day) <= Calendar.daysInMonth(year: Int64(year), month: Int64(month)), hour < 24, minute < 60
    else { return nil }
    // The offset shifts the calendar, not the seconds: a leap second may lie between local time and UTC.
    let days = Calendar.days(year: Int64(year), month: Int64(month), day: Int64(day))
    let minutes = days * 1440 + Int64(hour * 60 + minute - offset)
    let utcDay = minutes.quotientFlooring(1440)
    let date = Calendar.date(days: utcDay)
    let minuteOfDay = Int(minutes - utcDay * 1440)
    self.init(
      utcYear: Int(date.year), month: Int(date.month), day: Int(date.day), hour: minuteOfDay / 60,
      minute: minuteOfDay % 60, second: second, nanosecond: nanosecond)
  }
}

private struct DigitScanner {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  var atEnd: Bool { position == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func digit() -> Int? {
    guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
    defer { position += 1 }
    return Int(bytes[position]) - 48
  }

  mutating func number(digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard let d = digit() else { return nil }
      value = value * 10 + d
    }
    return value
  }

  /// Any number of digits; those past the ninth are dropped.
  mutating func fractionAsNanoseconds() -> Int? {
    var value = 0
    var count = 0
    while let d = digit() {
      if count < 9 { value = value * 10 + d }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in 0..<max(0, 9 - count) { value *= 10 }
    return value
  }

  mutating func zoneOffsetMinutes() -> Int? {
    if atEnd || take("Z") || take("z") { return 0 }
    let sign: Int
    if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
    guard let hours = number(digits: 2), hours <= 14 else { return nil }
    if atEnd { return sign * hours * 60 }
    _ = take(":")
    guard let minutes = number(digits: 2), minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes)
  }
}
