import Foundation
import Testing
import Units

@testable import Ephemerides

/// Figures, not verdicts: `VESPER_BENCH=1 swift test -c release -Xswiftc -enable-testing --filter Benchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VESPER_BENCH"] == "1"), .serialized)
struct EphemeridesBenchmark {
  /// Best of five, nanoseconds of CPU an item.
  private func measure(_ name: String, items: Int, _ work: () -> Double) {
    var best = Double.infinity
    var sink = 0.0
    for _ in 0..<5 {
      let start = clock()
      sink += work()
      best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e9 / Double(items))
    }
    print("BENCH \(name): \((best * 100).rounded() / 100) ns (\(sink.isNaN ? "nan" : "ok"))")
  }

  @Test func figures() throws {
    let start = instant("2026-11-21T12:00:00Z")
    let day = TimeWindow(start, start + .hours(24))
    let place = GeodeticPosition(latitude: .degrees(43.75), longitude: .degrees(6.92), height: .metres(1270))
    let observer = try Observer(place)
    let sky = try Ephemeris(covering: day)
    var random = SeededGenerator(seed: 1)
    let targets = (0..<10_000).map { _ in randomDirection(&random) }
    let times = (0..<100_000).map { _ in start.advanced(bySeconds: .random(in: 0..<86_400, using: &random)) }

    measure("ephemeris of 24 h", items: 20) {
      (0..<20).reduce(0) { sum, _ in
        sum + ((try? Ephemeris(covering: day))?.moonPosition(at: start).x ?? .nan)
      }
    }
    measure("ephemeris of 48 h", items: 20) {
      let two = TimeWindow(start, start + .hours(48))
      return (0..<20).reduce(0) { sum, _ in
        sum + ((try? Ephemeris(covering: two))?.moonPosition(at: start).x ?? .nan)
      }
    }
    measure("frame at an instant", items: times.count) {
      times.reduce(0) { $0 + sky.frame(of: observer, at: $1).up.z }
    }
    let frames = (0..<100).map { sky.frame(of: observer, at: start + .minutes(Double($0) * 14)) }
    measure("sinAltitude of (target, frame)", items: targets.count * frames.count) {
      var sum = 0.0
      for frame in frames { for target in targets { sum += frame.sinAltitude(target.unit) } }
      return sum
    }
    measure("exactSinAltitude of (target, frame)", items: targets.count * frames.count) {
      var sum = 0.0
      for frame in frames { for target in targets { sum += frame.exactSinAltitude(of: target) } }
      return sum
    }
    measure("altitude and azimuth of (target, frame)", items: targets.count * 10) {
      var sum = 0.0
      for frame in frames.prefix(10) {
        for target in targets {
          let d = frame(target)
          sum += d.altitude.radians + d.azimuth.radians
        }
      }
      return sum
    }
    measure("Moon and Sun in a frame", items: frames.count * 100) {
      var sum = 0.0
      for _ in 0..<100 {
        for frame in frames {
          sum += sky.moon(in: frame).apparent.unit.x + sky.sun(in: frame).apparent.unit.x
        }
      }
      return sum
    }
    measure("rise and set of a target in 24 h", items: 1000) {
      targets.prefix(1000).reduce(0) {
        $0 + Double(sky.crossings(of: .fixed($1), through: .degrees(30), from: observer, in: day).count)
      }
    }
  }
}
