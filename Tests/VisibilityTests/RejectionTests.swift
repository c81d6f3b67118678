import Ephemerides
import Observatories
import Testing
import Units

@testable import Visibility

@Suite struct RejectionTests {
  /// TAROT's site near Grasse; a May night with a thin waning Moon.
  private static let start = "2023-05-18T14:00:00Z"
  private static func site(
    _ limits: Telescope.PointingLimits = .init(minAltitude: .degrees(30), maxAirmass: 5),
    horizon: HorizonMask? = nil, closures: [Telescope.Closure] = [], hours: Double = 24,
    adding: [Constraint] = []
  ) throws -> SiteVisibility {
    var t = telescope(place(43.75203, 6.92353, 1320), limits)
    t.site.horizon = horizon
    t.closures = closures
    return try visibility(t, from: start, hours: hours, adding: adding)
  }
  private static let south = Direction<ICRS>(ra: .degrees(250), dec: .degrees(-30))
  private static let north = Direction<ICRS>(ra: .degrees(250), dec: .degrees(50))

  private func text(
    _ site: SiteVisibility, _ target: Direction<ICRS>, _ exposure: Duration = .seconds(60)
  ) -> String? {
    #expect(site.startWindows(for: target, exposure: exposure).isEmpty)
    return site.rejection(for: target, exposure: exposure)?.description
  }

  /// The numbers of this suite were computed with astropy: culmination at 16.202 degrees (90 - latitude
  /// + declination and precession) at 00:28:10 UTC.
  @Test func altitude() throws {
    #expect(try text(Self.site(), Self.south) == "below 30° all night (highest 16° at 00:28 UTC)")
  }

  @Test func airmassIsNamedWhenItIsStricter() throws {
    let site = try Self.site(.init(minAltitude: .degrees(10), maxAirmass: 2))
    #expect(text(site, Self.south) == "airmass above 2 all night (lowest 3.6 at 00:28 UTC)")
    let never = Direction<ICRS>(ra: .degrees(250), dec: .degrees(-80))
    #expect(text(site, never) == "airmass above 2 all night (highest altitude -33.8° at 00:30 UTC)")
  }

  @Test func nearMissesShowTheDifference() throws {
    let highest = Self.south
    let site = try Self.site(.init(minAltitude: .degrees(16.23), maxAirmass: 5))
    let top = try #require(site.rejection(for: highest, exposure: .seconds(60)))
    #expect(top.description == "below 16.23° all night (highest 16.2° at 00:28 UTC)")
  }

  @Test func declinationAndGalacticLatitude() throws {
    let limits = Telescope.PointingLimits(
      minAltitude: .degrees(10), maxAirmass: 5, minDeclination: .degrees(-25), maxDeclination: .degrees(85))
    #expect(try text(Self.site(limits), Self.south) == "declination -30° outside -25° to 85°")
    let plane = Direction<ICRS>(ra: .degrees(266.4), dec: .degrees(-28.9))
    let site = try Self.site(
      .init(minAltitude: .degrees(5), maxAirmass: 20), adding: [.minGalacticLatitude(.degrees(10))])
    #expect(text(site, plane) == "galactic latitude 0° (limit 10°)")
  }

  @Test func moon() throws {
    var t = telescope(place(31.2, -7.87), .init(minAltitude: .degrees(20), maxAirmass: 5))
    t.limits.minMoonSeparation = .degrees(25)
    let site = try visibility(t, from: "2026-01-01T12:00:00Z")
    let target = Direction<ICRS>(ra: .degrees(95), dec: .degrees(23))
    #expect(text(site, target) == "Moon at most 17° away all night (limit 25°)")
  }

