import Observatories
import Photometry
import Skymaps
import Units
import Visibility

/// To find a source of one kind, wherever in the map and at whatever distance it is.
public struct DetectionObjective: Sendable, Hashable {
  public var curve: LightCurve
  /// For maps, or cells, without a distance.
  public var otherwise: DetectionMap.Otherwise
  /// Dust of the Galaxy in front of the source.
  public var dust: GalacticExtinction

  public init(
    _ curve: LightCurve, otherwise: DetectionMap.Otherwise = .never, dust: GalacticExtinction = .none
  ) {
    self.curve = curve
    self.otherwise = otherwise
    self.dust = dust
  }

  /// What is assumed of the source beyond its light curve; nil: nothing.
  public var assumptions: String? {
    var words: [String] = []
    if case .distance(let d) = otherwise {
      words.append("at \(d.megaparsecs.plain) Mpc where the map has no distance")
    }
    switch dust {
    case .none: break
    case .reddening(let e): words.append("behind dust, E(B-V) \(e.plain)")
    case .layer(let pole): words.append("behind the Galaxy's dust, E(B-V) \(pole.plain) toward its poles")
    }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  /// Everything that shapes a plan, bands in a fixed order.
  public var digestText: String {
    var form = "\(curve.form)"
    if case .table(let bands) = curve.form {
      form = bands.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.key.rawValue)=\($0.value.days)/\($0.value.magnitudes)" }.joined(separator: ";")
    }
    let screen = dust == .none ? "" : ":\(dust)"
    return "\(curve.id):\(curve.scatter):\(form):\(curve.covered):\(otherwise)\(screen)"
  }
}

extension PlanRequest {
  /// What a plan is to be good at.
  public enum Objective: Sendable, Hashable {
    /// Probability of the map in the union of footprints.
    case coverage
    /// Probability that the source is in a footprint and seen there.
    case detection(DetectionObjective)
  }
}

/// How far one telescope, or one exposure, sees the source in a plan.
struct Sight: Sendable, Hashable {
  /// 5 sigma, in all exposures of a visit stacked.
  var limit: Magnitude
  /// Of the source then.
  var absolute: Magnitude
  /// The light curve has nothing for that age: the nearest age it has.
  var isOutsideCurve: Bool
  var modulus: Double { limit.value - absolute.value }
  var reach: Distance { Distance.reach(limit: limit, absolute: absolute) }
}

/// What a detection objective needs to judge a telescope.
struct DetectionGuide: Sendable {
  let objective: DetectionObjective
  let map: DetectionMap
  let regions: CredibleRegions
  /// Whether the plan is made for it, or only judged by it.
  let isObjective: Bool
  private let eventTime: Instant

  /// Where limits are taken: halfway down, airmass 1.3.
  static let altitude = Angle.degrees(50)

  init?(_ request: PlanRequest, _ regions: CredibleRegions) throws(PlanningError) {
    let objective: DetectionObjective
    if case .detection(let own) = request.objective {
      (objective, isObjective) = (own, true)
    } else {
      guard let source = request.source else { return nil }
      (objective, isObjective) = (source, false)
    }
    self.objective = objective
    self.regions = regions
    eventTime = request.event.time ?? request.window.start
    do throws(PhotometryError) {
      guard objective.curve.hasLuminosity else {
        throw PhotometryError.needsMagnitude(model: objective.curve.id)
      }
      map = try DetectionMap(
        request.map, model: DetectionModel(objective.curve), otherwise: objective.otherwise,
        dust: objective.dust)
    } catch {
      throw .detection(error)
    }
  }

  /// The limit at 50 degrees of altitude in the middle of the first dark window, with the Moon as it stands to
  /// the most probable point then, and the source as bright as it is then.
  ///
  /// - Returns: nil without a reference depth, without dark time, or where the model has no band near.
  ///
  /// Of several filters the one that sees farthest: one source is as luminous in all of them.
  func sight(of telescope: Telescope, _ visibility: SiteVisibility, _ sequence: VisitSequence) -> Sight? {
    sequence.steps.compactMap { sight(of: telescope, visibility, $0.filter, open: $0.total) }
      .max { $0.modulus < $1.modulus }
  }

