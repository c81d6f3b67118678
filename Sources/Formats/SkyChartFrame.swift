import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where the views of a sky chart look, chosen from the region itself.
enum SkyChartFrame {
  /// The right ascension, a whole hour, whose opposite meridian cuts least of the 90 % region and lies
  /// farthest from it.
  static func centerRA(_ chart: SkyChart) -> Angle {
    if let ra = chart.centerRA { return ra.normalized }
    var weights = [Double](repeating: 0, count: 72)  // bins of 5 degrees
    addRegion(chart, to: &weights)
    if weights.allSatisfy({ $0 == 0 }) { weights[Int(chart.peak.ra.degrees / 5) % 72] = 1 }
    let edges = (0..<24).map { Double($0) * 15 }
    func cost(_ edge: Double) -> Double {
      var sum = 0.0
      for (bin, weight) in weights.enumerated() where weight > 0 {
        let d = abs(Angle.degrees(Double(bin) * 5 + 2.5 - edge).wrapped.degrees)
        // What the edge cuts counts a thousandfold; the wide term centres the rest.
        sum += weight * (1000 * exp(-d * d / 128) + exp(-d * d / 7200))
      }
      return sum
    }
    let costs = edges.map(cost)
    let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
    return .degrees((edges[best] + 180).truncatingRemainder(dividingBy: 360))
  }

  private static func addRegion(_ chart: SkyChart, to weights: inout [Double]) {
    if let level = chart.credibleLevel {
      for row in 0..<60 {
        let dec = Angle.degrees(-88.5 + 3 * Double(row))
        for bin in 0..<72 {
          let d = Direction<ICRS>(ra: .degrees(Double(bin) * 5 + 2.5), dec: dec)
          if level(d) <= 0.9 { weights[bin] += cos(dec.radians) }
        }
      }
      return
    }
    for outline in chart.contours.max(by: { $0.level < $1.level })?.outlines ?? [] {
      for (a, b) in zip(outline, outline.dropFirst() + outline.prefix(1)) {
        let span = (b.ra - a.ra).wrapped.degrees
        let steps = max(1, Int(abs(span) / 2.5))
        for i in 0...steps {
          let ra = Angle.degrees(a.ra.degrees + span * Double(i) / Double(steps)).normalized.degrees
          weights[Int(ra / 5) % 72] += cos(a.dec.radians) / Double(steps + 1)
        }
      }
    }
  }

  /// Largest 90 % region that gets a close-up.
  static let insetLimit = SolidAngle.squareDegrees(300)

  /// Centre and half-width of a close-up of the 90 % region around the peak; nil when the region is too
  /// large for one. Parts of the region far from the peak stay outside.
  static func inset(_ chart: SkyChart) -> (center: Direction<ICRS>, radius: Angle)? {
    guard chart.area90 < insetLimit else { return nil }
    let disc = Angle(radians: (max(chart.area90.steradians, 1e-9) / .pi).squareRoot())
    var radius = min(max(3 * disc, .degrees(0.3)), .degrees(40))
    var points: [Direction<ICRS>] = []
    if let level = chart.credibleLevel {
      while true {
        points = samples(around: chart.peak, radius: radius).filter { level($0) <= 0.9 }
        let reach = points.map { $0.separation(from: chart.peak) }.max() ?? .zero
        guard reach > 0.9 * radius, radius < .degrees(30) else { break }
        radius = min(1.6 * radius, .degrees(40))
      }
    } else if let widest = chart.contours.max(by: { $0.level < $1.level }) {
      points = widest.outlines.flatMap { $0 }.filter { $0.separation(from: chart.peak) < .degrees(40) }
    }
    guard !points.isEmpty else { return (chart.peak, max(1.3 * radius, .degrees(0.5))) }
    let sum = points.reduce(SIMD3<Double>()) { $0 + $1.unit }
    let center = (sum * sum).sum() > 0 ? Direction<ICRS>(normalizing: sum) : chart.peak
    let reach = points.map { $0.separation(from: center) }.max() ?? radius
    return (center, min(max(1.25 * reach, .degrees(0.5)), .degrees(40)))
  }

  private static func samples(around center: Direction<ICRS>, radius: Angle) -> [Direction<ICRS>] {
    let half = 32
    let view = SkyView(around: center, radius: radius, origin: .zero, pixels: Double(half))
    var result: [Direction<ICRS>] = []
    for j in -half...half {
      for i in -half...half where i * i + j * j <= half * half {
        result.append(view.direction(at: SIMD2(Double(i), Double(j))))
      }
    }
    return result
  }
}

/// Keeps labels apart.
struct LabelPlacer {
  private var taken: [(low: SIMD2<Double>, high: SIMD2<Double>)] = []
  /// Labels stay inside, if set.
  var frame: (low: SIMD2<Double>, high: SIMD2<Double>)?

  static func size(_ text: String, font: Double) -> SIMD2<Double> {
    SIMD2(0.62 * font * Double(text.count) + 2, font)
  }

  mutating func reserve(center: SIMD2<Double>, size: SIMD2<Double>) {
    taken.append((center - size / 2, center + size / 2))
  }

  func isFree(center: SIMD2<Double>, size: SIMD2<Double>) -> Bool {
    let (low, high) = (center - size / 2, center + size / 2)
    if let frame {
      if low.x < frame.low.x || low.y < frame.low.y || high.x > frame.high.x || high.y > frame.high.y {
        return false
      }
    }
    return !taken.contains {
      $0.low.x < high.x && low.x < $0.high.x && $0.low.y < high.y && low.y < $0.high.y
    }
  }

  /// The first free spot on rings of growing radius about `anchor`, taken; nil when all are occupied.
  mutating func place(size: SIMD2<Double>, near anchor: SIMD2<Double>, rings: [Double]) -> SIMD2<Double>? {
    for ring in rings {
      for i in 0..<(ring == 0 ? 1 : 12) {
        // Begins to the upper right and goes round.
        let a = -Double.pi / 4 + Double(i) * .pi / 6
        let center = anchor + ring * SIMD2(cos(a), sin(a))
        if isFree(center: center, size: size) {
          reserve(center: center, size: size)
          return center
        }
      }
    }
    return nil
  }
}
