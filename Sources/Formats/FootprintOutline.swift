import Observatories
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The outline of a field on the sky, for drawings and regions. What is counted as covered is decided
/// where tiles are made, not here.
public enum FootprintOutline {
  /// Corners of each part of a field, counter-clockwise seen with north up and east left; a circle
  /// becomes 24 corners. Great circles join the corners.
  ///
  /// - Parameter positionAngle: of the field's top, from north toward east; it takes the place of a
  ///   rectangle's own rotation.
  public static func corners(
    of field: FieldOfView, at center: Direction<ICRS>, positionAngle: Angle
  ) -> [[Direction<ICRS>]] {
    switch field {
    case .rectangle(let width, let height, _):
      let (x, y) = (tan(width.radians / 2), tan(height.radians / 2))
      return [deprojected([(x, y), (x, -y), (-x, -y), (-x, y)], center, positionAngle)]
    case .circle(let radius):
      // Sides of a regular polygon with the circle's area.
      let n = 24.0
      let scale = (2 * .pi / n / sin(2 * .pi / n)).squareRoot() * tan(min(radius.radians, 1.4))
      let offsets = (0..<Int(n)).map { i in
        (scale * sin(-2 * .pi * Double(i) / n), scale * cos(-2 * .pi * Double(i) / n))
      }
      return [deprojected(offsets, center, positionAngle)]
    case .polygons(let parts):
      return parts.map { part in
        deprojected(part.map { (tan($0.east.radians), tan($0.north.radians)) }, center, positionAngle)
      }
    }
  }

  static func corners(of instrument: PlanDocument.Instrument, at row: PlanDocument.Row) -> [[Direction<ICRS>]]
  {
    guard let field = instrument.field else { return [] }
    return corners(
      of: field, at: Direction(ra: .degrees(row.raDeg), dec: .degrees(row.decDeg)),
      positionAngle: .degrees(row.paDeg))
  }

  /// From gnomonic offsets (east, north; tangents) to the sky.
  private static func deprojected(
    _ offsets: [(east: Double, north: Double)], _ center: Direction<ICRS>, _ positionAngle: Angle
  ) -> [Direction<ICRS>] {
    let (sinRA, cosRA) = (sin(center.ra.radians), cos(center.ra.radians))
    let east = SIMD3(-sinRA, cosRA, 0)
    let north = cross(center.unit, east)
    let (s, c) = (sin(positionAngle.radians), cos(positionAngle.radians))
    return offsets.map { offset in
      let e = offset.east * c + offset.north * s
      let n = -offset.east * s + offset.north * c
      return Direction(normalizing: center.unit + e * east + n * north)
    }
  }
}

extension PlanDocument.Instrument {
  /// The field as the telescope type has it; nil when none is known or the document is inconsistent.
  public var field: FieldOfView? {
    switch shape {
    case nil: return nil
    case .square, .rectangle:
      guard let size = fovDeg, size.count == 2 else { return nil }
      return .rectangle(
        width: .degrees(size[0]), height: .degrees(size[1]), rotation: .degrees(rotationDeg ?? 0))
    case .circle: return radiusDeg.map { .circle(radius: .degrees($0)) }
    case .polygons:
      guard let parts = polygonsDeg, parts.allSatisfy({ $0.allSatisfy { $0.count == 2 } }) else { return nil }
      return .polygons(parts.map { $0.map { .init(east: .degrees($0[0]), north: .degrees($0[1])) } })
    }
  }
}
