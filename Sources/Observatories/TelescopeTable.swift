import JSON
import Units

/// What `vesper telescopes list` prints.
public enum TelescopeTable {
  /// An aligned table of all telescopes, those that cannot be used last, and a line of totals.
  public static func text(_ registry: Registry) -> String {
    let header = [
      "id", "site", "country", "lat", "lon", "aperture", "field", "usage", "automation", "assumed",
      "usable for",
    ]
    let rows = registry.telescopes.map(row)
    let missing = registry.notUsable.map { entry in
      [entry.id, "", entry.country ?? "", "", "", "", "", "", "", "", "nothing: \(entry.reason)"]
    }
    let numeric: Set = [3, 4, 5, 6, 9]
    return Text.table([header] + rows + missing, numeric: numeric) + "\n" + totals(registry)
  }

  private static func row(_ t: Telescope) -> [String] {
    [
      t.id, t.site.name, t.site.country, Text.fixed(t.site.position.latitude.degrees, 4),
      Text.fixed(t.site.position.longitude.degrees, 4),
      t.aperture.map { Text.fixed($0.metres, 2) + " m" } ?? "-",
      t.field.map(fieldText) ?? "-", t.usage?.level.rawValue ?? "-", t.automation?.rawValue ?? "-",
      "\(t.assumptions.count)", usable(t),
    ]
  }

  /// `tiling`, `point source`, `nothing: <reason>`; out of service it says why.
  static func usable(_ t: Telescope) -> String {
    let service = t.outOfService.map { ", but out of service: \($0)" } ?? ""
    switch t.usability {
    case .tiling: return "tiling" + service
    case .pointSource: return "point source" + service
    case .unusable(let reason): return "nothing: \(reason)"
    }
  }

  private static func totals(_ registry: Registry) -> String {
    let tiling = registry.telescopes.count { $0.usability == .tiling }
    let single = registry.telescopes.count { $0.usability == .pointSource }
    let resting = registry.telescopes.count { $0.outOfService != nil }
    let all = registry.telescopes.count + registry.notUsable.count
    return "\(all) telescopes: \(tiling) for tiling, \(single) for point sources only, "
      + "\(all - tiling - single) not usable; \(resting) of the usable ones are out of service\n"
  }

  /// `1.86 deg`, `0.158 x 0.146 deg`, `0.27 deg circle`, `6 parts, 6.8 x 10.2 deg`.
  static func fieldText(_ field: FieldOfView) -> String {
    let (width, height) = field.extent
    switch field {
    case .rectangle:
      return (width == height ? Text.degrees(width) : "\(Text.degrees(width)) x \(Text.degrees(height))")
        + " deg"
    case .circle: return "\(Text.degrees(width)) deg circle"
    case .polygons(let polygons):
      let parts = "\(polygons.count) part\(polygons.count == 1 ? "" : "s")"
      return "\(parts), \(Text.degrees(width)) x \(Text.degrees(height)) deg"
    }
  }

  /// The same as JSON: `{"telescopes": [...], "not_usable": [...]}`, each telescope as in
  /// `TelescopeSheet.json`.
  public static func json(_ registry: Registry) -> String {
    let missing = registry.notUsable.map { entry in
      JSONValue.object([
        ("id", .string(entry.id)), ("name", .string(entry.fullName)), ("aliases", .strings(entry.aliases)),
        ("country", .text(entry.country)), ("reason", .string(entry.reason)),
      ])
    }
    return JSONPrinter.text(
      .object([
        ("telescopes", .array(registry.telescopes.map(TelescopeSheet.record))),
        ("not_usable", .array(missing)),
      ]), .indented) + "\n"
  }
}
