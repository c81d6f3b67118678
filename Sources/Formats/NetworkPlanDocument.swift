import JSON
import Units

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The plan of the whole network as `plan.json` holds it: `grandma.network-plan/1`.
public struct NetworkPlanDocument: Codable, Hashable, Sendable {
  public static let schemaID = "grandma.network-plan/1"

  public var schema = Self.schemaID
  public var planID: String
  public var revision: Int
  public var status: PlanDocument.Status
  public var made: UTCTime
  /// The time the plan was asked to fill.
  public var window: UTCWindow
  public var event: PlanDocument.Event
  public var map: Map
  public var network: Network
  public var inputs: Inputs
  /// Telescopes that were asked and got nothing, each with its reason.
  public var omissions: [Omission]
  public var plans: [PlanDocument]

  enum CodingKeys: String, CodingKey {
    // In the order of the properties, which is the order of the members.
    case schema
    case planID = "plan_id"
    case revision, status, made, window, event, map, network, inputs, omissions, plans
  }
}

extension NetworkPlanDocument {
  public struct Map: Codable, Hashable, Sendable {
    public var area50Deg2: Double
    public var area90Deg2: Double
    public var peak: Position
    public var distanceMeanMpc: Double?
    public var distanceStdMpc: Double?
    public var instruments: [String]
    public var findings: [Finding]
    enum CodingKeys: String, CodingKey {
      case area50Deg2 = "area50_deg2"
      case area90Deg2 = "area90_deg2"
      case peak
      case distanceMeanMpc = "distance_mean_mpc"
      case distanceStdMpc = "distance_std_mpc"
      case instruments, findings
    }
  }

  public struct Position: Codable, Hashable, Sendable {
    public var raDeg: Double
    public var decDeg: Double
    enum CodingKeys: String, CodingKey {
      case raDeg = "ra_deg"
      case decDeg = "dec_deg"
    }
  }

  /// What was noticed or repaired while the map was read.
  public struct Finding: Codable, Hashable, Sendable {
    /// `note` or `warning`.
    public var severity: String
    public var code: String
    public var message: String
  }

  public struct Network: Codable, Hashable, Sendable {
    /// In the union of all footprints.
    public var probability: Double
    public var areaDeg2: Double
    /// Probability of the sky that some telescope can observe at some time in the window.
    public var reachable: Double
    /// No plan of the same request can hold more; nil when none was computed.
    public var upperBound: Double?
    /// 1 - probability / upper_bound; nil without a bound, 0 for a bound of 0.
    public var gap: Double?
    public var assignments: Int
    /// That the source is found, each piece of sky by the deepest exposure there; absent where no source was asked
    /// for.
    @Omittable public var detection: Double?
    /// No plan of the same request, with exposures as long, can find it with a greater probability.
    @Omittable public var detectionBound: Double?
    /// 1 - detection / detection_bound; 0 for a bound of 0.
    @Omittable public var detectionGap: Double?
    /// The light curve it is for.
    @Omittable public var source: String?
    /// What else is assumed of the source, in words; absent: nothing.
    @Omittable public var sourceTerms: String?
    enum CodingKeys: String, CodingKey {
      case probability, detection, source
      case sourceTerms = "source_terms"
      case detectionBound = "detection_bound"
      case detectionGap = "detection_gap"
      case areaDeg2 = "area_deg2"
      case reachable
      case upperBound = "upper_bound"
      case gap, assignments
    }
  }

  public struct Inputs: Codable, Hashable, Sendable {
    public var mapSHA256: String
    /// By telescope name.
    public var telescopes: [TelescopeDigest]
    public var earthOrientation: String
    public var software: String
    enum CodingKeys: String, CodingKey {
      case mapSHA256 = "map_sha256"
      case telescopes
      case earthOrientation = "earth_orientation"
      case software
    }
  }

  public struct TelescopeDigest: Codable, Hashable, Sendable {
    public var telescope: String
    public var sha256: String
  }

  public struct Omission: Codable, Hashable, Sendable {
    public var telescope: String
    public var slug: String
    public var code: String
    public var reason: String
  }
}

/// Why a document was refused.
public enum FormatError: Error, Equatable, Sendable {
  /// Not JSON, or a member is absent, of the wrong type, or out of range: where, and what.
  case malformed(path: String, reason: String)
  /// JSON, but of another kind or a newer version.
  case unknownSchema(found: String?, expected: String)
}

