#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An angle, stored in radians. Not reduced to any range unless a property says so.
public struct Angle: Hashable, Sendable {
  public let radians: Double

  @inlinable public init(radians: Double) { self.radians = radians }
  @inlinable public static func radians(_ value: Double) -> Self { .init(radians: value) }
  @inlinable public static func degrees(_ value: Double) -> Self { .init(radians: value * .pi / 180) }
  @inlinable public static func hours(_ value: Double) -> Self { .init(radians: value * .pi / 12) }
  @inlinable public static func arcminutes(_ value: Double) -> Self { .degrees(value / 60) }
  @inlinable public static func arcseconds(_ value: Double) -> Self { .degrees(value / 3600) }
  public static let zero = Angle(radians: 0)

  @inlinable public var degrees: Double { radians * 180 / .pi }
  @inlinable public var hours: Double { radians * 12 / .pi }
  @inlinable public var arcminutes: Double { degrees * 60 }
  @inlinable public var arcseconds: Double { degrees * 3600 }

  @inlinable public var sine: Double { sin(radians) }
  @inlinable public var cosine: Double { cos(radians) }

  /// The same direction in [0, 2 pi).
  @inlinable public var normalized: Angle {
    let turn = 2 * Double.pi
    let r = radians.truncatingRemainder(dividingBy: turn)
    let positive = r < 0 ? r + turn : r
    return Angle(radians: positive < turn ? positive : 0)
  }

  /// The same direction in [-pi, pi).
  @inlinable public var wrapped: Angle {
    Angle(radians: Angle(radians: radians + .pi).normalized.radians - .pi)
  }
}

extension Angle: Comparable {
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.radians < b.radians }
}

extension Angle {
  @inlinable public static func + (a: Self, b: Self) -> Self { .init(radians: a.radians + b.radians) }
  @inlinable public static func - (a: Self, b: Self) -> Self { .init(radians: a.radians - b.radians) }
  @inlinable public static prefix func - (a: Self) -> Self { .init(radians: -a.radians) }
  @inlinable public static func * (a: Self, k: Double) -> Self { .init(radians: a.radians * k) }
  @inlinable public static func * (k: Double, a: Self) -> Self { .init(radians: a.radians * k) }
  @inlinable public static func / (a: Self, k: Double) -> Self { .init(radians: a.radians / k) }
  @inlinable public static func / (a: Self, b: Self) -> Double { a.radians / b.radians }
}

/// An angular speed, in radians per second.
public struct AngularRate: Hashable, Sendable, Comparable {
  public let radiansPerSecond: Double
  @inlinable public init(radiansPerSecond: Double) { self.radiansPerSecond = radiansPerSecond }
  @inlinable public static func degreesPerSecond(_ v: Double) -> Self {
    .init(radiansPerSecond: v * .pi / 180)
  }
  @inlinable public var degreesPerSecond: Double { radiansPerSecond * 180 / .pi }
  @inlinable public static func < (a: Self, b: Self) -> Bool {
    a.radiansPerSecond < b.radiansPerSecond
  }
}
