import Foundation
import Healpix
import Testing
import Units

@testable import Skymaps

private struct KernelOracle: Decodable {
  struct Point: Decodable {
    let x, pdf, cdf: Double
  }
  struct Row: Decodable {
    let z, mean, deviation, lnIntegral: Double
    let points: [Point]
  }
  struct Ligo: Decodable {
    let mu, sigma, norm, mean, deviation: Double
    let quantiles: [[Double]]
  }
  struct Inverse: Decodable {
    let mean, deviation, mu, sigma, norm: Double
  }
  let kernel: [Row]
  let ligo: [Ligo]
  let inverse: [Inverse]
}

/// Against 60-digit quadrature, from z = -1e5 to 1e5. The worst place is just above z = -2, where the
/// closed forms cancel most.
private let kernelAccuracy = 3e-12

@Suite struct ConditionalDistanceTests {
  @Test func kernelMatchesQuadrature() throws {
    for row in try oracle("ligo-distance", as: KernelOracle.self).kernel {
      let kernel = DistanceKernel(z: row.z)
      #expect(abs(kernel.mean / row.mean - 1) < kernelAccuracy, "z \(row.z)")
      #expect(abs(kernel.variance.squareRoot() / row.deviation - 1) < kernelAccuracy, "z \(row.z)")
      // The recorded integral lacks the factor exp(-z^2 / 2) for z <= 0; the kernel's lacks it, and
      // 1 / sqrt(2 pi), below its limit.
      let logarithm =
        kernel.belowSeries
        ? log(kernel.integral) - 0.5 * log(2 * .pi)
        : log(kernel.integral) + (row.z <= 0 ? row.z * row.z / 2 : 0)
      #expect(abs(logarithm - row.lnIntegral) < kernelAccuracy * max(1, abs(row.lnIntegral)), "z \(row.z)")
      for p in row.points {
        #expect(abs(kernel.density(p.x) / p.pdf - 1) < 1e-9, "z \(row.z) x \(p.x)")
        #expect(abs(kernel.cumulative(p.x) - p.cdf) < 1e-11, "z \(row.z) x \(p.x)")
      }
    }
  }

  @Test func momentsAndQuantilesMatchLigo() throws {
    let oracle = try oracle("ligo-distance", as: KernelOracle.self)
    for c in oracle.ligo {
      let d = try #require(ConditionalDistance(mu: .megaparsecs(c.mu), sigma: .megaparsecs(c.sigma)))
      #expect(abs(d.mean.megaparsecs / c.mean - 1) < 1e-12)
      #expect(abs(d.standardDeviation.megaparsecs / c.deviation - 1) < 1e-10)
      #expect(abs(d.normPerSquareMegaparsec / c.norm - 1) < 1e-12)
      for pair in c.quantiles {
        #expect(abs(d.quantile(fraction(pair[0])).megaparsecs / pair[1] - 1) < 1e-8)
      }
    }
    for c in oracle.inverse {
      let d = try #require(
        ConditionalDistance(mean: .megaparsecs(c.mean), standardDeviation: .megaparsecs(c.deviation)))
      #expect(abs(d.mu.megaparsecs - c.mu) < 1e-8 * abs(c.mu) + 1e-7 * c.sigma)
      #expect(abs(d.sigma.megaparsecs / c.sigma - 1) < 1e-7)
      #expect(abs(d.normPerSquareMegaparsec / c.norm - 1) < 1e-6)
    }
  }

  @Test func momentsInvertAtEveryShape() throws {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let sign = generator.unit() < 0.5 ? -1.0 : 1
      let z = sign * pow(10, 7 * generator.unit() - 2)
      guard abs(z) < 1e5 else { continue }
      let sigma = pow(10, 6 * generator.unit() - 3)
      let d = try #require(ConditionalDistance(mu: .megaparsecs(z * sigma), sigma: .megaparsecs(sigma)))
      // Below z = -300 mean / deviation is within 1e-5 of its limit: the shape is lost, the moments stay.
      let back = try #require(
        ConditionalDistance(mean: d.mean, standardDeviation: d.standardDeviation), "z \(z)")
      #expect(abs(back.mean / d.mean - 1) < 1e-12, "z \(z)")
      #expect(abs(back.standardDeviation / d.standardDeviation - 1) < 1e-9, "z \(z)")
    }
  }

  @Test func impossibleShapesAreNil() {
    for (mean, deviation) in [
      (1.0, 1.0), (1.7320508, 1), (0, 1), (-3, 1), (10, 0), (10, -1), (.nan, 1), (10, .nan), (.infinity, 1),
    ] {
      #expect(
        ConditionalDistance(mean: .megaparsecs(mean), standardDeviation: .megaparsecs(deviation)) == nil)
    }
    for (mu, sigma) in [
      (Double.infinity, 1.0), (10, 0), (10, -2), (.nan, 1), (10, .infinity), (1e300, 1e-300),
    ] {
      #expect(ConditionalDistance(mu: .megaparsecs(mu), sigma: .megaparsecs(sigma)) == nil)
    }
  }

  @Test func quantilesInvertTheCumulative() throws {
    for z in [-1e5, -1000, -18, -3.2, -1.9, -1, 0, 2, 10, 1000] {
      let d = try #require(ConditionalDistance(mu: .megaparsecs(z * 30), sigma: .megaparsecs(30)))
      for p in [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999] {
        #expect(abs(d.cumulative(at: d.quantile(fraction(p))).value - p) < 1e-11, "z \(z) p \(p)")
      }
      #expect(d.quantile(.zero).megaparsecs == 0 && d.quantile(.one).megaparsecs == .infinity)
      #expect(
        d.cumulative(at: .megaparsecs(-1)) == .zero && d.cumulative(at: .megaparsecs(.infinity)) == .one)
      #expect(d.densityPerMegaparsec(at: .megaparsecs(-1)) == 0)
    }
  }

  @Test func normStaysFinite() throws {
    let d = try #require(ConditionalDistance(mu: .megaparsecs(-4.2e5), sigma: .megaparsecs(60)))
    #expect(d.normPerSquareMegaparsec == .greatestFiniteMagnitude)
    #expect(abs(d.mean.megaparsecs - 3 * 3600 / 4.2e5) < 1e-6)
  }
}

