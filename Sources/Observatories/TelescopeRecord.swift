import JSON
import Units

extension TelescopeSheet {
  /// All values as one JSON object; keys carry their units, absent values are null.
  /// - Parameter file: the path of its file, or nil.
  public static func json(_ t: Telescope, file: String? = nil) -> String {
    guard case .object(let pairs) = record(t) else { return "null\n" }
    return JSONPrinter.text(.object(pairs + [("file", .text(file))]), .indented) + "\n"
  }

  /// What a list shows of each telescope as well.
  static func record(_ t: Telescope) -> JSONValue {
    .object(
      identity(t) + [("site", site(t))] + instrument(t)
        + [
          ("exposure", exposure(t)), ("timing", timing(t)), ("limits", limits(t)), ("usage", usage(t)),
          ("allocation", t.allocation.map(allocation) ?? .null),
          ("exclusions", .array(t.exclusions.map(exclusion))),
          ("closures", .array(t.closures.map(closure))),
          (
            "channel",
            t.channel.map { .object([("kind", .string($0.kind)), ("detail", .text($0.detail))]) } ?? .null
          ),
          ("assumed", .array(t.assumptions.map(assumption))),
          ("sources", map(t.provenance)), ("accepted", map(t.accepted)), ("notes", .text(t.notes)),
          ("digest", .string(t.digest)),
        ])
  }

  private static func identity(_ t: Telescope) -> [(key: String, value: JSONValue)] {
    let reason: String?
    let usable: String
    switch t.usability {
    case .tiling: (usable, reason) = ("tiling", nil)
    case .pointSource: (usable, reason) = ("point_source", nil)
    case .unusable(let why): (usable, reason) = ("nothing", why)
    }
    return [
      ("id", .string(t.id)), ("slug", .string(t.slug)), ("name", .string(t.fullName)),
      ("aliases", .strings(t.aliases)), ("group", .text(t.group)),
      ("roles", .strings(t.roles.map(\.rawValue).sorted())), ("status", .string(t.status.rawValue)),
      ("status_note", .text(t.statusNote)), ("automation", .text(t.automation?.rawValue)),
      ("usable_for", .string(usable)), ("unusable_because", .text(reason)),
      ("out_of_service", .text(t.outOfService)),
    ]
  }

  private static func site(_ t: Telescope) -> JSONValue {
    let mpc = t.site.mpc.map { mpc in
      JSONValue.object([
        ("code", .string(mpc.code)), ("lon_deg", degrees(mpc.longitude)),
        ("rho_cos_phi", .number(mpc.rhoCosPhi)),
        ("rho_sin_phi", .number(mpc.rhoSinPhi)),
        ("distance_m", .number(t.site.position.distance(to: mpc.geodetic).metres.rounded())),
      ])
    }
    let horizon = t.site.horizon?.points.map { JSONValue.array([degrees($0.azimuth), degrees($0.altitude)]) }
    return .object([
      ("name", .string(t.site.name)), ("country", .string(t.site.country)),
      ("setting", .string(t.site.setting.rawValue)), ("lat_deg", degrees(t.site.position.latitude)),
      ("lon_deg", degrees(t.site.position.longitude)),
      ("elevation_m", .number(t.site.position.height.metres)),
      ("time_zone", .text(t.site.timeZone)), ("mpc", mpc ?? .null),
      ("horizon_az_alt_deg", horizon.map(JSONValue.array) ?? .null),
    ])
  }

  private static func instrument(_ t: Telescope) -> [(key: String, value: JSONValue)] {
    let depth = t.depth.map { depth in
      JSONValue.object([
        ("mag", .number((depth.magnitude.value * 100).rounded() / 100)), ("filter", .text(depth.filter)),
        ("exposure_s", .number(depth.exposure.seconds)),
      ])
    }
    let detector = t.detector.map { JSONValue.array([.integer($0.widthPixels), .integer($0.heightPixels)]) }
    return [
      ("aperture_m", .optional(t.aperture?.metres)), ("field", t.field.map(field) ?? .null),
      ("pixel_scale_arcsec", .optional(t.pixelScale.map { rounded($0.arcseconds) })),
      ("detector_px", detector ?? .null),
      ("filters", .strings(t.filters)), ("depth", depth ?? .null), ("deepest", .text(t.deepest)),
    ]
  }

  private static func field(_ field: FieldOfView) -> JSONValue {
    let area = ("area_deg2", JSONValue.number(rounded(field.tangentPlaneArea.squareDegrees)))
    switch field {
    case .rectangle(let width, let height, let rotation):
      return .object([
        ("shape", .string("rectangle")), ("width_deg", degrees(width)), ("height_deg", degrees(height)),
        ("rotation_deg", degrees(rotation)), area,
      ])
    case .circle(let radius):
      return .object([("shape", .string("circle")), ("diameter_deg", degrees(radius * 2)), area])
    case .polygons(let polygons):
      let corners = polygons.map {
        JSONValue.array($0.map { .array([degrees($0.east), degrees($0.north)]) })
      }
      return .object([("shape", .string("polygons")), ("corners_deg", .array(corners)), area])
    }
  }

