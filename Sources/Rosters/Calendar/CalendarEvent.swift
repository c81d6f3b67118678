import Units

/// One entry of an iCalendar file (RFC 5545), for any list of things with a time.
public struct CalendarEvent: Hashable, Sendable {
  public enum Status: String, Hashable, Sendable, Codable {
    case tentative = "TENTATIVE"
    case confirmed = "CONFIRMED"
    case cancelled = "CANCELLED"
  }

  /// Stable for ever and unique in the world: the same thing always has the same one.
  public var uid: String
  public var window: TimeWindow
  public var summary: String
  public var details: String
  public var location: String
  /// An absolute http(s) address; anything else is left out.
  public var url: String?
  public var categories: [String]
  public var status: Status
  /// Grows with every change; `CalendarHistory` keeps count.
  public var sequence: Int
  /// Whether the time counts as busy.
  public var isBusy: Bool
  /// A reminder this long before the start.
  public var alarm: Duration?
  public var modified: Instant?

  public init(
    uid: String, window: TimeWindow, summary: String, details: String = "", location: String = "",
    url: String? = nil,
    categories: [String] = [], status: Status = .confirmed, sequence: Int = 0, isBusy: Bool = true,
    alarm: Duration? = nil, modified: Instant? = nil
  ) {
    self.uid = uid
    self.window = window
    self.summary = summary
    self.details = details
    self.location = location
    self.url = url
    self.categories = categories
    self.status = status
    self.sequence = sequence
    self.isBusy = isBusy
    self.alarm = alarm
    self.modified = modified
  }
}

/// A calendar file.
public struct EventCalendar: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable {
    case publish = "PUBLISH"
    /// Withdraws the events it holds.
    case cancel = "CANCEL"
  }

  public var name: String
  public var method: Method
  public var events: [CalendarEvent]
  /// How often a subscriber should look again.
  public var refresh: Duration

  public init(name: String, method: Method = .publish, events: [CalendarEvent], refresh: Duration = .hours(1))
  {
    self.name = name
    self.method = method
    self.events = events
    self.refresh = refresh
  }

  /// The file, `text/calendar; charset=utf-8`, all times in UTC, lines folded at 75 octets and ended by CRLF.
  /// - Parameter stamp: DTSTAMP of every event: when this file is made.
  public func text(stamp: Instant) -> String {
    var writer = CalendarWriter()
    writer.line("BEGIN", "VCALENDAR")
    writer.line("VERSION", "2.0")
    writer.line("PRODID", "-//GRANDMA//Vesper//EN")
    writer.line("CALSCALE", "GREGORIAN")
    writer.line("METHOD", method.rawValue)
    writer.line("NAME", CalendarText.escaped(name))
    writer.line("X-WR-CALNAME", CalendarText.escaped(name))
    writer.line("REFRESH-INTERVAL;VALUE=DURATION", CalendarText.duration(refresh))
    writer.line("X-PUBLISHED-TTL", CalendarText.duration(refresh))
    for event in events { writer.event(event, stamp: stamp, isCancelled: method == .cancel) }
    writer.line("END", "VCALENDAR")
    return writer.text
  }
}

/// Writes folded content lines (RFC 5545, 3.1).
private struct CalendarWriter {
  private(set) var text = ""

  /// - Parameter value: without line breaks; `CalendarText` sees to that.
  mutating func line(_ name: String, _ value: String) {
    let limit = 75
    var octets = 0
    // By scalar: a fold inside one would not be UTF-8. The space that begins a continued line counts.
    for scalar in (name + ":" + value).unicodeScalars {
      let size = UTF8.width(scalar)
      if octets + size > limit {
        text += "\r\n "
        octets = 1
      }
      text.unicodeScalars.append(scalar)
      octets += size
    }
    text += "\r\n"
  }

  mutating func event(_ event: CalendarEvent, stamp: Instant, isCancelled: Bool) {
    line("BEGIN", "VEVENT")
    line("UID", CalendarText.escaped(event.uid.isEmpty ? "none" : event.uid))
    line("DTSTAMP", CalendarText.time(stamp))
    if let modified = event.modified { line("LAST-MODIFIED", CalendarText.time(modified)) }
    line("SEQUENCE", "\(max(0, event.sequence))")
    line("DTSTART", CalendarText.time(event.window.start))
    // DTEND must be later than DTSTART to the second; without it the event has no length.
    if event.window.duration >= .seconds(1) { line("DTEND", CalendarText.time(event.window.end)) }
    line("SUMMARY", CalendarText.escaped(event.summary))
    if !event.details.isEmpty { line("DESCRIPTION", CalendarText.escaped(event.details)) }
    if !event.location.isEmpty { line("LOCATION", CalendarText.escaped(event.location)) }
    if let url = event.url.flatMap(CalendarText.address) { line("URL", url) }
    if !event.categories.isEmpty {
      line("CATEGORIES", event.categories.map(CalendarText.escaped).joined(separator: ","))
    }
    let status = isCancelled ? .cancelled : event.status
    line("STATUS", status.rawValue)
    line("TRANSP", event.isBusy && status != .cancelled ? "OPAQUE" : "TRANSPARENT")
    if let alarm = event.alarm, alarm >= .zero, status != .cancelled {
      line("BEGIN", "VALARM")
      line("ACTION", "DISPLAY")
      line("TRIGGER", (alarm < .seconds(1) ? "" : "-") + CalendarText.duration(alarm))
      line("DESCRIPTION", CalendarText.escaped(event.summary))
      line("END", "VALARM")
    }
    line("END", "VEVENT")
  }
}

enum CalendarText {
  /// TEXT (3.3.11). Line breaks of every kind become `\n`; other control characters, which are not allowed,
  /// become spaces: nothing in a value can start a property of its own.
  static func escaped(_ text: String) -> String {
    var out = ""
    var last: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case ";": out += "\\;"
      case ",": out += "\\,"
      case "\n": if last != "\r" { out += "\\n" }
      case "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{0b}", "\u{0c}": out += "\\n"
      default:
        if scalar.value < 32 || (0x7f...0x9f).contains(scalar.value) {
          out += " "
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
      last = scalar
    }
    return out
  }

  /// `20261126T110000Z`, cut to the second.
  static func time(_ instant: Instant) -> String {
    let u = instant.utc
    // Calendar programs do not know second 60.
    let time = "T\(Digits.two(u.hour))\(Digits.two(u.minute))\(Digits.two(min(u.second, 59)))Z"
    return "\(u.year)\(Digits.two(u.month))\(Digits.two(u.day))" + time
  }

  /// `PT1H30M`, whole seconds, up to a year.
  static func duration(_ duration: Duration) -> String {
    let seconds = min(max(0, duration.components.seconds), 366 * 86_400)
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    let text = (h > 0 ? "\(h)H" : "") + (m > 0 || (h > 0 && s > 0) ? "\(m)M" : "") + (s > 0 ? "\(s)S" : "")
    return text.isEmpty ? "PT0S" : "PT" + text
  }

  /// A URI is written as it is, so it must hold only what a URI may hold (RFC 3986).
  static func address(_ text: String) -> String? {
    guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.utf8.count <= 2000,
      text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && ![34, 60, 62, 92, 94, 96, 123, 124, 125].contains($0) })
    else { return nil }
    return text
  }
}
