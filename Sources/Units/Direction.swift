#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// International Celestial Reference System, barycentric, at infinite distance.
public enum ICRS {}
/// IAU 1958 Galactic coordinates in their J2000 realisation.
public enum Galactic {}
/// Mean ecliptic and equinox of J2000.
public enum Ecliptic {}
/// Local horizon of one observer: x east, y north, z up.
public enum Horizontal {}

/// A unit vector; the frame is in the type.
public struct Direction<Frame>: Hashable, Sendable {
  public let unit: SIMD3<Double>

  /// - Parameter unit: must have length 1 (not checked: hot path).
  @inlinable public init(unit: SIMD3<Double>) { self.unit = unit }

  /// - Parameter vector: any length but zero.
  @inlinable public init(normalizing vector: SIMD3<Double>) {
    unit = vector / (vector * vector).sum().squareRoot()
  }

  /// - Parameters:
  ///   - longitude: from the x axis toward the y axis.
  ///   - latitude: from the xy plane toward z, -90...90 degrees.
  @inlinable public init(longitude: Angle, latitude: Angle) {
    let c = cos(latitude.radians)
    unit = SIMD3(c * cos(longitude.radians), c * sin(longitude.radians), sin(latitude.radians))
  }

  /// In [0, 2 pi); 0 at the poles.
  @inlinable public var longitude: Angle {
    unit.x == 0 && unit.y == 0 ? .zero : Angle(radians: atan2(unit.y, unit.x)).normalized
  }
  @inlinable public var latitude: Angle {
    Angle(radians: atan2(unit.z, (unit.x * unit.x + unit.y * unit.y).squareRoot()))
  }

  @inlinable public func dot(_ other: Self) -> Double { (unit * other.unit).sum() }

  /// The angle between two directions, accurate for small and for large ones.
  @inlinable public func separation(from other: Self) -> Angle {
    let c = cross(unit, other.unit)
    return Angle(radians: atan2((c * c).sum().squareRoot(), dot(other)))
  }
}

extension Direction where Frame == ICRS {
  @inlinable public init(ra: Angle, dec: Angle) { self.init(longitude: ra, latitude: dec) }
  @inlinable public var ra: Angle { longitude }
  @inlinable public var dec: Angle { latitude }
}

extension Direction where Frame == Horizontal {
  /// - Parameter azimuth: from north toward east.
  @inlinable public init(azimuth: Angle, altitude: Angle) {
    self.init(longitude: .radians(.pi / 2) - azimuth, latitude: altitude)
  }
  @inlinable public var altitude: Angle { latitude }
  /// From north toward east, [0, 2 pi).
  @inlinable public var azimuth: Angle { Angle(radians: atan2(unit.x, unit.y)).normalized }
}

@inlinable public func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// A proper rotation between two frames, as the rows of its matrix.
public struct Rotation<From, To>: Hashable, Sendable {
  public let rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

  @inlinable public init(rows x: SIMD3<Double>, _ y: SIMD3<Double>, _ z: SIMD3<Double>) {
    rows = (x, y, z)
  }
  @inlinable public static func == (a: Self, b: Self) -> Bool {
    a.rows.0 == b.rows.0 && a.rows.1 == b.rows.1 && a.rows.2 == b.rows.2
  }
  public func hash(into hasher: inout Hasher) {
    hasher.combine(rows.0)
    hasher.combine(rows.1)
    hasher.combine(rows.2)
  }
  @inlinable public func callAsFunction(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3((rows.0 * v).sum(), (rows.1 * v).sum(), (rows.2 * v).sum())
  }
  @inlinable public func callAsFunction(_ d: Direction<From>) -> Direction<To> {
    Direction(unit: self(d.unit))
  }
  @inlinable public var inverse: Rotation<To, From> {
    let (a, b, c) = rows
    return .init(rows: SIMD3(a.x, b.x, c.x), SIMD3(a.y, b.y, c.y), SIMD3(a.z, b.z, c.z))
  }
}

extension Rotation where From == ICRS, To == Galactic {
  /// ESA Hipparcos Catalogue vol. 1 (SP-1200, 1997), eq. 1.5.11; as in SOFA `iauIcrs2g`.
  public static let standard = Rotation(
    rows: SIMD3(
      -0.054875560416215368492398900454, -0.873437090234885048760383168409, -0.483835015548713226831774175116),
    SIMD3(
      +0.494109427875583673525222371358, -0.444829629960011178146614061616, +0.746982244497218890527388004556),
    SIMD3(
      -0.867666149019004701181616534570, -0.198076373431201528180486091412, +0.455983776175066922272100478348)
  )
}

extension Rotation where From == ICRS, To == Ecliptic {
  /// Mean obliquity of J2000, 84381.406 arcsec (IAU 2006); the frame bias (under 0.025 arcsec) is left out.
  public static let j2000: Rotation = {
    let e = Angle.arcseconds(84381.406).radians
    return Rotation(rows: SIMD3(1, 0, 0), SIMD3(0, cos(e), sin(e)), SIMD3(0, -sin(e), cos(e)))
  }()
}
