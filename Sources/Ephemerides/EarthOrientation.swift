import CERFA
import Units

/// How the Earth turns: UT1 and the motion of the pole as functions of time, with their source.
///
/// A value to pass around: a computation made with one can be repeated with it.
public struct EarthOrientation: Hashable, Sendable {
  /// The orientation at one instant.
  public struct Values: Hashable, Sendable {
    /// UT1 - TAI in seconds; continuous, unlike UT1 - UTC.
    public let ut1MinusTAISeconds: Double
    /// Coordinates of the celestial intermediate pole in the terrestrial frame (IERS x_p, y_p).
    public let polarX: Angle
    public let polarY: Angle
    /// The instant lies outside the table: the nearest row was used. UT1 then drifts away by up to
    /// about 1 s (15 arcsec of rotation) a year.
    public let isExtrapolated: Bool
  }

  private enum Storage: Hashable, Sendable {
    case constant(ut1MinusTAISeconds: Double, x: Angle, y: Angle)
    case table(Table)
  }

  /// Rows at equal steps.
  private struct Table: Hashable, Sendable {
    let first: Instant
    let stepSeconds: Double
    let ut1MinusTAISeconds: [Double]
    let polarX: [Angle]
    let polarY: [Angle]
  }

  /// Where the numbers come from, with the version of the table.
  public let source: String
  /// When the source was released; nil if it has no date.
  public let issued: Instant?
  /// From here on the rows are predictions; nil if none are, or if unknown.
  public let predictedFrom: Instant?
  private let storage: Storage

  /// Where the table has rows; nil for constant values, which claim nothing.
  public var coverage: TimeWindow? {
    guard case .table(let table) = storage else { return nil }
    let rows = Double(table.ut1MinusTAISeconds.count - 1)
    return TimeWindow(table.first, table.first.advanced(bySeconds: rows * table.stepSeconds))
  }

  /// The same UT1 - TAI and pole at all times.
  ///
  /// - Parameters:
  ///   - ut1MinusUTC: as bulletins give it, at `t`; leap seconds later on do not change UT1.
  ///   - t: when that difference holds.
  public init(ut1MinusUTC: Duration, at t: Instant, polarX: Angle, polarY: Angle, source: String) {
    let ut1 = ut1MinusUTC.seconds - Self.taiMinusUTCSeconds(at: t)
    storage = .constant(ut1MinusTAISeconds: ut1, x: polarX, y: polarY)
    self.source = source
    issued = nil
    predictedFrom = nil
  }

  /// A table with rows at equal steps, interpolated linearly.
  ///
  /// - Parameters:
  ///   - first: instant of the first row.
  ///   - step: between rows.
  ///   - ut1MinusTAISeconds: UT1 - TAI, seconds, one a row.
  ///   - polarX: x_p, one a row.
  ///   - polarY: y_p, one a row.
  public init(
    first: Instant, step: Duration, ut1MinusTAISeconds: [Double], polarX: [Angle], polarY: [Angle],
    source: String, issued: Instant? = nil, predictedFrom: Instant? = nil
  ) throws(EphemeridesError) {
    let rows = ut1MinusTAISeconds.count
    guard rows >= 2, polarX.count == rows, polarY.count == rows else {
      throw .earthOrientationTable("\(rows) rows of UT1, \(polarX.count) of x and \(polarY.count) of y")
    }
    guard step > .zero else { throw .earthOrientationTable("a step of \(step.seconds) s") }
    if let bad = ut1MinusTAISeconds.first(where: { !(abs($0) < 1000) }) {
      throw .earthOrientationTable("UT1 - TAI of \(bad) s")
    }
    if let bad = (polarX + polarY).first(where: { !(abs($0.arcseconds) < 2) }) {
      throw .earthOrientationTable("a pole \(bad.arcseconds) arcsec away")
    }
    storage = .table(
      Table(
        first: first, stepSeconds: step.seconds, ut1MinusTAISeconds: ut1MinusTAISeconds, polarX: polarX,
        polarY: polarY))
    self.source = source
    self.issued = issued
    self.predictedFrom = predictedFrom
  }

  /// The orientation at `t`. O(1).
  public func values(at t: Instant) -> Values {
    switch storage {
    case .constant(let ut1, let x, let y):
      return Values(ut1MinusTAISeconds: ut1, polarX: x, polarY: y, isExtrapolated: false)
    case .table(let table):
      return Self.interpolate(table, at: t)
    }
  }

  private static func interpolate(_ table: Table, at t: Instant) -> Values {
    let last = table.ut1MinusTAISeconds.count - 1
    let position = t.seconds(since: table.first) / table.stepSeconds
    let clamped = min(max(position, 0), Double(last))
    let row = min(Int(clamped), last - 1)
    let f = clamped - Double(row)
    func mix(_ column: [Angle]) -> Angle { column[row] * (1 - f) + column[row + 1] * f }
    let ut1 = table.ut1MinusTAISeconds
    return Values(
      ut1MinusTAISeconds: ut1[row] * (1 - f) + ut1[row + 1] * f, polarX: mix(table.polarX),
      polarY: mix(table.polarY), isExtrapolated: position != clamped)
  }

  /// ERFA's own table of leap seconds; `UnitsTests` holds it against ours.
  private static func taiMinusUTCSeconds(at t: Instant) -> Double {
    let u = t.utc
    var offset = 0.0
    // A status above 0 says only that the year is outside the table's and its end was used.
    _ = eraDat(Int32(clamping: u.year), Int32(u.month), Int32(u.day), 0, &offset)
    return offset
  }
}

extension EarthOrientation {
  /// UT1 = TAI - 37 s, which is UTC from 2017 on, and no polar motion: for closed forms and for
  /// comparison, up to 14 arcsec wrong.
  public static let zero = EarthOrientation(
    ut1MinusUTC: .zero, at: Instant(utcYear: 2017, month: 1, day: 1)!, polarX: .zero, polarY: .zero,
    source: "none: UT1 = UTC of 2017, no polar motion")

  /// The IERS table this build was made with, 2015 to the end of its predictions a year ahead.
  ///
  /// Interpolation costs at most 1.1 ms of UT1 (16 milliarcseconds) and 2.5 milliarcseconds of pole.
  /// Predictions D days ahead are good to 0.25 ms D^0.75 of UT1 by Bulletin A's own estimate: 0.3 arcsec
  /// a year ahead.
  public static let bundled: EarthOrientation = {
    typealias T = EarthOrientationTable
    let first = Instant(mjdUTC: Double(T.firstMJD))!
    // The generated table is well formed: `EarthOrientationTests` reads it whole.
    return try! EarthOrientation(
      first: first, step: .seconds(T.stepDays * 86_400),
      ut1MinusTAISeconds: T.ut1MinusTAI.map { Double($0) * 1e-5 },
      polarX: T.polarX.map { .arcseconds(Double($0) * 1e-4) },
      polarY: T.polarY.map { .arcseconds(Double($0) * 1e-4) },
      source: T.source,
      issued: Instant(utcYear: T.issued.0, month: T.issued.1, day: T.issued.2),
      predictedFrom: Instant(mjdUTC: Double(T.firstPredictedMJD)))
  }()
}
