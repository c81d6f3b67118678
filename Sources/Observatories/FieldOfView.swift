import Units

/// The shape of one exposure on the sky, north up unless `rotation` says otherwise.
///
/// Rectangles are gnomonic boxes about the pointing: full sides, not half-sides and not areas.
public enum FieldOfView: Sendable, Hashable {
  /// - rotation: position angle of the field's top, from north toward east.
  case rectangle(width: Angle, height: Angle, rotation: Angle)
  case circle(radius: Angle)
  /// One or more convex polygons; corners as gnomonic offsets (east, north) from the pointing,
  /// counter-clockwise as seen on the sky with east to the left.
  case polygons([[Offset]])

  public struct Offset: Sendable, Hashable {
    public let east: Angle
    public let north: Angle
    public init(east: Angle, north: Angle) {
      self.east = east
      self.north = north
    }
  }
}

extension FieldOfView {
  /// Full extent east-west and north-south before any rotation.
  public var extent: (width: Angle, height: Angle) {
    switch self {
    case .rectangle(let width, let height, _): return (width, height)
    case .circle(let radius): return (radius * 2, radius * 2)
    case .polygons(let polygons):
      let corners = polygons.joined()
      guard let first = corners.first else { return (.zero, .zero) }
      var (west, east, south, north) = (first.east, first.east, first.north, first.north)
      for corner in corners {
        west = min(west, corner.east)
        east = max(east, corner.east)
        south = min(south, corner.north)
        north = max(north, corner.north)
      }
      return (east - west, north - south)
    }
  }

  /// The longer side of the extent.
  public var longestSide: Angle { max(extent.width, extent.height) }

  /// The area in the tangent plane, exact to 1 % for fields under 10 degrees; overlaps count twice.
  public var tangentPlaneArea: SolidAngle {
    switch self {
    case .rectangle(let width, let height, _):
      return SolidAngle(steradians: width.radians * height.radians)
    case .circle(let radius): return SolidAngle(steradians: .pi * radius.radians * radius.radians)
    case .polygons(let polygons):
      return SolidAngle(steradians: polygons.reduce(0) { $0 + abs(Self.signedArea($1)) })
    }
  }

  /// Shoelace formula with east and north as axes: positive when east turns toward north.
  static func signedArea(_ corners: [Offset]) -> Double {
    var twice = 0.0
    for (i, a) in corners.enumerated() {
      let b = corners[(i + 1) % corners.count]
      twice += a.east.radians * b.north.radians - b.east.radians * a.north.radians
    }
    return twice / 2
  }
}
