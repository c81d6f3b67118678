import Foundation
import Observatories
import Testing
import Units

@testable import Formats
@testable import Planning

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a strict XML reader sees in a drawing.
private final class DrawingReader: NSObject, XMLParserDelegate {
  var elements: [String: Int] = [:]
  var texts: [String] = []
  var paths: [String] = []
  var fontSizes: [Double] = []
  var isInText = false
  var current = ""

  static func read(_ svg: String) -> DrawingReader? {
    let reader = DrawingReader()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = reader
    return parser.parse() ? reader : nil
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
    if let d = attributes["d"] { paths.append(d) }
    if let size = attributes["font-size"].flatMap(Double.init) { fontSizes.append(size) }
    isInText = ["text", "title", "desc"].contains(name)
    current = ""
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { if isInText { current += string } }
  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    if isInText { texts.append(current) }
    isInText = false
  }
}

private func check(_ svg: String, atMost bytes: Int) throws -> DrawingReader {
  let drawing = try #require(DrawingReader.read(svg), "not well-formed")
  #expect(svg.utf8.count <= bytes, "\(svg.utf8.count) bytes")
  #expect(drawing.elements["title"] == 1 && drawing.elements["desc"] == 1)
  #expect(
    drawing.elements["script"] == nil && drawing.elements["image"] == nil && drawing.elements["style"] == nil)
  #expect(drawing.fontSizes.allSatisfy { $0 >= 11 })
  for word in ["nan", "inf", "href", "javascript"] { #expect(!svg.lowercased().contains(word), "\(word)") }
  return drawing
}

/// As the README of the formats promises: 60 KB for a file, 25 KB for a page.
private enum Limit {
  static let figure = 60_000
  static let page = 25_600
}

private let banana = SyntheticSky.banana(310, 10, length: 110, width: 5)

private func chart(_ sky: SyntheticSky, _ plan: Plan) -> SkyChart {
  var chart = SkyChart(NetworkPlanDocument(plan))
  chart.credibleLevel = { sky.level($0) }
  chart.sun = Direction(ra: .hours(15.7), dec: .degrees(-19.8))
  chart.moon = .init(
    direction: Direction(ra: .hours(1.2), dec: .degrees(8)), illumination: Fraction(clamping: 0.87))
  return chart
}

@Suite struct SkyChartTests {
  @Test func fullNetworkStaysSmall() throws {
    let plan = banana.network(SyntheticSky.telescopes(46), tiles: 120)
    let chart = chart(banana, plan)
    let figure = try check(SkyChartSVG.render(chart), atMost: Limit.figure)
    #expect(figure.texts.contains("TAROT-TCA") && figure.texts.contains("Ondřejov-D50"))
    #expect(figure.texts.contains("AT"), "the 46th telescope has its letter")
    #expect(figure.texts.contains("Sun") && figure.texts.contains("Moon 87 %"))
    let page = try check(SkyChartSVG.render(chart, detail: .page), atMost: Limit.page)
    #expect(page.texts.contains("31 more telescopes"))
  }

