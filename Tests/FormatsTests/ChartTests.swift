import Foundation
import Observatories
import Testing
import Units

@testable import Formats
@testable import Planning

@Suite struct SkyChartTests {
  @Test func fullNetworkStaysSmall() throws {
    let plan = banana.network(SyntheticSky.telescopes(46), tiles: 120)
    let chart = chart(banana, plan)
    let figure = try checkedDrawing(SkyChartSVG.render(chart), atMost: DrawingLimit.figure)
    #expect(figure.texts.contains("TAROT-TCA") && figure.texts.contains("Ondřejov-D50"))
    #expect(figure.texts.contains("AT"), "the 46th telescope has its letter")
    #expect(figure.texts.contains("Sun") && figure.texts.contains("Moon 87 %"))
    let page = try checkedDrawing(SkyChartSVG.render(chart, detail: .page), atMost: DrawingLimit.page)
    #expect(page.texts.contains("31 more telescopes"))
  }

  @Test func smallRegionsGetACloseUp() throws {
    let sky = SyntheticSky([
      .init(center: Direction(ra: .degrees(0.5), dec: .degrees(33)), sigma: .degrees(2.6), weight: 1)
    ])
    let small = chart(sky, sky.network(SyntheticSky.telescopes(3), tiles: 12))
    let drawing = try checkedDrawing(SkyChartSVG.render(small), atMost: DrawingLimit.figure)
    #expect(drawing.texts.contains { $0.hasPrefix("Close-up, ") })
    #expect(drawing.texts.contains("0h") && drawing.texts.contains("+30°"))
    let large = try checkedDrawing(
      SkyChartSVG.render(chart(banana, banana.network(SyntheticSky.telescopes(2), tiles: 5))),
      atMost: DrawingLimit.figure)
    #expect(!large.texts.contains { $0.hasPrefix("Close-up, ") })
  }

