import Units

/// A time zone as data: offsets from UTC with the instants at which they begin.
///
/// Rosters live in UTC; a zone only serves display and the generator's notion of night. It is read from the
/// bytes of a compiled time-zone file or from a POSIX rule, so that the same bytes give the same text.
public struct LocalZone: Hashable, Sendable {
  /// One stretch of constant offset.
  public struct Period: Hashable, Sendable {
    public let offset: Duration
    /// Such as `CEST`.
    public let abbreviation: String
    public let isDST: Bool
  }

  struct Transition: Hashable, Sendable {
    /// Seconds since 1970 as POSIX counts them (without leap seconds).
    let posix: Int64
    let period: Period
  }

  public let name: String
  let first: Period
  let transitions: [Transition]
  /// What holds after the last transition.
  let rule: PosixRule?

  init(name: String, first: Period, transitions: [Transition], rule: PosixRule?) {
    self.name = name
    self.first = first
    self.transitions = transitions
    self.rule = rule
  }

  public static let utc = LocalZone(
    name: "UTC", first: Period(offset: .zero, abbreviation: "UTC", isDST: false), transitions: [], rule: nil)

  /// From a POSIX TZ rule, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
  public init(name: String, posixRule text: String) throws(RosterError) {
    guard let rule = PosixRule(text) else {
      throw .badZone(name: name, reason: "`\(text.prefix(80))` is no POSIX time-zone rule")
    }
    self.init(name: name, first: rule.standard, transitions: [], rule: rule)
  }

  /// The offset in force at an instant. O(log transitions).
  public func period(at instant: Instant) -> Period { period(atPosix: PosixTime.seconds(instant)) }

  func period(atPosix t: Int64) -> Period {
    guard let last = transitions.last else { return rule?.period(atPosix: t) ?? first }
    if t >= last.posix { return rule?.period(atPosix: t) ?? last.period }
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].posix <= t { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : transitions[low - 1].period
  }

  /// The local reading of an instant.
  public func local(_ instant: Instant) -> LocalTime {
    let posix = PosixTime.seconds(instant)
    let period = period(atPosix: posix)
    let (day, secondOfDay) = PosixTime.split(posix + Int64(period.offset.components.seconds))
    return LocalTime(day: UTCDay.epoch1970.plain(day), secondOfDay: secondOfDay, period: period)
  }

  /// A name that can be looked up in a directory of zone files without leaving it.
  public static func isPlausible(name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return (1...4).contains(parts.count) && name.utf8.count <= 64
      && parts.allSatisfy { part in
        guard let first = part.utf8.first, (65...90).contains(first) || (97...122).contains(first) else {
          return false
        }
        return part.utf8.allSatisfy {
          (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
            || [43, 45, 95].contains($0)
        }
      }
  }
}

/// A wall-clock reading.
public struct LocalTime: Hashable, Sendable {
  /// The local calendar day.
  public let day: UTCDay
  public let secondOfDay: Int
  public let period: LocalZone.Period

  public var hourAndMinute: String {
    "\(Digits.two(secondOfDay / 3600)):\(Digits.two(secondOfDay / 60 % 60))"
  }
  /// `Sun 29 Mar 12:00 CEST`-like, numerically: `Sun 2026-03-29 13:00 CEST`.
  public var text: String { "\(day.weekday.short) \(day) \(hourAndMinute) \(period.abbreviation)" }
}

extension UTCDay {
  static let epoch1970 = UTCDay.fromNumber(-10_957)
}

enum PosixTime {
  /// 1970-01-01 to 2000-01-01 in days.
  static let daysTo2000: Int64 = 10_957

  /// POSIX seconds of an instant; a leap second reads as the second before it.
  static func seconds(_ instant: Instant) -> Int64 {
    let u = instant.utc
    guard let day = UTCDay(year: u.year, month: u.month, day: u.day) else { return 0 }
    return (Int64(day.number) + daysTo2000) * 86_400
      + Int64(u.hour * 3600 + u.minute * 60 + min(u.second, 59))
  }

  /// Days since 1970 and the second of the day.
  static func split(_ posix: Int64) -> (day: Int, second: Int) {
    let quotient = posix / 86_400 - (posix % 86_400 < 0 ? 1 : 0)
    return (Int(quotient), Int(posix - quotient * 86_400))
  }

  static func day(_ day: UTCDay) -> Int64 { (Int64(day.number) + daysTo2000) * 86_400 }
}
