import Foundation
import Skymaps
import Units

/// Neutron-star mergers as a network of detectors would report them: uniform in volume and in time, kept
/// when they are loud enough, localised by arrival times and amplitudes.
///
/// A population for exercising schedules, not for rates: ranges are those of a recent run, a signal is its
/// signal-to-noise ratio, and the map is `MockLocalization`'s.
public struct EventSimulator: Sendable {
  /// The first moment at which an event may happen, and the span over which they are spread evenly.
  public var epoch: Instant
  public var span: Duration
  public var seed: UInt64

  public init(epoch: Instant, span: Duration = .hours(365.25 * 24), seed: UInt64) {
    self.epoch = epoch
    self.span = span
    self.seed = seed
  }

  /// Angle-averaged ranges for a merger of 1.4 + 1.4 solar masses, Mpc.
  private static let network: [(detector: Detector, range: Double)] = [
    (.hanford, 155), (.livingston, 165), (.virgo, 55),
  ]
  /// A face-on source overhead is heard 2.26 times as far (Finn & Chernoff 1993, PRD 47, 2198).
  private static let horizonOverRange = 2.26
  private static let dutyCycle = 0.75
  private static let loudEnough = 12.0
  /// Effective bandwidth of the signal, Hz (Fairhurst 2009, NJP 11, 123006).
  private static let bandwidth = 100.0
  /// Calibration and waveform leave this much, seconds; the first cells of a map resolve nine times it.
  private static let bestTiming = 1e-4

  /// Known without drawing it.
  public func name(of index: Int) -> String { "SIM\(seed)n\(index)" }

  /// Event number `index`, from 0: the same for ever for the same seed, whatever other events are made.
  /// - Throws: `SkymapError` if its map cannot be made, which no drawn event is known to do.
  public func event(_ index: Int) throws(SkymapError) -> SimulatedEvent {
    var random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: index))
    while true {
      let time = epoch + .seconds(span.seconds * random.unit())
      let z = 2 * random.unit() - 1
      let direction = Direction<ICRS>(ra: .degrees(360 * random.unit()), dec: Angle(radians: asin(z)))
      let distance = 450 * cbrt(random.unit())
      let inclination = 2 * random.unit() - 1
      let live = Self.network.filter { _ in random.unit() < Self.dutyCycle }
      let earth = EarthAngle(at: time)
      let there = earth.earthFixed(direction.unit)
      // Amplitude of a chirp against face-on, averaged over the two polarisations.
      let plus = (1 + inclination * inclination) / 2
      let face = ((plus * plus + inclination * inclination) / 2).squareRoot()
      let ratios = live.map {
        8 * Self.horizonOverRange * $0.range / distance * $0.detector.response(to: there) * face
      }
      let total = ratios.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard total >= Self.loudEnough else { continue }
      return try event(
        index, live.map(\.detector), direction, time, distance: distance,
        ratio: total / Double(max(live.count, 1)).squareRoot(), total: total)
    }
  }

  private func event(
    _ index: Int, _ detectors: [Detector], _ direction: Direction<ICRS>, _ time: Instant, distance: Double,
    ratio: Double, total: Double
  ) throws(SkymapError) -> SimulatedEvent {
    let name = name(of: index)
    let localization = MockLocalization(
      detectors, source: direction, at: time,
      timing: max(1 / (2 * .pi * ratio * Self.bandwidth), Self.bestTiming),
      amplitude: max(0.1, 2 / total), distance: .megaparsecs(distance), relativeSpread: 0.25)
    var header = SkymapHeader()
    header.object = name
    header.instruments = detectors.map(\.name)
    header.eventTime = time
    header.creator = "vesper simulate"
    return SimulatedEvent(
      name: name, time: time, map: try localization.map(baseOrder: 4, rounds: 6, header: header))
  }
}

public struct SimulatedEvent: Sendable {
  public let name: String
  public let time: Instant
  public let map: Skymap
}

/// SplitMix64 (Steele, Lea & Flood 2014, OOPSLA): small, and the same on every machine.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
