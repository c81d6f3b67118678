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
  @Option(
    help: ArgumentHelp(
      "Point fields under 1 deg2 at galaxies where the 90 % region is under 200 deg2 (`galaxies build`).",
      valueName: "index"))
  var galaxies: String?

  @Option(
    help: "With --galaxies: \(GalaxyRanking.Weighting.allCases.map(\.rawValue).joined(separator: ", ")).")
  var galaxyWeight = GalaxyRanking.Weighting.luminosity

  @Option(
    help: ArgumentHelp(
      "Plan to detect a source, not to cover sky: the id of a light curve, such as at2017gfo, or a YAML file.",
      valueName: "model"))
  var source: String?

  @Option(help: "With --source: Mpc, for maps that have no distance.") var distance: Double?

  @Option(help: "Telescopes whose people agreed, separated by commas.") var approved: String?
  @Option(help: "Telescopes whose night was agreed on before.") var planned: String?
  @Flag(help: "The counterpart has been detected by somebody.") var detected = false
  @Option(help: "Mission or instrument the event came from, such as SVOM, for the telescopes' own rules.")
  var stream: String?
  @Flag(help: "Let allocations choose fields where they say how (TAROT: at most 20 a night, 3 x 200 s).")
  var tilingRules = false

  /// Credible region in which galaxies are looked for.
  private static let level = Fraction(clamping: 0.95)

  func apply(to request: inout PlanRequest) throws {
    request.followsTilingRules = tilingRules
    request.circumstances = .init(
      stream: stream, requested: request.now,
      permissions: detected ? [.detected] : [])
    let registry = Registry(request.telescopes)
    for (list, permission) in [(approved, Telescope.Exclusion.Permission.approved), (planned, .planned)] {
      for name in (list ?? "").split(separator: ",") {
        do {
          let id = try registry.resolve(name.trimmingCharacters(in: .whitespaces)).id
          request.permissions[id, default: []].insert(permission)
        } catch { throw Failure(.usage, "--\(permission.rawValue): \(error)") }
      }
    }
    if let source {
      if let distance, !(distance.isFinite && distance > 0) {
        throw Failure(.usage, "--distance \(distance): give Mpc above 0")
      }
      let curve: LightCurve
      do {
        curve =
          source.contains("/") || source.hasSuffix(".yaml")
          ? try LightCurveLibrary.file(at: URL(filePath: source))
          : try LightCurveLibrary.shipped().curve(source)
      } catch { throw Failure(.usage, "--source \(source): \(error)") }
      request.objective = .detection(
        DetectionObjective(curve, otherwise: distance.map { .distance(.megaparsecs($0)) } ?? .never))
    }
    if let galaxies {
      let index: GalaxyIndex
      do { index = try GalaxyIndex(at: URL(filePath: galaxies)) } catch {
        throw Failure(.badData, "--galaxies \(galaxies): \(error)")
      }
      request.galaxies = GalaxyTargeting(
        table: index.table(for: .init(request.map, level: Self.level)), catalog: index.title,
        weighting: galaxyWeight
      ) { index.name(ofRow: $0) }
    }
  }
}
