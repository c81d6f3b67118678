import Ephemerides
import Foundation
import Testing
import Units

@testable import Formats

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Charts that are part of pages: well-formed, small, and true where it matters.
@Suite struct PageChartTests {
  /// ux.md: an operator's page has 15 KB for it.
  private static let budget = 15 << 10

  private static func now() throws -> Instant { try #require(Instant(iso8601: "2026-11-21T22:00:00Z")) }

  private static func place(_ latitude: Double, _ longitude: Double) -> GeodeticPosition {
    GeodeticPosition(latitude: .degrees(latitude), longitude: .degrees(longitude), height: .metres(1000))
  }

  private static func chart(latitude: Double, at now: Instant) throws -> ObservabilityChart {
    let ephemeris = try Ephemeris(covering: SiteNight.window(about: now))
    let observer = try Observer(place(latitude, 7))
    let night = SiteNight(ephemeris, at: observer, below: .degrees(-12), now: now)
    var chart = ObservabilityChart(
      site: "Site <&>", observer: observer, ephemeris: ephemeris, night: night, now: now,
      minAltitude: .degrees(25), maxAirmass: 2.5)
    chart.target = ("tile <1>", Direction(ra: .degrees(40), dec: .degrees(20)))
    chart.blocks = (0..<60).map { i in
      let start = now + .minutes(Double(3 * i))
      return .init(
        window: TimeWindow(start, start + .minutes(2)),
        direction: Direction(ra: .degrees(40 + Double(i % 7)), dec: .degrees(20)))
    }
    return chart
  }

  private static func isWellFormed(_ svg: String) -> Bool { XMLParser(data: Data(svg.utf8)).parse() }

  @Test(arguments: [44.0, -31, 89.9, -89.9, 70])
  func theNightIsDrawnAnywhere(_ latitude: Double) throws {
    let chart = try Self.chart(latitude: latitude, at: try Self.now())
    let svg = chart.render()
    #expect(Self.isWellFormed(svg))
    #expect(svg.utf8.count <= Self.budget, "\(svg.utf8.count)")
    #expect(!svg.contains("style=") && !svg.contains("nan") && !svg.contains("inf"))
    #expect(svg.contains("class=\"c-now\""))
  }

  @Test func theNightIsTheOneThatIs() throws {
    let now = try Self.now()
    let night = try Self.chart(latitude: 44, at: now).night
    #expect(night.state == .dark)
    let dark = try #require(night.dark)
    #expect(dark.contains(now))
    // Nautical dusk and dawn at 44 N, 7 E on 21 November (USNO: 17:04 and 05:26 UTC), to some minutes.
    #expect(abs(dark.start.seconds(since: try #require(Instant(iso8601: "2026-11-21T17:04:00Z")))) < 600)
    #expect(abs(dark.end.seconds(since: try #require(Instant(iso8601: "2026-11-22T05:27:00Z")))) < 600)
    #expect(night.twilights.map(\.count) == [1, 1, 1])
    let before = try Self.chart(latitude: 44, at: try #require(Instant(iso8601: "2026-11-21T15:30:00Z")))
      .night
    #expect(before.state == .soon && before.dark == dark)
    let noon = try Self.chart(latitude: 44, at: try #require(Instant(iso8601: "2026-11-21T12:00:00Z"))).night
    #expect(noon.state == .day && noon.dark == dark)
    // Polar night and polar day.
    #expect(try Self.chart(latitude: 89.9, at: now).night.isEndless)
    #expect(try Self.chart(latitude: -89.9, at: now).night.state == .never)
  }

  @Test func theTargetIsWhereItIs() throws {
    let now = try Self.now()
    let chart = try Self.chart(latitude: 44, at: now)
    let target = Direction<ICRS>(ra: .degrees(40), dec: .degrees(20))
    let seen = chart.look(at: target, now)
    #expect(abs(seen.airmass - 1 / seen.altitude.sine) < 1e-12)
    let sets = try #require(chart.setting)
    #expect(abs(chart.look(at: target, sets).altitude.degrees - 25) < 0.01)
    #expect(sets > now)
  }

  @Test func theWorldHasItsSun() throws {
    let noon = try #require(Instant(iso8601: "2026-03-20T12:07:30Z"))
    let ephemeris = try Ephemeris(covering: SiteNight.window(about: noon))
    let sites = (0..<75).map { i in
      WorldChart.Site(
        name: "T\(i) <&\">", position: Self.place(Double(i) - 40, Double(i * 9 - 300)), word: "dark",
        tone: ["go", "wait", "limited", "stop", "no"][i % 5], href: "/t/\(i)")
    }
    let chart = try #require(WorldChart(now: noon, sites: sites, ephemeris: ephemeris))
    // Equinox, and noon by the equation of time (-7.5 minutes).
    #expect(abs(chart.subsolar.latitude.degrees) < 0.1)
    #expect(abs(chart.subsolar.longitude.degrees) < 0.5)
    let svg = chart.render()
    #expect(Self.isWellFormed(svg))
    print("world map: \(svg.utf8.count) bytes")
    #expect(svg.utf8.count < 30 << 10)
    #expect(svg.components(separatedBy: "class=\"c-site").count == 76)
  }

  /// Half of the Earth is below the horizon of the Sun, and less is in deep night.
  @Test func theNightHasItsSize() throws {
    for latitude in [-23.4, -5, 0.01, 12, 23.4] {
      let chart = WorldChart(
        now: Instant(tai: 0), sites: [], subsolar: Self.place(latitude, 50))
      for altitude in [0.0, -18] {
        let expected = 2 * Double.pi * (1 + Angle.degrees(altitude).sine)
        #expect(
          abs(Self.area(chart.night(below: .degrees(altitude))) - expected) < 0.15, "\(latitude) \(altitude)")
      }
    }
  }

  /// Steradians inside a path of the map: the drawn width at each latitude, times its cosine.
  private static func area(_ path: String) -> Double {
    var numbers: [(Character, [Double])] = []
    var text = ""
    func flush() {
      guard !text.isEmpty, let last = numbers.indices.last else { return }
      numbers[last].1.append(Double(text) ?? .nan)
      text = ""
    }
    for c in path {
      if c.isLetter {
        flush()
        numbers.append((c, []))
      } else if c == " " {
        flush()
      } else {
        if c == "-" { flush() }
        text.append(c)
      }
    }
    flush()
    var points: [SIMD2<Double>] = []
    var at = SIMD2<Double>(0, 0)
    for (command, values) in numbers {
      switch command {
      case "m", "l":
        for i in stride(from: 0, to: values.count - 1, by: 2) {
          at += SIMD2(values[i], values[i + 1])
          points.append(at)
        }
      case "h": for v in values { at.x += v; points.append(at) }
      case "v": for v in values { at.y += v; points.append(at) }
      default: break
      }
    }
    var sum = 0.0
    for (p, q) in zip(points, points.dropFirst() + points.prefix(1)) {
      // Longitude times d(sin latitude), in radians.
      let (a, b) = (Angle.degrees(90 - p.y / 2).sine, Angle.degrees(90 - q.y / 2).sine)
      sum += Angle.degrees((p.x + q.x) / 4).radians * (b - a)
    }
    return abs(sum)
  }
}
