import Foundation
import Notices
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

@testable import Campaigns

@Suite struct CoincidenceTests {
  struct Oracle: Decodable {
    struct Maps: Decodable {
      let a: String, b: String, overlap: Double
      let peak_per_sr: Double, area90_deg2: Double
    }
    struct Fisher: Decodable { let kappa1: Double, kappa2: Double, separation_deg: Double, overlap: Double }
    struct Rate: Decodable {
      let far_hz: Double, earliest_s: Double, latest_s: Double, per_year: Double
      let temporal_hz: Double, overlap: Double?, spatial_hz: Double?
    }
    let maps: [Maps], fisher: [Fisher], rates: [Rate]
    static let value = try! JSONDecoder().decode(
      Oracle.self, from: Data(contentsOf: fixture("oracles/campaigns-overlap.json")))
  }

  /// Cells of an eighth of sigma hold the mean instead of the density itself: second order in their size.
  static let cellAveraging = 5e-3
  /// Sums of doubles in another order.
  static let summation = 1e-9
  /// Flat pixels count whole ones into an area, cells of the map part of one.
  static let pixelArea = 2e-3

  /// log(kappa / (4 pi sinh kappa)) plus kappa, without overflow.
  static func logPeak(_ kappa: Double) -> Double {
    kappa == 0 ? -log(4 * .pi) : log(kappa / (2 * .pi)) - log(-expm1(-2 * kappa))
  }

  /// The product of two Fisher densities is one again, about the vector sum: the integral is the ratio of
  /// their norms.
  static func closedForm(_ k1: Double, _ k2: Double, separation: Angle) -> Double {
    let together = (k1 * k1 + k2 * k2 + 2 * k1 * k2 * separation.cosine).squareRoot()
    return 4 * .pi * exp(logPeak(k1) + logPeak(k2) - logPeak(together) + together - k1 - k2)
  }

  /// A circle whose Gaussian has this kappa: of the radius that holds half of it.
  static func fisher(_ kappa: Double, at center: Direction<ICRS>) throws -> Skymap {
    // (1 - exp(-kappa t)) / (1 - exp(-2 kappa)) = 1/2, t = 1 - cos(radius).
    let t = -log1p(0.5 * expm1(-2 * kappa)) / kappa
    return try Skymap(
      .circle(radius: .radians(acos(1 - t))), around: center, containing: Fraction(0.5)!)
  }

  @Test(arguments: Oracle.value.fisher) func fisherOverlap(_ c: Oracle.Fisher) throws {
    let exact = Self.closedForm(c.kappa1, c.kappa2, separation: .degrees(c.separation_deg))
    #expect(abs(exact / c.overlap - 1) < 1e-6)
    let a = try Self.fisher(c.kappa1, at: Direction(ra: .degrees(40), dec: .degrees(10)))
    let b = try Self.fisher(
      c.kappa2, at: Direction(ra: .degrees(40), dec: .degrees(10 + c.separation_deg)))
    let got = try SkyOverlap.integral(a, b)
    #expect(abs(got / exact - 1) < Self.cellAveraging, "\(got) for \(exact)")
    #expect(try abs(SkyOverlap.integral(b, a) / got - 1) < Self.summation)
  }

