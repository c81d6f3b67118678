/// A number in 0...1. A percentage can only enter as one.
public struct Fraction: Hashable, Sendable, Comparable {
  public let value: Double

  /// - Parameter value: in 0...1; nil otherwise (NaN included).
  @inlinable public init?(_ value: Double) {
    guard (0...1).contains(value) else { return nil }
    self.value = value
  }

  /// - Parameter percent: in 0...100; nil otherwise.
  @inlinable public init?(percent: Double) {
    guard (0...100).contains(percent) else { return nil }
    value = percent / 100
  }

  /// Brings rounding errors just outside 0...1 back in. NaN becomes 0.
  @inlinable public init(clamping value: Double) { self.value = value > 0 ? Swift.min(value, 1) : 0 }

  public static let zero = Fraction(clamping: 0)
  public static let one = Fraction(clamping: 1)
  @inlinable public var percent: Double { value * 100 }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A solid angle, stored in steradians.
public struct SolidAngle: Hashable, Sendable, Comparable {
  public let steradians: Double
  @inlinable public init(steradians: Double) { self.steradians = steradians }
  @inlinable public static func squareDegrees(_ v: Double) -> Self {
    .init(steradians: v * (.pi / 180) * (.pi / 180))
  }
  public static let sphere = SolidAngle(steradians: 4 * .pi)
  @inlinable public var squareDegrees: Double { steradians * (180 / .pi) * (180 / .pi) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.steradians < b.steradians }
  @inlinable public static func + (a: Self, b: Self) -> Self {
    .init(steradians: a.steradians + b.steradians)
  }
}

/// A length on the ground or of an instrument, stored in metres.
public struct Length: Hashable, Sendable, Comparable {
  public let metres: Double
  @inlinable public init(metres: Double) { self.metres = metres }
  @inlinable public static func metres(_ v: Double) -> Self { .init(metres: v) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.metres < b.metres }
}

/// A luminosity distance, stored in megaparsecs.
public struct Distance: Hashable, Sendable, Comparable {
  public let megaparsecs: Double
  @inlinable public init(megaparsecs: Double) { self.megaparsecs = megaparsecs }
  @inlinable public static func megaparsecs(_ v: Double) -> Self { .init(megaparsecs: v) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.megaparsecs < b.megaparsecs }
  @inlinable public static func / (a: Self, b: Self) -> Double { a.megaparsecs / b.megaparsecs }
}

/// A volume of space, stored in cubic megaparsecs.
public struct Volume: Hashable, Sendable, Comparable {
  public let cubicMegaparsecs: Double
  @inlinable public init(cubicMegaparsecs: Double) { self.cubicMegaparsecs = cubicMegaparsecs }
  @inlinable public static func cubicMegaparsecs(_ v: Double) -> Self { .init(cubicMegaparsecs: v) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.cubicMegaparsecs < b.cubicMegaparsecs }
}

/// A brightness in AB magnitudes unless a filter says otherwise; larger is fainter.
public struct Magnitude: Hashable, Sendable, Comparable {
  public let value: Double
  @inlinable public init(_ value: Double) { self.value = value }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// A place on Earth in WGS84 geodetic coordinates.
public struct GeodeticPosition: Hashable, Sendable {
  /// North positive, -90...90 degrees.
  public let latitude: Angle
  /// East positive, -180...180 degrees.
  public let longitude: Angle
  /// Above the ellipsoid or mean sea level: the difference (under 100 m) moves a direction by less
  /// than 0.1 arcsec for the Moon and nothing for stars.
  public let height: Length

  public init(latitude: Angle, longitude: Angle, height: Length) {
    self.latitude = latitude
    self.longitude = longitude
    self.height = height
  }
}
