import Foundation
import Observatories
import Skymaps
import Units

@testable import Checking

/// A sound plan of two telescopes as `plan.json`, to be spoilt one fault at a time.
///
/// 2023-05-19, near new moon: around 04:40 UTC the zenith of the first telescope and around 20:18 UTC the
/// day before that of the second lie at right ascension 236 deg. The map is one density over a disc
/// around there, so a tile inside it holds its area over that of the disc.
struct Scenario {
  typealias JSON = [String: Any]

  var chile = makeTelescope(
    "TAROT/TCH", latitude: -29.2608, longitude: -70.7322, height: 2347, side: 1.9, declinations: -90...30)
  var reunion = makeTelescope(
    "TRE", latitude: -21.201387, longitude: 55.407463, height: 970, side: 4.2, readout: 10, minAltitude: 20,
    declinations: -90...40)
  var checker = PlanChecker(earth: .init(ut1MinusUTC: .milliseconds(-46)), mapDigest: Self.digest)
  var document: JSON
  let map = Self.sharedMap

  static let digest = String(repeating: "0123456789abcdef", count: 4)
  static let center = icrs(236, -27)
  static let sharedMap = discMap(center, radius: .degrees(14))
  static let mapArea = Double(sharedMap.count) * .pi / 3 / 4096

  init() {
    document = [:]
    // North to south along one meridian, then along one parallel: 2 deg apart, so disjoint.
    let first = [(236.0, -33.0), (236, -31), (236, -29), (238.4, -29), (240.8, -29)]
    let second = [(236.0, -24.0), (236, -19.5)]
    let tile = boxArea(width: .degrees(1.9), height: .degrees(1.9)) / Self.mapArea
    let wide = boxArea(width: .degrees(4.2), height: .degrees(4.2)) / Self.mapArea
    let plans = [
      plan(chile, first, from: "2023-05-19T04:36:00.000Z", every: 70, tile: tile),
      plan(reunion, second, from: "2023-05-18T20:15:00.000Z", every: 90, tile: wide),
    ]
    document = [
      "schema": "grandma.network-plan/1", "plan_id": "S230518h-r1-0123abcd", "revision": 1, "status": "GO",
      "made": "2023-05-18T14:00:00.000Z",
      "window": ["2023-05-18T14:00:00.000Z", "2023-05-19T14:00:00.000Z"],
      "event": ["id": "S230518h", "t0": "2023-05-18T12:59:08.167Z"],
      "network": [
        "probability": 5 * tile + 2 * wide, "assignments": 7,
        "area_deg2": (5 * tile + 2 * wide) * Self.mapArea * pow(180 / .pi, 2),
      ],
      "inputs": ["map_sha256": Self.digest, "software": "test"], "omissions": [Any](), "plans": plans,
      "a member of a later version": true,
    ]
  }

  private func plan(
    _ telescope: Telescope, _ centers: [(Double, Double)], from start: String, every seconds: Double,
    tile: Double
  ) -> JSON {
    let site = telescope.site.position
    var rows: [JSON] = []
    for (i, center) in centers.enumerated() {
      let start = utc(start).advanced(bySeconds: Double(i) * seconds)
      rows.append(
        row(i, icrs(center.0, center.1), start, telescope, tile, cumulative: tile * Double(i + 1)))
    }
    let dark =
      telescope.id == "TRE"
      ? ["2023-05-18T14:50:00.000Z", "2023-05-19T01:30:00.000Z"]
      : ["2023-05-18T23:20:00.000Z", "2023-05-19T10:00:00.000Z"]
    let total = tile * Double(centers.count)
    return [
      "schema": "grandma.plan/1", "plan_id": "S230518h-r1-\(telescope.slug)-0123abcd", "status": "GO",
      "event": ["id": "S230518h"], "sha256": Self.digest, "valid": dark, "dark_windows": [dark],
      "telescope": [
        "name": telescope.id, "slug": telescope.slug, "lat_deg": site.latitude.degrees,
        "lon_deg": site.longitude.degrees,
      ],
      "timing": ["readout_s": telescope.timing.readout.seconds, "slew_deg_per_s": 20.0, "settle_s": 0.0],
      "limits": ["max_airmass": 2.5, "moon_sep_deg": 30.0, "sun_alt_deg": -12.0],
      "totals": ["prob": total, "added": total, "tiles": centers.count], "rows": rows,
    ]
  }

  private func row(
    _ i: Int, _ center: Direction<ICRS>, _ start: Instant, _ telescope: Telescope, _ tile: Double,
    cumulative: Double
  ) -> JSON {
    let middle = start.advanced(bySeconds: 30)
    guard var sky = try? ObserverSky(from: telescope.site.position, at: middle, earth: .unknown) else {
      preconditionFailure("no ephemeris for a time in 2023")
    }
    let place = sky.place(of: center)
    return [
      "rank": i + 1, "field_id": "F\(i + 1)", "tile_key": "\(telescope.slug):\(i)", "pa_deg": 0.0,
      "ra_deg": center.ra.degrees, "dec_deg": center.dec.degrees, "nexp": 1, "exptime_s": 60.0,
      "start_utc": start.iso8601(.milliseconds),
      "end_utc": start.advanced(bySeconds: 60).iso8601(.milliseconds),
      "latest_start_utc": start.advanced(bySeconds: 600).iso8601(.milliseconds), "filter": "R",
      "airmass": place.airmass, "alt_deg": place.altitude.degrees, "az_deg": place.azimuth.degrees,
      "ha_h": place.hourAngle.hours, "moon_sep_deg": place.moonSeparation.degrees,
      "moon_alt_deg": sky.moonAltitude.degrees, "sun_alt_deg": sky.sunAltitude.degrees, "prob": tile,
      "added": tile, "cum_prob": cumulative,
    ]
  }

  /// Sets, or with nil removes, a member by keys and indices: `["plans", 0, "rows", 1, "ra_deg"]`.
  mutating func set(_ path: [Any], _ value: Any?) {
    document = Self.setting(document, path[...], value) as? JSON ?? [:]
  }

  mutating func setRow(_ i: Int, of plan: Int = 0, _ key: String, _ value: Any?) {
    set(["plans", plan, "rows", i, key], value)
  }

  /// What the network claims to cover.
  var covered: Double { (document["network"] as? JSON)?["probability"] as? Double ?? .nan }

  func number(_ plan: Int, _ row: Int, _ key: String) -> Double {
    let plans = document["plans"] as? [JSON]
    let rows = plans?[plan]["rows"] as? [JSON]
    return rows?[row][key] as? Double ?? .nan
  }

  private static func setting(_ node: Any, _ path: ArraySlice<Any>, _ value: Any?) -> Any? {
    guard let key = path.first else { return value }
    if let key = key as? String {
      var object = node as? JSON ?? [:]
      object[key] = setting(object[key] ?? JSON(), path.dropFirst(), value)
      return object
    }
    guard let index = key as? Int, var array = node as? [Any] else { return node }
    array[index] = setting(array[index], path.dropFirst(), value) ?? NSNull()
    return array
  }

  func read() throws -> CheckedPlan {
    let data = try JSONSerialization.data(withJSONObject: document)
    return try CheckedPlan(json: data) { name in
      [chile, reunion].first { $0.id == name || $0.slug == name }
    }
  }

  func report() throws -> CheckReport { try checker.check(read(), on: map) }
}
