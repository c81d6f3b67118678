import Observatories
import Units

/// Some equal exposures to be stacked.
public struct ExposurePlan: Sendable, Hashable {
  public var count: Int
  public var each: Duration
  /// Reaches the wanted magnitude; false when the longest series allowed does not.
  public var isDeepEnough: Bool
  public var total: Duration { .seconds(Double(count) * each.seconds) }

  public init(count: Int, each: Duration, isDeepEnough: Bool = true) {
    self.count = count
    self.each = each
    self.isDeepEnough = isDeepEnough
  }

  /// The series that reaches a total, in whole multiples of 10 s (1 s under 20 s).
  ///
  /// As few images as the longest exposure allows, but not fewer than the guide's smallest number: one image
  /// cannot tell a source from a cosmic ray or an asteroid.
  /// - Parameters:
  ///   - wanted: total time.
  ///   - settings: shortest and longest single exposure.
  ///   - leastCount: at least 1.
  ///   - longest: the most time to spend, open shutter.
  public init(
    total wanted: Duration, settings: Telescope.ExposureSettings, leastCount: Int, longest: Duration
  ) {
    let (low, high) = (settings.shortest.seconds, settings.longest.seconds)
    let total = min(wanted.seconds, longest.seconds)
    // Both bounded: a total is at most `longest`.
    let fewest = min(max(1, leastCount), max(1, Int(min(longest.seconds / low, 1e6))))
    let needed = Int(min((total / high).rounded(.up), 1e6))
    let count = max(fewest, needed)
    let exact = total / Double(count)
    let step = exact < 20 ? 1.0 : 10
    let each = min(high, max(low, (exact / step).rounded(.up) * step))
    self.init(
      count: count, each: .seconds(each),
      isDeepEnough: Double(count) * each >= wanted.seconds * (1 - 1e-9))
  }
}

/// What GRANDMA's manual (June 2025) asks of each class of aperture.
public struct ExposureGuide: Sendable, Hashable {
  /// Target magnitudes it is meant for.
  public let magnitudes: ClosedRange<Double>
  public let images: ClosedRange<Int>
  public let each: ClosedRange<Duration>
  /// Brighter sources saturate; nil where the manual says nothing.
  public let saturation: Magnitude?

  private static func row(
    _ magnitudes: ClosedRange<Double>, _ images: ClosedRange<Int>, _ seconds: ClosedRange<Double>,
    saturation: Double? = nil
  ) -> ExposureGuide {
    ExposureGuide(
      magnitudes: magnitudes, images: images,
      each: .seconds(seconds.lowerBound)...(.seconds(seconds.upperBound)),
      saturation: saturation.map(Magnitude.init))
  }

  /// Open ends of the manual's table (`<= 17.5`, `> 23`, `10+`) are closed at values no request reaches.
  private static let rows: [(upTo: Double, guide: ExposureGuide)] = [
    (0.35, row(0...17.5, 4...6, 60...180, saturation: 14)),
    (0.65, row(17...19.5, 4...6, 120...300)),
    (0.9, row(18.5...21, 6...8, 180...600)),
    (1.3, row(19.5...22.5, 6...10, 300...900)),
    (2.1, row(21.5...23.5, 8...12, 600...1200)),
    (.infinity, row(23...30, 10...100, 900...1800)),
  ]

  /// The classes leave gaps (0.3 to 0.4 m): their borders are those of `AssumedValues`.
  public static func guide(for aperture: Length) -> ExposureGuide {
    (rows.first { aperture.metres <= $0.upTo } ?? rows[rows.count - 1]).guide
  }

  /// The most time the manual asks for.
  public var longestTotal: Duration { .seconds(Double(images.upperBound) * each.upperBound.seconds) }
}
