import Ephemerides
import Formats
import Planning
import Skymaps
import Units

/// Everything a plan leaves behind, as files in one folder.
enum PlanFolder {
  /// Where the input is kept, so that the plan can be checked and made again.
  static let inputFolder = "input"

  static func write(_ plan: Plan, input: PlanInput, to path: String) throws {
    let document = NetworkPlanDocument(plan)
    let folder = try OutputFolder(path)
    do {
      try folder.write(document.json(), to: OutputFolder.marker)
      try folder.write(NetworkCSV.render(document), to: "network.csv")
      try folder.write(SkyChartSVG.render(skyChart(document, plan, input.map)), to: "skymap.svg")
      try folder.write(NightChartSVG.render(nightChart(document, plan)), to: "night.svg")
      try folder.write(input.bytes, to: "\(inputFolder)/\(input.fileName)")
      for part in document.plans {
        let name = part.telescope.slug
        try folder.write(PlanText.render(part), to: "\(name)/plan.txt")
        try folder.write(PlanCSV.render(part), to: "\(name)/plan.csv")
        try folder.write(PlanECSV.render(part), to: "\(name)/plan.ecsv")
        try folder.write(PlanRegions.render(part), to: "\(name)/plan.reg")
      }
      try folder.commit()
    } catch {
      folder.discard()
      throw error
    }
  }

  private static func skyChart(_ document: NetworkPlanDocument, _ plan: Plan, _ map: Skymap) -> SkyChart {
    var chart = SkyChart(document)
    let regions = CredibleRegions(of: map)
    let levels = CredibleLevels(map)
    chart.credibleLevel = { levels($0) }
    chart.contours = [0.5, 0.9].map { level in
      let fraction = Fraction(clamping: level)
      return .init(level: fraction, outlines: regions.outline(at: fraction))
    }
    let bodies = SkyBodies(at: plan.window.start, earth: .bundled)
    chart.sun = bodies.sun
    chart.moon = bodies.moon.map { .init(direction: $0.direction, illumination: $0.illuminated) }
    return chart
  }

  private static func nightChart(_ document: NetworkPlanDocument, _ plan: Plan) -> NightChart {
    NightChart(document)
  }
}
