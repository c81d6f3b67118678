import Units

/// One telescope as the scheduler sees it: time to give and the cost of moving.
public struct Resource: Sendable {
  /// When it may expose, disjoint and increasing.
  public var darkWindows: [TimeWindow]
  /// One visit from the first shutter opening to the last closing.
  public var visit: Duration
  /// Gap after a visit before the next may start, for a slew of the given angle.
  public var readout: Duration
  public var slewRate: AngularRate
  public var settle: Duration
  /// The slew to a neighbouring tile, which every slot has room for.
  public var usualSlew: Angle
  /// The most visits it may make in the plan; nil is no limit.
  public var mostVisits: Int?

  public init(
    darkWindows: [TimeWindow], visit: Duration, readout: Duration, slewRate: AngularRate, settle: Duration,
    usualSlew: Angle, mostVisits: Int? = nil
  ) {
    self.darkWindows = darkWindows
    self.visit = visit
    self.readout = readout
    self.slewRate = slewRate
    self.settle = settle
    self.usualSlew = usualSlew
    self.mostVisits = mostVisits
  }

  /// Seconds that must pass between two visits `angle` apart. Readout and slew run side by side.
  func gapSeconds(radians angle: Double) -> Double {
    let slew = angle > 1e-9 ? angle / slewRate.radiansPerSecond + settle.seconds : 0
    return max(readout.seconds, slew)
  }

  /// Start times one visit plus one usual gap apart, from the start of each dark window.
  public var slotStarts: [Instant] {
    let visitSeconds = visit.seconds
    let cadence = visitSeconds + gapSeconds(radians: usualSlew.radians)
    return darkWindows.flatMap { window -> [Instant] in
      let room = window.duration.seconds - visitSeconds
      guard room >= 0, cadence > 0 else { return [] }
      return (0...Int(room / cadence)).map { window.start.advanced(bySeconds: Double($0) * cadence) }
    }
  }
}

/// One pointing a resource may make.
public struct Candidate: Sendable {
  public var center: Direction<ICRS>
  /// When a visit may start so that every constraint holds until it ends; disjoint, increasing.
  public var startWindows: [TimeWindow]
  public var cover: SkyGrain.Cover

  public init(center: Direction<ICRS>, startWindows: [TimeWindow], cover: SkyGrain.Cover) {
    self.center = center
    self.startWindows = startWindows
    self.cover = cover
  }
}
