import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Telescope.Site {
  /// Stands in for a site that is missing: the file is refused with it.
  static let placeholder = Self(
    name: "", country: "", position: GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0)))

  init?(_ section: YAMLSection) {
    let latitude = section.requiredNumber("lat_deg", in: -90...90, unit: "degrees, north positive")
    let longitude = section.requiredNumber("lon_deg", in: -180...180, unit: "degrees, east positive")
    let elevation = section.requiredNumber("elevation_m", in: -430...6500, unit: "m above the sea")
    self.init(
      name: section.requiredText("name"), country: section.requiredText("country"),
      position: GeodeticPosition(
        latitude: .degrees(latitude), longitude: .degrees(longitude), height: .metres(elevation)),
      setting: section.requiredChoice("setting", Telescope.Setting.self) ?? .dark)
    timeZone = section.text("time_zone")
    mpc = section.section("mpc").map(Telescope.MPCPosition.init)
    if let points = section.tuples("horizon_az_alt_deg", count: 2, in: -10...360, unit: "degrees") {
      horizon = HorizonMask(points.map { .init(azimuth: .degrees($0[0]), altitude: .degrees($0[1])) })
      if horizon == nil || points.contains(where: { $0[0] < 0 || $0[1] > 90 }) {
        section.problem(
          "horizon_az_alt_deg", "is empty, repeats an azimuth or leaves 0...360 by -10...90",
          "write [azimuth, altitude] once per azimuth")
      }
    }
    section.finish()
  }
}

extension Telescope.MPCPosition {
  init(_ section: YAMLSection) {
    let code = section.requiredText("code")
    let longitude = section.requiredNumber("lon_deg", in: 0...360, unit: "degrees east, 0...360 as listed")
    let cosine = section.requiredNumber("rho_cos_phi", in: 0...1.01, unit: "Earth radii")
    let sine = section.requiredNumber("rho_sin_phi", in: -1.01...1.01, unit: "Earth radii")
    let within = section.number("within_km", in: 1...5, unit: "km") ?? 1
    let decimals = ["rho_cos_phi", "rho_sin_phi"].compactMap { key in
      section.spelling(key)?.split(separator: ".").dropFirst().first?.count
    }.max()
    let radius = (cosine * cosine + sine * sine).squareRoot()
    if section.log.isEmpty, !(0.99...1.01).contains(radius) {
      section.problem(
        "rho_cos_phi", "and rho_sin_phi are not on the Earth's surface", "copy both from the MPC list")
    }
    self.init(
      code: code, longitude: .degrees(longitude), rhoCosPhi: cosine, rhoSinPhi: sine, decimals: decimals ?? 0,
      tolerance: .metres(within * 1000))
    section.finish()
  }
}

extension FieldOfView {
  private enum Shape: String, CaseIterable { case square, rectangle, circle, polygons }

  init?(_ section: YAMLSection) {
    // Wider than any telescope: what is wrong below it is the linter's to say.
    let sides = 0.001...180.0
    func angle(_ key: String) -> Angle {
      .degrees(section.requiredNumber(key, in: sides, unit: "degrees, the full side"))
    }
    func rotation() -> Angle {
      .degrees(section.number("rotation_deg", in: -360...360, unit: "degrees") ?? 0)
    }
    defer { section.finish() }
    switch section.requiredChoice("shape", Shape.self) {
    case nil: return nil
    case .square:
      let side = angle("side_deg")
      self = .rectangle(width: side, height: side, rotation: rotation())
    case .rectangle:
      self = .rectangle(width: angle("width_deg"), height: angle("height_deg"), rotation: rotation())
    case .circle: self = .circle(radius: angle("diameter_deg") / 2)
    case .polygons:
      if !section.has("corners_deg") { section.missing("corners_deg", "write [[[east, north], ...], ...]") }
      guard let lists = section.tupleLists("corners_deg", count: 2, in: -45...45, unit: "degrees") else {
        return nil
      }
      let polygons = lists.map { $0.map { Offset(east: .degrees($0[0]), north: .degrees($0[1])) } }
      guard !polygons.isEmpty, polygons.allSatisfy(Self.isConvex) else {
        section.problem(
          "corners_deg", "has a polygon that is not convex, is flat or has fewer than 3 corners",
          "cut it into convex polygons and list the corners in order")
        return nil
      }
      // The documented order, whichever way the file goes round.
      self = .polygons(polygons.map { Self.signedArea($0) > 0 ? $0.reversed() : $0 })
    }
  }