  @Test func hourAngleAndMask() throws {
    // Six hours of dark about LST 250 degrees: a target 150 degrees east of it stays far from transit.
    let limits = Telescope.PointingLimits(
      minAltitude: .degrees(5), maxAirmass: 12, maxHourAngle: .degrees(10))
    let circumpolar = Direction<ICRS>(ra: .degrees(70), dec: .degrees(80))
    let reason = try #require(text(Self.site(limits), circumpolar))
    #expect(reason.hasPrefix("hour angle beyond 10° all night (smallest 115° at 20:10 UTC)"))
    let wall = mask([(0, 60), (90, 60), (180, 60), (270, 60)])
    let low = try #require(
      text(Self.site(.init(minAltitude: .degrees(10), maxAirmass: 6), horizon: wall), Self.south))
    #expect(low == "behind the horizon mask all night (nearest 44° under it at 00:28 UTC)")
  }

  @Test func conflictNamesTheHoursAndTheLimit() throws {
    // It passes the limit of 30 degrees in the east, where a wall stands, before dawn.
    let wall = mask([(0, 0), (59, 0), (60, 88), (179, 88), (180, 0), (300, 0)])
    let site = try Self.site(.init(minAltitude: .degrees(30), maxAirmass: 5), horizon: wall)
    let target = Direction<ICRS>(ra: .degrees(330), dec: .degrees(20))
    let alone = try Self.site().startWindows(for: target, exposure: .seconds(60))
    let reason = try #require(site.rejection(for: target, exposure: .seconds(60)))
    guard case .never(.horizon, _, _, 1) = reason else {
      Issue.record("\(reason)")
      return
    }
    #expect(alone.count == 1)
    // A wall only up to 80 degrees of azimuth lets it out while it is still too low.
    let gap = mask([(0, 0), (59, 0), (60, 88), (70, 88), (71, 0), (82, 0), (83, 88), (179, 88), (180, 0)])
    let other = try Self.site(.init(minAltitude: .degrees(30), maxAirmass: 5), horizon: gap)
    let conflict = try #require(other.rejection(for: target, exposure: .seconds(60)))
    guard case .notTogether(.horizon, let best, let t, let during) = conflict else {
      Issue.record("\(conflict)")
      return
    }
    #expect(best.radians < 0 && during.start <= t && t <= during.end)
    #expect(during.end == other.darkWindows[0].end)
    #expect(during.start == alone[0].start)
    #expect(conflict.description.hasSuffix("UTC), the only time the other limits leave"))
  }

  @Test func tooShort() throws {
    let site = try Self.site()
    let starts = site.startWindows(for: Self.north, exposure: .zero)
    let longest = try #require(starts.map(\.duration).max())
    let reason = try #require(text(site, Self.north, longest + .minutes(10)))
    #expect(reason == "observable for 6.6 h at most, from 20:10 to 02:47 UTC; an exposure takes 6.8 h")
  }

  @Test func polarSummerIsNeverDark() throws {
    let t = telescope(place(78.92, 11.9), .init(minAltitude: .degrees(20), maxAirmass: 3))
    let site = try visibility(t, from: "2026-06-21T00:00:00Z")
    #expect(site.darkWindows.isEmpty)
    #expect(text(site, Self.north) == "Sun never below -12° (lowest 12° at 23:14 UTC)")
    #expect(site.noDarkness?.description == "Sun never below -12° (lowest 12° at 23:14 UTC)")
  }

  @Test func polarNightIsAlwaysDark() throws {
    let t = telescope(place(-90, 0, 2835), .init(minAltitude: .degrees(20), maxAirmass: 3))
    let site = try visibility(t, from: "2026-06-21T00:00:00Z")
    #expect(site.darkWindows == [site.window])
    let up = Direction<ICRS>(ra: .degrees(10), dec: .degrees(-60))
    #expect(
      site.startWindows(for: up, exposure: .seconds(100)) == [
        TimeWindow(site.window.start, site.window.end - .seconds(100))
      ])
  }

  @Test func closures() throws {
    let night = TimeWindow(instant("2023-05-18T22:00:00Z"), instant("2023-05-18T23:00:00Z"))
    let open = try Self.site()
    let site = try Self.site(closures: [.init(window: night, reason: "laser test")])
    let dark = open.darkWindows[0]
    #expect(site.darkWindows == [TimeWindow(dark.start, night.start), TimeWindow(night.end, dark.end)])
    let starts = site.startWindows(for: Self.north, exposure: .minutes(10))
    #expect(starts.count == 2)
    #expect(starts[0].end == night.start - .minutes(10) && starts[1].start == night.end)
    // A night with a break is still one night, and two evenings are two.
    #expect(text(site, Self.south) == "below 30° all night (highest 16° at 00:28 UTC)")
    let two = try Self.site(closures: [.init(window: night, reason: "laser test")], hours: 48)
    #expect(try #require(text(two, Self.south)).hasPrefix("below 30° on both nights"))
    let season = TimeWindow(instant("2023-05-01T00:00:00Z"), instant("2023-06-01T00:00:00Z"))
    let shut = try Self.site(closures: [.init(window: season, reason: "mirror coating")])
    #expect(text(shut, Self.north) == "closed from 2023-05-01 00:00 to 2023-06-01 00:00 UTC: mirror coating")
  }

  @Test func observableTargetsHaveNoReason() throws {
    #expect(try Self.site().rejection(for: Self.north, exposure: .seconds(60)) == nil)
  }

  @Test func violationsAtAnInstant() throws {
    let site = try Self.site(
      .init(
        minAltitude: .degrees(30), maxAirmass: 1.5, minDeclination: .degrees(-20), maxHourAngle: .degrees(20))
    )
    let all = site.violations(of: Self.south, at: instant("2023-05-18T17:00:00Z")).map(\.description)
    #expect(all.count == 5)
    #expect(all.contains { $0.hasPrefix("Sun altitude 1") && $0.hasSuffix("(limit -12°)") })
    #expect(all.contains { $0.hasPrefix("altitude -") && $0.contains("at 17:00 UTC (limit 30°)") })
    #expect(all.contains { $0.hasSuffix("below the horizon at 17:00 UTC") })
    #expect(all.contains("declination -30° outside -20° to 90°"))
    #expect(all.contains { $0.hasPrefix("hour angle 1") })
  }

  @Test func numbersReadWell() {
    #expect(Text.decimal(-0.04, 1) == "0")
    #expect(Text.decimal(12.50, 2) == "12.5")
    #expect(Text.decimal(.infinity, 1) == "inf")
    #expect(Text.degrees(.degrees(29.97), limit: .degrees(30)) == ("29.97°", "30°"))
    #expect(Text.degrees(.degrees(22.3), limit: .degrees(30)) == ("22°", "30°"))
    #expect(Text.degrees(.degrees(22.3), limit: .degrees(-0.833)) == ("22.3°", "-0.833°"))
    #expect(Text.duration(.seconds(5)) == "5 s" && Text.duration(.minutes(4.5)) == "4.5 min")
    #expect(Text.duration(.minutes(50)) == "50 min" && Text.duration(.hours(2.25)) == "2.3 h")
  }
}
