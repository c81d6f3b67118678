import Checking
import Ephemerides
import Formats
import Foundation
import Observatories
import Planning
import SkymapFiles
import Skymaps
import TelescopeFiles
import TestSupport
import Units

func telescopes(_ folder: String, _ names: [String]? = nil) throws -> [Telescope] {
  let registry = try TelescopeFiles.load(packageRoot.appending(path: folder)).registry
  guard let names else { return registry.telescopes }
  return try names.map { try registry.resolve($0) }
}

let benchmarkNetwork = "Tests/Benchmarks/network"

func request(
  _ map: Skymap, _ telescopes: [Telescope], start: Instant, hours: Double = 24, now: Instant? = nil,
  tiling: PlanRequest.Tiling = .automatic, exposure: Duration? = nil
) -> PlanRequest {
  PlanRequest(
    event: .init(id: "MS1test"), map: map, mapDigest: String(repeating: "0", count: 64),
    telescopes: telescopes,
    telescopeDigests: Dictionary(uniqueKeysWithValues: telescopes.map { ($0.id, $0.digest) }),
    now: now ?? start,
    window: TimeWindow(start, start + .hours(hours)), earth: .bundled, tiling: tiling, exposure: exposure,
    softwareVersion: "test")
}

/// The independent judge's report on a plan as it is written to disk.
func judged(_ plan: Plan, on map: Skymap) throws -> CheckReport {
  let document = NetworkPlanDocument(plan)
  let byID = Dictionary(uniqueKeysWithValues: plan.telescopes.map { ($0.telescope.id, $0.telescope) })
  let checked = try CheckedPlan(json: Array(document.json().utf8)) { byID[$0] }
  let values = EarthOrientation.bundled.values(at: plan.window.start)
  let earth = EarthRotation(
    ut1MinusUTC: .seconds(values.ut1MinusTAISeconds) + plan.window.start.taiMinusUTC, polarX: values.polarX,
    polarY: values.polarY)
  return try PlanChecker(earth: earth).check(checked, on: map)
}

func fixtureMap(_ name: String) throws -> Skymap {
  try SkymapFile.read(contentsOf: fixture("skymaps/\(name)"))
}
