import Formats
import Foundation
import Testing
import Units

@testable import Planning

@Test(.enabled(if: ProcessInfo.processInfo.environment["VESPER_PREVIEW"] != nil))
func preview() throws {
  let out = URL(filePath: ProcessInfo.processInfo.environment["VESPER_PREVIEW"]!)
  func save(
    _ name: String, _ sky: SyntheticSky, _ count: Int, _ tiles: Int, outlines: Bool = false,
    hours: Double = 24
  ) throws {
    let window = TimeWindow(Synthetic.window.start, Synthetic.window.start.advanced(bySeconds: hours * 3600))
    let omissions = (0..<7).map {
      Plan.Omission(
        telescopeID: "Omitted-\($0)", slug: "o\($0)", code: "no_dark_time",
        reason: "no dark time: the Sun stays above -12 deg (lowest -4.1 deg at 14:05 UTC)")
    }
    let plan = sky.network(SyntheticSky.telescopes(count), tiles: tiles, omissions: omissions, window: window)
    let t0 = Date()
    let doc = NetworkPlanDocument(plan)
    let t1 = Date()
    let json = doc.json()
    let t2 = Date()
    var chart = SkyChart(doc)
    chart.credibleLevel = { sky.level($0) }
    chart.sun = Direction(ra: .hours(15.7), dec: .degrees(-19.8))
    chart.moon = .init(
      direction: Direction(ra: .hours(1.2), dec: .degrees(8)), illumination: Fraction(clamping: 0.87))
    let svg = SkyChartSVG.render(chart)
    let t3 = Date()
    let page = SkyChartSVG.render(chart, detail: .page)
    var night = NightChart(doc)
    for i in night.rows.indices {
      night.rows[i].sunDown = night.rows[i].dark.map {
        TimeWindow($0.start.advanced(bySeconds: -5400), $0.end.advanced(bySeconds: 5400))
      }
      night.rows[i].moonUp = night.rows[i].dark.map {
        TimeWindow($0.start, $0.start.advanced(bySeconds: 9000))
      }
    }
    let t4 = Date()
    let nightSVG = NightChartSVG.render(night)
    let t5 = Date()
    try svg.write(to: out.appending(path: "\(name)-sky.svg"), atomically: true, encoding: .utf8)
    try page.write(to: out.appending(path: "\(name)-page.svg"), atomically: true, encoding: .utf8)
    try nightSVG.write(to: out.appending(path: "\(name)-night.svg"), atomically: true, encoding: .utf8)
    try json.write(to: out.appending(path: "\(name).json"), atomically: true, encoding: .utf8)
    print(PlanSummary.render(doc))
    print(
      name, "sky", svg.utf8.count, "page", page.utf8.count, "night", nightSVG.utf8.count, "json",
      json.utf8.count,
      "doc s", t1.timeIntervalSince(t0), "json s", t2.timeIntervalSince(t1), "sky s",
      t3.timeIntervalSince(t2), "night s", t5.timeIntervalSince(t4))
  }
  try save("full", .banana(310, 10, length: 110, width: 5), 46, 300)
  try save(
    "small",
    SyntheticSky([
      .init(center: Direction(ra: .degrees(0.5), dec: .degrees(33)), sigma: .degrees(2.6), weight: 1),
      .init(center: Direction(ra: .degrees(5.5), dec: .degrees(29)), sigma: .degrees(2), weight: 0.5),
    ]), 12, 40)
  try save("single", .banana(140, -30, length: 50, width: 2.5), 1, 60)
  try save(
    "polar",
    SyntheticSky([
      .init(center: Direction(ra: .degrees(100), dec: .degrees(86)), sigma: .degrees(4), weight: 1)
    ]), 6, 20, hours: 72)
}
