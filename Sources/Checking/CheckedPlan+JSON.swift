import Observatories
import Units

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension CheckedPlan {
  /// Reads `plan.json` of schema `grandma.network-plan/1` (the network) or `grandma.plan/1` (one
  /// telescope). Only what the rules need is read; members that are unknown are ignored, and absent ones
  /// are the rules' business unless a row cannot stand without them (`ra_deg`, `dec_deg`, `start_utc`,
  /// `exptime_s`).
  ///
  /// - Parameter resolve: the telescope of a name or slug, or nil.
  public init(
    json bytes: some Sequence<UInt8>, telescopes resolve: (String) -> Telescope?
  ) throws(CheckError) {
    let data = Data(bytes)
    guard !data.isEmpty else { throw .empty }
    let schema = try decode(SchemaOnly.self, data).schema
    switch schema {
    case Self.networkSchema: try self.init(network: decode(NetworkJSON.self, data), resolve)
    case Self.telescopeSchema: try self.init(telescope: decode(TelescopeJSON.self, data), resolve)
    default: throw .unknownSchema(schema)
    }
  }

  private init(network json: NetworkJSON, _ resolve: (String) -> Telescope?) throws(CheckError) {
    var entries: [Entry] = []
    for (i, plan) in (json.plans ?? []).enumerated() {
      entries.append(try plan.entry("plans[\(i)].", resolve))
    }
    self.init(source: .networkJSON, telescopes: entries)
    planID = json.planID
    status = json.status
    eventID = json.event?.id
    eventTime = try instant(json.event?.t0, "event.t0")
    made = try instant(json.made, "made")
    window = try json.window.map { w throws(CheckError) in try timeWindow(w, "window") }
    mapDigest = json.inputs?.mapSHA256
    claimedProbability = json.network?.probability
    claimedArea = json.network?.areaDeg2.map { .squareDegrees($0) }
    claimedCount = json.network?.assignments
    claimedBound = json.network?.upperBound
    claimedGap = json.network?.gap
    claimedDetection = json.network?.detection
    claimedDetectionBound = json.network?.detectionBound
    claimedDetectionGap = json.network?.detectionGap
  }

  private init(telescope json: TelescopeJSON, _ resolve: (String) -> Telescope?) throws(CheckError) {
    self.init(source: .telescopeJSON, telescopes: [try json.entry("", resolve)])
    planID = json.planID
    status = json.status
    eventID = json.event?.id
    eventTime = try instant(json.event?.t0, "event.t0")
    made = try instant(json.made, "made")
    window = try json.valid.map { w throws(CheckError) in try timeWindow(w, "valid") }
  }
}

private struct SchemaOnly: Decodable { var schema: String? }

private struct EventJSON: Decodable {
  var id: String?
  var t0: String?
}

private struct NetworkJSON: Decodable {
  struct Network: Decodable {
    var probability: Double?
    var areaDeg2: Double?
    var assignments: Int?
    var upperBound: Double?
    var gap: Double?
    var detection: Double?
    var detectionBound: Double?
    var detectionGap: Double?
    enum CodingKeys: String, CodingKey {
      case probability, assignments, gap, detection
      case detectionBound = "detection_bound"
      case detectionGap = "detection_gap"
      case upperBound = "upper_bound"
      case areaDeg2 = "area_deg2"
    }
  }
  struct Inputs: Decodable {
    var mapSHA256: String?
    enum CodingKeys: String, CodingKey { case mapSHA256 = "map_sha256" }
  }
  var planID: String?
  var status: String?
  var made: String?
  var window: [String]?
  var event: EventJSON?
  var network: Network?
  var inputs: Inputs?
  var plans: [TelescopeJSON]?
  enum CodingKeys: String, CodingKey {
    case status, made, window, event, network, inputs, plans
    case planID = "plan_id"
  }
}