  /// Every turn goes the same way, and the outline closes after one round.
  static func isConvex(_ corners: [Offset]) -> Bool {
    guard corners.count >= 3 else { return false }
    var turned = 0.0
    var way = 0.0
    for i in corners.indices {
      let (a, b, c) = (corners[i], corners[(i + 1) % corners.count], corners[(i + 2) % corners.count])
      let (ux, uy) = (b.east.radians - a.east.radians, b.north.radians - a.north.radians)
      let (vx, vy) = (c.east.radians - b.east.radians, c.north.radians - b.north.radians)
      let turn = ux * vy - uy * vx
      if way == 0 { way = turn }
      guard abs(turn) > 1e-12, way * turn > 0 else { return false }
      turned += atan2(turn, ux * vx + uy * vy)
    }
    // A star turns the same way everywhere but goes round twice.
    return abs(abs(turned) - 2 * .pi) < 1e-6
  }
}

extension Telescope.Timing {
  init(_ root: YAMLSection, _ assumer: Assumer) {
    let section = root.section("timing")
    let readout = section?.number("readout_s", in: 0...3600, unit: "s")
    // The upper bound only keeps the value finite in later arithmetic; the linter knows better.
    let slew = section?.number("slew_deg_per_s", in: 0.001...1000, unit: "deg/s")
    let settle = section?.number("settle_s", in: 0...3600, unit: "s")
    let filterChange = section?.number("filter_change_s", in: 0...3600, unit: "s")
    section?.finish()
    self.init(
      readout: assumer.seconds("timing.readout_s", readout, section, \.readout),
      slewRate: assumer.value(
        "timing.slew_deg_per_s", given: slew.map(AngularRate.degreesPerSecond),
        present: section?.has("slew_deg_per_s") ?? false, placeholder: .degreesPerSecond(1), \.slewRate,
        text: { Text.fixed($0.degreesPerSecond, 1) + " deg/s" }),
      settle: assumer.seconds("timing.settle_s", settle, section, \.settle),
      filterChange: filterChange.map(Duration.seconds))
  }
}

extension Assumer {
  func seconds(
    _ key: String, _ given: Double?, _ section: YAMLSection?, _ table: (AssumedValues) -> Duration
  ) -> Duration {
    value(
      key, given: given.map(Duration.seconds),
      present: section?.has(String(key.split(separator: ".")[1])) ?? false,
      placeholder: .seconds(1), table, text: { Text.number($0.seconds) + " s" })
  }

  func degrees(
    _ key: String, _ given: Double?, _ section: YAMLSection?, _ table: (AssumedValues) -> Angle
  ) -> Angle {
    value(
      key, given: given.map(Angle.degrees),
      present: section?.has(String(key.split(separator: ".")[1])) ?? false,
      placeholder: .zero, table, text: { Text.fixed($0.degrees, 0) + " deg" })
  }
}

extension Telescope.PointingLimits {
  init(_ root: YAMLSection, _ assumer: Assumer) {
    let section = root.section("limits")
    let altitude = section?.number("min_alt_deg", in: 0...89, unit: "degrees")
    let airmass = section?.number("max_airmass", in: 1...40, unit: "sec z")
    let moon = section?.number("moon_sep_deg", in: 0...180, unit: "degrees")
    let sun = section?.number("max_sun_alt_deg", in: -30...90, unit: "degrees")
    let declinations = section?.numbers("dec_deg", count: 2, in: -90...90, unit: "degrees")
    let hourAngle = section?.number("max_hour_angle_h", in: 0.1...12, unit: "hours")
    section?.finish()
    if let declinations, declinations[0] >= declinations[1] {
      section?.problem("dec_deg", "starts north of where it ends", "write [southern limit, northern limit]")
    }
    self.init(
      minAltitude: assumer.degrees("limits.min_alt_deg", altitude, section, \.minAltitude),
      maxAirmass: assumer.value(
        "limits.max_airmass", given: airmass, present: section?.has("max_airmass") ?? false, placeholder: 2,
        \.maxAirmass, text: { Text.fixed($0, 1) }),
      minDeclination: .degrees(declinations?[0] ?? -90), maxDeclination: .degrees(declinations?[1] ?? 90),
      minMoonSeparation: assumer.degrees("limits.moon_sep_deg", moon, section, \.minMoonSeparation),
      maxSunAltitude: assumer.degrees("limits.max_sun_alt_deg", sun, section, \.maxSunAltitude),
      maxHourAngle: hourAngle.map(Angle.hours))
  }
}