  private func sight(
    of telescope: Telescope, _ visibility: SiteVisibility, _ filter: String?, open: Duration
  ) -> Sight? {
    guard let dark = visibility.darkWindows.first else { return nil }
    let middle = dark.start + dark.duration / 2
    let here = visibility.conditions(of: regions.peak, at: middle)
    return sight(
      of: telescope, filter, open: open, at: middle,
      under: SkyConditions(altitude: Self.altitude, moon: MoonInSky(here)))
  }

  /// What exposures stacked see when their middle is at a time.
  ///
  /// - Parameter open: on target, all exposures together.
  /// - Returns: nil without a reference depth, or where the model has no band near.
  func sight(
    of telescope: Telescope, _ filter: String?, open: Duration, at middle: Instant, under sky: SkyConditions
  ) -> Sight? {
    guard let model = DepthModel(telescope, band: filter.flatMap { Band(filter: $0) }),
      let (absolute, isOutside) = brightness(middle - eventTime, model.band)
    else { return nil }
    return Sight(
      limit: model.limit(in: open, under: sky), absolute: absolute, isOutsideCurve: isOutside)
  }

  /// What a site sees at a time at the altitude of limits, with the Moon as it stands to the most probable point.
  func sight(of site: PlannedSite, at middle: Instant) -> Sight? {
    let sky = SkyConditions(
      altitude: Self.altitude, moon: MoonInSky(site.visibility.conditions(of: regions.peak, at: middle)))
    return site.sequence.steps.compactMap {
      sight(of: site.telescope, $0.filter, open: $0.total, at: middle, under: sky)
    }.max { $0.modulus < $1.modulus }
  }

  private func brightness(_ age: Duration, _ band: Band) -> (Magnitude, Bool)? {
    var age = age
    // Once for the model's own span, once for that of a band.
    for attempt in 0..<3 {
      do throws(PhotometryError) {
        return (try objective.curve.absoluteMagnitude(at: age, in: band), attempt > 0)
      } catch {
        guard case .notCovered(_, _, let covered) = error else { return nil }
        age = min(max(age, covered.lowerBound), covered.upperBound)
      }
    }
    return nil
  }

  /// The exposure, of a few within the telescope's range, for which sky covered times the chance to see promises
  /// most, were it alone: shortest, longest, its usual one, and powers of two between; the usual one of equals.
  func bestExposure(
    of telescope: Telescope, _ visibility: SiteVisibility, field: FieldOfView, gap: Double,
    visit: (Duration) -> VisitSequence, most: (Duration) -> Int?
  ) -> Duration {
    let settings = telescope.exposure
    var best = (value: promise(settings.typical), exposure: settings.typical)
    func promise(_ exposure: Duration) -> Double {
      let sequence = visit(exposure)
      guard let sight = sight(of: telescope, visibility, sequence) else { return 0 }
      let slots = visibility.darkWindows.reduce(0.0) {
        $0 + max(0, ($1.duration.seconds + gap) / (sequence.duration.seconds + gap)).rounded(.down)
      }
      let visits = min(slots, most(sequence.duration).map(Double.init) ?? slots)
      let area = SolidAngle(steradians: min(4 * .pi, visits * field.area.steradians))
      return regions.probability(within: area).value * chance(within: sight.reach)
    }
    let powers = (0...12).map { Duration.seconds(Double(1 << $0)) }
    for exposure in [settings.shortest, settings.longest] + powers
    where exposure >= settings.shortest && exposure <= settings.longest {
      let value = promise(exposure)
      if value > best.value * (1 + 1e-9) { best = (value, exposure) }
    }
    return best.exposure
  }

  /// To see a source at the most probable point, within a reach.
  private func chance(within reach: Distance) -> Double {
    guard let cell = map.map.cellIndex(at: regions.peak) else { return 0 }
    return map.detectability(ofCell: cell, within: reach)
  }
}

extension Double {
  /// `40`, `0.02`.
  fileprivate var plain: String { self == rounded() && magnitude < 1e9 ? "\(Int(self))" : "\(self)" }
}

extension MoonInSky {
  init(_ conditions: Conditions) {
    self.init(
      altitude: conditions.moonAltitude, separation: conditions.moonSeparation,
      illuminated: conditions.moonIlluminated)
  }
}
