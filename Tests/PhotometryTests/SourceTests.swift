import Foundation
import Healpix
import Skymaps
import TestSupport
import Testing
import Units

@testable import Photometry

private let day = 86_400.0
private func days(_ d: Double) -> Duration { .seconds(d * day) }

/// The files as they are shipped; the library looks for them beside the executable.
private func shipped() throws -> LightCurveLibrary {
  let folder = packageRoot.appending(path: "Sources/Photometry/Models")
  let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
  return try LightCurveLibrary(names.map { try LightCurveLibrary.file(at: folder.appending(path: $0)) })
}

@Suite struct LightCurveTests {
  @Test func everyShippedModelReadsAndCites() throws {
    let library = try shipped()
    #expect(library.curves.count >= 8)
    for curve in library.curves {
      #expect(curve.citation.count > 10)
      #expect(curve.id == curve.id.lowercased())
    }
    #expect(throws: PhotometryError.unknownModel("nothing", known: library.curves.map(\.id))) {
      try library.curve("nothing")
    }
    #expect(try library.curve("AT2017gfo").id == "at2017gfo")
  }

  /// Seen at 40 Mpc through its own dust it has the published magnitudes again.
  @Test func at2017gfoReturnsThePublishedMagnitudes() throws {
    let source = try ExpectedSource(shipped().curve("at2017gfo"), at: .megaparsecs(40))
    let r = try source.magnitude(at: days(0.47), in: .r).value + 0.105 * 2.285
    #expect(abs(r - 17.56) < 1e-9)
    let z = try source.magnitude(at: days(8.47), in: .z).value + 0.105 * 1.263
    #expect(abs(z - 20.40) < 1e-9)
    // Half-way between two rows.
    let between = try source.magnitude(at: days((0.47 + 0.89) / 2), in: .r).value + 0.105 * 2.285
    #expect(abs(between - (17.56 + 17.32) / 2) < 1e-9)
    // R lies between r and i: 18 of 139 nm.
    let (a, b) = (try source.magnitude(at: days(2.85), in: .r), try source.magnitude(at: days(2.85), in: .i))
    let red = try source.magnitude(at: days(2.85), in: .R)
    #expect(abs(red.value - (a.value * 121 + b.value * 18) / 139) < 1e-9)
  }

  @Test func whatIsNotCoveredIsSaid() throws {
    let curve = try shipped().curve("at2017gfo")
    do {
      try curve.requireCovering(.minutes(30)...(.hours(24)), in: .r)
      Issue.record("half an hour after the merger nothing is known")
    } catch {
      #expect(
        "\(error)" == "the light curve `at2017gfo` covers 11.3 h to 11.4 d after the event, not 30 min; "
          + "choose another model or another window")
    }
    #expect(throws: PhotometryError.self) { try curve.absoluteMagnitude(at: days(12), in: .r) }
    #expect(throws: PhotometryError.self) { try curve.absoluteMagnitude(at: days(-1), in: .r) }
    // z ends before r does.
    #expect(throws: PhotometryError.self) { try curve.absoluteMagnitude(at: days(11), in: .z) }
    // u is 122 nm from g.
    #expect(throws: PhotometryError.noBand(model: "at2017gfo", wanted: .u, has: [.g, .r, .i, .z])) {
      try curve.absoluteMagnitude(at: days(1), in: .u)
    }
    #expect(try curve.absoluteMagnitude(at: days(1), in: .B) == curve.absoluteMagnitude(at: days(1), in: .g))
  }

  @Test func powerLawsFadeAsTheySay() throws {
    let curve = try shipped().curve("grb-afterglow")
    #expect(throws: PhotometryError.needsMagnitude(model: "grb-afterglow")) {
      try ExpectedSource(curve, at: .megaparsecs(100))
    }
    let source = try ExpectedSource(curve, measured: Magnitude(16), at: .minutes(10), in: .R)
    #expect(try source.magnitude(at: .minutes(10), in: .R) == Magnitude(16))
    let later = try source.magnitude(at: .minutes(100), in: .R).value
    #expect(abs(later - 16 - 2.5 * 0.9) < 1e-12)
    // Redder is brighter: 2.5 x 0.6 log10 of the wavelengths.
    let color =
      try source.magnitude(at: .hours(1), in: .g).value - source.magnitude(at: .hours(1), in: .z).value
    #expect(abs(color - 1.5 * log10(905.0 / 477)) < 1e-12)
    let fading = try ExpectedSource(
      .fading(magnitudesPerDay: 0.5), measured: Magnitude(19), at: .zero, in: .g)
    #expect(abs(try fading.magnitude(at: days(3), in: .z).value - 20.5) < 1e-12)
  }

  /// The families are parts of one model of AT2017gfo: together they come to what was seen, within the 0.5 mag
  /// that the script which wrote them finds, and the blue part leads in the first day only.
  @Test func familiesAddUpToAT2017gfo() throws {
    let library = try shipped()
    let (blue, red) = (try library.curve("kilonova-blue"), try library.curve("kilonova-red"))
    let whole = try library.curve("at2017gfo")
    for (t, b) in [(0.5, Band.r), (1.0, .i), (2.0, .r), (3.0, .i), (5.0, .z), (7.4, .r)] {
      let parts = try [blue, red].map { pow(10, -0.4 * (try $0.absoluteMagnitude(at: days(t), in: b)).value) }
      let sum = -2.5 * log10(parts[0] + parts[1])
      let seen = try whole.absoluteMagnitude(at: days(t), in: b).value
      #expect(abs(sum - seen) < 0.6, "\(t) d in \(b): \(sum), seen \(seen)")
    }
    #expect(try blue.absoluteMagnitude(at: days(0.5), in: .g) < red.absoluteMagnitude(at: days(0.5), in: .g))
    #expect(try red.absoluteMagnitude(at: days(3), in: .z) < blue.absoluteMagnitude(at: days(3), in: .z))
  }

  @Test func kilonovaFadesByAMagnitudeADay() throws {
    let source = try ExpectedSource(shipped().curve("kilonova-fading"), at: .megaparsecs(100))
    #expect(abs(try source.magnitude(at: .zero, in: .r).value - 19) < 1e-12)
    #expect(abs(try source.magnitude(at: days(2), in: .i).value - 21) < 1e-12)
    #expect(abs(Distance.megaparsecs(40).modulus - 33.010_299_956_639_8) < 1e-12)
  }

  @Test func wrongFilesAreRefusedWithEveryProblem() {
    func message(_ yaml: String) -> String {
      do { return "\(try LightCurve(yaml: yaml, file: "x.yaml"))" } catch { return "\(error)" }
    }
    let start = "id: a\ntitle: b\ncitation: c\n"
    #expect(message("id: a").contains("citation: is missing"))
    #expect(message(start + "form: spline").contains("`spline` is not known"))
    #expect(message(start + "form: flat\nabsolute_mag: -16").contains("covers_days: is missing"))
    #expect(message(start + "form: flat\nabsolute_mag: .nan\ncovers_days: [0, 1]").contains("not a number"))
    #expect(message(start + "form: flat\nabsolute_mag: -16\ncovers_days: [2, 1]").contains("ends before"))
    #expect(message(start + "form: table\nbands: {r: [[1, 17], [1, 18]]}").contains("goes back in time"))
    #expect(message(start + "form: table\nbands: {r: [[1, 170]]}").contains("beyond 40"))
    #expect(message(start + "form: table\nbands: {K: [[1, 17]]}").contains("is no band"))
    #expect(message(start + "form: table\nbands: {}").contains("lists no band"))
    #expect(message(start + "form: flat\nabsolute_mag: -16\ncovers_days: [0, 1]\nfoo: 1").contains("foo"))
  }
}

