import Foundation
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Targeting
import Units

/// How near plans come to their own upper bound, map by map: every real map at hand that covers more than 100 deg2
/// or is named, with the benchmark network and parts of it, and for those that are named the whole registry.
///
/// 60 s exposures (the registry: each telescope's own) from the time of the event (for maps without one: from `unknownTime`) to 24 h later.
struct Optimum {
  /// Where to write `<map>/<set>.csv` (tel,ra,dec,mjd,exp) for a judge.
  var output: URL?
  var only: String?

  private static let named = [
    "skyportal_tests_bayestar.fits.gz", "S230518h-Initial_alert.multiorder.fits",
    "S230522a-Preliminary1_alert.multiorder.fits",
  ]
  static let unknownTime = "2026-11-21T00:00:00Z"
  private static let three = ["TCA", "TCH", "TRE"]
  private static let five = three + ["OAJ", "FZU-Auger"]

  func table() throws {
    let environment = ProcessInfo.processInfo.environment["VESPER_SHARED"]
    let folder = URL(filePath: environment ?? "../shared").appending(path: "data/skymaps")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    print("| map | telescopes | exposures | covered | upper bound | gap | median airmass | CPU |")
    print("|---|---|---|---|---|---|---|---|")
    for name in files where only.map(name.contains) ?? true {
      guard let map = try? SkymapFile.read(contentsOf: folder.appending(path: name)) else { continue }
      let isNamed = Self.named.contains(name)
      let area = CredibleRegions(of: map).area(at: Fraction(clamping: 0.9))
      guard isNamed || area > .squareDegrees(100) else { continue }
      for set in isNamed ? Self.three.map({ [$0] }) + [Self.three, Self.five, []] : [Self.five] {
        print(try row(name, map, area, set))
        fflush(nil)
      }
    }
  }

  /// - Parameter set: of the benchmark network; nothing is the whole registry.
  private func row(_ name: String, _ map: Skymap, _ area: SolidAngle, _ set: [String]) throws -> String {
    guard let start = map.header.eventTime ?? Instant(iso8601: Self.unknownTime) else {
      throw BenchError("\(Self.unknownTime) is not a time")
    }
    let inputs = try Inputs(scratch: URL(filePath: "/"))
    let telescopes =
      try set.isEmpty
      ? inputs.telescopes(inputs.registry) : inputs.telescopes(inputs.network).filter { set.contains($0.id) }
    let before = Usage.own.cpuSeconds
    let plan = try Planner.plan(
      PlanRequest(
        event: .init(id: "benchmark", time: start), map: map, mapDigest: "", telescopes: telescopes,
        now: start, window: TimeWindow(start, start + .hours(24)), earth: .bundled,
        exposure: set.isEmpty ? nil : .seconds(60),
        softwareVersion: "benchmark"))
    let cpu = Usage.own.cpuSeconds - before
    let label = set.isEmpty ? "registry" : set.count == 5 ? "five" : set.count == 3 ? "three" : set[0]
    try write(plan, name, label)
    let covered = plan.network.probability.value
    let bound = plan.network.upperBound?.value ?? 1
    let airmass = plan.telescopes.flatMap(\.assignments).map(\.conditions.airmass).sorted()
    func text(_ x: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", x) }
    return
      "| \(name) (\(text(area.squareDegrees, 0)) deg2) | \(label) | \(airmass.count) | \(text(covered, 4)) "
      + "| \(text(bound, 4)) | \(text(bound > 0 ? 100 * (1 - covered / bound) : 0, 2)) % "
      + "| \(airmass.isEmpty ? "-" : text(airmass[airmass.count / 2], 2)) | \(text(cpu, 2)) s |"
  }

  private func write(_ plan: Plan, _ map: String, _ label: String) throws {
    guard let output else { return }
    let folder = output.appending(path: map)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let rows = plan.telescopes.flatMap { part in
      part.assignments.map { a in
        String(
          format: "%@,%.7f,%.7f,%.9f,%.3f", part.telescope.id as NSString, a.center.ra.degrees,
          a.center.dec.degrees, a.start.mjdUTC, a.exposure.seconds)
      }
    }
    try (["tel,ra,dec,mjd,exp"] + rows).joined(separator: "\n").appending("\n").write(
      to: folder.appending(path: "\(label).csv"), atomically: true, encoding: .utf8)
  }
}