  /// Galaxies that fields were chosen for: a diamond each, the likeliest ones named, all in words.
  @Test(arguments: [2.6, 20]) func galaxiesOfThePlanAreDrawn(_ sigma: Double) throws {
    let center = Direction<ICRS>(ra: .degrees(80), dec: .degrees(-10))
    let sky = SyntheticSky([.init(center: center, sigma: .degrees(sigma), weight: 1)])
    var plan = sky.network(SyntheticSky.telescopes(2), tiles: 9)
    #expect(SkyChart(NetworkPlanDocument(plan)).galaxies.isEmpty)
    func galaxy(_ i: Int) -> Plan.Galaxy {
      Plan.Galaxy(
        name: "SYN <\(i)>", position: Direction(ra: .degrees(79 + 0.4 * Double(i)), dec: .degrees(-10)),
        distance: .megaparsecs(100), weight: 0.05 * Double(i + 1))
    }
    // Two telescopes share the second: it is one galaxy.
    plan.telescopes[0].assignments[0].galaxies = [galaxy(1), galaxy(0)]
    plan.telescopes[1].assignments[0].galaxies = [galaxy(2), galaxy(1)]
    let document = NetworkPlanDocument(plan)
    let chart = chart(sky, plan)
    #expect(chart.galaxies.map(\.name) == ["SYN <2>", "SYN <1>", "SYN <0>"])
    let svg = SkyChartSVG.render(chart)
    let drawing = try checkedDrawing(svg, atMost: DrawingLimit.figure)
    for i in 0..<3 { #expect(drawing.texts.contains("SYN <\(i)>")) }
    #expect(drawing.texts.contains("galaxy of the plan"))
    #expect(svg.contains("class=\"galaxies\""))
    #expect(svg.contains("3 galaxies are pointed at, by weight: SYN &lt;2&gt; 15"))
    let digest = PlanDigest(document)
    #expect(digest.galaxyCount == 3 && digest.galaxies?.map(\.name) == ["SYN <2>", "SYN <1>", "SYN <0>"])
    #expect(digest.galaxies?.map(\.telescopes.count) == [1, 2, 1])
    #expect(try PlanDigest(json: digest.json().utf8) == digest)
  }

  @Test func loneTelescopesShowRanks() throws {
    let sky = SyntheticSky([
      .init(center: Direction(ra: .degrees(80), dec: .degrees(-10)), sigma: .degrees(2.6), weight: 1)
    ])
    let drawing = try checkedDrawing(
      SkyChartSVG.render(chart(sky, sky.network(SyntheticSky.telescopes(1), tiles: 9))),
      atMost: DrawingLimit.figure)
    for rank in 1...5 { #expect(drawing.texts.contains("\(rank)")) }
  }

  @Test(arguments: PlanCase.allCases)
  func everyPlanDraws(_ c: PlanCase) throws {
    let bare = SkyChart(c.document)
    let drawing = try checkedDrawing(SkyChartSVG.render(bare), atMost: DrawingLimit.figure)
    #expect(drawing.texts.contains("No telescope observes in this plan.") == bare.layers.isEmpty)
    if c == .stopped { #expect(drawing.texts.contains { $0.contains("STOP") }) }
  }

  @Test func hostileNamesAreEscaped() throws {
    var plan = Synthetic.example
    plan.event.id = "<script>alert('x')</script>&\"\u{8}"
    plan.telescopes[0].telescope.fullName = "x"
    let svg = SkyChartSVG.render(SkyChart(NetworkPlanDocument(plan)))
    let drawing = try #require(DrawingReader.read(svg))
    #expect(drawing.elements["script"] == nil)
    #expect(drawing.texts.contains { $0.contains("<script>alert('x')</script>&\"") })
  }

  @Test func outlinesReplaceMissingLevels() throws {
    var chart = SkyChart(NetworkPlanDocument(Synthetic.example))
    let center = Direction<ICRS>(ra: .degrees(179), dec: .degrees(20))
    chart.contours = [0.5, 0.9].map { level in
      .init(
        level: Fraction(clamping: level),
        outlines: [SkyView.circle(around: center, radius: .degrees(20 * level))])
    }
    let drawing = try checkedDrawing(SkyChartSVG.render(chart), atMost: DrawingLimit.figure)
    #expect(drawing.paths.count > 6)
    #expect(SkyChartFrame.centerRA(chart).degrees == 180)
  }

  /// The edge of the map stays away from the region, wherever it lies.
  @Test(arguments: [0.0, 15, 77, 180, 222.5, 359])
  func theCentreFollowsTheRegion(_ ra: Double) {
    let sky = SyntheticSky(
      [-40.0, -20, 0, 20, 40].map {
        .init(center: Direction(ra: .degrees(ra + $0), dec: .degrees($0 / 2)), sigma: .degrees(5), weight: 1)
      })
    var chart = SkyChart(title: "", area90: sky.area90, peak: sky.peak)
    chart.credibleLevel = { sky.level($0) }
    let center = SkyChartFrame.centerRA(chart)
    #expect(abs((center - .degrees(ra)).wrapped.degrees) <= 15, "centre \(center.degrees)")
    #expect(abs(center.hours - center.hours.rounded()) < 1e-9)
    chart.centerRA = .hours(30)
    #expect(abs(SkyChartFrame.centerRA(chart).hours - 6) < 1e-9)
  }

  /// Where a region goes round the sky, the edge takes its thinnest place.
  @Test func aRingIsCutWhereItIsThin() {
    var chart = SkyChart(title: "", area90: .squareDegrees(5000), peak: Direction(ra: .zero, dec: .zero))
    chart.credibleLevel = { d in
      abs(d.dec.degrees) < (abs((d.ra - .degrees(100)).wrapped.degrees) < 20 ? 3 : 20) ? 0.5 : 2
    }
    let edge = (SkyChartFrame.centerRA(chart) + .degrees(180)).normalized.degrees
    #expect(abs(edge - 100) < 20)
  }

  @Test func closeUpHoldsTheRegion() throws {
    let sky = SyntheticSky([
      .init(center: Direction(ra: .degrees(359), dec: .degrees(-60)), sigma: .degrees(1.5), weight: 1),
      .init(center: Direction(ra: .degrees(4), dec: .degrees(-58)), sigma: .degrees(1.5), weight: 0.8),
    ])
    var chart = SkyChart(title: "", area90: sky.area90, peak: sky.peak)
    chart.credibleLevel = { sky.level($0) }
    let inset = try #require(SkyChartFrame.inset(chart))
    for spot in sky.spots { #expect(spot.center.separation(from: inset.center) < inset.radius) }
    #expect(inset.radius < .degrees(12))
    chart.area90 = .squareDegrees(301)
    #expect(SkyChartFrame.inset(chart) == nil)
  }

  /// A region of a few pixels is sampled finely enough to be seen.
  @Test func tinyRegionsAreDrawn() throws {
    let level: @Sendable (Direction<ICRS>) -> Double = { d in
      let r = d.separation(from: Direction(ra: .degrees(123.4), dec: .degrees(40.1))).degrees / 0.5
      return 1 - exp(-r * r / 2)
    }
    var chart = SkyChart(
      title: "GRB", area90: .squareDegrees(3.6), peak: Direction(ra: .degrees(123.4), dec: .degrees(40.1)))
    chart.credibleLevel = level
    let drawing = try checkedDrawing(SkyChartSVG.render(chart), atMost: DrawingLimit.figure)
    #expect(drawing.paths.count > 18, "shades and contours in both views: \(drawing.paths.count)")
  }

  @Test func namesDoNotCoverSunOrMoon() throws {
    var chart = SkyChart(NetworkPlanDocument(Synthetic.example))
    chart.sun = Direction(ra: .degrees(200), dec: .degrees(-20))
    chart.moon = .init(
      direction: Direction(ra: .degrees(192), dec: .degrees(-19)), illumination: .zero)
    let view = SkyView(allSkyCenteredOn: .degrees(200), origin: SIMD2(700, 400), width: 1270)
    var placer = LabelPlacer()
    var svg = SVGWriter()
    SkySymbols.draw(chart, on: view, placer: &placer, into: &svg)
    let sun = try #require(svg.text.split(separator: "\n").first { $0.hasSuffix(">Sun</text>") })
    let x = try #require(Double(sun.split(separator: "\"")[1]))
    #expect(x < view.pixel(chart.sun!).x, "the Moon is on its right")
  }

  @Test func lettersNeverRepeat() {
    let letters = (0..<104).map { SkyLayerStyle(index: $0).letter }
    #expect(Set(letters).count == 104 && letters[0] == "A" && letters[26] == "AA")
    let looks = (0..<24).map { "\(SkyLayerStyle(index: $0).color) \(SkyLayerStyle(index: $0).dash)" }
    #expect(Set(looks).count == 24)
  }

  @Test func labelsDoNotOverlap() {
    var placer = LabelPlacer()
    var boxes: [(SIMD2<Double>, SIMD2<Double>)] = []
    for i in 0..<40 {
      let size = LabelPlacer.size(i % 3 == 0 ? "AB" : "A", font: 14)
      if let spot = placer.place(size: size, near: SIMD2(100, 100), rings: [10, 20, 40, 80]) {
        boxes.append((spot, size))
      }
    }
    #expect(boxes.count > 20)
    for (i, a) in boxes.enumerated() {
      for b in boxes[(i + 1)...] {
        let gap = a.0 - b.0
        let reach = (a.1 + b.1) / 2
        #expect(abs(gap.x) >= reach.x - 1e-9 || abs(gap.y) >= reach.y - 1e-9)
      }
    }
  }

  @Test func footprintCornersAgreeWithTheField() {
    let center = Direction<ICRS>(ra: .degrees(10), dec: .degrees(80))
    let box = FootprintOutline.corners(
      of: .rectangle(width: .degrees(4), height: .degrees(2), rotation: .zero), at: center,
      positionAngle: .zero)[0]
    // The middles of the sides lie half a side away: that is what full sides of a gnomonic box mean.
    let north = Direction<ICRS>(normalizing: box[0].unit + box[3].unit)
    let east = Direction<ICRS>(normalizing: box[0].unit + box[1].unit)
    #expect(abs(north.separation(from: center).degrees - 1) < 1e-9)
    #expect(abs(east.separation(from: center).degrees - 2) < 1e-9)
    let north0 = Direction<ICRS>(ra: center.ra, dec: .degrees(81))
    for angle in [-120.0, 30, 90, 200] {
      let turned = FootprintOutline.corners(
        of: .rectangle(width: .degrees(4), height: .degrees(2), rotation: .zero), at: center,
        positionAngle: .degrees(angle))[0]
      let top = Direction<ICRS>(normalizing: turned[0].unit + turned[3].unit)
      #expect(abs(top.separation(from: center).degrees - 1) < 1e-9)
      for (a, b) in zip(turned, box) {
        #expect(abs(a.separation(from: center).radians - b.separation(from: center).radians) < 1e-12)
      }
      // The angle at the centre between north and the top, turning toward east.
      let (u, v) = (cross(center.unit, north0.unit), cross(center.unit, top.unit))
      let turn = Angle(radians: atan2((cross(u, v) * center.unit).sum(), (u * v).sum()))
      #expect(
        abs((turn + .degrees(angle)).wrapped.degrees) < 1e-9
          || abs((turn - .degrees(angle)).wrapped.degrees) < 1e-9)
      let isEast = (top.ra - center.ra).wrapped.degrees > 0
      #expect(isEast == (sin(angle * .pi / 180) > 0), "east of north is growing right ascension")
    }
    let circle = FootprintOutline.corners(of: .circle(radius: .degrees(1)), at: center, positionAngle: .zero)[
      0]
    #expect(circle.count == 24 && circle.allSatisfy { abs($0.separation(from: center).degrees - 1) < 0.02 })
  }
}
