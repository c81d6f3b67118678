import ArgumentParser
import Checking
import Ephemerides
import Formats
import Foundation
import Observatories
import SkymapFiles
import Skymaps
import Units

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Verify a plan independently: coverage, limits, slews, overlaps.",
    discussion: """
      PLAN is a plan.json or a network.csv. Nothing of the planner is used: every altitude, Sun, Moon and \
      footprint is computed anew by other means. Exit status 1 and a list when something is violated.
      """)

  @Argument(help: "plan.json or network.csv.")
  var plan: String

  @Option(help: "The sky map or notice of the plan; default: the copy in the plan's own folder.")
  var map: String?

  @OptionGroup var registry: RegistryFolder

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() throws {
    try reporting {
      let bytes = try PlanInput.bytes(of: plan)
      let registry = try self.registry.load().registry
      let resolve = { (name: String) -> Telescope? in
        // The checker reports unknown telescopes.
        do { return try registry.resolve(name) } catch { return nil }
      }
      var checked: CheckedPlan
      do {
        let isJSON = bytes.first { !" \r\n\t".utf8.contains($0) } == UInt8(ascii: "{")
        checked =
          isJSON
          ? try CheckedPlan(json: bytes, telescopes: resolve)
          : try CheckedPlan(csv: bytes, telescopes: resolve)
        if isJSON { checked.brokenSeals = try Self.brokenSeals(bytes, checked.source) }
      } catch {
        throw Failure(.badData, "\(plan): \(error)")
      }
      let report = try check(checked)
      print(json ? report.json() : report.text(), terminator: "")
      if !report.isClean { throw ExitCode(Failure.Status.violations.rawValue) }
    }
  }

  private static func brokenSeals(_ bytes: [UInt8], _ source: CheckedPlan.Source) throws -> [String] {
    if source == .networkJSON { return try NetworkPlanDocument(json: bytes).brokenDigests() }
    let plan = try PlanDocument(json: bytes)
    return plan.sha256 == plan.digest() ? [] : [plan.planID]
  }

  private func check(_ checked: CheckedPlan) throws -> CheckReport {
    let source = try mapBytes()
    let sky: Skymap? = try source.map { name, bytes in
      do { return try SkymapFile.read(bytes: bytes) } catch { throw Failure(.badData, "\(name): \(error)") }
    }
    do {
      return try PlanChecker(
        earth: earth(at: checked.window?.start ?? checked.telescopes.first?.assignments.first?.start),
        mapDigest: source.map { SHA256.hexDigest(of: $0.bytes) }
      ).check(checked, on: sky)
    } catch {
      throw Failure(.badData, "\(plan): \(error)")
    }
  }

  private func mapBytes() throws -> (name: String, bytes: [UInt8])? {
    if let map { return (map, try PlanInput.bytes(of: map)) }
    let folder = URL(filePath: plan).deletingLastPathComponent().appending(path: PlanFolder.inputFolder)
    // No such folder: a plan file that was moved alone is checked without its map.
    guard let name = try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().first else {
      return nil
    }
    let path = folder.appending(path: name).path
    return (path, try PlanInput.bytes(of: path))
  }

  /// The checker takes the Earth's rotation as given; over a few days it changes by a millisecond of time.
  private func earth(at instant: Instant?) -> EarthRotation {
    guard let instant else { return .unknown }
    let values = EarthOrientation.bundled.values(at: instant)
    return EarthRotation(
      ut1MinusUTC: .seconds(values.ut1MinusTAISeconds) + instant.taiMinusUTC, polarX: values.polarX,
      polarY: values.polarY)
  }
}
