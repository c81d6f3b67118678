import Foundation
import SkymapFiles
import Skymaps
import Units

/// The notices of an invented merger of neutron stars, as LIGO, Virgo and KAGRA would send them: early warning,
/// preliminary, initial, update, retraction. Its name is that of a mock (MS...), and nothing of it is real.
public struct DrillSequence: Sendable {
  public struct Notice: Sendable {
    /// `early-warning`, `preliminary`, `initial`, `update` or `retraction`.
    public let name: String
    public let created: Instant
    public let bytes: [UInt8]
  }
  public let event: String
  public let time: Instant
  public let notices: [Notice]
  /// Whether every map asks for a plan of its own.
  let mapsDiffer: Bool

  /// - Parameters:
  ///   - time: when the invented stars merge.
  ///   - map: a sky map for all notices; nil makes ellipses opposite the Sun, which shrink from notice to
  ///     notice, so that telescopes of both hemispheres have something to do.
  public init(at time: Instant, map: [UInt8]? = nil) throws {
    event = Self.name(at: time)
    self.time = time
    mapsDiffer = map == nil
    let maps = try map.map { [$0, $0, $0] } ?? Self.maps(of: event, at: time)
    let (event, time) = (event, time)
    func notice(
      _ name: String, _ type: String, after delay: Duration, _ map: [UInt8]?, isRetraction: Bool = false
    ) -> Notice {
      Notice(
        name: name, created: time + delay,
        bytes: Self.text(event, type, time, created: time + delay, map, isRetraction: isRetraction))
    }
    notices = [
      notice("early-warning", "EARLYWARNING", after: .seconds(-20), nil),
      notice("preliminary", "PRELIMINARY", after: .minutes(2), maps[0]),
      notice("initial", "INITIAL", after: .minutes(12), maps[1]),
      notice("update", "UPDATE", after: .minutes(25), maps[2]),
      notice("retraction", "RETRACTION", after: .minutes(40), nil, isRetraction: true),
    ]
  }

  /// `MS` with the date and four letters that tell drills of one day apart.
  static func name(at time: Instant) -> String {
    let day = time.iso8601().filter(\.isNumber).dropFirst(2).prefix(6)
    let clock = time.iso8601().dropFirst(11).prefix(8).split(separator: ":").compactMap { Int($0) }
    var seconds = clock.reduce(0) { $0 * 60 + $1 }
    var letters = ""
    for _ in 0..<4 {
      letters = String(UnicodeScalar(UInt8(97 + seconds % 26))) + letters
      seconds /= 26
    }
    return "MS\(day)\(letters)"
  }

  private static func text(
    _ name: String, _ type: String, _ time: Instant, created: Instant, _ map: [UInt8]?, isRetraction: Bool
  ) -> [UInt8] {
    var event: [String: Any] = [
      "significant": true, "time": time.iso8601(.milliseconds), "far": 9.1e-14, "group": "CBC",
      "instruments": ["H1", "L1", "V1"], "pipeline": "gstlal", "search": "MDC",
      "properties": ["HasNS": 1.0, "HasRemnant": 0.98, "HasMassGap": 0.01],
      "classification": ["BNS": 0.96, "NSBH": 0.03, "BBH": 0.0, "Terrestrial": 0.01],
      "duration": NSNull(), "central_frequency": NSNull(),
    ]
    event["skymap"] = map.map { Data($0).base64EncodedString() } ?? NSNull()
    let notice: [String: Any] = [
      "alert_type": type, "time_created": created.iso8601(), "superevent_id": name,
      "urls": ["gracedb": "https://example.org/superevents/\(name)/view/"],
      "event": isRetraction ? NSNull() : event, "external_coinc": NSNull(),
    ]
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    // Everything above is JSON.
    let data = (try? JSONSerialization.data(withJSONObject: notice, options: options)) ?? Data()
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }

  // MARK: Maps

  private static func maps(of event: String, at time: Instant) throws -> [[UInt8]] {
    let center = antiSun(at: time)
    var list: [[UInt8]] = []
    for (long, short) in [(11.0, 4.5), (9.0, 3.5), (7.0, 3.0)] {
      var header = SkymapHeader()
      header.object = event
      header.eventTime = time
      header.creator = "vesper drill"
      header.instruments = ["H1", "L1", "V1"]
      let map = try Skymap(
        .ellipse(semiAxis: .degrees(long), acrossSemiAxis: .degrees(short), positionAngle: .degrees(35)),
        around: center, containing: Fraction(clamping: 0.9), header: header)
      list.append(try SkymapFile.write(map.atDistance(.megaparsecs(118), deviation: .megaparsecs(28))))
    }
    return list
  }

  /// To a degree: mean longitude and equation of the centre (Astronomical Almanac, "Low precision formulas for
  /// the Sun"), within 1950...2050.
  static func antiSun(at time: Instant) -> Direction<ICRS> {
    let n = time.mjdUTC - 51_544.5
    let degree = Double.pi / 180
    let g = (357.528 + 0.9856003 * n) * degree
    let longitude = (280.460 + 0.9856474 * n + 1.915 * sin(g) + 0.020 * sin(2 * g)) * degree
    let obliquity = 23.439 * degree
    return Direction(
      normalizing: SIMD3(
        -cos(longitude), -cos(obliquity) * sin(longitude), -sin(obliquity) * sin(longitude)))
  }
}

extension Skymap {
  /// The same with one distance for all directions.
  fileprivate func atDistance(_ mean: Distance, deviation: Distance) -> Skymap {
    let (mu, sigma) = (mean.megaparsecs, deviation.megaparsecs)
    func all(_ x: Double) -> ContiguousArray<Double> { ContiguousArray(repeating: x, count: count) }
    // Far from zero the integral of r^2 times the Gaussian is mu^2 + sigma^2 (Singer et al. 2016, ApJL 829, L15).
    let layer = DistanceLayer(mu: all(mu), sigma: all(sigma), norm: all(1 / (mu * mu + sigma * sigma)))
    var header = header
    header.distanceMean = mean
    header.distanceDeviation = deviation
    return Skymap(
      keys: keys, orders: orders, density: density, distance: layer, frame: frame, header: header,
      report: report)
  }
}
