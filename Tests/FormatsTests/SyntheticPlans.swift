import Observatories
import Skymaps
import Units

@testable import Planning

/// Plans made by hand, without a scheduler: they only have to look like plans.
enum Synthetic {
  static func instant(_ text: String) -> Instant { Instant(iso8601: text)! }

  static func telescope(
    _ id: String, slug: String? = nil, latitude: Double = 43.75203, longitude: Double = 6.92353,
    field: FieldOfView? = .rectangle(width: .degrees(1.86), height: .degrees(1.86), rotation: .zero)
  ) -> Telescope {
    var site = Telescope.Site(
      name: "Plateau de Calern", country: "France",
      position: GeodeticPosition(
        latitude: .degrees(latitude), longitude: .degrees(longitude), height: .metres(1320)))
    site.timeZone = "Europe/Paris"
    var telescope = Telescope(
      id: id, slug: slug ?? String(id.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" }),
      fullName: "\(id) telescope",
      status: .operational, site: site,
      exposure: .init(typical: .seconds(120), shortest: .seconds(10), longest: .seconds(600), filter: "R"),
      timing: .init(readout: .seconds(5), slewRate: .degreesPerSecond(20), settle: .seconds(2)),
      limits: .init(minAltitude: .degrees(30), maxAirmass: 2))
    telescope.field = field
    telescope.filters = ["R", "i", "clear"]
    telescope.aperture = .metres(0.25)
    return telescope
  }

  static func assignment(
    rank: Int, fieldID: String? = nil, ra: Double, dec: Double, pa: Double = 0, start: Instant,
    exposure: Double = 120, count: Int = 1, readout: Double = 5, filter: String? = "R",
    probability: Double = 0.0034,
    added: Double = 0.0034, cumulative: Double = 0.0034
  ) -> Plan.Assignment {
    let length = Double(count) * exposure + Double(count - 1) * readout
    return Plan.Assignment(
      rank: rank, fieldID: fieldID ?? "\(rank + 54)", tileKey: "grid1-\(rank + 54)",
      center: Direction(ra: .degrees(ra), dec: .degrees(dec)), positionAngle: .degrees(pa), start: start,
      exposure: .seconds(exposure), exposureCount: count, end: start.advanced(bySeconds: length),
      latestStart: start.advanced(bySeconds: 3600), filter: filter,
      probability: Fraction(clamping: probability),
      added: Fraction(clamping: added), cumulative: Fraction(clamping: cumulative),
      conditions: Plan.Conditions(
        altitude: .degrees(58.2), azimuth: .degrees(121.5), hourAngle: .hours(-1.25), airmass: 1.1766,
        moonSeparation: .degrees(96.4), moonAltitude: .degrees(12), sunAltitude: .degrees(-33)))
  }

  static let made = instant("2026-11-21T02:58:12Z")
  static let window = TimeWindow(instant("2026-11-21T03:00:00Z"), instant("2026-11-22T03:00:00Z"))

  static func plan(
    _ telescopes: [Plan.TelescopePlan], status: Plan.Status = .go, omissions: [Plan.Omission] = [],
    window: TimeWindow = window, area90: Double = 460, peak: Direction<ICRS>? = nil,
    probability: Double? = nil
  ) -> Plan {
    let total = telescopes.reduce(0) { $0 + $1.added.value }
    return Plan(
      id: "S230518h-r4-3f9a1c02", status: status,
      event: .init(
        id: "S230518h", alert: "UPDATE", revision: 4, time: instant("2023-05-18T12:59:08.167Z"),
        classification: [("NSBH", 0.8643), ("BNS", 0.1), ("Terrestrial", 0.0357)]),
      made: made, window: window,
      map: .init(
        area50: .squareDegrees(123.4), area90: .squareDegrees(area90),
        peak: peak ?? Direction(ra: .degrees(221.3), dec: .degrees(23.8)), distanceMean: .megaparsecs(117.25),
        distanceDeviation: .megaparsecs(31), instruments: ["H1", "L1"],
        findings: [.init(.warning, "renormalised", "the probabilities summed to 0.98 and were divided by it")]
      ),
      telescopes: telescopes, omissions: omissions,
      network: .init(
        probability: Fraction(clamping: probability ?? total), area: .squareDegrees(6.9),
        assignmentCount: telescopes.reduce(0) { $0 + $1.assignments.count },
        reachable: Fraction(clamping: 0.62),
        upperBound: Fraction(clamping: max(0.008, 1.04 * total))),
      inputs: .init(
        mapDigest: "9c1e" + String(repeating: "0", count: 60),
        telescopeDigests: [
          "TAROT/TCA": String(repeating: "a", count: 64), "A B": String(repeating: "b", count: 64),
        ],
        earthOrientation: "IERS finals2000A 2026-11-20", softwareVersion: "0.1.0"))
  }

  static func part(
    _ telescope: Telescope, _ assignments: [Plan.Assignment], dark: [TimeWindow]? = nil, notes: [String] = []
  ) -> Plan.TelescopePlan {
    Plan.TelescopePlan(
      telescope: telescope,
      darkWindows: dark ?? [TimeWindow(instant("2026-11-21T03:05:00Z"), instant("2026-11-21T05:40:00Z"))],
      assignments: assignments,
      probability: Fraction(clamping: assignments.reduce(0) { $0 + $1.probability.value }),
      added: Fraction(clamping: assignments.reduce(0) { $0 + $1.added.value }), notes: notes)
  }

  /// The example of the format's specification.
  static var example: Plan {
    var tca = telescope("TAROT/TCA", slug: "tarot-tca-1a2b")
    tca.channel = .init(kind: "slack", detail: "#observations")
    tca.assumptions = [.init(key: "timing.readout_s", value: "20 s", basis: "class: automatic, 0.2 to 0.4 m")]
    let rows = [
      assignment(rank: 1, ra: 221.3382, dec: 23.8094, start: instant("2026-11-21T03:11:00Z")),
      assignment(
        rank: 2, fieldID: "G0002", ra: 197.44875, dec: -23.383889, start: instant("2026-11-21T03:14:30Z"),
        exposure: 60,
        count: 3, filter: "i", probability: 0.00295, added: 0.00295, cumulative: 0.00635),
    ]
    return plan([part(tca, rows, notes: ["readout assumed by class"])])
  }

  /// Hostile names, two nights, poles, the wrap of right ascension, odd fields, fractional seconds.
  static var awkward: Plan {
    let polygon: FieldOfView = .polygons([
      [(-1.0, -0.5), (-0.1, -0.5), (-0.1, 0.5), (-1.0, 0.5)].map {
        .init(east: .degrees($0.0), north: .degrees($0.1))
      },
      [(0.1, -0.5), (1.0, -0.5), (1.0, 0.5), (0.1, 0.5)].map {
        .init(east: .degrees($0.0), north: .degrees($0.1))
      },
    ])
    let late = instant("2026-11-21T23:59:59.600Z")
    let second = instant("2026-11-22T20:00:00.0004Z")
    let wide = TimeWindow(instant("2026-11-21T17:00:00Z"), instant("2026-11-23T17:00:00Z"))
    let nights = [
      TimeWindow(instant("2026-11-21T18:00:00Z"), instant("2026-11-22T04:00:00Z")),
      TimeWindow(instant("2026-11-22T18:00:00Z"), instant("2026-11-23T04:00:00Z")),
    ]
    var hat = telescope("Écla/té=\"1\", \u{4E2D}", slug: "ecla_te~77aa-2f", field: polygon)
    hat.limits.maxHourAngle = .hours(5)
    hat.site.horizon = HorizonMask([
      .init(azimuth: .degrees(0), altitude: .degrees(20)),
      .init(azimuth: .degrees(180), altitude: .degrees(35)),
    ])
    var point = telescope(
      "=cmd|' /C calc'!A0", slug: "cmd-c-calc-a0-0001", latitude: -75.1, longitude: 123.3, field: nil)
    point.site.name = "Dôme C — Concordia"
    return plan(
      [
        part(
          hat,
          [
            assignment(
              rank: 2, fieldID: "a long field id, with \"quotes\" and\nlines", ra: 359.99999999, dec: 89.9,
              pa: 33.25,
              start: late, exposure: 0.5, filter: "+clear", probability: 0.999996, added: 0.5,
              cumulative: 0.999999),
            assignment(
              rank: 1, fieldID: "", ra: 0, dec: -0.00001, start: second, exposure: 30.25, count: 4,
              filter: nil),
          ], dark: nights,
          notes: [
            "a note — with a dash, é and \u{4E2D}\u{6587}", String(repeating: "long words ", count: 20),
          ]),
        part(
          point, [assignment(rank: 1, fieldID: "-1+2", ra: 12.5, dec: -90, start: second, filter: "@R")],
          dark: nights),
        part(
          telescope("round", field: .circle(radius: .degrees(1.5))),
          [assignment(rank: 1, ra: 359.5, dec: 10, start: second)], dark: nights),
      ],
      omissions: [
        .init(
          telescopeID: "OAJ", slug: "oaj", code: "no_dark_time",
          reason: "no dark time: the Sun stays above -12 deg (lowest -4.1 deg at 14:05 UTC)")
      ], window: wide)
  }

  static var stopped: Plan {
    var plan = example
    plan.status = .stop
    return plan
  }

  static var empty: Plan {
    plan(
      [part(telescope("TAROT/TCA"), [], dark: [], notes: ["no dark time in the window"])],
      status: .wait,
      omissions: [
        .init(
          telescopeID: "A", slug: "a", code: "nothing_visible", reason: "the whole map stays below 30 deg"),
        .init(
          telescopeID: "B <script>", slug: "b", code: "nothing_visible",
          reason: "the whole map stays below 30 deg"),
      ])
  }
}
