import ArgumentParser
import Foundation
import Galaxies
import GalaxyFiles
import Observatories
import Photometry
import Planning
import Units

/// What a plan is to look for, beyond covering the map.
struct PlanAims: ParsableArguments {
  enum Objective: String, ExpressibleByArgument, CaseIterable { case coverage, detection }

  @Option(
    help: ArgumentHelp(
      "Point fields under 1 deg2 at galaxies where the 90 % region is under 200 deg2: an index (`galaxies build`), or a small catalogue as its .csv.",
      valueName: "catalogue"))
  var galaxies: String?

  @Option(
    help: "With --galaxies: \(GalaxyRanking.Weighting.allCases.map(\.rawValue).joined(separator: ", ")).")
  var galaxyWeight = GalaxyRanking.Weighting.luminosity

  @Option(help: "With --galaxies: the widest field that is pointed at them, deg2.")
  var galaxyField: Double = 1

  @Option(help: "With --galaxies: the widest 90 % region, deg2.")
  var galaxyArea: Double = 200

  @Option(help: "Visits to every field.") var visits: Int = 1

  @Option(help: "With --visits: minutes from the end of one to the start of the next, at least.")
  var gap: Double = 30

  @OptionGroup var detection: DetectionAims

  func apply(to request: inout PlanRequest) throws {
    try detection.apply(to: &request)
    guard (1...100).contains(visits), gap >= 0, gap <= 10_000 else {
      throw Failure(.usage, "--visits \(visits) --gap \(gap): give 1 to 100 visits, and 0 to 10000 minutes")
    }
    if visits > 1 { request.revisits = .init(count: visits, gap: .seconds(60 * gap)) }
    guard let galaxies else { return }
    for (name, value) in [("field", galaxyField), ("area", galaxyArea)] where !(value > 0 && value <= 41_253)
    {
      throw Failure(.usage, "--galaxy-\(name) \(value): give deg2 above 0 and up to the whole sky, 41253")
    }
    let index = try Self.index(galaxies)
    var policy = GalaxyPolicy()
    policy.largestField = .squareDegrees(galaxyField)
    policy.largestArea90 = .squareDegrees(galaxyArea)
    request.galaxies = GalaxyTargeting(
      table: index.table(for: .init(request.map, level: GalaxyTargeting.level)), catalog: index.title,
      weighting: galaxyWeight, policy: policy
    ) { index.name(ofRow: $0) }
  }

  private static func index(_ path: String) throws -> GalaxyIndex {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure(.noInput, "--galaxies \(path): no such file; check the name")
    }
    do {
      let (index, faults, rows) = try GalaxyIndex.reading(path)
      if faults > 0 { printError("vesper: \(path): \(faults) of \(rows) rows cannot be used") }
      return index
    } catch { throw Failure(.badData, "--galaxies \(path): \(error)") }
  }
}

/// Which source a plan is to find.
struct DetectionAims: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Plan to detect this source: the id of a light curve, such as at2017gfo, or a YAML file.",
      valueName: "model"))
  var source: String?

  @Option(
    help:
      "With --source, what the plan maximises: detection; or coverage, and the chance to detect is only stated."
  )
  var objective: PlanAims.Objective?

  @Option(help: "With --source: Mpc, for maps that have no distance.") var distance: Double?

  @Option(
    help: ArgumentHelp(
      "With --source: E(B-V) of the Galaxy's dust toward its poles, such as 0.02; toward the plane it grows as "
        + "1/sin|b|, down to |b| of 3 degrees. It dims as in r.", valueName: "mag"))
  var dust: Double?

  func apply(to request: inout PlanRequest) throws {
    guard let source = try wanted() else { return }
    request.source = source
    request.objective = objective == .coverage ? .coverage : .detection(source)
  }

  func chosen() throws -> PlanRequest.Objective {
    guard let source = try wanted(), objective != .coverage else { return .coverage }
    return .detection(source)
  }

  private func wanted() throws -> DetectionObjective? {
    try curve().map {
      DetectionObjective(
        $0, otherwise: distance.map { .distance(.megaparsecs($0)) } ?? .never,
        dust: dust.map { .layer(poleReddening: $0) } ?? .none)
    }
  }

  /// The light curve asked for.
  private func curve() throws -> LightCurve? {
    guard let source else {
      if objective == .detection {
        throw Failure(.usage, "--objective detection: say what is to be detected with --source")
      }
      if distance != nil { throw Failure(.usage, "--distance: say what is to be detected with --source") }
      if dust != nil { throw Failure(.usage, "--dust: say what is to be detected with --source") }
      return nil
    }
    if let distance, !(distance.isFinite && distance > 0) {
      throw Failure(.usage, "--distance \(distance): give Mpc above 0")
    }
    if let dust, !(0...1).contains(dust) { throw Failure(.usage, "--dust \(dust): give 0 to 1 magnitude") }
    do {
      return source.contains("/") || source.hasSuffix(".yaml")
        ? try LightCurveLibrary.file(at: URL(filePath: source))
        : try LightCurveLibrary.shipped().curve(source)
    } catch { throw Failure(.usage, "--source \(source): \(error)") }
  }
}
