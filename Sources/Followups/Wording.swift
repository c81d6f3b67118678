import Units

/// Numbers as people read them.
enum Wording {
  /// Rounded to so many decimals (at most 6); what is not finite stays as it is.
  static func decimal(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let units = Int((abs(value) * scale).rounded())
    let sign = value < 0 && units > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(units) }
    let fraction = String(units % Int(scale))
    return sign + String(units / Int(scale)) + "."
      + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// `now`, `25 min`, `3.2 h`.
  static func delay(_ d: Duration) -> String {
    let s = d.seconds
    if s < 30 { return "now" }
    return s < 6000 ? decimal(s / 60, 0) + " min" : decimal(s / 3600, 1) + " h"
  }

  /// `MM-DD HH:MM`.
  static func time(_ t: Instant) -> String {
    let text = t.iso8601()
    return text.dropFirst(5).prefix(5) + " " + text.dropFirst(11).prefix(5)
  }
}