  private static func exposure(_ t: Telescope) -> JSONValue {
    .object([
      ("typical_s", .number(t.exposure.typical.seconds)),
      ("range_s", .array([.number(t.exposure.shortest.seconds), .number(t.exposure.longest.seconds)])),
      ("filter", .text(t.exposure.filter)),
    ])
  }

  private static func timing(_ t: Telescope) -> JSONValue {
    .object([
      ("readout_s", .number(t.timing.readout.seconds)),
      ("slew_deg_per_s", .number(rounded(t.timing.slewRate.degreesPerSecond))),
      ("settle_s", .number(t.timing.settle.seconds)),
      ("filter_change_s", .optional(t.timing.filterChange?.seconds)),
    ])
  }

  private static func limits(_ t: Telescope) -> JSONValue {
    .object([
      ("min_alt_deg", degrees(t.limits.minAltitude)), ("max_airmass", .number(t.limits.maxAirmass)),
      ("dec_deg", .array([degrees(t.limits.minDeclination), degrees(t.limits.maxDeclination)])),
      ("moon_sep_deg", degrees(t.limits.minMoonSeparation)),
      ("max_sun_alt_deg", degrees(t.limits.maxSunAltitude)),
      ("max_hour_angle_h", .optional(t.limits.maxHourAngle.map { rounded($0.hours) })),
    ])
  }

  private static func usage(_ t: Telescope) -> JSONValue {
    guard let usage = t.usage else { return .null }
    return .object([
      ("level", .string(usage.level.rawValue)), ("meaning", .string(usage.level.meaning)),
      ("budget", .text(usage.budget)), ("hours_per_night", .optional(usage.hoursPerNight)),
    ])
  }

  private static func exclusion(_ exclusion: Telescope.Exclusion) -> JSONValue {
    func time(_ d: Duration) -> JSONValue {
      let minutes = Int(d.seconds / 60)
      let (hour, minute) = (minutes / 60, minutes % 60)
      return .string("\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)")
    }
    var pairs: [(key: String, value: JSONValue)] = [
      ("rule", .string(exclusion.rule)), ("source", .text(exclusion.source)),
    ]
    switch exclusion.condition {
    case nil: break
    case .streams(let streams): pairs.append(("streams", .strings(streams)))
    case .brighterThan(let magnitude): pairs.append(("brighter_than_mag", .number(magnitude.value)))
    case .requestedOutside(let from, let to): pairs.append(("requests_utc", .array([time(from), time(to)])))
    case .unless(let permission): pairs.append(("unless", .string(permission.rawValue)))
    }
    return .object(pairs)
  }

  private static func allocation(_ a: Telescope.Allocation) -> JSONValue {
    let rule = a.tiling.map { rule in
      JSONValue.object([
        ("probability_percent", .optional(rule.probability.map { rounded($0.percent) })),
        ("most_probable", .optional(rule.mostProbable.map(Double.init))),
        ("best_airmass", .optional(rule.bestAirmass.map(Double.init))),
        ("max_airmass", .optional(rule.maxAirmass)),
        ("sites", .optional(rule.sites.map(Double.init))),
        ("fields_per_site", .optional(rule.fieldsPerSite.map(Double.init))),
        ("exposures", .optional(rule.exposureCount.map(Double.init))),
        ("exposure_s", .optional(rule.exposure?.seconds)),
      ])
    }
    let requests = a.requests.map {
      JSONValue.object([("most", .integer($0.most)), ("days", .integer($0.days))])
    }
    return .object([
      ("hours_per_night", .optional(a.hoursPerNight)), ("hours_per_semester", .optional(a.hoursPerSemester)),
      ("hours_per_event", .optional(a.hoursPerEvent)),
      ("fields_per_night", .optional(a.fieldsPerNight.map(Double.init))),
      ("fields_per_event", .optional(a.fieldsPerEvent.map(Double.init))),
      ("exposures_per_request", .optional(a.exposuresPerRequest.map(Double.init))),
      ("requests", requests ?? .null),
      ("from", .text(a.window?.start.iso8601())), ("to", .text(a.window?.end.iso8601())),
      ("shared_with", .strings(a.sharedWith)), ("tiling", rule ?? .null), ("source", .text(a.source)),
    ])
  }

  private static func closure(_ closure: Telescope.Closure) -> JSONValue {
    .object([
      ("from", .string(closure.window.start.iso8601())), ("to", .string(closure.window.end.iso8601())),
      ("reason", .string(closure.reason)),
    ])
  }

  private static func assumption(_ assumption: Telescope.Assumption) -> JSONValue {
    .object([
      ("key", .string(assumption.key)), ("value", .string(assumption.value)),
      ("basis", .string(assumption.basis)),
    ])
  }

  private static func map(_ dictionary: [String: String]) -> JSONValue {
    .object(dictionary.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
  }

  private static func degrees(_ angle: Angle) -> JSONValue { .number(rounded(angle.degrees)) }
  /// Takes away what the way through radians added.
  private static func rounded(_ value: Double) -> Double { (value * 1e9).rounded() / 1e9 }
}
