import Ephemerides
import Foundation
import Observatories
import Testing
import Units

@testable import Visibility

@Suite struct SiteVisibilityTests {
  private static let limits = Telescope.PointingLimits(minAltitude: .degrees(20), maxAirmass: 2.5)

  @Test func badInputIsRefused() throws {
    let window = TimeWindow(instant("2026-01-01T00:00:00Z"), instant("2026-01-02T00:00:00Z"))
    let ephemeris = try Ephemeris(covering: window)
    func make(
      _ change: (inout Telescope) -> Void = { _ in }, window w: TimeWindow? = nil, adding: [Constraint] = []
    ) -> VisibilityError? {
      var t = telescope(place(10, 20), Self.limits)
      change(&t)
      do throws(VisibilityError) {
        _ = try SiteVisibility(telescope: t, window: w ?? window, ephemeris: ephemeris, adding: adding)
        return nil
      } catch { return error }
    }
    #expect(make() == nil)
    #expect(make(window: TimeWindow(window.start, window.start)) == .emptyWindow(at: window.start))
    let later = TimeWindow(window.end, window.end + .hours(24))
    #expect(make(window: later) == .ephemerisDoesNotCover(later, ephemeris: ephemeris.window))
    #expect(make { $0.site.position = place(100, 0) } == .position(.notOnEarth(place(100, 0))))
    #expect(make { $0.limits.maxAirmass = 0.5 } == .invalidLimit(.maxAirmass(0.5)))
    #expect(make { $0.limits.maxAirmass = .infinity } != nil)
    #expect(make { $0.limits.minAltitude = .degrees(.nan) } != nil)
    #expect(make { $0.limits.minMoonSeparation = .degrees(-1) } != nil)
    #expect(make { $0.limits.maxHourAngle = .degrees(.nan) } != nil)
    #expect(
      make {
        $0.limits.minDeclination = .degrees(50)
        $0.limits.maxDeclination = .degrees(40)
      } != nil)
    #expect(make(adding: [.minGalacticLatitude(.degrees(95))]) != nil)
    #expect(make { $0.limits.maxHourAngle = .degrees(200) } == nil)
  }

  @Test func appendingKeepsWhatIsThere() throws {
    let site = try visibility(
      telescope(place(43.75, 6.92), Self.limits), from: "2026-11-21T12:00:00Z", hours: 72)
    var random = SeededGenerator(seed: 11)
    var buffer: [TimeWindow] = []
    var expected: [TimeWindow] = []
    for _ in 0..<50 {
      let target = randomDirection(&random)
      site.appendStartWindows(for: target, exposure: .seconds(120), to: &buffer)
      expected += site.startWindows(for: target, exposure: .seconds(120))
      #expect(buffer == expected)
    }
    #expect(site.darkWindows.count == 3 && buffer.count > 60)
  }

  /// Every target each way round: an hour-angle limit of 12 h, a flat mask at the altitude limit and a
  /// galactic limit of 0 change nothing.
  @Test func emptyLimitsChangeNothing() throws {
    var random = SeededGenerator(seed: 12)
    var t = telescope(place(-30, 20), Self.limits)
    let plain = try visibility(t, from: "2026-11-21T12:00:00Z")
    t.limits.maxHourAngle = .degrees(180)
    t.site.horizon = mask([(0, 15), (120, 15), (240, 15)])
    let dressed = try visibility(t, from: "2026-11-21T12:00:00Z", adding: [.minGalacticLatitude(.zero)])
    for _ in 0..<100 {
      let target = randomDirection(&random)
      #expect(
        plain.startWindows(for: target, exposure: .seconds(60))
          == dressed.startWindows(for: target, exposure: .seconds(60)))
    }
  }

  /// A flat mask and an altitude limit at the same height agree, though found by different code.
  @Test func flatMaskIsAnAltitudeLimit() throws {
    var random = SeededGenerator(seed: 13)
    let flat = mask([(10, 33), (100, 33), (250, 33)])
    var masked = telescope(place(40, 20), .init(minAltitude: .degrees(-90), maxAirmass: 1e6))
    masked.site.horizon = flat
    let plain = telescope(place(40, 20), .init(minAltitude: .degrees(33), maxAirmass: 50))
    let a = try visibility(masked, from: "2026-11-21T12:00:00Z")
    let b = try visibility(plain, from: "2026-11-21T12:00:00Z")
    for _ in 0..<200 {
      let target = randomDirection(&random)
      let x = a.startWindows(for: target, exposure: .seconds(60))
      let y = b.startWindows(for: target, exposure: .seconds(60))
      #expect(x.count == y.count)
      for (p, q) in zip(x, y) {
        #expect(abs(p.start.seconds(since: q.start)) < 0.03 && abs(p.end.seconds(since: q.end)) < 0.03)
      }
    }
  }

  /// A mast a tenth of a degree wide, which a target passes in under a minute, interrupts it.
  @Test func narrowMastsAreSeen() throws {
    var t = telescope(place(40, 20), .init(minAltitude: .degrees(20), maxAirmass: 5))
    let target = Direction<ICRS>(ra: .degrees(60), dec: .degrees(0))
    let free = try visibility(t, from: "2026-11-21T12:00:00Z")
    #expect(free.startWindows(for: target, exposure: .seconds(10)).count == 1)
    for azimuth in stride(from: 120.0, through: 240, by: 7.3) {
      t.site.horizon = mask([(0, 0), (azimuth, 0), (azimuth + 0.05, 89), (azimuth + 0.1, 0)])
      let site = try visibility(t, from: "2026-11-21T12:00:00Z")
      let starts = site.startWindows(for: target, exposure: .seconds(10))
      #expect(starts.count == 2, "mast at \(azimuth)")
      for start in starts { #expect(site.violations(of: target, at: start.end + .seconds(10)).isEmpty) }
    }
  }

  @Test func maskProfileIsTheMask() {
    var random = SeededGenerator(seed: 14)
    for points in [[(30.0, 10.0)], [(350, 5), (10, 25)], [(0, 3), (90, 40), (91, 2), (200, 17), (359, 8)]] {
      let m = mask(points.map { (azimuth: $0.0, altitude: $0.1) })
      let profile = MaskProfile(m)
      for _ in 0..<200 {
        let a = Angle.degrees(.random(in: 0..<360, using: &random))
        #expect(abs(profile.altitude(at: a.radians) - m.altitude(atAzimuth: a).radians) < 1e-12)
      }
    }
    let profile = MaskProfile(mask([(350, 5), (10, 25), (20, 1)]))
    let degree = Double.pi / 180
    #expect(
      profile.corners(from: 340 * degree, turning: 35 * degree).map { ($0 / degree).rounded() } == [350, 10])
    #expect(
      profile.corners(from: 15 * degree, turning: -30 * degree).map { ($0 / degree).rounded() } == [10, 350])
    #expect(profile.corners(from: 30 * degree, turning: 5 * degree).isEmpty)
  }

  @Test func conditionsAreTheFrames() throws {
    let site = try visibility(telescope(place(43.75, 6.92), Self.limits), from: "2026-11-21T12:00:00Z")
    let t = instant("2026-11-21T23:00:00Z")
    let target = Direction<ICRS>(ra: .degrees(60), dec: .degrees(30))
    let c = site.conditions(of: target, at: t)
    let frame = site.frame(at: t)
    #expect(c.altitude == frame.altitude(of: target) && c.azimuth == frame(target).azimuth)
    #expect(abs(c.airmass - 1 / sin(c.altitude.radians)) < 1e-12)
    #expect(c.hourAngle == frame.hourAngle(of: target))
    // The Moon of that night is three days before full.
    #expect(c.moonIlluminated.value > 0.85 && c.moonIlluminated.value < 0.95)
    #expect(c.sunAltitude < .degrees(-50))
    let moon = site.ephemeris.moon(in: frame)
    #expect(c.moonAltitude == moon.horizontal.altitude)
    #expect(
      abs((c.moonSeparation - frame.apparent(of: target).separation(from: moon.apparent)).radians) < 1e-15)
  }

  @Test func withoutASunLimitAllIsDark() throws {
    let window = TimeWindow(instant("2026-06-01T00:00:00Z"), instant("2026-06-01T06:00:00Z"))
    let site = try SiteVisibility(
      position: place(0, 0), constraints: [], window: window, ephemeris: Ephemeris(covering: window))
    #expect(site.darkWindows == [window])
    let target = Direction<ICRS>(ra: .zero, dec: .degrees(-80))
    #expect(
      site.startWindows(for: target, exposure: .hours(1)) == [
        TimeWindow(window.start, window.end - .hours(1))
      ])
    #expect(site.startWindows(for: target, exposure: .hours(6)).isEmpty)
    #expect(site.startWindows(for: target, exposure: .seconds(-5)) == [window])
    #expect(site.startWindows(for: target, exposure: .seconds(1e15)).isEmpty)
  }
}
