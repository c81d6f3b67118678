import Units

/// An area on the sky that holds the source with a stated probability.
public enum ErrorRegion: Hashable, Sendable {
  /// - Parameters:
  ///   - radius: in (0, 180) degrees, of the circle that holds `containment`.
  case circle(center: Direction<ICRS>, radius: Angle, containment: Fraction)
  /// Semi-axes of the ellipse that holds `containment`, `semiMajor >= semiMinor`.
  /// - Parameters:
  ///   - positionAngle: of the major axis, from north toward east, [0, 180) degrees.
  case ellipse(
    center: Direction<ICRS>, semiMajor: Angle, semiMinor: Angle, positionAngle: Angle,
    containment: Fraction)
  /// Corners in order; uniform inside as far as the sender says.
  case polygon(corners: [Direction<ICRS>], containment: Fraction)

  public var containment: Fraction {
    switch self {
    case .circle(_, _, let c), .ellipse(_, _, _, _, let c), .polygon(_, let c): c
    }
  }

  /// The middle: of a polygon, the direction of the sum of its corners.
  public var center: Direction<ICRS> {
    switch self {
    case .circle(let center, _, _), .ellipse(let center, _, _, _, _): center
    case .polygon(let corners, _):
      Direction(normalizing: corners.reduce(SIMD3(repeating: 0)) { $0 + $1.unit })
    }
  }

  /// The circle's radius, the larger semi-axis, or the farthest corner from the middle.
  public var largestRadius: Angle {
    switch self {
    case .circle(_, let radius, _): radius
    case .ellipse(_, let a, _, _, _): a
    case .polygon(let corners, _):
      corners.map { $0.separation(from: center) }.max() ?? .zero
    }
  }
}

/// Where the source is, as one notice says it.
public enum Localization: Hashable, Sendable {
  /// Why a notice places its source nowhere.
  public enum Absence: String, Hashable, Sendable {
    /// The kind of notice never has one (alerts, light curves, retractions, heartbeats).
    case notGiven
    /// (0, 0), -1, 360, 999 and their like.
    case placeholder
    /// A position came without a usable error: see `Notice.statedPosition`.
    case noError
    /// The position or its error is outside any legal range.
    case invalid
    /// The position is where an instrument looked.
    case pointingDirection
    /// Several candidates instead of one place: see `Notice.candidates`.
    case candidateList
    /// A map is named, but not by an http or https address of a file.
    case unusableReference
  }

  case none(Absence)
  case region(ErrorRegion)
  /// A FITS sky map (perhaps gzipped), decoded from base64, as sent.
  case embeddedMap(bytes: [UInt8], region: ErrorRegion?)
  /// A FITS sky map at an http or https address. It may not exist yet: plan on the region first.
  case remoteMap(url: String, region: ErrorRegion?)

  public var region: ErrorRegion? {
    switch self {
    case .none: nil
    case .region(let region): region
    case .embeddedMap(_, let region), .remoteMap(_, let region): region
    }
  }

  public var isAbsent: Bool {
    if case .none = self { true } else { false }
  }

  /// The same with another region beside the map.
  func replacing(region: ErrorRegion) -> Localization {
    switch self {
    case .none, .region: .region(region)
    case .embeddedMap(let bytes, _): .embeddedMap(bytes: bytes, region: region)
    case .remoteMap(let url, _): .remoteMap(url: url, region: region)
    }
  }
}
