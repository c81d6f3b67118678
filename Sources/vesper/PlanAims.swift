import ArgumentParser
import Foundation
import Galaxies
import GalaxyFiles
import Planning
import Units

/// What a plan is to look for, beyond covering the map.
struct PlanAims: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Point fields under 1 deg2 at galaxies where the 90 % region is under 200 deg2; made by `galaxies build`.",
      valueName: "index"))
  var galaxies: String?

  @Option(help: "With --galaxies: \(GalaxyRanking.Weighting.allCases.map(\.rawValue).joined(separator: ", ")).")
  var galaxyWeight = GalaxyRanking.Weighting.luminosity

  /// Credible region in which galaxies are looked for.
  private static let level = Fraction(clamping: 0.95)

  func apply(to request: inout PlanRequest) throws {
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
