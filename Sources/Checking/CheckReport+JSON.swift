import Foundation
import Units

extension CheckReport {
  public static let schema = "grandma.check/1"

  /// For machines: snake_case keys, units in names, sorted keys, no NaN (absent values are null), times
  /// in UTC. Ends with a line feed.
  public func json() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Cannot fail: the document holds finite numbers, strings and arrays of these alone.
    let data = (try? encoder.encode(ReportDocument(self))) ?? Data("{}".utf8)
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

/// Writes nil as null, so that every key is always there.
private struct Nullable<Value: Encodable>: Encodable {
  let value: Value?
  init(_ value: Value?) { self.value = value }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

private func finite(_ x: Double?) -> Nullable<Double> { Nullable(x.flatMap { $0.isFinite ? $0 : nil }) }
private func time(_ t: Instant?) -> Nullable<String> { Nullable(t?.iso8601(.milliseconds)) }

private struct ReportDocument: Encodable {
  var schema = CheckReport.schema
  var planID: Nullable<String>
  var eventID: Nullable<String>
  var clean: Bool
  var violationCount: Int
  var noteCount: Int
  var network: NetworkPart
  var telescopes: [TelescopePart]
  var findings: [FindingPart]

  enum CodingKeys: String, CodingKey {
    case schema, clean, network, telescopes, findings
    case planID = "plan_id"
    case eventID = "event_id"
    case violationCount = "violations"
    case noteCount = "notes"
  }

  init(_ report: CheckReport) {
    planID = Nullable(report.planID)
    eventID = Nullable(report.eventID)
    clean = report.isClean
    violationCount = report.violations.count
    noteCount = report.notes.count
    network = NetworkPart(report.network)
    telescopes = report.telescopes.map(TelescopePart.init)
    findings = report.findings.map(FindingPart.init)
  }
}

private struct NetworkPart: Encodable {
  var assignments: Int
  var exposures: Int
  var probability: Nullable<Double>
  var sumOverTelescopes: Nullable<Double>
  var areaDeg2: Double
  var margins: MarginsPart

  enum CodingKeys: String, CodingKey {
    case assignments, exposures, probability, margins
    case sumOverTelescopes = "sum_over_telescopes"
    case areaDeg2 = "area_deg2"
  }

  init(_ n: CheckReport.NetworkReport) {
    assignments = n.assignments
    exposures = n.exposures
    probability = finite(n.probability)
    sumOverTelescopes = finite(n.sumOverTelescopes)
    areaDeg2 = n.area.squareDegrees
    margins = MarginsPart(n.margins)
  }
}

private struct TelescopePart: Encodable {
  var name: String
  var assignments: Int
  var exposures: Int
  var openShutterS: Double
  var firstStart: Nullable<String>
  var lastEnd: Nullable<String>
  var probability: Nullable<Double>
  var added: Nullable<Double>
  var areaDeg2: Double
  var margins: MarginsPart

  enum CodingKeys: String, CodingKey {
    case name, assignments, exposures, probability, added, margins
    case openShutterS = "open_shutter_s"
    case firstStart = "first_start_utc"
    case lastEnd = "last_end_utc"
    case areaDeg2 = "area_deg2"
  }

  init(_ t: CheckReport.TelescopeReport) {
    name = t.name
    assignments = t.assignments
    exposures = t.exposures
    openShutterS = t.openShutter.seconds
    firstStart = time(t.firstStart)
    lastEnd = time(t.lastEnd)
    probability = finite(t.probability)
    added = finite(t.added)
    areaDeg2 = t.area.squareDegrees
    margins = MarginsPart(t.margins)
  }
}

private struct MarginsPart: Encodable {
  struct Part: Encodable {
    var room: Double
    var unit: String
    var telescope: String
    var row: Int
    var time: Nullable<String>
    enum CodingKeys: String, CodingKey {
      case room, unit, telescope, row
      case time = "time_utc"
    }
  }
  var altitude: Nullable<Part>
  var airmass: Nullable<Part>
  var sun: Nullable<Part>
  var moon: Nullable<Part>
  var gap: Nullable<Part>

  init(_ m: CheckReport.Margins) {
    func part(_ margin: CheckReport.Margin?) -> Nullable<Part> {
      Nullable(
        margin.map {
          Part(
            room: $0.room.value, unit: $0.room.unit.rawValue, telescope: $0.telescope, row: $0.row,
            time: Checking.time($0.time))
        })
    }
    altitude = part(m.altitude)
    airmass = part(m.airmass)
    sun = part(m.sun)
    moon = part(m.moon)
    gap = part(m.gap)
  }
}

private struct FindingPart: Encodable {
  var severity: String
  var rule: String
  var telescope: Nullable<String>
  var row: Nullable<Int>
  var tile: Nullable<String>
  var time: Nullable<String>
  var measured: Nullable<Double>
  var limit: Nullable<Double>
  var unit: Nullable<String>
  var message: String

  enum CodingKeys: String, CodingKey {
    case severity, rule, telescope, row, tile, measured, limit, unit, message
    case time = "time_utc"
  }

  init(_ f: Finding) {
    severity = f.severity.rawValue
    rule = f.rule.rawValue
    telescope = Nullable(f.telescope)
    row = Nullable(f.row)
    tile = Nullable(f.tile)
    time = Checking.time(f.time)
    measured = finite(f.measured?.value)
    limit = finite(f.limit?.value)
    unit = Nullable((f.measured ?? f.limit)?.unit.rawValue)
    message = f.message
  }
}
