import Units

extension TelescopeLinter {
  /// Heights above the ellipsoid (Minor Planet Center) and above the sea differ by the geoid, up to 50 m in
  /// most places; 100 m more forgive coarse site descriptions.
  static let elevationTolerance = 150.0
  /// One site: telescopes this close share their mountain, and their elevation within `elevationTolerance`.
  static let siteRadius = Length.metres(2000)
  /// Positions this close are one position: five decimals of a degree are 1 m.
  static let samePosition = Length.metres(10)

  static func position(_ t: Telescope) -> [Finding] {
    let here = t.site.position
    var findings: [Finding] = []
    if let mpc = t.site.mpc {
      findings += comparison(t, mpc)
    } else if !Countries.known(t.site.country) {
      findings.append(
        Finding(
          .warning, .unverifiedPosition, t.id, key: "site.country",
          "`\(t.site.country)` is not in the linter's list, so nothing checks the position",
          "give the code of the observatory under site.mpc"))
    }
    if Countries.known(t.site.country), !Countries.contains(t.site.country, here) {
      findings.append(outside(t))
    }
    return findings
  }

  private static func comparison(_ t: Telescope, _ mpc: Telescope.MPCPosition) -> [Finding] {
    let here = t.site.position
    let listed = mpc.geodetic
    let distance = here.distance(to: listed)
    let allowed = mpc.tolerance.metres + mpc.rounding.metres
    var findings: [Finding] = []
    if distance.metres > allowed {
      findings.append(misplaced(t, mpc, listed, distance))
    }
    let difference = here.height.metres - listed.height.metres
    if abs(difference) > elevationTolerance + mpc.rounding.metres {
      findings.append(
        Finding(
          .error, .elevation, t.id, key: "site.elevation_m",
          "\(Text.fixed(here.height.metres, 0)) m is \(Text.fixed(abs(difference), 0)) m "
            + "\(difference > 0 ? "above" : "below") the height of MPC \(mpc.code), "
            + "\(Text.fixed(listed.height.metres, 0)) m",
          "use the elevation of the dome"))
    }
    if mpc.tolerance.metres > 1000, distance.metres <= 1000 {
      findings.append(
        Finding(
          .warning, .mpcTolerance, t.id, key: "site.mpc.within_km",
          "the telescope is \(kilometres(distance)) km from MPC \(mpc.code) and needs no tolerance",
          "take within_km away"))
    }
    return findings
  }

  /// Too far from the listed position: names the mistake where the numbers give it away.
  private static func misplaced(
    _ t: Telescope, _ mpc: Telescope.MPCPosition, _ listed: GeodeticPosition, _ distance: Length
  ) -> Finding {
    let here = t.site.position
    let place = "\(degrees(listed.latitude)), \(degrees(listed.longitude)) (MPC \(mpc.code))"
    let use = "use \(place)"
    func near(_ latitude: Angle, _ longitude: Angle) -> Bool {
      abs(latitude.degrees) <= 90
        && GeodeticPosition(latitude: latitude, longitude: longitude, height: here.height)
          .distance(to: listed).metres < 20_000
    }
    let (latitude, longitude) = (here.latitude, here.longitude)
    if near(-latitude, longitude) {
      return Finding(
        .error, .hemisphere, t.id, key: "site.lat_deg",
        "the latitude has the wrong sign: \(kilometres(distance)) km from \(place)", use)
    }
    if near(latitude, -longitude) {
      return Finding(
        .error, .hemisphere, t.id, key: "site.lon_deg",
        "the longitude has the wrong sign (east is positive): \(kilometres(distance)) km from \(place)", use)
    }
    if near(longitude, latitude) {
      return Finding(
        .error, .swapped, t.id, key: "site.lat_deg",
        "latitude and longitude are exchanged: \(kilometres(distance)) km from \(place)", use)
    }
    return Finding(
      .error, .mpcDistance, t.id, key: "site.lat_deg",
      "\(degrees(latitude)), \(degrees(longitude)) is \(kilometres(distance)) km from \(place)", use)
  }

