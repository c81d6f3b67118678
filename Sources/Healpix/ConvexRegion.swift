import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One side of a plane: the unit vectors u with normal . u >= offset.
///
/// offset 0 is a hemisphere; normal = centre and offset = cos(radius) is a spherical cap.
public struct HalfSpace: Hashable, Sendable {
  /// Length 1.
  public let normal: SIMD3<Double>
  /// In -1...1.
  public let offset: Double
  @inlinable public init(normal: SIMD3<Double>, offset: Double) {
    self.normal = normal
    self.offset = offset
  }
  @inlinable public func value(_ u: SIMD3<Double>) -> Double { (normal * u).sum() - offset }
}

/// A convex piece of sky: an intersection of half-spaces. Convex polygons and caps are such.
///
/// `Frame` is the frame its vectors are in. The empty list is the whole sphere.
public struct ConvexRegion<Frame>: Hashable, Sendable {
  public let halfSpaces: [HalfSpace]
  /// A cap that contains the region.
  public let boundingCenter: Direction<Frame>
  public let boundingRadius: Angle
  /// Corners counter-clockwise seen from outside the sphere; empty for a cap.
  public let corners: [Direction<Frame>]

  /// A cap. - Parameter radius: 0...180 degrees.
  public init(center: Direction<Frame>, radius: Angle) {
    halfSpaces = [HalfSpace(normal: center.unit, offset: cos(radius.radians))]
    boundingCenter = center
    boundingRadius = radius
    corners = []
  }

  /// A convex polygon with great-circle sides, smaller than a hemisphere.
  ///
  /// Returns nil for fewer than three corners, a non-convex or clockwise order, or one too large.
  public init?(corners: [Direction<Frame>]) {
    guard corners.count >= 3 else { return nil }
    var sides: [HalfSpace] = []
    for i in corners.indices {
      // a x (b - a) rather than a x b: fields of arcseconds keep all their digits.
      let start = corners[i].unit
      let normal = cross(start, corners[(i + 1) % corners.count].unit - start)
      let length = (normal * normal).sum().squareRoot()
      guard length > 1e-12 else { return nil }
      sides.append(HalfSpace(normal: normal / length, offset: 0))
    }
    for side in sides {
      for corner in corners where side.value(corner.unit) < -1e-12 { return nil }
    }
    let sum = corners.reduce(SIMD3<Double>()) { $0 + $1.unit }
    guard (sum * sum).sum() > 1e-12 else { return nil }
    let center = Direction<Frame>(normalizing: sum)
    let radius = corners.map { center.separation(from: $0).radians }.max()!
    guard radius < .pi / 2 else { return nil }
    self.init(
      halfSpaces: sides, boundingCenter: center, boundingRadius: Angle(radians: radius), corners: corners)
  }

  private init(
    halfSpaces: [HalfSpace], boundingCenter: Direction<Frame>, boundingRadius: Angle,
    corners: [Direction<Frame>]
  ) {
    self.halfSpaces = halfSpaces
    self.boundingCenter = boundingCenter
    self.boundingRadius = boundingRadius
    self.corners = corners
  }

  public func contains(_ d: Direction<Frame>) -> Bool {
    halfSpaces.allSatisfy { $0.value(d.unit) >= 0 }
  }

  public func rotated<To>(by rotation: Rotation<Frame, To>) -> ConvexRegion<To> {
    .init(
      halfSpaces: halfSpaces.map { HalfSpace(normal: rotation($0.normal), offset: $0.offset) },
      boundingCenter: rotation(boundingCenter), boundingRadius: boundingRadius,
      corners: corners.map { rotation($0) })
  }

  /// The area: exact for caps and polygons (Girard).
  public var area: SolidAngle {
    guard corners.count >= 3 else {
      // 1 - cos without the cancellation of small caps.
      let s = sin(boundingRadius.radians / 2)
      return SolidAngle(steradians: 4 * .pi * s * s)
    }
    var excess = 0.0
    let first = corners[0].unit
    for i in 1..<(corners.count - 1) {
      let (b, c) = (corners[i].unit, corners[i + 1].unit)
      // Van Oosterom & Strackee 1983, IEEE Trans. Biomed. Eng. BME-30, 125.
      let triple = (first * cross(b - first, c - first)).sum()
      excess += 2 * atan2(triple, 1 + (first * b).sum() + (b * c).sum() + (c * first).sum())
    }
    return SolidAngle(steradians: excess)
  }
}

/// How a cell lies to a region.
public enum Overlap: Sendable { case inside, outside, partial }

extension ConvexRegion {
  /// Decides from the bounding cap of the cell alone: `.inside` and `.outside` are certain, `.partial`
  /// may be either.
  @inlinable
  public func overlap(center: SIMD3<Double>, sinRadius: Double, cosRadius: Double) -> Overlap {
    var result = Overlap.inside
    for side in halfSpaces {
      // The cap of angular radius r about c lies within {n.u >= o} iff angle(n, c) + r <= acos(o).
      let projection = (side.normal * center).sum()
      let perpendicular = max(0, 1 - projection * projection).squareRoot()
      let swing = perpendicular * sinRadius
      let nearest = projection * cosRadius + swing
      let farthest = projection * cosRadius - swing
      // When the cap holds the normal (or its opposite) itself, the extreme is 1 (or -1).
      if projection < cosRadius && nearest < side.offset { return .outside }
      if -projection >= cosRadius || farthest < side.offset { result = .partial }
    }
    return result
  }
}