private struct TelescopeJSON: Decodable {
  struct Site: Decodable {
    var name: String?
    var slug: String?
    var latDeg: Double?
    var lonDeg: Double?
    enum CodingKeys: String, CodingKey {
      case name, slug
      case latDeg = "lat_deg"
      case lonDeg = "lon_deg"
    }
  }
  struct Instrument: Decodable {
    var shape: String?
    var fovDeg: [Double]?
    enum CodingKeys: String, CodingKey {
      case shape
      case fovDeg = "fov_deg"
    }
  }
  struct Limits: Decodable {
    var minAltDeg: Double?
    var maxAirmass: Double?
    var moonSepDeg: Double?
    var sunAltDeg: Double?
    enum CodingKeys: String, CodingKey {
      case minAltDeg = "min_alt_deg"
      case maxAirmass = "max_airmass"
      case moonSepDeg = "moon_sep_deg"
      case sunAltDeg = "sun_alt_deg"
    }
  }
  struct Timing: Decodable {
    var readoutS: Double?
    var slewDegPerS: Double?
    var settleS: Double?
    var filterChangeS: Double?
    enum CodingKeys: String, CodingKey {
      case readoutS = "readout_s"
      case slewDegPerS = "slew_deg_per_s"
      case settleS = "settle_s"
      case filterChangeS = "filter_change_s"
    }
  }
  struct Totals: Decodable {
    var prob: Double?
    var added: Double?
    var tiles: Int?
  }
  var planID: String?
  var status: String?
  var made: String?
  var valid: [String]?
  var event: EventJSON?
  var telescope: Site?
  var instrument: Instrument?
  var limits: Limits?
  var timing: Timing?
  var darkWindows: [[String]]?
  var totals: Totals?
  var rows: [RowJSON]?
  var sha256: String?
  enum CodingKeys: String, CodingKey {
    case status, made, valid, event, telescope, instrument, limits, timing, totals, rows, sha256
    case planID = "plan_id"
    case darkWindows = "dark_windows"
  }

  func entry(
    _ path: String, _ resolve: (String) -> Telescope?
  ) throws(CheckError) -> CheckedPlan.Entry {
    let name = telescope?.name ?? telescope?.slug ?? "(unnamed)"
    var assignments: [CheckedPlan.Assignment] = []
    for (i, row) in (rows ?? []).enumerated() {
      assignments.append(try row.assignment(row: i + 1, "\(path)rows[\(i)]."))
    }
    var entry = CheckedPlan.Entry(
      name: name, telescope: resolve(name) ?? telescope?.slug.flatMap(resolve), assignments: assignments)
    entry.planID = planID
    entry.digest = sha256
    entry.status = status
    for (i, window) in (darkWindows ?? []).enumerated() {
      entry.darkWindows.append(try timeWindow(window, "\(path)dark_windows[\(i)]"))
    }
    entry.claimedProbability = totals?.prob
    entry.claimedAdded = totals?.added
    entry.claimedCount = totals?.tiles
    entry.settings = settings
    return entry
  }

  private var settings: CheckedPlan.Settings {
    var s = CheckedPlan.Settings()
    s.latitude = telescope?.latDeg.map { .degrees($0) }
    s.longitude = telescope?.lonDeg.map { .degrees($0) }
    if let fov = instrument?.fovDeg, fov.count == 2, instrument?.shape != "polygons" {
      s.field = [.degrees(fov[0]), .degrees(fov[1])]
    }
    s.minAltitude = limits?.minAltDeg.map { .degrees($0) }
    s.maxAirmass = limits?.maxAirmass
    s.moonSeparation = limits?.moonSepDeg.map { .degrees($0) }
    s.sunAltitude = limits?.sunAltDeg.map { .degrees($0) }
    s.readoutSeconds = timing?.readoutS
    s.slewDegreesPerSecond = timing?.slewDegPerS
    s.settleSeconds = timing?.settleS
    s.filterChangeSeconds = timing?.filterChangeS
    return s
  }
}

private struct RowJSON: Decodable {
  var fieldID: String?
  var tileKey: String?
  var filter: String?
  var raDeg: Double?
  var decDeg: Double?
  var paDeg: Double?
  var startUTC: String?
  var endUTC: String?
  var latestStartUTC: String?
  var exptimeS: Double?
  var nexp: Int?
  var airmass: Double?
  var altDeg: Double?
  var azDeg: Double?
  var haH: Double?
  var moonSepDeg: Double?
  var moonAltDeg: Double?
  var sunAltDeg: Double?
  var prob: Double?
  var added: Double?
  var cumProb: Double?

