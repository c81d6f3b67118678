import Foundation
import Units

/// Numbers, times and set phrases of messages, in the words of the network's manual.
enum Wording {
  static let unknown = "not known"

  /// At most `decimals`, without trailing zeros; `not known` for what is no number.
  static func number(_ value: Double, decimals: Int = 1) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return unknown }
    let scale = [1.0, 10, 100, 1000, 10_000][min(max(decimals, 0), 4)]
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
  }

  /// Two significant digits above one per cent, so that 0.4 % is not 0 %.
  static func percent(_ fraction: Fraction) -> String {
    let p = fraction.percent
    return number(p, decimals: p >= 10 ? 0 : (p >= 1 ? 1 : 2)) + " %"
  }

  static func area(_ area: SolidAngle) -> String {
    let a = area.squareDegrees
    return number(a, decimals: a >= 10 ? 0 : (a >= 0.1 ? 1 : 4)) + " deg2"
  }

  /// `117 +/- 31 Mpc`.
  static func distance(_ mean: Distance, _ deviation: Distance?) -> String {
    let d = mean.megaparsecs
    let decimals = d >= 100 ? 0 : 1
    let error = deviation.map { " +/- \(number($0.megaparsecs, decimals: decimals))" } ?? ""
    return number(d, decimals: decimals) + error + " Mpc"
  }

  /// `1 per 3.2 years`, or `5 per year` for the frequent.
  static func falseAlarms(_ perYear: Double) -> String {
    guard perYear.isFinite, perYear > 0 else { return unknown }
    if perYear >= 1 { return "\(number(perYear)) per year" }
    let years = 1 / perYear
    guard years.isFinite, years < 1e12 else { return "less than 1 per 10^12 years" }
    return "1 per \(years < 1e6 ? number(years, decimals: years < 100 ? 1 : 0) : power(years)) years"
  }

  private static func power(_ value: Double) -> String {
    let exponent = Int(log10(value).rounded(.down))
    return "\(number(value / pow(10, Double(exponent)))) x 10^\(exponent)"
  }

  static func angle(_ angle: Angle) -> String {
    let a = abs(angle.arcseconds)
    if a < 120 { return number(angle.arcseconds) + " arcsec" }
    return a < 7200 ? number(angle.arcminutes) + " arcmin" : number(angle.degrees) + " deg"
  }

  static func position(_ position: EventMessage.Position) -> String {
    let d = position.direction
    let decimal = "\(number(d.ra.degrees, decimals: 4)) \(number(d.dec.degrees, decimals: 4)) deg"
    let error = position.error.map { ", error \(angle($0))" } ?? ", error \(unknown)"
    return "RA \(d.ra.hoursMinutesSeconds) Dec \(d.dec.degreesMinutesSeconds) (\(decimal))\(error)"
  }

  /// `2023-05-18 12:59:08 UTC`.
  static func time(_ instant: Instant) -> String {
    instant.iso8601().replacing("T", with: " ").replacing("Z", with: " UTC")
  }

  /// `03:11`, with the day before it when that is not the message's.
  static func clock(_ instant: Instant, on day: Instant) -> String {
    let text = (instant + .seconds(30)).iso8601()
    let clock = String(text.dropFirst(11).prefix(5))
    return text.prefix(10) == day.iso8601().prefix(10) ? clock : "\(text.dropFirst(5).prefix(5)) \(clock)"
  }

  /// `12 min`, `5.2 h`, `3 d`.
  static func span(_ seconds: Double) -> String {
    let s = abs(seconds)
    guard s.isFinite else { return unknown }
    if s < 90 { return "\(number(s, decimals: 0)) s" }
    if s < 5400 { return "\(number(s / 60, decimals: 0)) min" }
    return s < 172_800 ? "\(number(s / 3600)) h" : "\(number(s / 86_400)) d"
  }

  /// `1 telescope`, `2 telescopes`.
  static func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
}