  @Test(arguments: Oracle.value.maps) func realMapsOverlapAsOthersFind(_ c: Oracle.Maps) throws {
    let a = try SkymapFile.read(contentsOf: fixture("skymaps/" + c.a))
    let b = try SkymapFile.read(contentsOf: fixture("skymaps/" + c.b))
    let got = try SkyOverlap.integral(a, b)
    #expect(abs(got / c.overlap - 1) < 1e-6, "\(got) for \(c.overlap)")
    let joint = try SkyOverlap.joint(a, b)
    let regions = CredibleRegions(of: joint)
    let total = joint.density.indices.reduce(0) { $0 + joint.probability(ofCell: $1) }
    #expect(abs(total - 1) < Self.summation)
    #expect(abs(joint.density.max()! / c.peak_per_sr - 1) < 1e-6)
    #expect(
      abs(regions.area(at: Fraction(0.9)!).squareDegrees / c.area90_deg2 - 1) < Self.pixelArea)
  }

  @Test func aMapWithoutInformationChangesNothing() throws {
    let center = Direction<ICRS>(ra: .degrees(200), dec: .degrees(-35))
    let map = try Self.fisher(300, at: center)
    let uniform = try Skymap(
      RawSkymap(
        layout: .flat(nside: 1, ordering: .nested), values: .init(repeating: 1, count: 12), unit: .perPixel))
    #expect(try abs(SkyOverlap.integral(map, uniform) - 1) < Self.summation)
    let joint = try SkyOverlap.joint(uniform, map)
    #expect(joint.keys == map.keys)
    #expect(zip(joint.density, map.density).allSatisfy { abs($0 - $1) <= 1e-9 * $1 })
  }

  @Test func mapsThatExcludeEachOtherHaveNoJointMap() throws {
    func cell(_ uniq: Int64) throws -> Skymap {
      try Skymap(RawSkymap(layout: .multiOrder(uniq: [uniq]), values: [1], unit: .perSteradian))
    }
    let (a, b) = (try cell(4), try cell(5))
    #expect(try SkyOverlap.integral(a, b) == 0)
    #expect(throws: CoincidenceError.disjoint) { try SkyOverlap.joint(a, b) }
    // One of twelve cells inside itself: twelve times the sphere's mean.
    #expect(try abs(SkyOverlap.integral(a, a) - 12) < Self.summation)
  }

  @Test func distanceStaysWithItsLineOfSight() throws {
    let wave = try SkymapFile.read(
      contentsOf: fixture("skymaps/MS260915a-three-detectors.multiorder.fits"))
    let center = CredibleRegions(of: wave).peak
    let circle = try Skymap(.circle(radius: .degrees(1)), around: center, containing: Fraction(0.9)!)
    let joint = try SkyOverlap.joint(circle, wave)
    let (i, j) = (try #require(wave.cellIndex(at: center)), try #require(joint.cellIndex(at: center)))
    #expect(wave.distance?.mu[i] == joint.distance?.mu[j])
    #expect(joint.distance?.mu.count == joint.count)
    #expect(DistancePosterior(of: joint) != nil)
  }

  @Test(arguments: Oracle.value.rates) func chanceRate(_ c: Oracle.Rate) throws {
    let pair = Coincidence(
      wave: NativeID("lvk", "S1"), other: NativeID("fermi", "1"), difference: .seconds(1),
      window: CoincidenceWindow(
        earliest: .seconds(c.earliest_s), latest: .seconds(c.latest_s), otherPerYear: c.per_year),
      waveFARHz: c.far_hz, overlap: c.overlap)
    #expect(abs(try #require(pair.temporalFARHz) / c.temporal_hz - 1) < Self.summation)
    if let spatial = c.spatial_hz {
      #expect(abs(try #require(pair.spatialFARHz) / spatial - 1) < Self.summation)
    } else {
      #expect(pair.spatialFARHz == nil)
    }
  }

  /// Given a gravitational-wave event, 310 bursts a year fall by chance into 6 s as often as a Poisson
  /// process of that rate does: simulated, because the closed form is what is tested.
  @Test func chanceMatchesASimulation() {
    var random = SeededGenerator(seed: 12)
    let window = CoincidenceWindow(earliest: .seconds(-600), latest: .seconds(600), otherPerYear: 31_000)
    let pair = Coincidence(
      wave: NativeID("lvk", "S1"), other: NativeID("fermi", "1"), difference: .zero, window: window,
      waveFARHz: nil, overlap: nil)
    let year = 365.25 * 86_400
    let waves = (0..<2000).map { _ in Double.random(in: 0..<year, using: &random) }.sorted()
    var hits = 0
    for _ in 0..<31_000 {
      let burst = Double.random(in: 0..<year, using: &random)
      var low = 0
      var high = waves.count
      while low < high {
        let middle = (low + high) / 2
        if waves[middle] < burst - 600 { low = middle + 1 } else { high = middle }
      }
      while low < waves.count, waves[low] <= burst + 600 { (hits, low) = (hits + 1, low + 1) }
    }
    let expected = pair.expectedByChance * 2000
    // Five standard deviations.
    #expect(abs(Double(hits) - expected) < 5 * expected.squareRoot(), "\(hits) for \(expected)")
  }

  func book(_ notices: [Notice]) -> EventBook {
    var book = EventBook()
    book.insert(contentsOf: notices)
    return book
  }

  @Test(arguments: [
    (-1.001, false), (-1, true), (0, true), (1.7, true), (5, true), (5.001, false), (300, false),
  ])
  func burstWindowHasBothEnds(_ seconds: Double, _ found: Bool) throws {
    let book = book([wave("S310203ab", .initial, minute: 0), burst("fermi", "1", seconds: seconds)])
    let pairs = Coincidence.found(for: book.events[0], among: book.events)
    #expect(pairs.isEmpty != found)
    // Found from either side.
    #expect(Coincidence.found(for: book.events[1], among: book.events) == pairs)
  }

  @Test func windowsDependOnBothKinds() {
    var unmodelled = wave("S310203ab", .initial, minute: 0)
    unmodelled.wave?.group = "Burst"
    let late = burst("fermi", "1", seconds: 300)
    #expect(
      Coincidence.found(for: book([unmodelled, late]).events[0], among: book([unmodelled, late]).events).count
        == 1)
    let neutrino = book([
      wave("S310203ab", .initial, minute: 0), burst("icecube", "1", seconds: -480, kind: .neutrino),
    ])
    #expect(Coincidence.found(for: neutrino.events[0], among: neutrino.events).count == 1)
    let bursts = book([burst("fermi", "1", seconds: 0), burst("swift", "2", seconds: 0)])
    #expect(Coincidence.found(for: bursts.events[0], among: bursts.events).isEmpty)
  }

  @Test func withdrawnAndMockEventsCoincideWithNothing() {
    let gone = book([
      wave("S310203ab", .initial, minute: 0), wave("S310203ab", .retraction, minute: 1),
      burst("fermi", "1", seconds: 1),
    ])
    #expect(Coincidence.found(for: gone.events[0], among: gone.events).isEmpty)
    let mock = book([
      wave("MS310203ab", .initial, minute: 0, role: .mock), burst("fermi", "1", seconds: 1),
    ])
    #expect(Coincidence.found(for: mock.events[0], among: mock.events).isEmpty)
  }

  @Test func rarePairsCountAndReachThePolicy() throws {
    var event = wave("S310203ab", .initial, minute: 0)
    event.falseAlarmRateHz = 1e-9
    let book = book([event, burst("fermi", "1", seconds: 1.7)])
    let pair = try #require(Coincidence.found(for: book.events[1], among: book.events).first)
    #expect(pair.wave.value == "S310203ab")
    let windows = CoincidenceWindows()
    #expect(pair.counts(in: windows))
    #expect(!pair.with(overlap: 0).counts(in: windows))
    #expect(pair.with(overlap: 50).farPerYear! < pair.farPerYear! / 49)
    let waveEvent = try #require(book.event(named: NativeID("lvk", "S310203ab")))
    let facts = EventFacts(of: waveEvent, now: time("2031-02-03T03:00:00Z"), coincidences: [pair])
    #expect(facts[.coincidence] == .flag(true))
    #expect(facts.number(.coincidenceFARPerYear) == pair.farPerYear)
    #expect(
      EventFacts(of: waveEvent, now: time("2031-02-03T03:00:00Z"))[.coincidence] == .flag(false))
    #expect(pair.text == "1 +1.7 s, by chance once per 540000 years")
  }
}
