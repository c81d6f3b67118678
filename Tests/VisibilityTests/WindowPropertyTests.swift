import Ephemerides
import Foundation
import Observatories
import Testing
import Units

@testable import Visibility

/// Random telescopes, nights and targets against the constraints evaluated one instant at a time.
@Suite struct WindowPropertyTests {
  /// `VESPER_TRIALS=50` runs as many times the usual trials.
  static let effort = ProcessInfo.processInfo.environment["VESPER_TRIALS"].flatMap { Int($0) } ?? 1

  struct Trial {
    let site: SiteVisibility
    let targets: [Direction<ICRS>]
    let exposure: Duration
  }

  /// One of five kinds of telescope: limits on declination and galactic latitude, hour angle, mask, walls in the mask, near the Moon.
  static func trial(_ kind: Int, _ random: inout SeededGenerator) throws -> Trial {
    func uniform(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &random) }
    var telescope = telescope(
      place(uniform(-90...90), uniform(-180...180)),
      .init(
        minAltitude: .degrees(uniform(-5...40)), maxAirmass: uniform(1.3...8),
        minMoonSeparation: .degrees(kind == 4 ? uniform(20...100) : 30),
        maxSunAltitude: .degrees(uniform(-18...0)),
        maxHourAngle: kind == 1 ? .degrees(uniform(5...120)) : nil))
    if kind == 2 || kind == 3 {
      let corners = kind == 2 ? 6 : 10
      telescope.site.horizon = mask(
        (0..<corners).map { i in
          let azimuth = (Double(i) + uniform(0...0.9)) * 360 / Double(corners)
          return (
            azimuth: azimuth, altitude: kind == 2 ? uniform(0...50) : (i % 2 == 0 ? 5 : uniform(5...80))
          )
        })
    }
    let start = instant("2026-01-01T00:00:00Z").advanced(bySeconds: uniform(0...3e7))
    let window = TimeWindow(start, start + .hours(24))
    let closed = start + .hours(uniform(0...24))
    telescope.closures = [.init(window: TimeWindow(closed, closed + .minutes(40)), reason: "test")]
    var extra: [Constraint] = []
    if kind == 0 {
      telescope.limits.minDeclination = .degrees(uniform(-80...0))
      telescope.limits.maxDeclination = .degrees(uniform(0...80))
      extra = [.minGalacticLatitude(.degrees(uniform(0...40)))]
    }
    let site = try SiteVisibility(
      telescope: telescope, window: window, ephemeris: Ephemeris(covering: window), adding: extra)
    var targets = (0..<4).map { _ in randomDirection(&random) }
    if kind == 4 { targets.append(near(site.ephemeris, window, &random)) }
    return Trial(site: site, targets: targets, exposure: .seconds(uniform(1...900)))
  }

  private static func near(
    _ ephemeris: Ephemeris, _ window: TimeWindow, _ random: inout SeededGenerator
  ) -> Direction<ICRS> {
    let frame = try! ephemeris.frame(of: Observer(place(0, 0)), at: window.start + .hours(12))
    let moon = ephemeris.moon(in: frame).apparent
    return Direction(normalizing: moon.unit + randomDirection(&random).unit * 0.5)
  }

  static func allowed(_ trial: Trial, _ target: Direction<ICRS>, _ t: Instant) -> Bool {
    trial.site.violations(of: target, at: t).isEmpty
  }

  @Test(arguments: 0..<5)
  func nothingIsViolatedInsideAWindow(_ kind: Int) throws {
    let seed = UInt64(1000 + kind)
    var random = SeededGenerator(seed: seed)
    var windows = 0
    for _ in 0..<40 * Self.effort {
      let trial = try Self.trial(kind, &random)
      for target in trial.targets {
        for w in trial.site.startWindows(for: target, exposure: trial.exposure) {
          windows += 1
          let inside = w.start.advanced(bySeconds: .random(in: 0...w.duration.seconds, using: &random))
          for start in [w.start, inside, w.end] {
            for part in [0, 0.5, 1, Double.random(in: 0...1, using: &random)] {
              // A closure begins at the instant the exposure may end.
              let t = start.advanced(bySeconds: part * trial.exposure.seconds - (part == 1 ? 1e-6 : 0))
              let broken = trial.site.violations(of: target, at: t)
              #expect(broken.isEmpty, "seed \(seed): \(broken) at \(t.iso8601(.milliseconds))")
              #expect(trial.site.darkWindows.contains { $0.contains(t) })
            }
          }
        }
      }
    }
    #expect(windows > 20)
  }

  /// Every stretch of allowed instants, found by looking each 20 s, lies in a window.
  @Test(arguments: 0..<5)
  func nothingAllowedIsMissed(_ kind: Int) throws {
    let seed = UInt64(2000 + kind)
    var random = SeededGenerator(seed: seed)
    let stepSeconds = 20.0
    var allowed = 0
    for _ in 0..<8 * Self.effort {
      let trial = try Self.trial(kind, &random)
      for target in trial.targets {
        let windows = trial.site.startWindows(for: target, exposure: .zero)
        for i in 0..<Int(86_400 / stepSeconds) {
          let t = trial.site.window.start.advanced(bySeconds: (Double(i) + 0.5) * stepSeconds)
          let isIn = windows.contains { $0.contains(t) }
          guard Self.allowed(trial, target, t) != isIn else { continue }
          // The edge itself may lie within what rounding moved it.
          let edge =
            windows.flatMap { [$0.start, $0.end] }.map { abs($0.seconds(since: t)) }.min() ?? .infinity
          #expect(edge < 0.05, "seed \(seed): \(t.iso8601()) is \(isIn ? "in" : "outside") a window")
        }
        allowed += windows.count
      }
    }
    #expect(allowed > 10)
  }

  /// A little before a window, or after, some moment of the exposure is not allowed.
  @Test(arguments: 0..<5)
  func windowsCannotBeLonger(_ kind: Int) throws {
    let seed = UInt64(3000 + kind)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<30 * Self.effort {
      let trial = try Self.trial(kind, &random)
      for target in trial.targets {
        for w in trial.site.startWindows(for: target, exposure: trial.exposure) {
          let early = w.start - .milliseconds(60)
          let late = w.end + trial.exposure + .milliseconds(60)
          if early >= trial.site.window.start {
            #expect(
              !Self.allowed(trial, target, early), "seed \(seed): before \(w.start.iso8601(.milliseconds))")
          }
          if late < trial.site.window.end {
            #expect(!Self.allowed(trial, target, late), "seed \(seed): after \(w.end.iso8601(.milliseconds))")
          }
        }
      }
    }
  }

  /// No windows means a reason, and a reason means no windows.
  @Test(arguments: 0..<5)
  func everyEmptyAnswerHasAReason(_ kind: Int) throws {
    let seed = UInt64(4000 + kind)
    var random = SeededGenerator(seed: seed)
    var reasons = 0
    for _ in 0..<40 * Self.effort {
      let trial = try Self.trial(kind, &random)
      for target in trial.targets {
        let isEmpty = trial.site.startWindows(for: target, exposure: trial.exposure).isEmpty
        let reason = trial.site.rejection(for: target, exposure: trial.exposure)
        #expect(isEmpty == (reason != nil), "seed \(seed)")
        if let reason {
          reasons += 1
          #expect(!reason.description.isEmpty)
          check(reason, trial, target)
        }
      }
    }
    #expect(reasons > 10)
  }

  /// The evidence is true: the constraint is broken at the instant named, by the value named.
  private func check(_ reason: Rejection, _ trial: Trial, _ target: Direction<ICRS>) {
    switch reason {
    case .never(let constraint, let best, let t, _), .notTogether(let constraint, let best, let t, _):
      let here = trial.site.conditions(of: target, at: t)
      guard case .violated(_, let value, _) = constraint.violation(of: target, by: here) else {
        // A mask's or Moon's nearest approach found to a second may just satisfy what 2 s cannot use.
        #expect(Bool(false), "\(reason) is not broken")
        return
      }
      #expect(abs((value - best).radians) < 1e-9)
    default: break
    }
  }

  /// A start window shrinks by what the exposure grows.
  @Test func longerExposuresStartEarlier() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<20 {
      let trial = try Self.trial(0, &random)
      for target in trial.targets {
        let short = trial.site.startWindows(for: target, exposure: .seconds(60))
        let long = trial.site.startWindows(for: target, exposure: .seconds(360))
        let fitting = short.filter { $0.duration > .seconds(300) }
        #expect(fitting.map { TimeWindow($0.start, $0.end - .seconds(300)) } == long)
      }
    }
  }
}
