import Foundation
import Testing

@testable import Ephemerides

@Suite struct IntervalFinderTests {
  private static let omega = 2 * Double.pi / 86_164

  private func intervals(_ finder: IntervalFinder, _ f: (Double) -> Double) -> [(Double, Double)] {
    var found: [(Double, Double)] = []
    finder.forEachInterval(sample: { f(finder.start + Double($0) * finder.step) }, exact: f) {
      found.append(($0, $1))
    }
    return found
  }

  private func finder(over length: Double, longest: Double = 300) -> IntervalFinder {
    let (count, step) = IntervalFinder.samples(over: length, longest: longest)
    return IntervalFinder(start: 0, step: step, count: count, reach: Self.omega * step * 1.03)
  }

  @Test func sinusoidsHaveTheirClosedForm() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<300 {
      let phase = Double.random(in: 0..<86_164, using: &random)
      let level = Double.random(in: -0.99...0.99, using: &random)
      let half = acos(level) / Self.omega
      let length = 86_400.0
      let got = intervals(finder(over: length)) { cos(Self.omega * ($0 - phase)) - level }
      var expected: [(Double, Double)] = []
      for turn in -1...1 {
        let centre = phase + Double(turn) * 86_164
        let (a, b) = (max(0, centre - half), min(length, centre + half))
        if a < b { expected.append((a, b)) }
      }
      // Steps may miss what an edge of the stretch cuts to under a tenth of a second.
      guard expected.allSatisfy({ $0.1 - $0.0 > 0.1 }) else { continue }
      #expect(got.count == expected.count, "phase \(phase) level \(level)")
      for (g, e) in zip(got, expected) { #expect(abs(g.0 - e.0) < 0.011 && abs(g.1 - e.1) < 0.011) }
    }
  }

  /// Culminations that graze the level between two samples: what is missed is shorter than 2 s.
  @Test(arguments: [1.0, -1.0] as [Double])
  func grazingExcursionsAreFound(_ sign: Double) {
    let seed: UInt64 = 2
    var random = SeededGenerator(seed: seed)
    var longestMissed = 0.0
    var found = 0
    for _ in 0..<4000 {
      let halfSeconds = Double.random(in: 0.01...140, using: &random)
      let centre = Double.random(in: 200...(7200 - 200), using: &random)
      let level = cos(Self.omega * halfSeconds)
      let f = { (t: Double) in sign * (cos(Self.omega * (t - centre)) - level) }
      let got = intervals(finder(over: 7200), f)
      let isFound = sign > 0 ? !got.isEmpty : got.count == 2
      if isFound {
        found += 1
        let (a, b) = sign > 0 ? got[0] : (got[0].1, got[1].0)
        #expect(abs(a - (centre - halfSeconds)) < 0.03 && abs(b - (centre + halfSeconds)) < 0.03)
      } else {
        longestMissed = max(longestMissed, 2 * halfSeconds)
      }
    }
    #expect(found > 3900)
    #expect(longestMissed < 2, "seed \(seed)")
    print("longest grazing excursion missed: \(longestMissed) s")
  }

  /// Extremum in the first and in the last step of the stretch.
  @Test(arguments: [40.0, 150.0, 260.0, 3340.0, 3560.0])
  func excursionsAtTheEndsAreFound(_ centre: Double) {
    let level = cos(Self.omega * 20)
    let got = intervals(finder(over: 3600)) { cos(Self.omega * ($0 - centre)) - level }
    #expect(got.count == 1)
  }

  @Test func edgesAreOnTheNonNegativeSide() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let phase = Double.random(in: 0..<86_164, using: &random)
      let level = Double.random(in: -0.9...0.9, using: &random)
      let f = { (t: Double) in cos(Self.omega * (t - phase)) - level }
      for (a, b) in intervals(finder(over: 30_000), f) { #expect(f(a) >= 0 && f(b) >= 0) }
    }
  }

  /// Samples within `sampleError` are replaced by the exact function.
  @Test func roughSamplesDoNotMoveEdges() {
    let (count, step) = IntervalFinder.samples(over: 7200, longest: 300)
    let rough = IntervalFinder(start: 0, step: step, count: count, reach: 0.03, sampleError: 2e-3)
    let f = { (t: Double) in (t - 3599.99) * 1e-5 }
    var got: [(Double, Double)] = []
    rough.forEachInterval(
      sample: { f(Double($0) * step) + ($0 % 2 == 0 ? -1e-3 : 1e-3) }, exact: f,
      body: { got.append(($0, $1)) })
    #expect(got.count == 1 && abs(got[0].0 - 3599.99) < 0.011)
  }

  /// A step function: the bracket must still close.
  @Test func jumpsConverge() {
    let got = intervals(finder(over: 3000)) { $0 > 1234.5 ? 1 : -1e-9 }
    #expect(got.count == 1 && abs(got[0].0 - 1234.5) < 0.011)
  }
}