  @Test func smallRegionsGetACloseUp() throws {
    let sky = SyntheticSky([
      .init(center: Direction(ra: .degrees(0.5), dec: .degrees(33)), sigma: .degrees(2.6), weight: 1)
    ])
    let small = chart(sky, sky.network(SyntheticSky.telescopes(3), tiles: 12))
    let drawing = try check(SkyChartSVG.render(small), atMost: Limit.figure)
    #expect(drawing.texts.contains { $0.hasPrefix("Close-up, ") })
    #expect(drawing.texts.contains("0h") && drawing.texts.contains("+30°"))
    let large = try check(
      SkyChartSVG.render(chart(banana, banana.network(SyntheticSky.telescopes(2), tiles: 5))),
      atMost: Limit.figure)
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
    let drawing = try check(svg, atMost: Limit.figure)
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
    let drawing = try check(
      SkyChartSVG.render(chart(sky, sky.network(SyntheticSky.telescopes(1), tiles: 9))), atMost: Limit.figure)
    for rank in 1...5 { #expect(drawing.texts.contains("\(rank)")) }
  }

  @Test(arguments: PlanCase.allCases)
  func everyPlanDraws(_ c: PlanCase) throws {
    let bare = SkyChart(c.document)
    let drawing = try check(SkyChartSVG.render(bare), atMost: Limit.figure)
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
    let drawing = try check(SkyChartSVG.render(chart), atMost: Limit.figure)
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
    let drawing = try check(SkyChartSVG.render(chart), atMost: Limit.figure)
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

@Suite struct NightChartTests {
  @Test func fullNetworkStaysSmall() throws {
    let omissions = (0..<8).map {
      Plan.Omission(
        telescopeID: "Out-\($0)", slug: "out-\($0)", code: "no_dark_time",
        reason: "no dark time: the Sun stays up")
    }
    let plan = banana.network(SyntheticSky.telescopes(46), tiles: 300, omissions: omissions)
    let night = NightChart(NetworkPlanDocument(plan))
    let drawing = try check(NightChartSVG.render(night), atMost: Limit.figure)
    for name in ["TAROT-TCA", "Out-0", "not planned: no dark time: the Sun stays up", "03", "2026-11-22"] {
      #expect(drawing.texts.contains(name), "\(name)")
    }
    _ = try check(NightChartSVG.render(night, detail: .page), atMost: Limit.page)
  }

  @Test(arguments: PlanCase.allCases)
  func everyPlanDraws(_ c: PlanCase) throws {
    let night = NightChart(c.document)
    let drawing = try check(NightChartSVG.render(night), atMost: Limit.figure)
    for row in night.rows { #expect(drawing.texts.contains(SkyLegend.shortened(row.name, to: 25))) }
    #expect(drawing.texts.count { $0 == "tiles" } == 1)
  }

  /// Alternating rates cannot blow the drawing up, and no block is lost: shades cover the same time.
  @Test func blocksKeepTheirTime() {
    var chart = NightChart(title: "", window: Synthetic.window)
    for row in 0..<46 {
      let blocks = (0..<300).map { i in
        let start = Synthetic.window.start.advanced(bySeconds: Double(i) * 250 + Double(row))
        return NightChart.Block(
          window: TimeWindow(start, start.advanced(bySeconds: 240)),
          added: Fraction(clamping: i % 2 == 0 ? 1e-3 : 1e-6))
      }
      chart.rows.append(
        .init(name: "T\(row)", dark: [Synthetic.window], blocks: blocks, tiles: 300, probability: .zero))
    }
    let layout = NightLayout(chart)
    let blocks = NightBlocks.fitting(chart, layout, budget: 20_000, unitsPerPixel: 2)
    #expect(blocks.paths.reduce(0) { $0 + $1.text.utf8.count } <= 20_000)
    #expect(blocks.thresholds.count == 4 && blocks.labels.count == 5)
    #expect(blocks.thresholds == blocks.thresholds.sorted())
    var pixels = 0.0
    for path in blocks.paths {
      for part in path.text.split(separator: "h").dropFirst() {
        pixels += Double(part.prefix { $0.isNumber })! / path.unitsPerPixel
      }
    }
    let expected =
      46 * (layout.x(chart.rows[0].blocks[299].window.end) - layout.x(chart.rows[0].blocks[0].window.start))
    #expect(abs(pixels / expected - 1) < 0.05, "\(pixels) of \(expected)")
  }

  @Test(arguments: [(1.0, 1), (24, 1), (48, 2), (72, 3), (240, 12)])
  func ticksAreWholeHours(_ hours: Double, _ step: Int) {
    let start = Synthetic.instant("2026-11-21T03:20:00Z")
    let chart = NightChart(title: "", window: TimeWindow(start, start.advanced(bySeconds: hours * 3600)))
    let ticks = NightLayout(chart).ticks
    #expect(!ticks.isEmpty)
    for (a, b) in zip(ticks, ticks.dropFirst()) {
      #expect(b.time.seconds(since: a.time) == Double(step) * 3600)
    }
    for tick in ticks {
      #expect(tick.time.utc.minute == 0 && tick.time.utc.hour == Int(tick.label))
      #expect(tick.isMidnight == (tick.time.utc.hour == 0))
    }
    #expect(ticks.allSatisfy { !$0.isMidnight || $0.date != nil })
  }

  /// Dozens of telescopes with one reason share its lines; nobody is left unnamed.
  @Test func manyOmissionsAreGrouped() throws {
    var chart = NightChart(NetworkPlanDocument(Synthetic.example))
    chart.omitted = (0..<60).map {
      .init(
        name: "Telescope-\($0)",
        reason: $0 % 20 == 7 ? "own reason \($0)" : "its field of view is not known")
    }
    let drawing = try check(NightChartSVG.render(chart), atMost: Limit.figure)
    #expect(drawing.texts.contains("57 telescopes") && drawing.texts.contains("Telescope-27"))
    #expect(drawing.texts.contains("not planned: own reason 27"))
    let all = drawing.texts.joined(separator: " ")
    for i in 0..<60 { #expect(all.contains("Telescope-\(i)")) }
    #expect(NightLayout(chart).omitted.count < 12)
  }

  /// The example covers 0.635 % of at most 0.8 %.
  @Test func bothPicturesStateBoundAndGap() throws {
    var plan = Synthetic.example
    let stated = "no plan can exceed 0.8 % (gap 20.6 %)"
    for isStated in [true, false] {
      if !isStated { plan.network.upperBound = nil }
      let night = try check(
        NightChartSVG.render(NightChart(NetworkPlanDocument(plan))), atMost: Limit.figure)
      let sky = try check(SkyChartSVG.render(chart(banana, plan)), atMost: Limit.figure)
      for drawing in [night, sky] {
        #expect(drawing.texts.contains { $0.contains(stated) } == isStated)
        #expect(drawing.texts.contains { $0.contains("62.0 % is in reach") } != isStated)
      }
      #expect(night.texts.contains("bound 0.80 %") == isStated)
    }
  }

  @Test func eventAndNowAreMarked() throws {
    var chart = NightChart(NetworkPlanDocument(Synthetic.example))
    chart.event = Synthetic.instant("2026-11-21T04:00:00Z")
    chart.made = Synthetic.instant("2026-11-21T04:20:00Z")
    let drawing = try check(NightChartSVG.render(chart), atMost: Limit.figure)
    #expect(drawing.texts.contains("event 04:00") && drawing.texts.contains("plan made 04:20"))
    chart.event = Synthetic.instant("2020-01-01T00:00:00Z")
    let early = try check(NightChartSVG.render(chart), atMost: Limit.figure)
    #expect(!early.texts.contains { $0.hasPrefix("event ") })
  }

  @Test func rowsAreInTheOrderOfDarkness() {
    let night = NightChart(NetworkPlanDocument(banana.network(SyntheticSky.telescopes(12), tiles: 3)))
    let starts = night.rows.map { $0.dark[0].start }
    #expect(starts == starts.sorted())
  }
}
