import Ephemerides
import Planning
import Skymaps
import Units

/// One file of a plan's folder.
public struct PlanFile: Sendable {
  /// Relative, with `/`.
  public let path: String
  public let bytes: [UInt8]

  init(_ path: String, _ text: String) {
    self.path = path
    bytes = Array(text.utf8)
  }
}

/// Everything a plan leaves behind, as files in one folder.
public enum PlanFiles {
  public static let planPath = "plan.json"

  public static func render(_ plan: Plan, on map: Skymap) -> [PlanFile] {
    let document = NetworkPlanDocument(plan)
    return [
      PlanFile(planPath, document.json()),
      PlanFile("network.csv", NetworkCSV.render(document)),
      PlanFile("skymap.svg", SkyChartSVG.render(skyChart(document, on: map))),
      PlanFile("night.svg", NightChartSVG.render(NightChart(document))),
    ] + document.plans.flatMap(render)
  }

  /// The files of one telescope, in its own folder.
  public static func render(_ plan: PlanDocument) -> [PlanFile] {
    let folder = plan.telescope.slug
    return [
      PlanFile("\(folder)/plan.txt", PlanText.render(plan)),
      PlanFile("\(folder)/plan.csv", PlanCSV.render(plan)),
      PlanFile("\(folder)/plan.ecsv", PlanECSV.render(plan)),
      PlanFile("\(folder)/plan.reg", PlanRegions.render(plan)),
    ]
  }

  /// The chart of the whole sky, with contours of the map and Sun and Moon at the start of the window.
  public static func skyChart(_ document: NetworkPlanDocument, on map: Skymap) -> SkyChart {
    var chart = SkyChart(document)
    let regions = CredibleRegions(of: map)
    let levels = CredibleLevels(map)
    chart.credibleLevel = { levels($0) }
    chart.contours = [0.5, 0.9].map { level in
      let fraction = Fraction(clamping: level)
      return .init(level: fraction, outlines: regions.outline(at: fraction))
    }
    let bodies = SkyBodies(at: document.window.start.instant, earth: .bundled)
    chart.sun = bodies.sun
    chart.moon = bodies.moon.map { .init(direction: $0.direction, illumination: $0.illuminated) }
    return chart
  }
}
