import Healpix
import Units

extension Skymap {
  /// Checks, repairs, sorts and normalises a map as read.
  ///
  /// Rejects only what leaves no defensible probability map: cells that do not exist or overlap with
  /// different values, infinite values, nothing to normalise. All else is repaired and told in
  /// `report.findings`. O(cells).
  public init(_ raw: RawSkymap) throws(SkymapError) {
    var table = try CellTable(raw)
    var findings = raw.findings + table.findings
    if let finding = table.repairDistance() { findings.append(finding) }
    findings += try table.repairValues()
    let sums = table.sumsByOrder()
    let scale = table.densityScale(sums, unit: raw.unit, name: raw.valueName)
    findings += scale.findings
    let sum = try table.normalise(sums, scale.perOrder)
    if let finding = Self.normalisationFinding(sum) { findings.append(finding) }

    let covered = table.orders.reduce(UInt64(0)) { $0 + 1 << UInt64(2 * (Cell.maxOrder - Int($1))) }
    let coverage = Fraction(clamping: Double(covered) / Double(Cell.keyEnd))
    if covered < Cell.keyEnd {
      findings.append(
        .init(
          table.kind == .partial ? .note : .warning, "hole",
          "cells cover \(percent(coverage.value)) of the sky; the rest has probability zero"))
    }
    if let distance = table.distance {
      if let finding = table.missingDistanceFinding(distance) { findings.append(finding) }
      if distance.norm.allSatisfy({ $0 == 0 }) { table.distance = nil }
    }
    var report = SkymapReport(
      kind: table.kind, layout: table.layoutName, sumBeforeNormalisation: sum, coverage: coverage)
    report.findings = findings
    self.init(
      keys: table.keys, orders: table.orders, density: table.values, distance: table.distance,
      frame: raw.frame, header: raw.header, report: report)
  }

  /// A sum off by more than 10 % makes the unit doubtful; below 1e-5 it is rounding of 32-bit values.
  private static func normalisationFinding(_ sum: Double) -> SkymapReport.Finding? {
    if !(0.9...1.1).contains(sum) {
      return .init(
        .warning, "renormalised",
        "probabilities added up to \(significant(sum)), not 1; normalised, but the unit or the file may be wrong"
      )
    }
    guard abs(sum - 1) > 1e-5 else { return nil }
    return .init(.note, "renormalised", "probabilities added up to \(significant(sum)); normalised to 1")
  }
}

extension CellTable {
  /// How much of the probability has no distance, when it is enough to bias the marginal.
  fileprivate func missingDistanceFinding(_ distance: DistanceLayer) -> SkymapReport.Finding? {
    var missing = 0.0
    for i in orders.indices where distance.norm[i] == 0 {
      missing += values[i] * Cell.area(order: Int(orders[i])).steradians
    }
    if distance.norm.allSatisfy({ $0 == 0 }) {
      return .init(.warning, "no_distance", "no cell has a usable distance; read as a 2-D map")
    }
    // LVK maps reach 0.5 %.
    guard missing > 0.005 else { return nil }
    return .init(
      missing > 0.05 ? .warning : .note, "distance_missing",
      "cells with \(percent(missing)) of the probability have no distance; distance summaries leave them out")
  }

  /// Cells without a usable distance get the triple that BAYESTAR writes: mu infinite, sigma 1, norm 0.
  fileprivate mutating func repairDistance() -> SkymapReport.Finding? {
    guard let layer = distance else { return nil }
    var (mu, sigma, norm) = (layer.mu, layer.sigma, layer.norm)
    var repairs = 0
    for i in layer.mu.indices {
      let (m, s, n) = (layer.mu[i], layer.sigma[i], layer.norm[i])
      if m.isFinite && s > 0 && s.isFinite && n > 0 && n.isFinite { continue }
      // The legal ways to say "no distance here" are not worth telling.
      if !(n == 0 || (m == .infinity && s > 0)) { repairs += 1 }
      // Most say it like this already: nothing is written, so nothing copied.
      if m == .infinity && s == 1 && n == 0 { continue }
      mu[i] = .infinity
      sigma[i] = 1
      norm[i] = 0
    }
    distance = DistanceLayer(mu: mu, sigma: sigma, norm: norm)
    guard repairs > 0 else { return nil }
    return .init(
      .warning, "distance_repaired",
      "\(repairs) cells have a DISTMU, DISTSIGMA or DISTNORM that is no distance; taken as without distance")
  }

  /// Sets values that are not probabilities to zero.
  fileprivate mutating func repairValues() throws(SkymapError) -> [SkymapReport.Finding] {
    var nans = 0
    var unseen = 0
    var negative = 0
    var infinite = 0
    for i in values.indices where !(values[i] >= 0 && values[i] < .infinity) {
      let v = values[i]
      let weight = pixelsPerCell(i)
      if v.isInfinite { infinite += weight }
      if v.isNaN {
        nans += weight
      } else if abs(v / Self.unseen - 1) < 1e-6 {
        unseen += weight
      } else {
        negative += weight
      }
      values[i] = 0
    }
    guard infinite == 0 else { throw .infiniteValues(infinite) }
    repairedValues = nans + unseen + negative
    let noun = pixelOrder == nil ? "cells" : "pixels"
    var findings: [SkymapReport.Finding] = []
    if nans > 0 {
      findings.append(.init(.warning, "nan_density", "\(nans) \(noun) are not numbers; set to zero"))
    }
    if unseen > 0 {
      findings.append(.init(.note, "unseen", "\(unseen) \(noun) are marked as unseen; set to zero"))
    }
    if negative > 0 {
      findings.append(.init(.warning, "negative_density", "\(negative) \(noun) are negative; set to zero"))
    }
    return findings
  }

