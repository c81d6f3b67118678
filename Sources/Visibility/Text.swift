import Ephemerides
import Units

/// Numbers as people read them.
enum Text {
  /// `value` rounded to at most `decimals`, without trailing zeros or a negative zero.
  static func decimal(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let units = Int((abs(value) * Double(scale)).rounded())
    var text = String(units / scale)
    var fraction = String(units % scale + scale).dropFirst()
    while fraction.last == "0" { fraction = fraction.dropLast() }
    if decimals > 0, !fraction.isEmpty { text += "." + fraction }
    return value < 0 && units > 0 ? "-" + text : text
  }

  static func degrees(_ a: Angle) -> String { decimal(a.degrees, 1) + "°" }

  /// A value beside the limit it breaks, with as many decimals (up to 4) as tell them apart.
  static func degrees(_ value: Angle, limit: Angle) -> (value: String, bound: String) {
    let pair = distinct(value.degrees, limit.degrees)
    return (pair.0 + "°", pair.1 + "°")
  }

  /// The same for airmass; nil below the horizon, where there is none.
  static func airmass(_ altitude: Angle, limit: Double) -> (value: String, bound: String)? {
    let x = AirmassModel.planeParallel.airmass(atAltitude: altitude)
    guard x < 100 else { return nil }
    return distinct(x, limit, atLeast: 1)
  }

  private static func distinct(_ a: Double, _ b: Double, atLeast decimals: Int = 0) -> (String, String) {
    for n in decimals..<4 {
      let (x, y) = (decimal(a, n), decimal(b, n))
      // The limit is shown as it was given, so it may not be rounded either.
      if x != y, decimal(b, n) == decimal(b, 4) { return (x, y) }
    }
    return (decimal(a, 4), decimal(b, 4))
  }

  /// `HH:MM`.
  static func time(_ t: Instant) -> String { String(t.iso8601().dropFirst(11).prefix(5)) }

  /// `YYYY-MM-DD HH:MM`.
  static func dateAndTime(_ t: Instant) -> String { t.iso8601().prefix(10) + " " + time(t) }

  static func duration(_ d: Duration) -> String {
    let s = d.seconds
    if s < 100 { return decimal(s, s < 10 ? 1 : 0) + " s" }
    if s < 6000 { return decimal(s / 60, s < 600 ? 1 : 0) + " min" }
    return decimal(s / 3600, 1) + " h"
  }
}
