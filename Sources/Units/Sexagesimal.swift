extension Angle {
  /// `HH:MM:SS.ss` of a right ascension, rounded to 0.01 s; 24h never appears. `nan` if not finite.
  public var hoursMinutesSeconds: String {
    guard radians.isFinite else { return "nan" }
    let hundredths = Int((normalized.hours * 360_000).rounded()) % 8_640_000
    return Self.sexagesimal(hundredths, decimals: 2)
  }

  /// `+DD:MM:SS.s` of a declination, rounded to 0.1 arcsec; the sign is always written, ASCII. `nan` if
  /// it is none (not finite or beyond a thousand turns).
  public var degreesMinutesSeconds: String {
    guard abs(degrees) < 360_000 else { return "nan" }
    let tenths = Int((abs(degrees) * 36_000).rounded())
    return (radians < 0 && tenths > 0 ? "-" : "+") + Self.sexagesimal(tenths, decimals: 1)
  }

  private static func sexagesimal(_ units: Int, decimals: Int) -> String {
    let scale = decimals == 2 ? 100 : 10
    let seconds = units / scale
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let fraction = decimals == 2 ? two(units % scale) : "\(units % scale)"
    return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(fraction)"
  }
}
