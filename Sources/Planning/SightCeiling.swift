import Observatories
import Photometry
import Units
import Visibility

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The most that visits of one telescope see of the source, by where they look: for an upper bound.
///
/// In every quarter of an hour of its dark time the limit at the zenith, with the Moon where it disturbs least, less
/// what airmass takes at the greatest altitude in it. More light of the sky than that of the zenith, and less
/// of the source, is all that lower altitudes bring (`DepthModel.loss`), so no visit sees farther.
struct SightCeiling: Sendable {
  /// Of every interval what is up at its ends, the distance modulus at the zenith in it, and the bins of time that it
  /// shares some of.
  private var intervals: [(up: (SIMD3<Double>, SIMD3<Double>), modulus: Double, bins: Range<Int>)] = []
  private let binCount: Int
  /// Magnitudes lost to airmass, by the sine of the altitude in steps; the least of its filters.
  private var loss: [Double] = []

  private static let step = 900.0
  private static let sines = 512
  /// Between samples the Moon and the source change a little, magnitudes.
  private static let margin = 0.01
  /// What a sine may gain between two samples beyond the larger.
  private static let bulge = (7.3e-5 * step) * (7.3e-5 * step) / 8

  /// - Parameter bins: of the site's time (`CoverageOutlook.timeBins`).
  init(_ site: PlannedSite, _ guide: DetectionGuide, bins: [TimeWindow]) {
    binCount = bins.count
    let models = site.sequence.steps.compactMap { step in
      DepthModel(site.telescope, band: step.filter.flatMap { Band(filter: $0) })
    }
    loss = (0..<Self.sines).map { i in
      let altitude = Angle(radians: asin(Double(i + 1) / Double(Self.sines)))
      return models.map { $0.loss(under: SkyConditions(altitude: altitude)) }.min() ?? .infinity
    }
    for dark in site.visibility.darkWindows {
      let count = max(1, Int((dark.duration.seconds / Self.step).rounded(.up)))
      let times = (0...count).map {
        min(dark.end, dark.start.advanced(bySeconds: Double($0) * dark.duration.seconds / Double(count)))
      }
      let samples = times.map {
        (at: $0, up: site.visibility.frame(at: $0).up, modulus: Self.zenith(site, guide, at: $0))
      }
      for (a, b) in zip(samples, samples.dropFirst()) {
        // A visit's middle may lie there while it goes on in bins about it.
        let (from, to) = (a.at - site.exposure, b.at + site.exposure)
        let low = bins.firstIndex { $0.end >= from } ?? bins.count
        let high = bins.lastIndex { $0.start <= to }.map { $0 + 1 } ?? 0
        intervals.append(((a.up, b.up), max(a.modulus, b.modulus) + Self.margin, low..<max(low, high)))
      }
    }
  }

  /// Of its filters the best, at the zenith, in dark sky or with the Moon where its light is least.
  private static func zenith(_ site: PlannedSite, _ guide: DetectionGuide, at time: Instant) -> Double {
    let zenith = Angle.degrees(90)
    let here = site.visibility.conditions(of: guide.regions.peak, at: time)
    let sky = stride(from: 60.0, through: 150, by: 1).map { separation -> SkyConditions in
      var moon = MoonInSky(here)
      moon.separation = .degrees(separation)
      return SkyConditions(altitude: zenith, moon: moon)
    }
    .min {
      NightSky.dark.nanolamberts($0.moon, atAltitude: zenith)
        < NightSky.dark.nanolamberts($1.moon, atAltitude: zenith)
    }
    return site.sequence.steps.compactMap { step in
      guide.sight(
        of: site.telescope, step.filter, open: step.total, at: time,
        under: sky ?? SkyConditions(altitude: zenith)
      )?.modulus
    }.max() ?? -.infinity
  }

  /// At any time, wherever it looks.
  var best: Double { intervals.map { $0.modulus - loss[Self.sines - 1] }.max() ?? -.infinity }

  /// The greatest distance modulus to which it sees a source when it looks anywhere in a cap, by bin of its time.
  func moduli(within radius: Angle, of center: SIMD3<Double>) -> ContiguousArray<Double> {
    let (c, s) = (radius.cosine, radius.sine)
    var most = ContiguousArray<Double>(repeating: -.infinity, count: binCount)
    for interval in intervals {
      let high = max((interval.up.0 * center).sum(), (interval.up.1 * center).sum()) + Self.bulge
      // The sine of an altitude greater by the radius.
      let sine = high >= c ? 1 : high * c + (1 - high * high).squareRoot() * s
      guard sine > 0 else { continue }
      let own = interval.modulus - loss[min(Self.sines - 1, Int(sine * Double(Self.sines)))]
      for bin in interval.bins { most[bin] = max(most[bin], own) }
    }
    return most
  }
}
