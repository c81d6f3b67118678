import Testing
import Units

@testable import Ephemerides

private struct RiseSetCase: Decodable {
  struct CrossingCase: Decodable {
    let utc: String
    let rising: Bool
  }
  let site: SiteCase
  let start: String
  let hours: Double
  let what: String
  let body: String?
  let raDeg: Double?
  let decDeg: Double?
  let altitudeDeg: Double?
  let crossings: [CrossingCase]?
  let transits: [String]?

  var subject: Body {
    switch body {
    case "sun": .sun
    case "moon": .moon
    default: .fixed(Direction(ra: .degrees(raDeg ?? 0), dec: .degrees(decDeg ?? 0)))
    }
  }
  var window: TimeWindow { TimeWindow(instant(start), instant(start) + .hours(hours)) }
}

@Suite struct RiseSetTests {
  private static let cases = OracleFile<RiseSetCase>.cases("astropy-rise-set")
  /// Required is 1 s. Ours: 0.01 s of root, 1 ms of rounding, 1.1 ms of UT1 and 3 mas of direction,
  /// stretched where the altitude changes slowly (polar sites, grazing culmination).
  static let seconds = 0.25

  @Test func crossingsMatchAstropy() throws {
    #expect(Self.cases.count == 56)
    var worst = 0.0
    for c in Self.cases {
      guard let expected = c.crossings, let altitude = c.altitudeDeg else { continue }
      let sky = try Ephemeris(covering: c.window)
      let got = try sky.crossings(
        of: c.subject, through: .degrees(altitude), from: Observer(c.site.position), in: c.window)
      #expect(got.map(\.isRising) == expected.map(\.rising), "\(c.site.name) \(c.start) \(c.what)")
      for (g, e) in zip(got, expected) {
        let off = abs(g.instant.seconds(since: instant(e.utc)))
        worst = max(worst, off)
        #expect(off < Self.seconds, "\(c.site.name) \(c.what) \(e.utc): \(off) s")
      }
    }
    print("crossings against astropy: worst \(worst) s")
  }

  @Test func transitsMatchAstropy() throws {
    var worst = 0.0
    var compared = 0
    for c in Self.cases {
      guard let expected = c.transits else { continue }
      let sky = try Ephemeris(covering: c.window)
      let got = try sky.transits(of: c.subject, from: Observer(c.site.position), in: c.window)
      #expect(got.count == expected.count, "\(c.site.name) \(c.start) \(c.what)")
      for (g, e) in zip(got, expected) {
        let off = abs(g.seconds(since: instant(e)))
        worst = max(worst, off)
        #expect(off < Self.seconds, "\(c.site.name) \(c.what) \(e): \(off) s")
        compared += 1
      }
    }
    #expect(compared == 17)
    print("transits against astropy: worst \(worst) s")
  }

  /// Inside an edge the altitude is allowed, outside it is not; windows and their complement tile.
  @Test func edgesAreOnTheRightSide() throws {
    var random = SeededGenerator(seed: 42)
    let start = instant("2026-11-21T12:00:00Z")
    let window = TimeWindow(start, start + .hours(24))
    let sky = try Ephemeris(covering: window)
    for _ in 0..<40 {
      let place = GeodeticPosition(
        latitude: .degrees(.random(in: -90...90, using: &random)),
        longitude: .degrees(.random(in: -180...180, using: &random)),
        height: .metres(100))
      let observer = try Observer(place)
      let target = randomDirection(&random)
      let limit = Angle.degrees(.random(in: -10...80, using: &random))
      let above = sky.windows(of: .fixed(target), above: limit, from: observer, in: window)
      for w in above {
        for t in [w.start, w.end, w.start + .seconds(w.duration.seconds * 0.37)] {
          #expect(sky.frame(of: observer, at: t).altitude(of: target) >= limit)
        }
        if w.start > window.start {
          #expect(sky.frame(of: observer, at: w.start - .milliseconds(50)).altitude(of: target) < limit)
        }
        if w.end < window.end {
          #expect(sky.frame(of: observer, at: w.end + .milliseconds(50)).altitude(of: target) < limit)
        }
      }
      let below = sky.windows(of: .fixed(target), below: limit, from: observer, in: window)
      let total = (above + below).reduce(0) { $0 + $1.duration.seconds }
      #expect(abs(total - 86_400) < 0.2)
    }
  }

  @Test func twilightsAreOrdered() throws {
    let start = instant("2026-03-21T00:00:00Z")
    let window = TimeWindow(start, start + .hours(24))
    let sky = try Ephemeris(covering: window)
    let place = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    let nights = try Twilight.allCases.map {
      try sky.windows(of: .sun, below: $0.sunAltitude, from: Observer(place), in: window)
        .reduce(0) { $0 + $1.duration.seconds }
    }
    #expect(nights == nights.sorted(by: >))
    // At an equinox on the equator the Sun sinks 15 degrees an hour straight down.
    #expect(abs((nights[1] - nights[2]) - 2 * 6.0 / 15 * 3600) < 10)
  }

  @Test func emptyWindowHasNothing() throws {
    let t = instant("2026-03-21T00:00:00Z")
    let sky = try Ephemeris(covering: TimeWindow(t, t))
    let place = GeodeticPosition(latitude: .zero, longitude: .zero, height: .metres(0))
    #expect(
      try sky.windows(of: .sun, below: .degrees(90), from: Observer(place), in: TimeWindow(t, t)).isEmpty)
  }
}
