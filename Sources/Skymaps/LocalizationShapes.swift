import Healpix
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A position error as notices state it.
public enum LocalizationShape: Sendable, Hashable {
  case circle(radius: Angle)
  /// - Parameters:
  ///   - semiAxis: along the position angle.
  ///   - acrossSemiAxis: perpendicular to it; either may be the longer.
  ///   - positionAngle: from north toward east.
  case ellipse(semiAxis: Angle, acrossSemiAxis: Angle, positionAngle: Angle)
}

extension Skymap {
  /// The probability map of a position error with a stated containment.
  ///
  /// A Gaussian on the zenithal equal-area plane about the centre. On that plane rho^2 = 2 (1 - cos theta)
  /// is exact, so the circular case is the von Mises-Fisher distribution exp(kappa cos theta) with
  /// kappa = 1 / sigma^2 (Fisher 1953, Proc. R. Soc. A 217, 295), and an ellipse of any size covers
  /// pi a b of the plane, hence of the sky. The circle's kappa is solved so that the stated
  /// probability lies inside the stated radius on the sphere; for the ellipse
  /// sigma = semi-axis / sqrt(-2 ln(1 - containment)) on the plane, which leaves out the
  /// far side of the sphere (below 1e-4 for a semi-axis of 60 degrees at 90 %).
  ///
  /// Cells are an eighth of sigma where the probability is and grow outward; credible areas follow the
  /// closed forms within 2e-3.
  ///
  /// - Parameters:
  ///   - center: of the error region.
  ///   - containment: probability inside the stated radius, between 0 and 1, both excluded.
  ///   - header: what the notice says of itself.
  ///   - findings: what was noticed before.
  public init(
    _ shape: LocalizationShape, around center: Direction<ICRS>, containing containment: Fraction,
    header: SkymapHeader = .init(), findings: [SkymapReport.Finding] = []
  ) throws(SkymapError) {
    guard containment > .zero, containment < .one else { throw .shape(.containment(containment.value)) }
    let gaussian = try PlaneGaussian(shape, center: center, containment: containment.value)
    let cells = gaussian.cells()
    var report = SkymapReport(
      kind: .circle, layout: "", sumBeforeNormalisation: 1, coverage: .one)
    let level = "at \(percent(containment.value)) containment"
    switch shape {
    case .circle(let radius):
      report.layout = "circle of \(significant(radius.degrees)) deg \(level)"
    case .ellipse(let along, let across, let angle):
      report.kind = .ellipse
      report.layout =
        "ellipse of \(significant(along.degrees)) by \(significant(across.degrees)) deg,"
        + " position angle \(significant(angle.degrees)) deg, \(level)"
    }
    report.findings = findings
    self.init(
      keys: cells.keys, orders: cells.orders, density: cells.density, distance: nil, frame: .icrs,
      header: header, report: report)
  }
}

/// exp(-((x / sigmaAlong)^2 + (y / sigmaAcross)^2) / 2) on the zenithal equal-area plane.
private struct PlaneGaussian {
  let center: SIMD3<Double>
  let along: SIMD3<Double>
  let across: SIMD3<Double>
  let sigmaAlong: Double
  let sigmaAcross: Double

  init(_ shape: LocalizationShape, center: Direction<ICRS>, containment: Double) throws(SkymapError) {
    self.center = center.unit
    let (ra, dec) = (center.ra.radians, center.dec.radians)
    let north = SIMD3(-sin(dec) * cos(ra), -sin(dec) * sin(ra), cos(dec))
    let east = SIMD3(-sin(ra), cos(ra), 0)
    switch shape {
    case .circle(let radius):
      try Self.check(radius)
      sigmaAlong = try Self.sigma(radius: radius, containment: containment)
      sigmaAcross = sigmaAlong
      along = north
      across = east
    case .ellipse(let a, let b, let angle):
      try Self.check(a)
      try Self.check(b)
      guard angle.radians.isFinite else { throw .shape(.radius(degrees: angle.degrees)) }
      // Rayleigh quantile of the containment.
      let factor = (-2 * log1p(-containment)).squareRoot()
      sigmaAlong = 2 * sin(a.radians / 2) / factor
      sigmaAcross = 2 * sin(b.radians / 2) / factor
      along = cos(angle.radians) * north + sin(angle.radians) * east
      across = cos(angle.radians) * east - sin(angle.radians) * north
    }
  }

  private static func check(_ radius: Angle) throws(SkymapError) {
    // The finest cells are 0.4 milliarcsec.
    guard radius >= .arcseconds(0.05), radius < .degrees(180) else {
      throw .shape(.radius(degrees: radius.degrees))
    }
  }

