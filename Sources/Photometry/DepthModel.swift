import Ephemerides
import Observatories
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the sky does to one exposure.
public struct SkyConditions: Sendable, Hashable {
  /// Of the target, > 0.
  public var altitude: Angle
  /// nil: no moonlight.
  public var moon: MoonInSky?
  /// Galactic extinction in the band used, magnitudes.
  public var extinction: Double

  public init(altitude: Angle, moon: MoonInSky? = nil, extinction: Double = 0) {
    self.altitude = altitude
    self.moon = moon
    self.extinction = extinction
  }

  /// Dark sky overhead: where reference depths hold.
  public static let reference = SkyConditions(altitude: .degrees(90))
}

/// The 5-sigma limit of a telescope on a point source, from its reference depth.
///
/// Sky-limited photometry, as Ivezic et al. 2019 (ApJ 873, 111), eq. 6, relative to the reference:
/// m(t) = m_ref + 1.25 log10(t / t_ref) - 1.25 log10(B / B_zenith) - 1.5 log10 X - k (X - 1) - A.
/// B is the sky at the target (`NightSky`), X the airmass of Kasten & Young 1989; seeing goes as X^0.6, k is
/// the extinction of the band and A that of the Galaxy. Good to the scatter of the depths in the registry
/// (1 mag, standard deviation); differences between two exposures of one telescope are far better.
public struct DepthModel: Sendable, Hashable {
  public var depth: Telescope.Depth
  public var band: Band
  public var sky: NightSky

  public init(depth: Telescope.Depth, band: Band, sky: NightSky) {
    self.depth = depth
    self.band = band
    self.sky = sky
  }

  /// Nil when the telescope has no reference depth.
  ///
  /// - Parameter band: of the exposures; nil is that of the reference, or r. A reference depth in another
  ///   band is taken as it is: the registry has one per telescope.
  public init?(_ telescope: Telescope, band: Band? = nil) {
    guard let depth = telescope.depth else { return nil }
    let own = depth.filter.flatMap(Band.init(filter:)) ?? .r
    self.init(depth: depth, band: band ?? own, sky: telescope.site.setting == .urban ? .urban : .dark)
  }

  /// How much brighter than at the reference the limit is, magnitudes; never below -0.01.
  public func loss(under conditions: SkyConditions) -> Double {
    let x = AirmassModel.kastenYoung1989.airmass(atAltitude: conditions.altitude)
    guard x.isFinite else { return .infinity }
    let brightness = sky.nanolamberts(conditions.moon, atAltitude: conditions.altitude)
    let background = 1.25 * log10(brightness / sky.zenithNanolamberts)
    return background + 1.5 * log10(max(1, x)) + band.extinctionPerAirmass * (x - 1) + conditions.extinction
  }

  /// - Parameter total: on target, all exposures stacked; > 0.
  public func limit(in total: Duration, under conditions: SkyConditions = .reference) -> Magnitude {
    Magnitude(depth.limit(in: total).value - loss(under: conditions))
  }

  /// The total time in which a source of this magnitude is a 5-sigma detection.
  public func exposure(for magnitude: Magnitude, under conditions: SkyConditions = .reference) -> Duration {
    let gap = magnitude.value - depth.magnitude.value + loss(under: conditions)
    // A century: longer ones are not told apart.
    return .seconds(min(depth.exposure.seconds * pow(10, 0.8 * gap), 3.2e9))
  }
}