  /// healpy's mark for a pixel without data.
  private static let unseen = -1.6375e30

  /// Turns values into normalised density and returns their sum.
  fileprivate mutating func normalise(
    _ sums: [Double], _ scale: [Double]
  ) throws(SkymapError) -> Double {
    let sum = Self.total(sums, scale)
    // Below this the division leaves the range of doubles.
    guard sum > 1e-250 else { throw .noProbability(repaired: repairedValues) }
    guard sum.isFinite else { throw .total(sum) }
    let factor = scale.map { $0 / sum }
    for i in values.indices { values[i] *= factor[Int(orders[i])] }
    return sum
  }

  /// The values of each order added up, from which the sum in any unit follows.
  fileprivate func sumsByOrder() -> [Double] {
    var sums = [Double](repeating: 0, count: Cell.maxOrder + 1)
    for i in values.indices { sums[Int(orders[i])] += values[i] }
    return sums
  }

  private static func total(_ sums: [Double], _ scale: [Double]) -> Double {
    sums.indices.reduce(0) { $0 + sums[$1] * scale[$1] * Cell.area(order: $1).steradians }
  }

  /// The factor from a value to a density per steradian, for each order.
  ///
  /// A unit that is not stated, or that contradicts the sum while exactly one other gives 1, is
  /// resolved by the sum: of sum(v), sum(v * area in sr), sum(v * area in deg^2) only one is about 1.
  /// In a flat map the units differ by a constant, which normalising removes.
  fileprivate func densityScale(
    _ sums: [Double], unit: RawSkymap.Unit, name: String
  ) -> (perOrder: [Double], findings: [SkymapReport.Finding]) {
    let scales = scales
    let stated = scales[unit]
    let isFlat = pixelArea != nil
    if let stated, isFlat || (0.5...2).contains(Self.total(sums, stated)) { return (stated, []) }
    let tolerance = unit == .unstated ? 0.1 : 1e-3
    let candidates = [RawSkymap.Unit.perPixel, .perSteradian, .perSquareDegree]
      .map { (unit: $0, error: abs(Self.total(sums, scales[$0]!) - 1)) }.sorted { $0.error < $1.error }
    let best = candidates[0]
    if isFlat { return (scales[best.error < tolerance ? best.unit : .perPixel]!, []) }
    // A base cell has 1.05 sr, so in very coarse maps two units may come near 1.
    if best.error < tolerance, candidates[1].error > 10 * best.error {
      let read = "read as \(best.unit.name), in which it adds up to 1"
      let finding: SkymapReport.Finding =
        unit == .unstated
        ? .init(.note, "unit_by_sum", "column \(name) states no unit; \(read)")
        : .init(.warning, "unit_by_sum", "column \(name) contradicts the unit it states; \(read)")
      return (scales[best.unit]!, [finding])
    }
    if let stated { return (stated, []) }
    let isDensity = name.uppercased().hasSuffix("DENSITY")
    let assumed = isDensity ? RawSkymap.Unit.perSteradian : .perPixel
    let message = "column \(name) states no unit and adds up to 1 in none; read as \(assumed.name)"
    return (scales[assumed]!, [.init(.warning, "unit_assumed", message)])
  }

  private var scales: [RawSkymap.Unit: [Double]] {
    let degrees = 180 / Double.pi
    let orders = 0...Cell.maxOrder
    let perPixel = orders.map { 1 / (pixelArea ?? Cell.area(order: $0).steradians) }
    return [
      .perSteradian: orders.map { _ in 1 }, .perSquareDegree: orders.map { _ in degrees * degrees },
      .perPixel: perPixel,
    ]
  }
}

extension RawSkymap.Unit {
  var name: String {
    switch self {
    case .perSteradian: "probability per steradian"
    case .perSquareDegree: "probability per square degree"
    case .perPixel: "probability per cell"
    case .unstated: "no unit"
    }
  }
}

/// Four significant digits without Foundation's formatting.
func significant(_ x: Double) -> String {
  guard x.isFinite, x != 0, abs(x) >= 1e-4, abs(x) < 1e7 else { return "\(Float(x))" }
  var scale = 1000.0
  while abs(x) * scale >= 10_000, scale > 1 { scale /= 10 }
  while abs(x) * scale < 1000 { scale *= 10 }
  // Close to 1 the difference from 1 is what matters.
  if abs(x - 1) < 0.01 { scale = 1e8 }
  return "\((x * scale).rounded() / scale)"
}

func percent(_ fraction: Double) -> String { significant(fraction * 100) + " %" }
