import Campaigns
import Icare
import Notices
import Units

/// Place and time of an event as one notice has them.
struct KnownPlace: Codable, Hashable, Sendable {
  /// ICRS.
  let rightAscensionDegrees: Double
  let declinationDegrees: Double
  /// Radius of the region, with the containment that the sender states.
  let errorDegrees: Double
  let time: NaiveUTC?
  /// Such as `swift XRT`.
  let instrument: String

  /// - Returns: nil for an event that has no place in numbers.
  init?(_ event: Event) {
    guard let notice = event.localizing, let region = notice.planningRegion else { return nil }
    let center = region.center
    // Five decimals are ICARE's own for a disc: 0.04 arcsec.
    func five(_ x: Double) -> Double { (x * 1e5).rounded() / 1e5 }
    rightAscensionDegrees = five(center.ra.degrees)
    declinationDegrees = five(center.dec.degrees)
    errorDegrees = five(region.largestRadius.degrees)
    time = event.time.map { NaiveUTC($0) }
    instrument = [notice.source.mission.rawValue, notice.source.instrument ?? ""].filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  init(ra: Double, dec: Double, error: Double, time: NaiveUTC?, instrument: String) {
    rightAscensionDegrees = ra
    declinationDegrees = dec
    errorDegrees = error
    self.time = time
    self.instrument = instrument
  }

  var position: Direction<ICRS> {
    Direction(ra: .degrees(rightAscensionDegrees), dec: .degrees(declinationDegrees))
  }

  /// In what it is better than what is known; empty when in nothing.
  func improvements(on known: KnownPlace) -> [String] {
    var found: [String] = []
    if let time, let old = known.time, abs(time.instant.seconds(since: old.instant)) >= 1 {
      found.append("t0 \(time.text) instead of \(old.text)")
    }
    // A wider place is no better, whoever sends it.
    guard errorDegrees <= known.errorDegrees else { return found }
    if errorDegrees < 0.9 * known.errorDegrees {
      found.append("error \(Self.angle(errorDegrees)) instead of \(Self.angle(known.errorDegrees))")
    }
    let moved = position.separation(from: known.position)
    if moved > FollowUpRequests.sameSource {
      found.append("position moved by \(Self.angle(moved.degrees))")
    }
    if instrument != known.instrument, !instrument.isEmpty {
      found.append("by \(instrument) instead of \(known.instrument)")
    }
    return found
  }

  /// `12.3 arcsec`, `4.5 arcmin` or `6.7 deg`.
  private static func angle(_ degrees: Double) -> String {
    func tenth(_ x: Double) -> Double { (x * 10).rounded() / 10 }
    if degrees >= 1 { return "\(tenth(degrees)) deg" }
    return degrees >= 1 / 60.0 ? "\(tenth(degrees * 60)) arcmin" : "\(tenth(degrees * 3600)) arcsec"
  }

  var words: String {
    "RA \(rightAscensionDegrees) Dec \(declinationDegrees), error \(Self.angle(errorDegrees)), by \(instrument)"
      + (time.map { ", t0 \($0.text) UTC" } ?? "")
  }
}
