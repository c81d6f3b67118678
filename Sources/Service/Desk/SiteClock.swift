import Foundation
import Units

/// Civil time at a site, for display only.
enum SiteClock {
  /// Minutes east of UTC at a moment; nil for a name no zone has.
  static func offsetMinutes(of zone: String, at now: Instant) -> Int? {
    guard let zone = TimeZone(identifier: zone) else { return nil }
    let date = Date(timeIntervalSince1970: (now.mjdUTC - 40_587) * 86_400)
    return zone.secondsFromGMT(for: date) / 60
  }

  static func hoursAndMinutes(_ hours: Double) -> String? {
    guard hours.isFinite, (0..<25).contains(hours) else { return nil }
    let minutes = Int(hours * 60) % 1440
    return String(format: "%02d:%02d", minutes / 60, minutes % 60)
  }
}

extension Instant {
  /// `2026-11-21 03:11 UTC`, for sentences.
  var dateAndClock: String { String(iso8601().prefix(16)).replacing("T", with: " ") + " UTC" }
}
