import Ephemerides
import Foundation
import Observatories
import Testing
import Units

@testable import Visibility

/// Figures, not verdicts: `VESPER_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter Benchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VESPER_BENCH"] == "1"), .serialized)
struct VisibilityBenchmark {
  /// Best of five, nanoseconds of CPU an item.
  private func measure(_ name: String, items: Int, _ work: () throws -> Int) rethrows {
    var best = Double.infinity
    var sink = 0
    for _ in 0..<5 {
      let start = clock()
      sink = try work()
      best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e9 / Double(items))
    }
    print("BENCH \(name): \(best.rounded()) ns (\(sink))")
  }

  @Test func figures() throws {
    let start = instant("2026-11-21T12:00:00Z")
    let day = TimeWindow(start, start + .hours(24))
    let sky = try Ephemeris(covering: day)
    var random = SeededGenerator(seed: 1)
    let targets = (0..<10_000).map { _ in randomDirection(&random) }
    let limits = Telescope.PointingLimits(minAltitude: .degrees(20), maxAirmass: 2.5)
    var plain = telescope(place(43.75, 6.92), limits)
    let winter = telescope(place(80, 0), limits)
    measure("SiteVisibility of 24 h", items: 100) {
      (0..<100).reduce(0) { sum, _ in
        sum + ((try? SiteVisibility(telescope: plain, window: day, ephemeris: sky))?.darkWindows.count ?? 0)
      }
    }
    func windows(_ name: String, _ telescope: Telescope, _ targets: [Direction<ICRS>]) throws {
      let site = try SiteVisibility(telescope: telescope, window: day, ephemeris: sky)
      var buffer: [TimeWindow] = []
      measure("startWindows, \(name)", items: targets.count) {
        buffer.removeAll(keepingCapacity: true)
        for target in targets { site.appendStartWindows(for: target, exposure: .seconds(120), to: &buffer) }
        return buffer.count
      }
    }
    try windows("11.9 h of dark", plain, targets)
    let high = targets.filter { $0.dec > .degrees(-10) && $0.dec < .degrees(60) }
    try windows("only targets that rise", plain, high)
    try windows("24 h of dark", winter, targets)
    plain.limits.maxHourAngle = .degrees(60)
    try windows("hour-angle limit", plain, targets)
    plain.limits.maxHourAngle = nil
    plain.limits.minMoonSeparation = .degrees(90)
    try windows("Moon limit of 90 degrees", plain, targets)
    plain.limits.minMoonSeparation = .degrees(30)
    plain.site.horizon = mask(
      (0..<36).map { (azimuth: Double($0) * 10, altitude: 20 + 10 * sin(Double($0))) })
    try windows("horizon mask of 36 points", plain, targets)
    plain.site.horizon = nil
    let site = try SiteVisibility(telescope: plain, window: day, ephemeris: sky)
    measure("conditions", items: targets.count) {
      targets.reduce(0) { $0 + (site.conditions(of: $1, at: start + .hours(3)).airmass > 2 ? 1 : 0) }
    }
    measure("rejection", items: 1000) {
      targets.prefix(1000).reduce(0) { $0 + (site.rejection(for: $1, exposure: .seconds(60)) == nil ? 0 : 1) }
    }
  }
}
