import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the luminosity of a kind of source changes after the event: one model file.
///
/// AB magnitudes, no redshift correction (1+z changes bands by less than 10 % within 400 Mpc).
public struct LightCurve: Sendable, Hashable, Identifiable {
  public enum Form: Sendable, Hashable {
    /// Absolute magnitude in all bands; fades by so many magnitudes a day (0: flat).
    case linear(absolute: Magnitude, magnitudesPerDay: Double)
    /// Flux goes as t^-decay nu^-slope; absolute magnitude in r at one day, or nil where it differs too much
    /// from source to source.
    case powerLaw(absolute: Magnitude?, decay: Double, slope: Double)
    /// Absolute magnitudes by band.
    case table([Band: Samples])
  }

  /// Magnitudes at increasing ages; straight lines in between.
  public struct Samples: Sendable, Hashable {
    public let days: [Double]
    public let magnitudes: [Double]
    /// - Precondition: equally many, at least one, days increasing.
    init(days: [Double], magnitudes: [Double]) {
      self.days = days
      self.magnitudes = magnitudes
    }

    var covered: ClosedRange<Double> { days[0]...days[days.count - 1] }

    func magnitude(atDays t: Double) -> Double {
      // A table has tens of rows.
      let j = days.firstIndex { $0 >= t } ?? days.count - 1
      guard j > 0, days[j] > t else { return magnitudes[j] }
      let f = (t - days[j - 1]) / (days[j] - days[j - 1])
      return magnitudes[j - 1] + f * (magnitudes[j] - magnitudes[j - 1])
    }
  }

  public let id: String
  public let title: String
  /// Paper and table or figure the numbers are from.
  public let citation: String
  public let form: Form
  /// Standard deviation of the absolute magnitude among sources of the kind.
  public let scatter: Double
  /// Ages the model is meant for.
  public let covered: ClosedRange<Duration>

  public init(
    id: String, title: String, citation: String, form: Form, scatter: Double = 0,
    covered: ClosedRange<Duration>
  ) {
    self.id = id
    self.title = title
    self.citation = citation
    self.form = form
    self.scatter = scatter
    self.covered = covered
  }

  /// Says how bright it is, not only how it fades.
  public var hasLuminosity: Bool {
    if case .powerLaw(nil, _, _) = form { return false }
    return true
  }

  /// Bands farther apart than this do not stand in for each other, nm.
  static let widestBandGap = 110.0

  /// - Parameters:
  ///   - age: since the event.
  ///   - band: one between two of the model's is interpolated in wavelength, one beyond them takes the
  ///     nearest within 110 nm.
  public func absoluteMagnitude(at age: Duration, in band: Band) throws(PhotometryError) -> Magnitude {
    guard hasLuminosity else { throw .needsMagnitude(model: id) }
    return Magnitude(try shape(at: age, in: band))
  }

  /// Absolute magnitude, up to a constant where the model has no luminosity.
  func shape(at age: Duration, in band: Band) throws(PhotometryError) -> Double {
    guard covered.contains(age) else { throw .notCovered(model: id, age: age, covered: covered) }
    let days = age.seconds / 86_400
    switch form {
    case .linear(let absolute, let rate): return absolute.value + rate * days
    case .powerLaw(let absolute, let decay, let slope):
      let color = 2.5 * slope * log10(Band.r.wavelengthNanometres / band.wavelengthNanometres)
      return (absolute?.value ?? 0) + 2.5 * decay * log10(days) + color
    case .table(let bands): return try tabulated(bands, days, age, band)
    }
  }

  private func tabulated(
    _ bands: [Band: Samples], _ days: Double, _ age: Duration, _ band: Band
  ) throws(PhotometryError) -> Double {
    func value(_ b: Band) throws(PhotometryError) -> Double {
      guard let samples = bands[b], samples.covered.contains(days) else {
        let c = bands[b]?.covered ?? 0...0
        let range = Duration.seconds(c.lowerBound * 86_400)...(.seconds(c.upperBound * 86_400))
        throw .notCovered(model: "\(id) in \(b.rawValue)", age: age, covered: range)
      }
      return samples.magnitude(atDays: days)
    }
    if bands[band] != nil { return try value(band) }
    let wanted = band.wavelengthNanometres
    let sorted = bands.keys.sorted { $0.wavelengthNanometres < $1.wavelengthNanometres }
    let below = sorted.last { $0.wavelengthNanometres <= wanted }
    let above = sorted.first { $0.wavelengthNanometres >= wanted }
    if let a = below, let b = above {
      let (x, y) = (a.wavelengthNanometres, b.wavelengthNanometres)
      let f = (wanted - x) / (y - x)
      return try value(a) * (1 - f) + value(b) * f
    }
    guard let near = below ?? above, abs(near.wavelengthNanometres - wanted) <= Self.widestBandGap else {
      throw .noBand(model: id, wanted: band, has: sorted)
    }
    return try value(near)
  }

  /// Refuses a window that the model does not cover from end to end.
  public func requireCovering(_ ages: ClosedRange<Duration>, in band: Band) throws(PhotometryError) {
    _ = try shape(at: ages.lowerBound, in: band)
    _ = try shape(at: ages.upperBound, in: band)
  }

  /// A source of no particular kind that fades steadily.
  public static func fading(magnitudesPerDay: Double) -> LightCurve {
    LightCurve(
      id: "fading", title: "fades by \(magnitudesPerDay) mag a day", citation: "as asked",
      form: .linear(absolute: Magnitude(0), magnitudesPerDay: magnitudesPerDay),
      covered: .seconds(-3.2e9)...(.seconds(3.2e9)))
  }

  /// A source of no particular kind whose flux goes as t^-decay.
  public static func powerLaw(decay: Double) -> LightCurve {
    LightCurve(
      id: "power-law", title: "flux as t^-\(decay)", citation: "as asked",
      form: .powerLaw(absolute: nil, decay: decay, slope: 0), covered: .seconds(1)...(.seconds(3.2e9)))
  }
}

extension Distance {
  /// m - M, magnitudes.
  public var modulus: Double { 5 * log10(megaparsecs) + 25 }

  /// The farthest a source of absolute magnitude M is seen to a limit m: 10^((m - M - A - 25) / 5) Mpc.
  ///
  /// - Parameter extinction: of the Galaxy, magnitudes.
  public static func reach(limit: Magnitude, absolute: Magnitude, extinction: Double = 0) -> Distance {
    .megaparsecs(pow(10, (limit.value - absolute.value - extinction - 25) / 5))
  }
}

/// A light curve brought to what is seen of one source.
public struct ExpectedSource: Sendable, Hashable {
  public let curve: LightCurve
  /// Added to the model's magnitude.
  let offset: Double

  /// At a known distance.
  /// - Throws: `needsMagnitude` for a model without luminosity.
  public init(_ curve: LightCurve, at distance: Distance) throws(PhotometryError) {
    guard curve.hasLuminosity else { throw .needsMagnitude(model: curve.id) }
    self.curve = curve
    offset = distance.modulus
  }

  /// As bright as it was measured once (as seen: Galactic extinction included).
  /// - Throws: what the model cannot say at that age.
  public init(
    _ curve: LightCurve, measured magnitude: Magnitude, at age: Duration, in band: Band
  ) throws(PhotometryError) {
    self.curve = curve
    offset = magnitude.value - (try curve.shape(at: age, in: band))
  }

  public func magnitude(at age: Duration, in band: Band) throws(PhotometryError) -> Magnitude {
    Magnitude(try curve.shape(at: age, in: band) + offset)
  }
}
