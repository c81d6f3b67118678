import Foundation
import Testing
import Units

@testable import Observatories

@Suite struct AssumedValuesTests {
  private func values(_ aperture: Double, robotic: Bool = false, _ setting: Telescope.Setting = .dark)
    -> AssumedValues
  {
    AssumedValues(.init(aperture: .metres(aperture), robotic: robotic, setting: setting))
  }

  @Test func theClassDecides() {
    #expect(values(0.25, robotic: true).slewRate == .degreesPerSecond(5))
    #expect(values(0.25).settle == .seconds(30))
    #expect(values(0.65).readout == .seconds(10))
    #expect(values(0.651).readout == .seconds(15))
    #expect(values(10.4).exposureRange == .seconds(900) ... .seconds(1800))
    #expect(values(0.5, robotic: true).minAltitude == .degrees(20))
    #expect(values(0.5, robotic: true, .urban).minAltitude == .degrees(30))
    #expect(values(0.5, .urban).maxAirmass == 2.0)
    #expect(values(0.5).basis == "up to 0.65 m, by hand, dark site")
    #expect(values(3).basis == "over 2.1 m, by hand, dark site")
  }

  @Test func depthFollowsLight() {
    #expect(abs(values(1).depth(.seconds(60)).value - 19.3) < 1e-9)
    // Twice the diameter, 1.25 log10(4); four times the exposure, the same.
    #expect(abs(values(2).depth(.seconds(60)).value - 19.3 - 2.5 * log10(2)) < 1e-9)
    #expect(abs(values(1).depth(.seconds(240)).value - 19.3 - 1.25 * log10(4)) < 1e-9)
    #expect(abs(values(1, .urban).depth(.seconds(60)).value - 17.8) < 1e-9)
  }

  @Test func aDepthScalesWithTime() throws {
    let depth = try #require(try Shipped.telescope("OAJ-T80").depth)
    #expect(depth.limit(in: .seconds(180)) == Magnitude(21))
    // A quarter of the time, half the signal to noise, 0.75 mag.
    #expect(abs(depth.limit(in: .seconds(45)).value - 21 + 1.25 * log10(4)) < 1e-12)
  }

  /// Zero points of the depths that sources give: what the model claims to be the median of.
  @Test func depthModelIsTheMedianOfTheSources() throws {
    let zeroPoints = try Shipped.registry().telescopes.compactMap { t -> Double? in
      guard let depth = t.depth, let aperture = t.aperture,
        !t.assumptions.contains(where: { $0.key == "depth" })
      else { return nil }
      return depth.magnitude.value - 2.5 * log10(aperture.metres) - 1.25 * log10(depth.exposure.seconds / 60)
    }.sorted()
    #expect(zeroPoints.count >= 30)
    #expect(abs(zeroPoints[zeroPoints.count / 2] - 19.3) < 0.1, "median \(zeroPoints[zeroPoints.count / 2])")
    let mean = zeroPoints.reduce(0, +) / Double(zeroPoints.count)
    let deviation = (zeroPoints.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(zeroPoints.count))
      .squareRoot()
    #expect(abs(deviation - 1.0) < 0.15, "\(deviation)")
  }

  /// The table promises no value more optimistic than the median of those that sources give.
  @Test func theTableIsNoFasterThanTheSources() throws {
    let telescopes = try Shipped.registry().telescopes
    func median(_ list: [Double]) -> Double {
      let s = list.sorted()
      return s.count % 2 == 1 ? s[s.count / 2] : (s[s.count / 2 - 1] + s[s.count / 2]) / 2
    }
    var readouts: [String: [Double]] = [:]
    var slews: [String: [Double]] = [:]
    var classes: [String: AssumedValues] = [:]
    for t in telescopes {
      guard let aperture = t.aperture else { continue }
      let robotic = t.automation?.isRobotic ?? false
      let assumed = AssumedValues(.init(aperture: aperture, robotic: robotic, setting: .dark))
      let size = assumed.basis.prefix { $0 != "," }
      classes[assumed.basis] = assumed
      classes[String(size)] = assumed
      if !t.assumptions.contains(where: { $0.key == "timing.readout_s" }) {
        readouts[String(size), default: []].append(t.timing.readout.seconds)
      }
      if !t.assumptions.contains(where: { $0.key == "timing.slew_deg_per_s" }) {
        slews[assumed.basis, default: []].append(t.timing.slewRate.degreesPerSecond)
      }
    }
    #expect(readouts.count == 6)
    for (name, list) in readouts {
      #expect(classes[name]!.readout.seconds >= median(list), "\(name): \(list)")
    }
    #expect(slews.count >= 7)
    // 1e-9: the rates went through radians.
    for (name, list) in slews {
      #expect(classes[name]!.slewRate.degreesPerSecond <= median(list) + 1e-9, "\(name): \(list)")
    }
  }
}