extension EventMessage {
  /// `FOLLOW UP`, `NO FOLLOW UP`, ... as the network writes its decisions.
  public var decision: String {
    if isRetracted { return "RETRACTED, STOP" }
    return switch verdict {
    case .go: "FOLLOW UP"
    case .limited: "LIMITED FOLLOW UP"
    case .watch: "WATCH, no decision yet"
    case .no: "NO FOLLOW UP"
    case .stop: "STOP"
    }
  }

  /// The tag-like word that ends the network's sentence.
  private var tag: String {
    if isStop { return "STOP-GRANDMA" }
    return switch verdict {
    case .go: "GO-GRANDMA"
    case .limited: "GO-GRANDMA (limited)"
    case .watch: "no decision yet"
    case .no, .stop: "no follow up"
    }
  }

  /// `DRILL (not a real event): ` before everything that is one.
  var mockMark: String { mock.map { "\(PlainText.oneLine($0)) (not a real event): " } ?? "" }

  /// The sentence that the network posts for every alert, such as
  /// `New GW alert: S230525a, NSBH, A90: 46 deg2, Distance: 276 +/- 79 Mpc, GRANDMA Score: 2, GO-GRANDMA.`
  ///
  /// One line, without markup.
  public var announcement: String {
    let name = PlainText.oneLine(event)
    if let question { return mockMark + "\(name): \(PlainText.oneLine(question))" }
    var parts: [String]
    if isRetracted {
      parts = ["\(kind.rawValue.isEmpty ? "" : kind.rawValue + " ")alert \(name) was retracted"]
    } else {
      let word = kind.rawValue.isEmpty ? "" : "\(kind.rawValue) "
      parts = ["\(revision.map(Self.isFollowing) == true ? "Updated" : "New") \(word)alert: \(name)"]
      parts += facts(of: [.classification, .area90, .area50, .distance, .score])
    }
    parts.append(tag)
    return mockMark + parts.joined(separator: ", ") + "."
  }

  private static func isFollowing(_ revision: String) -> Bool {
    let word = revision.uppercased()
    return word.hasPrefix("UPDATE") || word.hasPrefix("INITIAL")
  }

  private enum Fact { case classification, area90, area50, distance, score }

  private func facts(of wanted: [Fact]) -> [String] {
    wanted.compactMap { fact in
      switch fact {
      case .classification: classification.map { PlainText.oneLine($0.name) }
      case .area90: area90.map { "A90: \(Wording.area($0))" }
      case .area50: area50.map { "A50: \(Wording.area($0))" }
      case .distance: distance.map { "Distance: \(Wording.distance($0.mean, $0.deviation))" }
      case .score: score.map { "GRANDMA Score: \($0)" }
      }
    }
  }

  /// What a telephone shows: decision, name, and the facts that decide whether to get up. One line, without
  /// markup, about 150 characters.
  public var push: String {
    if let question {
      let text = "QUESTION \(PlainText.oneLine(event)) · \(PlainText.oneLine(question))"
      return mockMark + PlainText.cut(text, to: 280)
    }
    var parts = ["\(isStop ? "STOP" : verdict.rawValue) \(PlainText.oneLine(event))"]
    if isRetracted {
      parts[0] += " RETRACTED"
    } else if let revision {
      parts[0] += " \(PlainText.oneLine(revision))"
    }
    if isStop {
      return mockMark + (parts + ["stop observing, withdraw what has not started"]).joined(separator: " · ")
    }
    if let c = classification {
      parts.append(PlainText.oneLine(c.name) + (c.probability.map { " \(Wording.percent($0))" } ?? ""))
    }
    if let d = distance { parts.append(Wording.distance(d.mean, d.deviation)) }
    if let area = area90 { parts.append("90 % in \(Wording.area(area))") }
    if area90 == nil, let error = position?.error { parts.append("error \(Wording.angle(error))") }
    if isFollowUp, let first = observing.first {
      let start = first.firstStart.map { " \(Wording.clock($0, on: made)) UTC" } ?? ""
      parts.append(
        "\(Wording.count(observing.count, "telescope")), first \(PlainText.oneLine(first.name))\(start)")
    }
    return mockMark + PlainText.cut(parts.joined(separator: " · "), to: 280)
  }
}