@Suite struct DetectionTests {
  /// The recorded integrals are good to 1e-9; Simpson's rule to 1e-6.
  private let accuracy = 2e-6

  @Test func probabilitiesMatchQuadrature() throws {
    for d in try PhotometryOracle.load().detections {
      let posterior = try #require(ConditionalDistance(mu: .megaparsecs(d.mu), sigma: .megaparsecs(d.sigma)))
      let p = DetectionModel(scatter: d.scatter).probability(within: .megaparsecs(d.reach), of: posterior)
      #expect(abs(p.value - d.probability) < accuracy, "\(d)")
    }
  }

  @Test func closedForms() throws {
    let exact = DetectionModel()
    #expect(exact.probability(within: .megaparsecs(99), at: .megaparsecs(100)) == .zero)
    #expect(exact.probability(within: .megaparsecs(101), at: .megaparsecs(100)) == .one)
    let wide = DetectionModel(scatter: 1)
    #expect(abs(wide.probability(within: .megaparsecs(100), at: .megaparsecs(100)).value - 0.5) < 1e-12)
    // One magnitude of margin is one deviation: Phi(1).
    let margin = Distance.megaparsecs(100 * pow(10, 0.2))
    let phi1 = wide.probability(within: margin, at: .megaparsecs(100)).value
    #expect(abs(phi1 - 0.841_344_746_068_543) < 1e-12)
    #expect(Distance.reach(limit: Magnitude(19), absolute: Magnitude(-16)).megaparsecs.rounded() == 100)
    let dimmed = Distance.reach(limit: Magnitude(20), absolute: Magnitude(-16), extinction: 1)
    #expect(abs(dimmed.megaparsecs - 100) < 1e-9)
  }

