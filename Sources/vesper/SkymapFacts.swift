import JSON
import Foundation
import Healpix
import Skymaps
import Units

/// What `vesper skymap info` says of a map.
struct SkymapFacts {
  private let map: Skymap
  private let regions: CredibleRegions
  private let posterior: DistancePosterior?
  private let area50: Double
  private let area90: Double
  private let volume90: Double?

  init(_ map: Skymap) {
    self.map = map
    regions = CredibleRegions(of: map)
    posterior = DistancePosterior(of: map)
    area50 = regions.area(at: Fraction(clamping: 0.5)).squareDegrees
    area90 = regions.area(at: Fraction(clamping: 0.9)).squareDegrees
    volume90 = posterior?.credibleVolume(at: Fraction(clamping: 0.9))?.cubicMegaparsecs
  }

  private var maxOrder: Int { Int(map.orders.max() ?? 0) }
  private var warnings: [String] {
    map.report.findings.map { "\($0.severity.rawValue) \($0.code): \($0.message)" }
  }

  var json: String {
    let fields: [(key: String, value: JSONValue)] = [
      ("kind", .string(map.report.kind.rawValue)), ("max_order", .integer(maxOrder)),
      ("cells", .integer(map.count)),
      ("area50_deg2", .number(area50)), ("area90_deg2", .number(area90)),
      (
        "peak",
        .object([
          ("ra_deg", .number(regions.peak.ra.degrees)), ("dec_deg", .number(regions.peak.dec.degrees)),
        ])
      ),
      ("distance_mean_mpc", .optional(posterior?.mean.megaparsecs)),
      ("distance_std_mpc", .optional(posterior?.standardDeviation.megaparsecs)),
      ("distance_missing_probability", .optional(posterior?.missingProbability.value)),
      ("volume90_mpc3", .optional(volume90)),
      ("t0", .text(map.header.eventTime?.iso8601(.milliseconds))),
      ("instruments", .strings(map.header.instruments)),
      ("sum_before_normalisation", .number(map.report.sumBeforeNormalisation)),
      ("warnings", .strings(warnings)),
    ]
    return JSONPrinter.text(.object(fields))
  }

  var text: String {
    func number(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
    var lines = [
      "layout       \(map.report.layout), \(map.count) cells, up to order \(maxOrder)",
      "area         50 % \(number(area50, 2)) deg2, 90 % \(number(area90, 2)) deg2",
      "peak         RA \(number(regions.peak.ra.degrees, 4)) Dec \(number(regions.peak.dec.degrees, 4)) deg ICRS"
        + "  (\(regions.peak.ra.hoursMinutesSeconds) \(regions.peak.dec.degreesMinutesSeconds))",
    ]
    if let posterior {
      let volume = volume90.map { ", 90 % volume \(number($0, 0)) Mpc3" } ?? ""
      lines.append(
        "distance     \(number(posterior.mean.megaparsecs, 1)) +/- \(number(posterior.standardDeviation.megaparsecs, 1)) Mpc"
          + volume
          + ", \(number(posterior.missingProbability.percent, 2)) % of the probability without distance")
    } else {
      lines.append("distance     none in this map")
    }
    lines.append("event time   \(map.header.eventTime?.iso8601(.milliseconds) ?? "not in this map")")
    lines.append(
      "instruments  \(map.header.instruments.isEmpty ? "not named" : map.header.instruments.joined(separator: ", "))"
    )
    lines.append("sum          \(map.report.sumBeforeNormalisation) before normalisation")
    lines += warnings.map { "\($0)" }
    return lines.joined(separator: "\n")
  }
}

/// What `vesper skymap at` says of a position.
struct PointFacts {
  private let position: Direction<ICRS>
  private let distance: Distance?
  private let density: Double
  private let searched: CredibleRegions.Searched?
  private let searchedVolume: DistancePosterior.Enclosed?
  private let conditional: ConditionalDistance?
  private let densityPerVolume: Double?

  init(_ map: Skymap, at position: Direction<ICRS>, distance: Distance?) {
    self.position = position
    self.distance = distance
    let posterior = DistancePosterior(of: map)
    density = map.cellIndex(at: position).map { map.density[$0] } ?? 0
    searched = CredibleRegions(of: map).searched(at: position)
    conditional = map.distance(at: position)
    searchedVolume = distance.flatMap { posterior?.searched(at: position, $0) }
    densityPerVolume = distance.flatMap { map.densityPerCubicMegaparsec(at: position, $0) }
  }

  private var fields: [(key: String, value: JSONValue)] {
    [
      ("ra_deg", .number(position.ra.degrees)), ("dec_deg", .number(position.dec.degrees)),
      ("distance_mpc", .optional(distance?.megaparsecs)), ("density_per_sr", .number(density)),
      ("density_per_deg2", .number(density * SolidAngle.squareDegrees(1).steradians)),
      ("searched_prob", .optional(searched?.probability.value)),
      ("searched_area_deg2", .optional(searched?.area.squareDegrees)),
      ("conditional_distance_mean_mpc", .optional(conditional?.mean.megaparsecs)),
      ("conditional_distance_std_mpc", .optional(conditional?.standardDeviation.megaparsecs)),
      (
        "conditional_distance_pdf_per_mpc",
        .optional(distance.flatMap { conditional?.densityPerMegaparsec(at: $0) })
      ),
      ("density_per_mpc3", .optional(densityPerVolume)),
      ("searched_prob_vol", .optional(searchedVolume?.probability.value)),
      ("searched_vol_mpc3", .optional(searchedVolume?.volume.cubicMegaparsecs)),
    ]
  }

  var json: String { JSONPrinter.text(.object(fields)) }
  var text: String {
    fields.map { name, value in
      name + String(repeating: " ", count: max(1, 34 - name.count)) + JSONPrinter.text(value)
    }
    .joined(separator: "\n")
  }
}
