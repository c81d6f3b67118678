import Foundation
import Healpix
import Skymaps
import Units

/// A localisation by arrival times and amplitudes, coarse but with the shapes of real ones: rings cut
/// into arcs by the antenna patterns, a spot for three detectors, half the sky for one.
public struct MockLocalization: Sendable {
  let detectors: [Detector]
  let source: SIMD3<Double>
  let earth: EarthAngle
  /// Standard deviation of an arrival time, seconds.
  let timing: Double
  /// Relative standard deviation of an amplitude: mostly the unknown inclination.
  let amplitude: Double
  let distance: Double
  let relativeSpread: Double
  private let observed: [(delay: Double, response: Double)]

  public init(
    _ detectors: [Detector], source: Direction<ICRS>, at time: Instant, timing: Double, amplitude: Double,
    distance: Distance, relativeSpread: Double
  ) {
    self.detectors = detectors
    self.source = source.unit
    earth = EarthAngle(at: time)
    self.timing = timing
    self.amplitude = amplitude
    self.distance = distance.megaparsecs
    self.relativeSpread = relativeSpread
    let there = earth.earthFixed(source.unit)
    observed = detectors.map { (-($0.position * there).sum(), $0.response(to: there)) }
  }

  /// Relative density of probability and the distance that the amplitudes ask for there.
  func evaluate(_ direction: SIMD3<Double>) -> (density: Double, distance: Double) {
    let there = earth.earthFixed(direction)
    let delays = detectors.indices.map { -(detectors[$0].position * there).sum() - observed[$0].delay }
    let responses = detectors.map { max($0.response(to: there), 1e-3) }
    let mean = delays.reduce(0, +) / Double(delays.count)
    var chi2 = delays.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (timing * timing)
    // The distance scales all amplitudes; what is left tells the direction.
    let loudest = observed.map(\.response).max()!
    let cross = zip(responses, observed).reduce(0) { $0 + $1.0 * $1.1.response }
    let power = responses.reduce(0) { $0 + $1 * $1 }
    let scale = cross / power
    for (response, (_, measured)) in zip(responses, observed) {
      let residual = (measured - scale * response) / (amplitude * loudest)
      chi2 += residual * residual
    }
    // Farther sources are more numerous where the network hears better.
    return (exp(-chi2 / 2) * pow(power, 1.5), distance / scale)
  }

  /// Splits the most probable cells again and again, as BAYESTAR does (Singer & Price 2016).
  /// - Throws: `SkymapError` where the numbers give no map, such as a density of zero everywhere.
  public func map(baseOrder: Int, rounds: Int, header: SkymapHeader) throws(SkymapError) -> Skymap {
    var cells = (0..<Cell.count(order: baseOrder)).map { Cell(order: baseOrder, index: $0) }
    let split = cells.count / 4
    var density = cells.map { evaluate($0.center).density }
    for _ in 0..<rounds {
      let ranking = cells.indices.sorted {
        let (a, b) = (density[$0] * cells[$0].area.steradians, density[$1] * cells[$1].area.steradians)
        return a != b ? a > b : cells[$0].uniq < cells[$1].uniq
      }
      for i in ranking.prefix(split) {
        let parent = cells[i]
        cells[i] = parent.child(0)
        density[i] = evaluate(cells[i].center).density
        for k in 1..<4 {
          cells.append(parent.child(UInt64(k)))
          density.append(evaluate(cells[cells.count - 1].center).density)
        }
      }
    }
    return try finished(cells, density, header: header)
  }

  private func finished(_ cells: [Cell], _ density: [Double], header: SkymapHeader) throws(SkymapError)
    -> Skymap
  {
    let sum = zip(cells, density).reduce(0) { $0 + $1.0.area.steradians * $1.1 }
    let peak = density.max()!
    var (mu, sigma, norm) = (ContiguousArray<Double>(), ContiguousArray<Double>(), ContiguousArray<Double>())
    var moments = (first: 0.0, second: 0.0, weight: 0.0)
    for (cell, value) in zip(cells, density) {
      let here = evaluate(cell.center).distance
      guard value > 1e-9 * peak else {
        mu.append(.infinity)
        sigma.append(1)
        norm.append(0)
        continue
      }
      let ansatz = DistanceAnsatz(
        mu: here * (1 - 2 * relativeSpread * relativeSpread), sigma: here * relativeSpread)
      mu.append(ansatz.mu)
      sigma.append(ansatz.sigma)
      norm.append(ansatz.norm)
      let weight = value * cell.area.steradians
      moments.first += weight * ansatz.mean
      moments.second += weight * (ansatz.variance + ansatz.mean * ansatz.mean)
      moments.weight += weight
    }
    var header = header
    let mean = moments.first / moments.weight
    header.distanceMean = .megaparsecs(mean)
    header.distanceDeviation = .megaparsecs((moments.second / moments.weight - mean * mean).squareRoot())
    return try Skymap(
      RawSkymap(
        layout: .multiOrder(uniq: ContiguousArray(cells.map { Int64($0.uniq) })),
        values: ContiguousArray(density.map { $0 / sum }), unit: .perSteradian, valueName: "PROBDENSITY",
        distance: DistanceLayer(mu: mu, sigma: sigma, norm: norm), header: header))
  }
}