  /// Several exposures of one cell against drawing sources at random.
  @Test func severalExposuresAgreeWithDrawing() throws {
    let posterior = try #require(ConditionalDistance(mu: .megaparsecs(120), sigma: .megaparsecs(40)))
    let model = DetectionModel(scatter: 0.7)
    let reaches = [90.0, 150, 110].map(Distance.megaparsecs)
    var random = SeededGenerator(seed: 20_261_121)
    let count = 200_000
    var seen = [0, 0, 0, 0]
    for _ in 0..<count {
      let u = Double.random(in: 0..<1, using: &random)
      let r = posterior.quantile(Fraction(clamping: u)).megaparsecs
      let (a, b) = (Double.random(in: 1e-300..<1, using: &random), Double.random(in: 0..<1, using: &random))
      let x = (-2 * log(a)).squareRoot() * cos(2 * .pi * b)
      let hits = reaches.count { $0.megaparsecs * pow(10, 0.7 * x / 5) > r }
      for k in 0...hits { seen[k] += 1 }
    }
    for k in 1...3 {
      let p = model.probability(withinReaches: reaches, of: posterior, times: k).value
      let drawn = Double(seen[k]) / Double(count)
      // Five standard errors.
      #expect(abs(p - drawn) < 5 * (p * (1 - p) / Double(count)).squareRoot(), "\(k): \(p) \(drawn)")
    }
    #expect(model.probability(withinReaches: reaches, of: posterior, times: 4) == .zero)
    #expect(model.probability(withinReaches: reaches, of: posterior, times: 0) == .one)
  }

  @Test func mapsWeightTheirCells() throws {
    let map = try Skymap(
      .circle(radius: .degrees(5)), around: .init(ra: .degrees(30), dec: .degrees(10)),
      containing: Fraction(clamping: 0.9))
    #expect(throws: PhotometryError.needsDistance) { try DetectionMap(map, model: .init()) }
    let near = try DetectionMap(map, model: .init(), otherwise: .distance(.megaparsecs(50)))
    #expect(abs(near.probability(within: .megaparsecs(60)).value - 1) < 1e-9)
    #expect(near.probability(within: .megaparsecs(40)) == .zero)
    let posterior = try #require(ConditionalDistance(mu: .megaparsecs(50), sigma: .megaparsecs(10)))
    let unsure = try DetectionMap(map, model: .init(), otherwise: .posterior(posterior))
    let half = unsure.probability(within: posterior.quantile(Fraction(clamping: 0.5))).value
    #expect(abs(half - 0.5) < 1e-9)
    let densities = unsure.densities(within: posterior.quantile(Fraction(clamping: 0.5)))
    for i in stride(from: 0, to: map.count, by: 97) {
      #expect(abs(densities[i] - map.density[i] / 2) <= 1e-9 * map.density[i])
    }
  }
  /// A source at one distance, a hard limit: behind a layer of dust it is seen where |b| is large enough.
  @Test func dustHidesWhatLiesTowardThePlane() throws {
    let map = try Skymap(
      .circle(radius: .degrees(40)), around: .init(ra: .degrees(265), dec: .degrees(-5)),
      containing: Fraction(clamping: 0.9))
    let clear = try DetectionMap(map, model: .init(scatter: 0), otherwise: .distance(.megaparsecs(100)))
    let pole = 0.05
    let dusty = try DetectionMap(
      map, model: .init(scatter: 0), otherwise: .distance(.megaparsecs(100)),
      dust: .layer(poleReddening: pole), in: .g)
    // 0.5 magnitudes to spare at 100 Mpc: hidden where 3.303 * pole / sin|b| is more than that.
    let reach = Distance.megaparsecs(100 * pow(10, 0.5 / 5))
    let (open, left) = (clear.densities(within: reach), dusty.densities(within: reach))
    var (hidden, seen) = (0, 0)
    let toSky = map.toMap.inverse
    for i in 0..<map.count {
      let galactic = Rotation<ICRS, Galactic>.standard(Direction<ICRS>(unit: toSky(map.cell(i).center)))
      let sine = abs(galactic.latitude.sine)
      let isHidden = 3.303 * pole / max(sine, Angle.degrees(3).sine) > 0.5
      #expect(open[i] == map.density[i] && left[i] == (isHidden ? 0 : open[i]))
      if isHidden { hidden += 1 } else { seen += 1 }
    }
    #expect(hidden > 100 && seen > 100)
    // As if there were none.
    let none = try DetectionMap(
      map, model: .init(scatter: 0), otherwise: .distance(.megaparsecs(100)), dust: .layer(poleReddening: 0))
    #expect(none.densities(within: reach) == open)
  }
}
