import Skymaps
import Units

/// What lists and pages show of a plan: kept beside it, so that nobody reads megabytes for a line.
public struct PlanDigest: Codable, Hashable, Sendable {
  public static let schemaID = "vesper.plan-digest/1"

  /// Covered by the network when an exposure has ended.
  public struct Point: Codable, Hashable, Sendable {
    public var utc: UTCTime
    public var prob: Double
  }

  public struct Tile: Codable, Hashable, Sendable {
    public var telescope: String
    public var slug: String
    public var fieldID: String
    public var raDeg: Double
    public var decDeg: Double
    public var startUTC: UTCTime
    public var prob: Double
    /// Why it is where it is in its telescope's order; nil in digests of earlier versions.
    public var reason: String?
    enum CodingKeys: String, CodingKey {
      case telescope, slug, reason
      case fieldID = "field_id"
      case raDeg = "ra_deg"
      case decDeg = "dec_deg"
      case startUTC = "start_utc"
      case prob
    }
  }

  /// A galaxy that some field holds because of it.
  public struct Galaxy: Codable, Hashable, Sendable {
    public var name: String
    public var raDeg: Double
    public var decDeg: Double
    public var distanceMpc: Double?
    /// Share of the weight of all galaxies ranked.
    public var weight: Double
    /// Who points at it, the first one first.
    public var telescopes: [String]
    public var startUTC: UTCTime
    enum CodingKeys: String, CodingKey {
      case name, weight, telescopes
      case raDeg = "ra_deg"
      case decDeg = "dec_deg"
      case distanceMpc = "distance_mpc"
      case startUTC = "start_utc"
    }
  }

  /// The posterior along all lines of sight.
  public struct Distance: Codable, Hashable, Sendable {
    public var mpc: Double
    public var density: Double
  }

  public var schema = Self.schemaID
  public var summary: PlanSummaryDocument
  /// By time; thinned to what a chart can show.
  public var curve: [Point]
  /// The most probable ones.
  public var top: [Tile]
  /// None where the map has no distances.
  public var distance: [Distance]
  /// The likeliest hosts; empty where nobody points at galaxies, nil in digests of earlier versions.
  public var galaxies: [Galaxy]?
  /// With those that are not listed.
  public var galaxyCount: Int?

  enum CodingKeys: String, CodingKey {
    case schema, summary, curve, top, distance, galaxies
    case galaxyCount = "galaxy_count"
  }

  private static let curvePoints = 120
  private static let topTiles = 10
  private static let topGalaxies = 15
  private static let distancePoints = 60

  /// - Parameter map: what the plan was made on; without it there is no distance.
  public init(_ document: NetworkPlanDocument, on map: Skymap? = nil) {
    summary = PlanSummaryDocument(document)
    let rows = document.plans.flatMap { plan in plan.rows.map { (plan.telescope, $0) } }
    curve = Self.curve(rows.map(\.1))
    top = rows.sorted { ($1.1.prob, $0.1.startUTC) < ($0.1.prob, $1.1.startUTC) }.prefix(Self.topTiles).map {
      site, row in
      Tile(
        telescope: site.name, slug: site.slug, fieldID: row.fieldID, raDeg: row.raDeg, decDeg: row.decDeg,
        startUTC: row.startUTC, prob: row.prob, reason: row.reason)
    }
    let hosts = TargetedGalaxy.all(in: document)
    galaxyCount = hosts.count
    galaxies = hosts.prefix(Self.topGalaxies).map {
      Galaxy(
        name: $0.galaxy.name, raDeg: $0.galaxy.raDeg, decDeg: $0.galaxy.decDeg,
        distanceMpc: $0.galaxy.distanceMpc, weight: $0.galaxy.weight, telescopes: $0.telescopes,
        startUTC: $0.start)
    }
    distance = map.flatMap { DistancePosterior(of: $0) }.map(Self.distances) ?? []
  }

  private static func curve(_ rows: [PlanDocument.Row]) -> [Point] {
    var sum = 0.0
    let all = rows.sorted { $0.endUTC < $1.endUTC }.map { row in
      sum += row.added
      return Point(utc: row.endUTC, prob: sum.rounded(decimals: 5))
    }
    guard all.count > curvePoints, let first = all.first, let last = all.last else { return all }
    // At equal rises: where much is won the line keeps its shape.
    var thinned = [first]
    for point in all.dropFirst().dropLast()
    where point.prob - thinned[thinned.count - 1].prob >= last.prob / Double(curvePoints - 2) {
      thinned.append(point)
    }
    return thinned + [last]
  }

  private static func distances(_ posterior: DistancePosterior) -> [Distance] {
    let far = posterior.quantile(Fraction(clamping: 0.998)).megaparsecs
    guard far.isFinite, far > 0 else { return [] }
    let places = (0...distancePoints).map { far * Double($0) / Double(distancePoints) }
    let densities = posterior.densitiesPerMegaparsec(at: places.map { .megaparsecs($0) })
    return zip(places, densities).map {
      Distance(mpc: $0.rounded(decimals: 3), density: $1.rounded(decimals: 9))
    }
  }

  public func json() -> String { jsonText(of: self) }

  /// Reads what `json()` wrote.
  public init(json: some Sequence<UInt8>) throws(FormatError) {
    self = try decoded(Self.self, json, schemaID: Self.schemaID, schema: \.schema)
  }
}