@Suite struct DistancePosteriorTests {
  /// `ligo.skymap` sums over 999 shells up to six times the mean; ours is the integral.
  private let shellAccuracy = 2e-3

  @Test func marginalsMatchLigo() throws {
    for c in try oracle("ligo-maps", as: MapOracle.self).cases where c.mu != nil {
      let posterior = try #require(DistancePosterior(of: c.map))
      #expect(abs(posterior.missingProbability.value - (1 - c.located!)) < 1e-12)
      #expect(abs(posterior.mean.megaparsecs / c.distanceMean! - 1) < 1e-9)
      #expect(abs(posterior.standardDeviation.megaparsecs / c.distanceDeviation! - 1) < 1e-9)
      for p in try #require(c.marginal) {
        #expect(abs(posterior.densitiesPerMegaparsec(at: [.megaparsecs(p.r)])[0] / p.pdf - 1) < 1e-9)
        #expect(abs(posterior.cumulative(at: .megaparsecs(p.r)).value - p.cdf) < 1e-9)
        #expect(abs(posterior.quantile(fraction(p.cdf)).megaparsecs / p.r - 1) < 1e-7)
      }
    }
  }

  @Test func volumesMatchLigo() throws {
    for c in try oracle("ligo-maps", as: MapOracle.self).cases where c.mu != nil {
      let posterior = try #require(DistancePosterior(of: c.map))
      for pair in try #require(c.volumes) {
        // At 99 % of a map with 1 % missing the shells end before the level is reached.
        guard pair[0] < 0.95 else { continue }
        let volume = try #require(posterior.credibleVolume(at: fraction(pair[0])))
        #expect(abs(volume.cubicMegaparsecs / pair[1] - 1) < shellAccuracy, "level \(pair[0])")
      }
      for p in c.points {
        let d = Direction<ICRS>(ra: .degrees(p.ra), dec: .degrees(p.dec))
        let r = Distance.megaparsecs(p.distance!)
        guard p.densityPerCubicMpc!.isFinite, p.densityPerCubicMpc! > 0 else { continue }
        let density = try #require(c.map.densityPerCubicMegaparsec(at: d, r))
        #expect(abs(density / p.densityPerCubicMpc! - 1) < 1e-9)
        let searched = try #require(posterior.searched(at: d, r))
        #expect(abs(searched.probability.value - p.searchedProbabilityVolume!) < shellAccuracy)
      }
    }
  }

  @Test func volumesMatchFineVoxels() throws {
    // Two dozen cells of every shape, voxels sorted by density: the definition itself.
    var generator = SeededGenerator(seed: 3)
    var rows = (0..<UInt64(48)).map { i -> Row in
      let z = [-6.0, -2.5, -0.5, 0.7, 2, 5][Int(i) % 6] + generator.unit() / 10
      let sigma = 20 + 30 * generator.unit()
      return Row(
        cell: Cell(order: 1, index: i), density: generator.unit(), mu: z * sigma, sigma: sigma, norm: 1)
    }
    let sum = rows.reduce(0) { $0 + $1.density * $1.cell.area.steradians }
    for i in rows.indices { rows[i].density /= sum }
    let map = map(rows, distance: true)
    let posterior = try #require(DistancePosterior(of: map))
    var voxels: [(density: Double, volume: Double)] = []
    let shells = 4000
    for i in 0..<map.count {
      let one = try #require(map.distance?[i])
      let step = 600.0 / Double(shells)
      for k in 0..<shells {
        let r = (Double(k) + 0.5) * step
        let volume = map.cell(i).area.steradians * step * (r * r + step * step / 12)
        voxels.append((map.density[i] * one.densityPerMegaparsec(at: .megaparsecs(r)) / (r * r), volume))
      }
    }
    voxels.sort { $0.density > $1.density }
    for level in [0.1, 0.5, 0.9, 0.99] {
      var (probability, volume) = (0.0, 0.0)
      for voxel in voxels {
        probability += voxel.density * voxel.volume
        volume += voxel.volume
        if probability >= level { break }
      }
      let got = try #require(posterior.credibleVolume(at: fraction(level)))
      // Shells of 0.15 Mpc against posteriors 5 Mpc wide, and the last voxel is not split.
      #expect(abs(got.cubicMegaparsecs / volume - 1) < 2e-3, "level \(level)")
    }
  }

  @Test func volumesAreConsistent() throws {
    let c = try #require(try oracle("ligo-maps", as: MapOracle.self).cases.first { $0.mu != nil })
    let posterior = try #require(DistancePosterior(of: c.map))
    var last = 0.0
    for level in stride(from: 0.02, to: 0.99, by: 0.04) {
      let volume = try #require(posterior.credibleVolume(at: fraction(level))).cubicMegaparsecs
      #expect(volume > last)
      last = volume
    }
    // What lies above the density of a point is what the volume of that probability holds.
    let d = CredibleRegions(of: c.map).peak
    for r in [100.0, 170, 260] {
      let searched = try #require(posterior.searched(at: d, .megaparsecs(r)))
      let volume = try #require(posterior.credibleVolume(at: searched.probability))
      #expect(abs(volume.cubicMegaparsecs / searched.volume.cubicMegaparsecs - 1) < 1e-6)
    }
    #expect(posterior.credibleVolume(at: .zero)?.cubicMegaparsecs == 0)
    #expect(posterior.credibleVolume(at: fraction(1 - posterior.missingProbability.value + 1e-9)) == nil)
    #expect(posterior.credibleVolume(at: .one) == nil)
    #expect(posterior.enclosed(above: -1e5).probability <= 1 - posterior.missingProbability.value + 1e-12)
    #expect(posterior.enclosed(above: -1e5).probability > 1 - posterior.missingProbability.value - 1e-9)
  }

  @Test func mapsWithoutDistanceHaveNone() {
    var generator = SeededGenerator(seed: 1)
    #expect(DistancePosterior(of: randomMap(&generator, order: 1, depth: 0)) == nil)
    let none = map([Row(cell: Cell(order: 0, index: 0), density: 3 / .pi)], distance: true)
    #expect(DistancePosterior(of: none) == nil)
    let d = Direction<ICRS>(unit: Cell(order: 0, index: 0).center)
    #expect(none.distance(at: d) == nil && none.densityPerCubicMegaparsec(at: d, .megaparsecs(10)) == nil)
  }

  @Test func rebinningKeepsProbabilityAndMoments() throws {
    let c = try #require(try oracle("ligo-maps", as: MapOracle.self).cases.first { $0.mu != nil })
    let before = try #require(DistancePosterior(of: c.map))
    for order in [2, 4, 5] {
      let map = c.map.rebinned(to: order)
      #expect(map.orders.max()! <= order && map.count <= c.map.count)
      let after = try #require(DistancePosterior(of: map))
      let total = (0..<map.count).reduce(0) { $0 + map.probability(ofCell: $1) }
      #expect(abs(total - 1) < 1e-12)
      #expect(abs(after.missingProbability.value - before.missingProbability.value) < 0.02)
      #expect(abs(after.mean / before.mean - 1) < 3e-3)
      #expect(abs(after.standardDeviation / before.standardDeviation - 1) < 2e-2)
      if order == 5 { #expect(abs(after.mean / before.mean - 1) < 1e-6) }
    }
    #expect(c.map.rebinned(to: 29).keys == c.map.keys)
  }

  @Test func mergedCellsHaveTheMomentsOfTheirParts() throws {
    let parent = Cell(order: 3, index: 200)
    let shapes = [(100.0, 20.0, 1.0), (140, 30, 2.0), (-50, 60, 0.5), (90, 10, 3)]
    let rows = shapes.enumerated().map { i, s in
      Row(cell: parent.child(UInt64(i)), density: s.2, mu: s.0, sigma: s.1, norm: 1)
    }
    let merged = map(rows, distance: true).rebinned(to: 3)
    #expect(merged.count == 1 && abs(merged.density[0] - 6.5 / 4) < 1e-14)
    var (p, m, q) = (0.0, 0.0, 0.0)
    for s in shapes {
      let d = try #require(ConditionalDistance(mu: .megaparsecs(s.0), sigma: .megaparsecs(s.1)))
      p += s.2
      m += s.2 * d.mean.megaparsecs
      q += s.2 * (pow(d.mean.megaparsecs, 2) + pow(d.standardDeviation.megaparsecs, 2))
    }
    let one = try #require(merged.distance?[0])
    #expect(abs(one.mean.megaparsecs / (m / p) - 1) < 1e-12)
    #expect(abs(pow(one.standardDeviation.megaparsecs, 2) / (q / p - m * m / p / p) - 1) < 1e-9)
  }
}
