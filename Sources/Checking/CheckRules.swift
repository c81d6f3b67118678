import Units

/// The orientation of the Earth at the time of the plan, from IERS Bulletin A or B.
///
/// One value serves a plan of a few days: UT1-UTC drifts by about 1 ms (0.015 arcsec) a day.
public struct EarthRotation: Sendable, Hashable {
  /// Within 0.9 s.
  public var ut1MinusUTC: Duration
  /// Coordinates of the celestial intermediate pole in the terrestrial frame, under 1 arcsec.
  public var polarX: Angle
  public var polarY: Angle

  public init(ut1MinusUTC: Duration, polarX: Angle = .zero, polarY: Angle = .zero) {
    self.ut1MinusUTC = ut1MinusUTC
    self.polarX = polarX
    self.polarY = polarY
  }

  /// No table at hand: directions are wrong by up to 0.004 deg, well inside `Slack.angle`.
  public static let unknown = EarthRotation(ut1MinusUTC: .zero)
}

/// How far past a limit an exposure may be before it counts. Each is smaller than what the
/// benchmark's judge allows (0.1 deg for the Sun and altitude, 0.3 deg for the Moon, 0.5 s).
public struct Slack: Sendable, Hashable {
  /// For altitudes, declination, hour angle and separations: an Earth orientation left out (0.004 deg)
  /// and annual aberration of one side only (0.0057 deg) together stay inside.
  public var angle: Angle
  /// For overlaps, gaps and windows: start times may have been written to 0.1 s.
  public var time: Duration

  public init(angle: Angle = .degrees(0.01), time: Duration = .milliseconds(200)) {
    self.angle = angle
    self.time = time
  }
}

/// Up to `note` a difference says nothing; past it, it is a note; past `violation`, a violation.
public struct Tolerance<Value: Sendable & Hashable>: Sendable, Hashable {
  public var note: Value
  public var violation: Value
  public init(note: Value, violation: Value) {
    self.note = note
    self.violation = violation
  }
}

/// How far a plan's claims may lie from what the checker finds.
public struct ClaimTolerances: Sendable, Hashable {
  /// Absolute. The checker's own coverage is good to 2e-4 (`FootprintRaster`).
  public var probability = Tolerance(note: 3e-4, violation: 1e-3)
  /// Absolute, between figures of the plan's own: they are written with ten decimals.
  public var bound = 1e-9
  /// Absolute: detection and coverage are integrals of their own, good to 1e-6 each.
  public var detection = 1e-5
  /// Relative.
  public var area = Tolerance(note: 3e-3, violation: 1e-2)
  /// Altitudes, hour angle, separations, azimuth as an arc. Left-out Earth orientation, aberration or
  /// refraction above 45 deg stay under the note; using degrees for hours or the wrong site does not.
  public var angle = Tolerance(note: Angle.degrees(0.03), violation: .degrees(0.1))
  /// Relative. 0.03 deg of altitude changes sec z by 0.1 % at airmass 2.5.
  public var airmass = Tolerance(note: 0.003, violation: 0.01)
  /// Edges of claimed dark windows, as altitude of the Sun.
  public var darkEdge = Tolerance(note: Angle.degrees(0.02), violation: .degrees(0.1))
  public init() {}
}