extension Telescope.ExposureSettings {
  init(_ root: YAMLSection, _ assumer: Assumer) {
    let section = root.section("exposure")
    let given = section?.number("typical_s", in: 0.001...86_400, unit: "s")
    let limits = section?.numbers("range_s", count: 2, in: 0.001...86_400, unit: "s")
    let filter = section?.text("filter")
    section?.finish()
    let typical = assumer.seconds("exposure.typical_s", given, section, \.typicalExposure)
    if let limits, limits[0] > limits[1] || !(limits[0]...limits[1]).contains(given ?? limits[0]) {
      section?.problem(
        "range_s", "does not hold typical_s or ends before it starts", "write [shortest, longest]")
    }
    let range = assumer.value(
      "exposure.range_s", given: limits.map { [$0[0], $0[1]] }, present: section?.has("range_s") ?? false,
      placeholder: [1, 1],
      { values in
        // The typical exposure of the telescope may lie outside the guide's range for its class.
        [
          min(values.exposureRange.lowerBound, typical).seconds,
          max(values.exposureRange.upperBound, typical).seconds,
        ]
      },
      text: { "\(Text.number($0[0]))-\(Text.number($0[1])) s" })
    self.init(typical: typical, shortest: .seconds(range[0]), longest: .seconds(range[1]), filter: filter)
  }
}

extension Telescope.Depth {
  static func read(_ root: YAMLSection, _ assumer: Assumer, typical: Duration) -> Telescope.Depth? {
    let section = root.section("depth")
    let given = section.map { section in
      let depth = Telescope.Depth(
        magnitude: Magnitude(section.requiredNumber("mag", in: 5...30, unit: "mag")),
        filter: section.text("filter"),
        exposure: .seconds(section.requiredNumber("exposure_s", in: 0.001...86_400, unit: "s, in total")))
      section.finish()
      return depth
    }
    return assumer.value(
      "depth", given: given, present: root.has("depth"),
      placeholder: .init(magnitude: Magnitude(0), filter: nil, exposure: .seconds(1)),
      { .init(magnitude: $0.depth(typical), filter: nil, exposure: typical) },
      text: { "\(Text.fixed($0.magnitude.value, 1)) mag in \(Text.number($0.exposure.seconds)) s" })
  }
}

extension Telescope.Usage {
  init?(_ section: YAMLSection) {
    let level = section.requiredChoice("level", Level.self)
    let budget = section.text("budget")
    let hours = section.number("hours_per_night", in: 0...24, unit: "hours")
    section.finish()
    guard let level else { return nil }
    self.init(level: level, budget: budget, hoursPerNight: hours)
  }
}

extension Telescope.Exclusion {
  init(_ section: YAMLSection) {
    self.init(rule: section.requiredText("rule"), source: section.text("source"))
    var conditions: [Condition] = []
    if let streams = section.texts("streams") { conditions.append(.streams(streams)) }
    if let magnitude = section.number("brighter_than_mag", in: 0...40, unit: "mag") {
      conditions.append(.brighterThan(Magnitude(magnitude)))
    }
    if let times = section.texts("requests_utc") {
      let seconds = times.compactMap(Self.secondOfDay)
      if times.count == 2, seconds.count == 2 {
        conditions.append(.requestedOutside(from: .seconds(seconds[0]), to: .seconds(seconds[1])))
      } else {
        section.problem(
          "requests_utc", "is not two times of day", "write [\"10:00\", \"04:00\"], quotes included")
      }
    }
    if let permission = section.choice("unless", Permission.self) { conditions.append(.unless(permission)) }
    if conditions.count > 1 {
      section.problem("rule", "has more than one condition", "write one entry for each")
    }
    condition = conditions.first
    section.finish()
  }

  private static func secondOfDay(_ text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { ("0"..."9").contains($0) } }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), (0...23).contains(hour), (0...59).contains(minute)
    else { return nil }
    return hour * 3600 + minute * 60
  }
}

extension Telescope.Closure {
  init?(_ section: YAMLSection) {
    func instant(_ key: String) -> Instant? {
      let text = section.requiredText(key)
      let instant = Instant(iso8601: text)
      if instant == nil, !text.isEmpty {
        section.problem(key, "`\(text)` is not a date", "write 2026-12-01 or 2026-12-01T18:00:00Z")
      }
      return instant
    }
    let (from, to) = (instant("from"), instant("to"))
    let reason = section.requiredText("reason")
    section.finish()
    guard let from, let to else { return nil }
    guard from < to else {
      section.problem("to", "is not after `from`", "exchange the two")
      return nil
    }
    self.init(window: TimeWindow(from, to), reason: reason)
  }
}

extension Telescope.Channel {
  init(_ section: YAMLSection) {
    self.init(kind: section.requiredText("kind"), detail: section.text("detail"))
    section.finish()
  }
}
