import Units

/// What `vesper telescopes show` prints: every value of one telescope, where it comes from, and what was
/// assumed.
public enum TelescopeSheet {
  /// - Parameter file: the path of its file, or nil.
  public static func text(_ t: Telescope, file: String? = nil) -> String {
    var rows = heading(t)
    rows += siteRows(t) + instrumentRows(t) + operationRows(t)
    let width = rows.map(\.label.count).max() ?? 0
    var lines = ["\(t.id): \(t.fullName)", ""]
    for row in rows {
      lines.append(
        Text.pad(row.label, width) + "  " + row.value + (row.remark.isEmpty ? "" : "  [\(row.remark)]"))
    }
    if !t.assumptions.isEmpty {
      lines += ["", "Assumed by class (\(t.assumptions[0].basis)), as no source gives them:"]
      let table = Text.table(t.assumptions.map { ["  " + $0.key, $0.value] })
      lines += table.split(separator: "\n").map(String.init)
    }
    if let notes = t.notes { lines += ["", notes] }
    lines += ["", "digest \(t.digest)"]
    if let file { lines.append("file   \(file)") }
    return lines.joined(separator: "\n") + "\n"
  }

  private struct Row {
    let label: String
    let value: String
    var remark = ""
  }

  private static func heading(_ t: Telescope) -> [Row] {
    var rows = [Row(label: "usable for", value: TelescopeTable.usable(t))]
    rows.append(Row(label: "status", value: t.status.rawValue + (t.statusNote.map { ": \($0)" } ?? "")))
    if !t.aliases.isEmpty { rows.append(Row(label: "also called", value: t.aliases.joined(separator: ", "))) }
    if let group = t.group { rows.append(Row(label: "group", value: group)) }
    if !t.roles.isEmpty {
      rows.append(Row(label: "roles", value: t.roles.map(\.rawValue).sorted().joined(separator: ", ")))
    }
    rows.append(Row(label: "slug", value: t.slug))
    return rows
  }

  private static func siteRows(_ t: Telescope) -> [Row] {
    let position = t.site.position
    let east = position.longitude.degrees
    let place =
      "\(Text.fixed(abs(position.latitude.degrees), 5)) \(position.latitude.degrees < 0 ? "S" : "N"), "
      + "\(Text.fixed(abs(east), 5)) \(east < 0 ? "W" : "E"), \(Text.fixed(position.height.metres, 0)) m"
    var rows = [
      Row(label: "site", value: "\(t.site.name), \(t.site.country) (\(t.site.setting.rawValue))"),
      Row(label: "position", value: place, remark: t.source(of: "site.lat_deg") ?? ""),
    ]
    if let mpc = t.site.mpc {
      let distance = position.distance(to: mpc.geodetic)
      rows.append(
        Row(label: "MPC code", value: "\(mpc.code), \(TelescopeLinter.kilometres(distance)) km away"))
    }
    if let zone = t.site.timeZone { rows.append(Row(label: "time zone", value: zone)) }
    if let horizon = t.site.horizon {
      let points = horizon.points.map {
        "\(Text.fixed($0.azimuth.degrees, 0)):\(Text.fixed($0.altitude.degrees, 0))"
      }
      rows.append(Row(label: "horizon", value: points.joined(separator: " ") + " (azimuth:altitude, deg)"))
    }
    return rows
  }

  /// Where a value comes from, or that it was assumed.
  private static func remark(_ key: String, _ t: Telescope) -> String {
    t.assumptions.contains { $0.key == key } ? "assumed" : t.source(of: key) ?? ""
  }

  private static func instrumentRows(_ t: Telescope) -> [Row] {
    func row(_ label: String, _ value: String, _ key: String) -> Row {
      Row(label: label, value: value, remark: remark(key, t))
    }
    var rows: [Row] = []
    if let aperture = t.aperture {
      rows.append(row("aperture", "\(Text.number(aperture.metres)) m", "aperture_m"))
    }
    if let field = t.field {
      let area = Text.fixed(field.tangentPlaneArea.squareDegrees, 3)
      rows.append(row("field", "\(TelescopeTable.fieldText(field)), \(area) deg2", "field"))
    } else {
      rows.append(Row(label: "field", value: "not known"))
    }
    if let scale = t.pixelScale {
      let arcseconds = Text.number((scale.arcseconds * 1e6).rounded() / 1e6)
      rows.append(row("pixel scale", "\(arcseconds) arcsec", "pixel_scale_arcsec"))
    }
    rows.append(
      row("filters", t.filters.isEmpty ? "not known" : t.filters.joined(separator: ", "), "filters"))
    if let depth = t.depth {
      let filter = depth.filter.map { " (\($0))" } ?? ""
      let limit = "\(Text.fixed(depth.magnitude.value, 1)) mag in \(Text.number(depth.exposure.seconds)) s"
      rows.append(row("depth", limit + filter, "depth"))
    }
    if let deepest = t.deepest { rows.append(row("deepest", deepest, "deepest")) }
    let seconds = [t.exposure.typical, t.exposure.shortest, t.exposure.longest].map {
      Text.number($0.seconds)
    }
    let filter = t.exposure.filter.map { ", \($0)" } ?? ""
    rows.append(
      row("exposure", "\(seconds[0]) s (\(seconds[1])-\(seconds[2]) s)" + filter, "exposure.typical_s"))
    return rows
  }