extension FormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let path, let reason): path.isEmpty ? reason : "\(path): \(reason)"
    case .unknownSchema(let found, let expected):
      "the document says schema \(found.map { "\"\($0)\"" } ?? "nothing") where \"\(expected)\" is needed"
    }
  }
}

extension NetworkPlanDocument {
  /// The text of `plan.json`: compact, one row of a telescope's plan a line, a line end at the end.
  public func json() -> String { jsonText(of: self) }

  /// Reads what `json()` wrote, or any document that follows the published schema.
  ///
  /// Members the schema does not know are ignored. Digests are not verified here: see
  /// `brokenDigests()`.
  public init(json: some Sequence<UInt8>) throws(FormatError) {
    self = try decoded(Self.self, json, schemaID: Self.schemaID, schema: \.schema)
    for plan in plans where plan.schema != PlanDocument.schemaID {
      throw .unknownSchema(found: plan.schema, expected: PlanDocument.schemaID)
    }
  }

  /// The plans whose rows are not those that were sealed: changed by hand or in transport.
  public func brokenDigests() -> [String] { plans.filter { $0.sha256 != $0.digest() }.map(\.planID) }
}

extension PlanDocument {
  /// The document alone, for `<slug>/plan.json`.
  public func json() -> String { jsonText(of: self) }

  public init(json: some Sequence<UInt8>) throws(FormatError) {
    self = try decoded(Self.self, json, schemaID: Self.schemaID, schema: \.schema)
  }

  /// SHA-256 of the canonical form: compact JSON, members in the schema's order, `sha256` left out.
  public func digest() -> String {
    var bare = self
    bare.sha256 = nil
    // The member is the last one, so leaving it out is cutting the tail.
    let canonical = bytes(of: bare, .compact).dropLast(",\"sha256\":null}".utf8.count)
    var hash = SHA256()
    hash.update(canonical)
    hash.update([UInt8(ascii: "}")])
    return SHA256.hex(hash.finalized())
  }

  /// With `sha256` made to match everything else.
  public func sealed() -> PlanDocument {
    var copy = self
    copy.sha256 = digest()
    return copy
  }
}

private func bytes(of document: some Encodable, _ style: JSONPrinter.Style) -> [UInt8] {
  do {
    var printer = JSONPrinter(style)
    printer.write(try JSONTreeEncoder.value(of: document))
    return printer.bytes
  } catch {
    preconditionFailure("the tree encoder and the documents never throw: \(error)")
  }
}

func jsonText(of document: some Encodable) -> String {
  String(decoding: bytes(of: document, .rows), as: UTF8.self) + "\n"
}

private struct Head: Decodable { var schema: String? }

func decoded<Document: Decodable>(
  _ type: Document.Type, _ json: some Sequence<UInt8>, schemaID: String, schema: (Document) -> String
) throws(FormatError) -> Document {
  let data = Data(json)
  let document: Document
  do {
    document = try JSONDecoder().decode(type, from: data)
  } catch {
    // Another kind of document, or a newer one, misses members too: the schema is the better reason.
    if let head = try? JSONDecoder().decode(Head.self, from: data), head.schema != schemaID {
      throw .unknownSchema(found: head.schema, expected: schemaID)
    }
    if let error = error as? DecodingError { throw FormatError(error) }
    throw .malformed(path: "", reason: "\(error)")
  }
  guard schema(document) == schemaID else {
    throw .unknownSchema(found: schema(document), expected: schemaID)
  }
  return document
}

extension FormatError {
  init(_ error: DecodingError) {
    func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
      (context.codingPath + (key.map { [$0] } ?? [])).reduce(into: "") { text, key in
        if let i = key.intValue {
          text += "[\(i)]"
        } else {
          text += (text.isEmpty ? "" : ".") + key.stringValue
        }
      }
    }
    switch error {
    case .keyNotFound(let key, let context): self = .malformed(path: path(context, key), reason: "missing")
    case .valueNotFound(_, let context): self = .malformed(path: path(context), reason: "null is not allowed")
    case .typeMismatch(_, let context), .dataCorrupted(let context):
      self = .malformed(path: path(context), reason: context.debugDescription)
    @unknown default: self = .malformed(path: "", reason: "\(error)")
    }
  }
}
