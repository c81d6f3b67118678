import JSON

/// A campaign in figures: the spread of what the nights came to, and what each telescope paid for it.
public struct SimulationSummary: Encodable, Sendable {
  public static let schemaID = "vesper.simulation/1"

  public let schema = Self.schemaID
  public let nights: Int
  /// Nights without a plan.
  public let failures: Int
  /// Nights with a plan in which no telescope observes anything.
  public let idle: Int
  public let probability: Spread?
  public let reachable: Spread?
  public let gap: Spread?
  /// Where a source was given; its mean is the share of such sources that would be found.
  public let detection: Spread?
  public let source: String?
  public let area90Deg2: Spread?
  public let telescopes: Spread?
  public let assignments: Spread?
  /// Of the nights in which something is observed.
  public let firstMinutes: Spread?
  public let openHours: Spread?
  /// By open time, most first.
  public let costs: [Cost]

  /// Order statistics, linear between neighbours.
  public struct Spread: Encodable, Hashable, Sendable {
    public let count: Int
    public let mean: Double
    public let least: Double
    public let p05: Double
    public let p25: Double
    public let median: Double
    public let p75: Double
    public let p95: Double
    public let most: Double

    /// Nil for no values.
    public init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let sorted = values.sorted()
      func at(_ q: Double) -> Double {
        let place = q * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
      }
      count = sorted.count
      mean = sorted.reduce(0, +) / Double(sorted.count)
      (least, p05, p25, median) = (sorted[0], at(0.05), at(0.25), at(0.5))
      (p75, p95, most) = (at(0.75), at(0.95), sorted[sorted.count - 1])
    }
  }

  public struct Cost: Encodable, Hashable, Sendable {
    public let telescope: String
    /// Nights in which it observes.
    public let nights: Int
    public let tiles: Int
    public let openHours: Double
    /// Mean of the probability it adds, over the nights in which it observes.
    public let meanAdded: Double
  }

  public init(_ records: [SimulationRecord]) {
    let planned = records.filter { $0.failure == nil }
    nights = records.count
    failures = records.count - planned.count
    idle = planned.count { $0.shares.isEmpty }
    probability = Spread(planned.compactMap(\.probability))
    reachable = Spread(planned.compactMap(\.reachable))
    gap = Spread(planned.compactMap(\.gap))
    detection = Spread(planned.compactMap(\.detection))
    source = planned.lazy.compactMap(\.source).first
    area90Deg2 = Spread(planned.compactMap(\.area90Deg2))
    telescopes = Spread(planned.map { Double($0.shares.count) })
    assignments = Spread(planned.compactMap { $0.assignments.map(Double.init) })
    firstMinutes = Spread(planned.compactMap(\.firstMinutes))
    openHours = Spread(planned.compactMap(\.openHours))
    costs = Dictionary(grouping: planned.flatMap(\.shares), by: \.telescope).map { name, shares in
      Cost(
        telescope: name, nights: shares.count, tiles: shares.reduce(0) { $0 + $1.tiles },
        openHours: shares.reduce(0) { $0 + $1.openHours },
        meanAdded: shares.reduce(0) { $0 + $1.added } / Double(shares.count))
    }.sorted { ($1.openHours, $0.telescope) < ($0.openHours, $1.telescope) }
  }

  public func json() throws -> String {
    JSONPrinter.text(try JSONTreeEncoder.value(of: self, keys: .snakeCase), .indented) + "\n"
  }
}