  private static func operationRows(_ t: Telescope) -> [Row] {
    limitRows(t) + requestRows(t)
  }

  private static func limitRows(_ t: Telescope) -> [Row] {
    func row(_ label: String, _ value: String, _ key: String) -> Row {
      Row(label: label, value: value, remark: remark(key, t))
    }
    let l = t.limits
    let declinations = "\(Text.degrees(l.minDeclination))...\(Text.degrees(l.maxDeclination)) deg"
    var rows = [
      row("readout", "\(Text.number(t.timing.readout.seconds)) s", "timing.readout_s"),
      row("slew", "\(Text.fixed(t.timing.slewRate.degreesPerSecond, 1)) deg/s", "timing.slew_deg_per_s"),
      row("settle", "\(Text.number(t.timing.settle.seconds)) s", "timing.settle_s"),
      row(
        "filter",
        "\(Text.number(t.filterChange.seconds)) s for a change"
          + (t.timing.filterChange == nil ? ", assumed" : ""), "timing.filter_change_s"),
      row("altitude", "above \(Text.degrees(l.minAltitude)) deg", "limits.min_alt_deg"),
      row("airmass", "up to \(Text.number(l.maxAirmass))", "limits.max_airmass"),
      row("declination", declinations, "limits.dec_deg"),
      row("Moon", "\(Text.degrees(l.minMoonSeparation)) deg away", "limits.moon_sep_deg"),
      row("Sun", "below \(Text.degrees(l.maxSunAltitude)) deg", "limits.max_sun_alt_deg"),
    ]
    if let hourAngle = l.maxHourAngle {
      rows.append(row("hour angle", "within \(Text.fixed(hourAngle.hours, 1)) h", "limits.max_hour_angle_h"))
    }
    return rows
  }

  private static func allocationRows(_ t: Telescope) -> [Row] {
    guard let a = t.allocation else { return [] }
    var parts: [String] = []
    func hours(_ value: Double?, _ span: String) {
      if let value { parts.append("\(Text.number(value)) h \(span)") }
    }
    hours(a.hoursPerNight, "a night")
    hours(a.hoursPerSemester, "a semester")
    hours(a.hoursPerEvent, "an event")
    if let count = a.fieldsPerNight { parts.append("\(count) fields a night") }
    if let count = a.fieldsPerEvent { parts.append("\(count) fields an event") }
    if let count = a.exposuresPerRequest { parts.append("\(count) exposures a request") }
    if let budget = a.requests { parts.append("\(budget.most) requests in \(budget.days) days") }
    if let window = a.window {
      parts.append("\(window.start.iso8601().prefix(10)) to \(window.end.iso8601().prefix(10))")
    }
    if !a.sharedWith.isEmpty { parts.append("shared with \(a.sharedWith.joined(separator: ", "))") }
    return [Row(label: "allocation", value: parts.joined(separator: "; "), remark: a.source ?? "")]
  }

  private static func requestRows(_ t: Telescope) -> [Row] {
    var rows: [Row] = []
    if let automation = t.automation { rows.append(Row(label: "automation", value: automation.rawValue)) }
    if let usage = t.usage {
      let level = usage.level == .special ? "" : usage.level.rawValue + ", "
      rows.append(Row(label: "usage", value: level + usage.level.meaning, remark: remark("usage", t)))
      if let budget = usage.budget { rows.append(Row(label: "budget", value: budget)) }
      if let hours = usage.hoursPerNight {
        rows.append(Row(label: "time", value: "\(Text.number(hours)) h a night"))
      }
    }
    rows += allocationRows(t)
    rows += t.exclusions.map { Row(label: "rule", value: $0.rule, remark: $0.source ?? "") }
    rows += t.closures.map { closure in
      let span = "\(closure.window.start.iso8601())/\(closure.window.end.iso8601())"
      return Row(label: "closed", value: "\(span): \(closure.reason)")
    }
    if let channel = t.channel {
      rows.append(Row(label: "channel", value: channel.kind + (channel.detail.map { ": \($0)" } ?? "")))
    }
    return rows
  }
}