  /// 1 / sqrt(kappa) with (1 - exp(-kappa t)) / (1 - exp(-2 kappa)) = containment, t = 1 - cos(radius).
  private static func sigma(radius: Angle, containment: Double) throws(SkymapError) -> Double {
    let half = sin(radius.radians / 2)
    let t = 2 * half * half
    guard containment > t / 2 else {
      throw .shape(.flatterThanUniform(degrees: radius.degrees, containment: containment))
    }
    // Upper bound: the tail beyond the antipode only lowers kappa.
    var high = -log1p(-containment) / t
    var low = 0.0
    for _ in 0..<200 where low < high {
      let kappa = (low + high) / 2
      guard kappa > low, kappa < high else { break }
      if expm1(-kappa * t) / expm1(-2 * kappa) < containment { low = kappa } else { high = kappa }
    }
    return 1 / high.squareRoot()
  }

  /// Minus the logarithm of the density relative to the peak. Precise to 1e-10 for arcseconds too: it
  /// takes no difference of nearly equal numbers.
  func exponent(_ u: SIMD3<Double>) -> Double {
    let scale = (2 / max(1 + (u * center).sum(), 1e-12)).squareRoot()
    let x = scale * (u * along).sum() / sigmaAlong
    let y = scale * (u * across).sum() / sigmaAcross
    return (x * x + y * y) / 2
  }

  /// Sorted cells that tile the sphere, with normalised density.
  func cells() -> (
    keys: ContiguousArray<UInt64>, orders: ContiguousArray<UInt8>, density: ContiguousArray<Double>
  ) {
    var keys: ContiguousArray<UInt64> = []
    var orders: ContiguousArray<UInt8> = []
    var density: ContiguousArray<Double> = []
    var sum = 0.0
    // The stack pops cells in the order of their keys.
    var stack = (0..<12).reversed().map { Cell(order: 0, index: $0) }
    while let cell = stack.popLast() {
      if cell.order < Cell.maxOrder, isTooCoarse(cell) {
        for i in (0..<4).reversed() { stack.append(cell.child(UInt64(i))) }
        continue
      }
      let mean = mean(over: cell)
      keys.append(cell.firstKey)
      orders.append(UInt8(cell.order))
      density.append(mean)
      sum += mean * cell.area.steradians
    }
    for i in density.indices { density[i] /= sum }
    return (keys, orders, density)
  }

  /// Mean density relative to the peak, by two-point Gauss quadrature each way: the mapping of a cell
  /// to a square keeps areas.
  private func mean(over cell: Cell) -> Double {
    let near = 0.5 - 0.5 / 3.0.squareRoot()
    let far = 1 - near
    return
      (exp(-exponent(cell.point(near, near))) + exp(-exponent(cell.point(near, far)))
      + exp(-exponent(cell.point(far, near))) + exp(-exponent(cell.point(far, far)))) / 4
  }

  private func isTooCoarse(_ cell: Cell) -> Bool {
    let lowest = lowestExponent(in: cell)
    let area = cell.area.steradians
    // At most this much probability: not worth a finer cell.
    if area * exp(-lowest) < 1e-9 * 2 * .pi * sigmaAlong * sigmaAcross { return false }
    // 4 sigma hold all but 3e-4, 5 sigma all but 4e-6.
    let coarsening: Double = lowest < 8 ? 1 : lowest < 12.5 ? 2 : 4
    return area.squareRoot() > coarsening * finestSide
  }

  /// An eighth of the smaller sigma; larger for long thin ellipses, to stay at some 300,000 cells.
  private var finestSide: Double {
    let narrow = min(sigmaAlong, sigmaAcross)
    let ratio = max(sigmaAlong, sigmaAcross) / narrow
    // The 4-sigma ellipse has an area of 16 pi sigma^2 ratio.
    return narrow * min(1, max(0.125, (16 * .pi * ratio / 100_000).squareRoot()))
  }

  /// A lower bound of the exponent inside a cell.
  private func lowestExponent(in cell: Cell) -> Double {
    let u = cell.center
    let radius = Cell.boundingRadius(order: cell.order).radians
    let angle = Direction<MapFrame>(unit: u).separation(from: Direction(unit: center)).radians
    let reach = 2 * sin(max(0, angle - radius) / 2) / max(sigmaAlong, sigmaAcross)
    var bound = reach * reach / 2
    if angle + radius < .pi / 3 {
      // Within 60 degrees the plane stretches by at most 1 / cos 30.
      let stretched = 1.155 * radius / min(sigmaAlong, sigmaAcross)
      let distance = max(0, (2 * exponent(u)).squareRoot() - stretched)
      bound = max(bound, distance * distance / 2)
    }
    return bound
  }
}