  /// Not in its country: names the mistake where the country gives it away.
  private static func outside(_ t: Telescope) -> Finding {
    let here = t.site.position
    let country = t.site.country
    func inside(_ latitude: Angle, _ longitude: Angle) -> Bool {
      abs(latitude.degrees) <= 90
        && Countries.contains(
          country, GeodeticPosition(latitude: latitude, longitude: longitude, height: here.height))
    }
    let place = "\(degrees(here.latitude)), \(degrees(here.longitude))"
    let check: Check
    let what: String
    if inside(-here.latitude, here.longitude) {
      (check, what) = (.hemisphere, "the latitude has the wrong sign")
    } else if inside(here.latitude, -here.longitude) {
      (check, what) = (.hemisphere, "the longitude has the wrong sign (east is positive)")
    } else if inside(here.longitude, here.latitude) {
      (check, what) = (.swapped, "latitude and longitude are exchanged")
    } else {
      (check, what) = (.country, "the position or the country is wrong")
    }
    return Finding(
      .error, check, t.id, key: "site.lat_deg", "\(place) is not in \(country): \(what)",
      "correct the position")
  }

  /// Positions and elevations as the other telescopes see them.
  static func neighbours(_ telescopes: [Telescope]) -> [Finding] {
    telescopes.flatMap { t in
      let others = telescopes.filter { $0.id != t.id }
      let near = others.filter { t.site.position.distance(to: $0.site.position) < siteRadius }
      return copied(t, near) + levelled(t, near) + displaced(t, others, near) + alone(t, near)
    }
  }

  /// The position of a telescope on another site.
  private static func copied(_ t: Telescope, _ near: [Telescope]) -> [Finding] {
    let twin = near.first {
      t.site.position.distance(to: $0.site.position) < samePosition && $0.site.name != t.site.name
    }
    return twin.map { twin in
      [
        Finding(
          .error, .copiedPosition, t.id, key: "site.lat_deg",
          "has the position of \(twin.id) at \(twin.site.name), \(twin.site.country), but stands at "
            + "\(t.site.name), \(t.site.country)",
          "give its own position, or one name to one site")
      ]
    } ?? []
  }

  /// A telescope without a code of its own is measured by its neighbours.
  private static func levelled(_ t: Telescope, _ near: [Telescope]) -> [Finding] {
    let height = t.site.position.height.metres
    guard t.site.mpc == nil,
      let judge = near.first(where: { abs($0.site.position.height.metres - height) > elevationTolerance })
    else { return [] }
    let distance = kilometres(t.site.position.distance(to: judge.site.position))
    return [
      Finding(
        .error, .elevation, t.id, key: "site.elevation_m",
        "\(Text.fixed(height, 0)) m, but \(judge.id) \(distance) km away stands at "
          + "\(Text.fixed(judge.site.position.height.metres, 0)) m",
        "use the elevation of the dome; correct whichever is wrong")
    ]
  }

  private static func alone(_ t: Telescope, _ near: [Telescope]) -> [Finding] {
    guard t.site.mpc == nil, near.isEmpty, Countries.known(t.site.country) else { return [] }
    return [
      Finding(
        .warning, .unverifiedPosition, t.id, key: "site.mpc",
        "no observatory code and no second telescope there confirm the position",
        "ask the team, or find the code in the Minor Planet Center list")
    ]
  }

  /// A telescope of the same site name, far away.
  private static func displaced(_ t: Telescope, _ others: [Telescope], _ near: [Telescope]) -> [Finding] {
    let here = t.site.position
    guard t.site.mpc == nil,
      let other = others.first(where: { $0.site.name == t.site.name && $0.site.country == t.site.country }),
      !near.contains(where: { $0.site.name == t.site.name })
    else { return [] }
    let there = other.site.position
    let swapped = GeodeticPosition(latitude: here.longitude, longitude: here.latitude, height: here.height)
    let isSwapped = abs(here.longitude.degrees) <= 90 && swapped.distance(to: there).metres < 20_000
    return [
      Finding(
        .error, isSwapped ? .swapped : .mpcDistance, t.id, key: "site.lat_deg",
        "is \(kilometres(here.distance(to: there))) km from \(other.id), which stands on the same site"
          + (isSwapped ? ": latitude and longitude are exchanged" : ""),
        "use \(degrees(there.latitude)), \(degrees(there.longitude)) or a position nearby")
    ]
  }

  static func degrees(_ angle: Angle) -> String { Text.fixed(angle.degrees, 4) }
  static func kilometres(_ length: Length) -> String {
    Text.fixed(length.metres / 1000, length.metres < 10_000 ? 1 : 0)
  }
}
