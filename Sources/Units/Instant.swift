/// A moment: TAI nanoseconds since 2000-01-01T12:00:00 TAI. Exact, valid 292 years each way.
///
/// UTC exists only in parsing and printing (`Instant+UTC.swift`).
public struct Instant: Hashable, Comparable, Sendable {
  public let tai: Int64

  @inlinable public init(tai: Int64) { self.tai = tai }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.tai < b.tai }

  /// - Parameter seconds: finite, magnitude under 9.2e9; larger ones are clamped.
  @inlinable public func advanced(bySeconds seconds: Double) -> Instant {
    let ns = (seconds * 1e9).rounded()
    guard abs(ns) < 9.2e18 else { return Instant(tai: ns < 0 ? .min : .max) }
    let (sum, overflow) = tai.addingReportingOverflow(Int64(ns))
    return Instant(tai: overflow ? (ns < 0 ? .min : .max) : sum)
  }

  /// Seconds from `other` to here; negative when `other` is later.
  @inlinable public func seconds(since other: Instant) -> Double {
    let (difference, overflow) = tai.subtractingReportingOverflow(other.tai)
    return overflow ? (Double(tai) - Double(other.tai)) / 1e9 : Double(difference) / 1e9
  }

  @inlinable public static func + (a: Instant, b: Duration) -> Instant { a.advanced(bySeconds: b.seconds) }
  @inlinable public static func - (a: Instant, b: Duration) -> Instant { a.advanced(bySeconds: -b.seconds) }
  /// Exact up to 292 years; what is longer is cut to that.
  @inlinable public static func - (a: Instant, b: Instant) -> Duration {
    let (difference, overflow) = a.tai.subtractingReportingOverflow(b.tai)
    return .nanoseconds(overflow ? (a < b ? .min : .max) : difference)
  }

  /// Terrestrial Time as a two-part Julian date (day number, fraction), precise to a nanosecond.
  public var julianDateTT: (day: Double, fraction: Double) {
    let (sum, overflow) = tai.addingReportingOverflow(32_184_000_000)
    let ns = overflow ? tai : sum
    let days = ns.quotientFlooring(86_400_000_000_000)
    let remainder = ns % 86_400_000_000_000
    let rest = remainder < 0 ? remainder + 86_400_000_000_000 : remainder
    return (2_451_545.0 + Double(days), Double(rest) / 86_400e9)
  }
}

extension Duration {
  @inlinable public var seconds: Double {
    let (s, attoseconds) = components
    return Double(s) + Double(attoseconds) * 1e-18
  }
  @inlinable public static func hours(_ h: Double) -> Duration { .seconds(h * 3600) }
  @inlinable public static func minutes(_ m: Double) -> Duration { .seconds(m * 60) }
}

/// A half-open stretch of time, start <= end.
public struct TimeWindow: Hashable, Sendable {
  public let start: Instant
  public let end: Instant

  /// - Precondition: start <= end.
  public init(_ start: Instant, _ end: Instant) {
    precondition(start <= end, "a window that ends before it starts")
    self.start = start
    self.end = end
  }
  public var duration: Duration { end - start }
  public var isEmpty: Bool { start == end }
  public func contains(_ t: Instant) -> Bool { start <= t && t < end }

  /// The common part, or nil if they share no time.
  public func intersection(_ other: TimeWindow) -> TimeWindow? {
    let a = max(start, other.start)
    let b = min(end, other.end)
    return a < b ? TimeWindow(a, b) : nil
  }
}

extension Int64 {
  @usableFromInline func quotientFlooring(_ d: Int64) -> Int64 {
    let q = self / d
    return self % d < 0 ? q - 1 : q
  }
}
