/// A POSIX TZ rule (IEEE Std 1003.1-2017, 8.3, with the hours -167...167 of RFC 8536): standard time, and
/// daylight-saving time between two yearly dates.
struct PosixRule: Hashable, Sendable {
  /// When in the year an offset begins.
  enum Date: Hashable, Sendable {
    /// `Jn`: 1...365, 29 February never counted.
    case julian(Int)
    /// `n`: 0...365, 29 February counted.
    case zeroBased(Int)
    /// `Mm.w.d`: the w-th weekday d (0 is Sunday) of month m; w 5 is the last.
    case weekday(month: Int, week: Int, weekday: Int)
  }
  struct Change: Hashable, Sendable {
    let date: Date
    /// Seconds after local midnight.
    let time: Int64
  }

  let standard: LocalZone.Period
  let daylight: LocalZone.Period?
  /// Start and end of daylight-saving time.
  let changes: (start: Change, end: Change)?

  static func == (a: Self, b: Self) -> Bool {
    a.standard == b.standard && a.daylight == b.daylight && a.changes?.start == b.changes?.start
      && a.changes?.end == b.changes?.end
  }
  func hash(into hasher: inout Hasher) {
    hasher.combine(standard)
    hasher.combine(daylight)
  }

  init?(_ text: String) {
    var scanner = Scanner(Array(text.utf8))
    guard let name = scanner.name(), let offset = scanner.offset(limit: 24) else { return nil }
    standard = .init(offset: .seconds(-offset), abbreviation: name, isDST: false)
    if scanner.atEnd {
      (daylight, changes) = (nil, nil)
      return
    }
    guard let summer = scanner.name() else { return nil }
    var summerOffset = -offset + 3600
    if !scanner.atEnd, !scanner.peek(",") {
      guard let own = scanner.offset(limit: 24) else { return nil }
      summerOffset = -own
    }
    guard scanner.take(","), let start = scanner.change(), scanner.take(","), let end = scanner.change(),
      scanner.atEnd
    else { return nil }
    daylight = .init(offset: .seconds(summerOffset), abbreviation: summer, isDST: true)
    changes = (start, end)
  }

  func period(atPosix t: Int64) -> LocalZone.Period {
    guard let daylight, let changes else { return standard }
    // The local year decides; the changes lie far enough from its ends for the standard offset to do.
    let local = t + standard.offset.components.seconds
    let year = UTCDay.epoch1970.plain(PosixTime.split(local).day).year
    let start = Self.posix(changes.start, year) - standard.offset.components.seconds
    let end = Self.posix(changes.end, year) - daylight.offset.components.seconds
    let inside = start < end ? (start <= t && t < end) : !(end <= t && t < start)
    return inside ? daylight : standard
  }

  /// Local midnight of the date plus its time, as if local time were UTC.
  private static func posix(_ change: Change, _ year: Int) -> Int64 {
    guard let january = UTCDay(year: year, month: 1, day: 1) else { return 0 }
    let isLeap = UTCDay(year: year, month: 2, day: 29) != nil
    let day: UTCDay
    switch change.date {
    case .julian(let n): day = january.advanced(by: n - 1 + (isLeap && n >= 60 ? 1 : 0))
    case .zeroBased(let n): day = january.advanced(by: n)
    case .weekday(let month, let week, let weekday):
      let first = UTCDay(year: year, month: month, day: 1) ?? january
      let sundayBased = ((first.number + 6) % 7 + 7) % 7
      var found = first.advanced(by: (weekday - sundayBased + 7) % 7 + 7 * (week - 1))
      if found.month != month { found = found.advanced(by: -7) }
      day = found
    }
    return PosixTime.day(day) + change.time
  }

  private struct Scanner {
    private let bytes: [UInt8]
    private var position = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    var atEnd: Bool { position >= bytes.count }
    func peek(_ c: Unicode.Scalar) -> Bool { !atEnd && bytes[position] == UInt8(ascii: c) }
    mutating func take(_ c: Unicode.Scalar) -> Bool {
      guard peek(c) else { return false }
      position += 1
      return true
    }
    mutating func number(most digits: Int) -> Int64? {
      var value: Int64 = 0
      var count = 0
      while count < digits, !atEnd, (48...57).contains(bytes[position]) {
        value = value * 10 + Int64(bytes[position] - 48)
        position += 1
        count += 1
      }
      return count > 0 ? value : nil
    }
    /// Three letters or more, or anything alphanumeric with signs in angle brackets.
    mutating func name() -> String? {
      let quoted = take("<")
      let start = position
      while !atEnd {
        let b = bytes[position]
        let letter = (65...90).contains(b) || (97...122).contains(b)
        guard letter || (quoted && ((48...57).contains(b) || b == 43 || b == 45)) else { break }
        position += 1
      }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      guard (3...16).contains(text.utf8.count), !quoted || take(">") else { return nil }
      return text
    }
    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func offset(limit: Int64) -> Int64? {
      let sign: Int64 = take("-") ? -1 : 1
      if sign == 1 { _ = take("+") }
      guard let hours = number(most: 3), hours <= limit else { return nil }
      var seconds = hours * 3600
      if take(":") {
        guard let m = number(most: 2), m < 60 else { return nil }
        seconds += m * 60
        if take(":") {
          guard let s = number(most: 2), s < 60 else { return nil }
          seconds += s
        }
      }
      return sign * seconds
    }
    mutating func change() -> Change? {
      let date: Date
      if take("M") {
        guard let m = number(most: 2), (1...12).contains(m), take("."), let w = number(most: 1),
          (1...5).contains(w),
          take("."), let d = number(most: 1), (0...6).contains(d)
        else { return nil }
        date = .weekday(month: Int(m), week: Int(w), weekday: Int(d))
      } else if take("J") {
        guard let n = number(most: 3), (1...365).contains(n) else { return nil }
        date = .julian(Int(n))
      } else {
        guard let n = number(most: 3), (0...365).contains(n) else { return nil }
        date = .zeroBased(Int(n))
      }
      guard take("/") else { return Change(date: date, time: 7200) }
      return offset(limit: 167).map { Change(date: date, time: $0) }
    }
  }
}

extension UTCDay {
  /// Without clamping to 1972: transitions of zone files reach further back, and are not shown.
  func plain(_ days: Int) -> UTCDay { UTCDay.fromNumber(number + days) }
}
