import Ephemerides
import Healpix
import Planning
import Skymaps
import Synchronization
import Units

/// One file of a plan's folder.
public struct PlanFile: Sendable {
  /// Relative, with `/`.
  public let path: String
  private let make: @Sendable () -> [UInt8]

  /// Made when asked for, each time: who wants one file of many does not pay for the others.
  public var bytes: [UInt8] { make() }

  init(_ path: String, _ make: @escaping @Sendable () -> [UInt8]) {
    self.path = path
    self.make = make
  }

  init(_ path: String, _ text: String) { self.init(path) { Array(text.utf8) } }
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
    ] + document.plans.flatMap { render($0) }
  }

  /// The files of one telescope, in its own folder: every format, as the site prefers it.
  public static func render(
    _ plan: PlanDocument, _ preferences: SitePreferences = .standard
  ) -> [PlanFile] {
    let plan = plan.adapted(to: preferences)
    let moc = Once { PlanMOC(plan) }
    return PlanFormat.allCases.map { format in
      PlanFile("\(plan.telescope.slug)/\(format.fileName)") {
        format.render(adapted: plan, preferences) { moc.value }
      }
    }
  }

  /// What needs the map beside the plan: the chart with contours, and its regions as MOC.
  public static func ofMap(_ document: NetworkPlanDocument, on map: Skymap) -> [PlanFile] {
    let chart = PlanFile("skymap.svg", SkyChartSVG.render(skyChart(document, on: map)))
    let regions = CredibleRegions(of: map)
    return [chart]
      + [50, 90].map { level in
        let coverage = regions.coverageInICRS(at: Fraction(clamping: Double(level) / 100))
        return PlanFile("region\(level).moc.txt", coverage.mocASCII() + "\n")
      }
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

/// A value made when first asked for, and once, by whoever asks.
private final class Once<Value: Sendable>: Sendable {
  private let make: @Sendable () -> Value
  private let made = Mutex<Value?>(nil)

  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  var value: Value {
    made.withLock { made in
      let value = made ?? make()
      made = value
      return value
    }
  }
}
