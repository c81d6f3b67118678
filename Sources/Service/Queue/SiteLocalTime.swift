import Foundation
import Formats
import Units

extension PlanDocument {
  /// The site's clock while the plan runs.
  /// - Parameter wish: `site`, or the name of a zone.
  /// - Returns: nil where the zone is not known.
  func localTime(_ wish: String, at now: Instant) throws(FormatError) -> LocalTime? {
    guard let name = wish == "site" ? telescope.tz : wish, let zone = TimeZone(identifier: name) else {
      return nil
    }
    func date(_ time: Instant) -> Date { Date(timeIntervalSince1970: (time.mjdUTC - 40_587) * 86_400) }
    let first = (rows.first?.startUTC.instant ?? now) - .hours(24)
    let end = date((rows.last?.endUTC.instant ?? now) + .hours(24))
    var changes: [LocalTime.Change] = []
    var next = zone.nextDaylightSavingTimeTransition(after: date(first))
    while let change = next, change < end, let start = Self.instant(change) {
      changes.append(.init(start: start, minutesEast: zone.secondsFromGMT(for: change) / 60))
      next = zone.nextDaylightSavingTimeTransition(after: change)
    }
    return try LocalTime(
      zone: name, minutesEast: zone.secondsFromGMT(for: date(first)) / 60, changes: changes)
  }

  /// To the millisecond: clocks change at whole seconds, which days as numbers miss by a hair.
  private static func instant(_ date: Date) -> Instant? {
    Instant(mjdUTC: 40_587 + date.timeIntervalSince1970 / 86_400).map { UTCTime($0).instant }
  }
}
