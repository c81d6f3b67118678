import Units

extension Telescope {
  /// SHA-256 of everything a plan can depend on, as 64 hexadecimal digits.
  ///
  /// Names, notes and sources may change without it: two files with equal digests give equal plans.
  public var digest: String { SHA256.hexDigest(of: canonicalText) }

  /// One `key=value` per line in a fixed order; numbers as the shortest text that reads back the same.
  var canonicalText: String {
    var lines = ["vesper telescope 1"]
    func add(_ key: String, _ value: some CustomStringConvertible) { lines.append("\(key)=\(value)") }
    func list(_ values: [String]) -> String { values.map { "\($0.utf8.count):\($0)" }.joined() }
    add("id", list([id]))
    add("status", status.rawValue)
    add("automation", automation?.rawValue ?? "-")
    add("roles", roles.map(\.rawValue).sorted().joined(separator: ","))
    add("latitude", site.position.latitude.radians)
    add("longitude", site.position.longitude.radians)
    add("height", site.position.height.metres)
    for point in site.horizon?.points ?? [] {
      add("horizon", "\(point.azimuth.radians),\(point.altitude.radians)")
    }
    add("aperture", aperture.map { "\($0.metres)" } ?? "-")
    add("field", field.map(Self.canonical) ?? "-")
    add("filters", list(filters))
    if let depth {
      add("depth", "\(depth.magnitude.value),\(depth.exposure.seconds),\(list([depth.filter ?? ""]))")
    }
    add(
      "exposure",
      "\(exposure.typical.seconds),\(exposure.shortest.seconds),\(exposure.longest.seconds),"
        + list([exposure.filter ?? ""]))
    add("timing", "\(timing.readout.seconds),\(timing.slewRate.radiansPerSecond),\(timing.settle.seconds)")
    // Only where it stands: files without keep the digest they always had.
    if let change = timing.filterChange { add("filter change", change.seconds) }
    add("altitude", limits.minAltitude.radians)
    add("airmass", limits.maxAirmass)
    add("declination", "\(limits.minDeclination.radians),\(limits.maxDeclination.radians)")
    add("moon", limits.minMoonSeparation.radians)
    add("sun", limits.maxSunAltitude.radians)
    add("hour angle", limits.maxHourAngle.map { "\($0.radians)" } ?? "-")
    if let usage { add("usage", "\(usage.level.rawValue),\(usage.hoursPerNight.map { "\($0)" } ?? "-")") }
    if let allocation { add("allocation", Self.canonical(allocation)) }
    for exclusion in exclusions {
      add("exclusion", list([exclusion.rule]) + Self.canonical(exclusion.condition))
    }
    for closure in closures { add("closure", "\(closure.window.start.tai),\(closure.window.end.tai)") }
    for assumption in assumptions { add("assumed", list([assumption.key, assumption.value])) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func canonical(_ field: FieldOfView) -> String {
    switch field {
    case .rectangle(let width, let height, let rotation):
      return "rectangle,\(width.radians),\(height.radians),\(rotation.radians)"
    case .circle(let radius): return "circle,\(radius.radians)"
    case .polygons(let polygons):
      return "polygons"
        + polygons.map { ";" + $0.map { "\($0.east.radians),\($0.north.radians)" }.joined(separator: ",") }
        .joined()
    }
  }

  private static func canonical(_ a: Allocation) -> String {
    func text<T>(_ value: T?) -> String { value.map { "\($0)" } ?? "-" }
    let rule = a.tiling.map { rule in
      [
        text(rule.probability?.value), text(rule.mostProbable), text(rule.bestAirmass), text(rule.maxAirmass),
        text(rule.sites), text(rule.exposureCount), text(rule.exposure?.seconds),
      ].joined(separator: ",") + (rule.fieldsPerSite.map { ",\($0)" } ?? "")
    }
    return [
      text(a.hoursPerNight), text(a.hoursPerSemester), text(a.hoursPerEvent), text(a.fieldsPerNight),
      text(a.fieldsPerEvent), text(a.exposuresPerRequest), text(a.requests.map { "\($0.most)/\($0.days)" }),
      text(a.window.map { "\($0.start.tai)/\($0.end.tai)" }),
      a.sharedWith.map { "\($0.utf8.count):\($0)" }.joined(), text(rule),
    ].joined(separator: ";")
  }

  private static func canonical(_ condition: Exclusion.Condition?) -> String {
    switch condition {
    case nil: return "-"
    case .streams(let streams): return "streams" + streams.map { "\($0.utf8.count):\($0)" }.joined()
    case .brighterThan(let magnitude): return "brighter,\(magnitude.value)"
    case .requestedOutside(let from, let to): return "outside,\(from.seconds),\(to.seconds)"
    case .unless(let permission): return "unless,\(permission.rawValue)"
    }
  }
}
