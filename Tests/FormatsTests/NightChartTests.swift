import Foundation
import Observatories
import Testing
import Units

@testable import Formats
@testable import Planning

@Suite struct NightChartTests {
  @Test func fullNetworkStaysSmall() throws {
    let omissions = (0..<8).map {
      Plan.Omission(
        telescopeID: "Out-\($0)", slug: "out-\($0)", code: "no_dark_time",
        reason: "no dark time: the Sun stays up")
    }
    let plan = banana.network(SyntheticSky.telescopes(46), tiles: 300, omissions: omissions)
    let night = NightChart(NetworkPlanDocument(plan))
    let drawing = try checkedDrawing(NightChartSVG.render(night), atMost: DrawingLimit.figure)
    for name in ["TAROT-TCA", "Out-0", "not planned: no dark time: the Sun stays up", "03", "2026-11-22"] {
      #expect(drawing.texts.contains(name), "\(name)")
    }
    _ = try checkedDrawing(NightChartSVG.render(night, detail: .page), atMost: DrawingLimit.page)
  }

  @Test(arguments: PlanCase.allCases)
  func everyPlanDraws(_ c: PlanCase) throws {
    let night = NightChart(c.document)
    let drawing = try checkedDrawing(NightChartSVG.render(night), atMost: DrawingLimit.figure)
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
    let drawing = try checkedDrawing(NightChartSVG.render(chart), atMost: DrawingLimit.figure)
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
      let night = try checkedDrawing(
        NightChartSVG.render(NightChart(NetworkPlanDocument(plan))), atMost: DrawingLimit.figure)
      let sky = try checkedDrawing(SkyChartSVG.render(chart(banana, plan)), atMost: DrawingLimit.figure)
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
    let drawing = try checkedDrawing(NightChartSVG.render(chart), atMost: DrawingLimit.figure)
    #expect(drawing.texts.contains("event 04:00") && drawing.texts.contains("plan made 04:20"))
    chart.event = Synthetic.instant("2020-01-01T00:00:00Z")
    let early = try checkedDrawing(NightChartSVG.render(chart), atMost: DrawingLimit.figure)
    #expect(!early.texts.contains { $0.hasPrefix("event ") })
  }

  @Test func rowsAreInTheOrderOfDarkness() {
    let night = NightChart(NetworkPlanDocument(banana.network(SyntheticSky.telescopes(12), tiles: 3)))
    let starts = night.rows.map { $0.dark[0].start }
    #expect(starts == starts.sorted())
  }
}
