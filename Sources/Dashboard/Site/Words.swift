import Foundation
import Units

/// A state for people: a word, a shape and a colour, so that none of them is needed alone.
struct Mark: Sendable {
  let word: String
  let symbol: String
  /// A class of the style sheet.
  let tone: String

  init(_ word: String, _ symbol: String, _ tone: String) {
    self.word = word
    self.symbol = symbol
    self.tone = tone
  }

  static func decision(_ word: String?) -> Mark {
    switch word {
    case "GO": Mark("GO", "▲", "go")
    case "LIMITED": Mark("LIMITED", "◆", "limited")
    case "WATCH": Mark("WATCH", "●", "wait")
    case "NO": Mark("NO", "■", "no")
    case "STOP": Mark("STOP", "✕", "stop")
    case nil: Mark("UNDECIDED", "○", "no")
    case let other?: Mark(other, "○", "no")
    }
  }

  /// Nil while nothing is wrong with the event.
  static func alarm(_ status: String) -> Mark? {
    switch status {
    case "active": nil
    case "retracted": Mark("RETRACTED", "✕", "stop")
    default: Mark(Figure.words(status), "◆", "limited")
    }
  }

  static func telescope(_ word: String) -> Mark {
    switch word {
    case "GO": Mark("GO", "▲", "go")
    case "WAIT": Mark("WAIT", "●", "wait")
    case "STOP": Mark("STOP", "✕", "stop")
    default: Mark(word, "○", "no")
    }
  }

  static func health(_ state: HealthView.State) -> Mark {
    switch state {
    case .good: Mark("good", "●", "go")
    case .warning: Mark("warning", "▲", "limited")
    case .failed: Mark("FAILED", "✕", "stop")
    }
  }

  static func verdict(_ word: String) -> Mark {
    switch word {
    case "applies": Mark("applies", "▲", "go")
    // Most rules are about other events: that is no failure.
    case "does_not_apply": Mark("does not apply", "○", "no")
    case "pass": Mark("pass", "✓", "go")
    case "fail": Mark("fail", "✕", "stop")
    case "not_needed": Mark("not needed", "○", "no")
    case "not_so": Mark("not so", "○", "no")
    default: Mark("not known yet", "?", "limited")
    }
  }

  static func plan(_ state: String) -> Mark {
    switch state {
    case "live": Mark("live", "▲", "go")
    case "withdrawn": Mark("withdrawn", "✕", "stop")
    default: Mark(state, "○", "no")
    }
  }
}

/// A moment of which a page speaks: UTC first, then how far away it is.
struct PageTime: Sendable {
  /// For programs; nil if the text is no time.
  let iso: String?
  let utc: String
  let relative: String?

  /// - Parameter now: the service's clock, not the reader's.
  init(_ text: String, now: Instant?) {
    guard let instant = Instant(iso8601: text) else {
      (iso, utc, relative) = (nil, text, nil)
      return
    }
    let whole = instant.iso8601()
    iso = whole
    utc = whole.prefix(10) + " " + whole.dropFirst(11).prefix(8) + " UTC"
    relative = now.map { Self.relative(instant.seconds(since: $0)) }
  }

  /// `in 2 h 05 min`, `3 min ago`: minutes are cut, so that an unchanged page stays the same for a minute.
  static func relative(_ seconds: Double) -> String {
    if abs(seconds) < 60 { return "now" }
    let text = span(seconds: abs(seconds))
    return seconds > 0 ? "in \(text)" : "\(text) ago"
  }

  /// A length of time in the two largest units that fit, cut.
  static func span(seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e15 else { return "very long" }
    let minutes = Int(seconds) / 60
    if minutes < 1 { return "under 1 min" }
    if minutes < 60 { return "\(minutes) min" }
    let hours = minutes / 60
    if hours < 48 { return "\(hours) h \(minutes % 60 < 10 ? "0" : "")\(minutes % 60) min" }
    return "\(hours / 24) d \(hours % 24) h"
  }
}

/// Numbers for people. What is not known, not finite or absurd is said so.
enum Figure {
  static let unknown = "not known"

  static func number(_ value: Double?, decimals: Int = 0, unit: String = "") -> String {
    guard let value, value.isFinite, abs(value) < 1e12 else { return unknown }
    let text = String(format: "%.\(decimals)f", value)
    return unit.isEmpty ? text : "\(text) \(unit)"
  }

  /// Three digits are enough for people, two where there is nothing before the point.
  static func short(_ value: Double?, unit: String) -> String {
    guard let value else { return unknown }
    if value != 0, abs(value) < 0.1 { return String(format: "%.2g", value) + " " + unit }
    return number(value, decimals: abs(value) < 10 ? 2 : abs(value) < 100 ? 1 : 0, unit: unit)
  }

  static func percent(_ fraction: Double?) -> String {
    number(fraction.map { $0 * 100 }, decimals: 1, unit: "%")
  }

  static func count(_ n: Int, _ one: String, _ many: String? = nil) -> String {
    "\(n) \(n == 1 ? one : many ?? one + "s")"
  }

  /// `gravitational_wave` as words.
  static func words(_ name: String) -> String { name.replacing("_", with: " ") }
}