  enum CodingKeys: String, CodingKey {
    case filter, nexp, airmass, prob, added
    case fieldID = "field_id"
    case tileKey = "tile_key"
    case raDeg = "ra_deg"
    case decDeg = "dec_deg"
    case paDeg = "pa_deg"
    case startUTC = "start_utc"
    case endUTC = "end_utc"
    case latestStartUTC = "latest_start_utc"
    case exptimeS = "exptime_s"
    case altDeg = "alt_deg"
    case azDeg = "az_deg"
    case haH = "ha_h"
    case moonSepDeg = "moon_sep_deg"
    case moonAltDeg = "moon_alt_deg"
    case sunAltDeg = "sun_alt_deg"
    case cumProb = "cum_prob"
  }

  func assignment(row: Int, _ path: String) throws(CheckError) -> CheckedPlan.Assignment {
    let ra = try number(raDeg, path + "ra_deg", Limits.rightAscension)
    let dec = try number(decDeg, path + "dec_deg", Limits.declination)
    let exposure = try number(exptimeS, path + "exptime_s", Limits.seconds)
    guard let start = try instant(startUTC, path + "start_utc") else {
      throw .badValue(place: path + "start_utc", value: "(absent)")
    }
    var a = CheckedPlan.Assignment(
      row: row, center: Direction(ra: .degrees(ra), dec: .degrees(dec)), start: start,
      exposure: .seconds(exposure))
    a.fieldID = fieldID
    a.tileKey = tileKey
    a.filter = filter
    a.positionAngle = try paDeg.map { p throws(CheckError) in
      .degrees(try number(p, path + "pa_deg", Limits.rightAscension))
    }
    let count = nexp ?? 1
    guard Limits.count.contains(count) else { throw .badValue(place: path + "nexp", value: "\(count)") }
    a.exposureCount = count
    a.claims = try claims(path)
    return a
  }

  private func claims(_ path: String) throws(CheckError) -> CheckedPlan.Claims {
    var c = CheckedPlan.Claims()
    c.end = try instant(endUTC, path + "end_utc")
    c.latestStart = try instant(latestStartUTC, path + "latest_start_utc")
    c.probability = prob
    c.added = added
    c.cumulative = cumProb
    c.altitude = altDeg.map { .degrees($0) }
    c.azimuth = azDeg.map { .degrees($0) }
    c.hourAngle = haH.map { .hours($0) }
    c.airmass = airmass
    c.moonSeparation = moonSepDeg.map { .degrees($0) }
    c.moonAltitude = moonAltDeg.map { .degrees($0) }
    c.sunAltitude = sunAltDeg.map { .degrees($0) }
    return c
  }
}

private func number(
  _ value: Double?, _ place: String, _ allowed: ClosedRange<Double>
) throws(CheckError) -> Double {
  guard let value, allowed.contains(value) else {
    throw .badValue(place: place, value: value.map { "\($0)" } ?? "(absent)")
  }
  return value
}

private func instant(_ text: String?, _ place: String) throws(CheckError) -> Instant? {
  guard let text else { return nil }
  guard let t = Instant(iso8601: text) else { throw .badValue(place: place, value: text) }
  return t
}

private func timeWindow(_ edges: [String], _ place: String) throws(CheckError) -> TimeWindow {
  guard edges.count == 2, let start = try instant(edges[0], place), let end = try instant(edges[1], place)
  else { throw .badValue(place: place, value: edges.joined(separator: " ")) }
  guard start <= end else { throw .reversedWindow(place: place) }
  return TimeWindow(start, end)
}

private func decode<T: Decodable>(_ type: T.Type, _ data: Data) throws(CheckError) -> T {
  func path(_ keys: [any CodingKey]) -> String {
    let text = keys.reduce(into: "") { text, key in
      if let i = key.intValue {
        text += "[\(i)]"
      } else {
        text += (text.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return text.isEmpty ? "the top" : text
  }
  do {
    return try JSONDecoder().decode(type, from: data)
  } catch let error as DecodingError {
    switch error {
    case .typeMismatch(_, let c), .valueNotFound(_, let c), .dataCorrupted(let c), .keyNotFound(_, let c):
      throw .malformedJSON(path: path(c.codingPath), reason: c.debugDescription)
    @unknown default: throw .malformedJSON(path: "the top", reason: "\(error)")
    }
  } catch {
    throw .malformedJSON(path: "the top", reason: "\(error)")
  }
}
