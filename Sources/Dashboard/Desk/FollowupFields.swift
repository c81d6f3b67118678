/// The members of a request for a point source, under their own names or others that mean nothing else. What
/// is not known is refused: a misspelt `priority` must not be a normal one.
struct FollowupFields {
  typealias Field = FollowupForm.CodingKeys

  private static let otherNames: [String: Field] = [
    "target": .name, "object": .name, "source": .name,
    "ra_deg": .ra, "right_ascension": .ra, "dec_deg": .dec, "declination": .dec,
    "magnitude": .mag, "expected_mag": .mag, "expected_magnitude": .mag,
    "mag_time": .magTimeUTC, "event_time": .eventTimeUTC, "t0": .eventTimeUTC, "t0_utc": .eventTimeUTC,
    "start": .startUTC, "gap_hours": .gapH, "window_hours": .hours, "bands": .filters,
    "distance": .distanceMpc, "telescopes": .send, "idempotency_key": .key,
  ]
  /// Names that say no unit, or another one.
  private static let hints: [String: Field] = [
    "error": .errorArcsec, "error_deg": .errorArcsec, "error_arcmin": .errorArcsec, "radius": .errorArcsec,
    "filter": .filters, "band": .filters, "telescope": .send, "end": .hours, "end_utc": .hours,
    "window": .hours, "exposure": .visits, "alpha": .decay, "index": .decay, "is_mock": .mock,
  ]

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  private let container: KeyedDecodingContainer<AnyKey>
  private let given: [Field: AnyKey]

  /// - Throws: `DeskError.invalid`, which names the right member.
  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: AnyKey.self)
    var given: [Field: AnyKey] = [:]
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      let name = key.stringValue
      guard let field = Field(stringValue: name) ?? Self.otherNames[name] else { throw Self.unknown(name) }
      if let other = given[field] {
        throw DeskError.invalid("\(field.rawValue) is given twice: \(other.stringValue) and \(name)")
      }
      given[field] = key
    }
    self.given = given
  }

  private static func unknown(_ name: String) -> DeskError {
    let shown = String(
      name.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(40).map(Character.init))
    if let field = hints[name.lowercased()] {
      return .invalid("there is no field \(shown): write \(field.rawValue)")
    }
    let lower = name.lowercased()
    let near = Field.allCases.map(\.rawValue).filter { $0.hasPrefix(lower.prefix(4)) || lower.hasPrefix($0) }
    let all = Field.allCases.map(\.rawValue).joined(separator: ", ")
    return .invalid(
      "there is no field \(shown)"
        + (near.count == 1 ? ": did you mean \(near[0])?" : "; the fields are \(all)"))
  }

  func value<T: Decodable>(_ field: Field) throws -> T? {
    guard let key = given[field] else { return nil }
    return try container.decodeIfPresent(T.self, forKey: key)
  }

  func needed<T: Decodable>(_ field: Field) throws -> T {
    guard let value: T = try value(field) else { throw DeskError.invalid("\(field.rawValue) is missing") }
    return value
  }

  /// A number is degrees.
  func angle(_ field: Field) throws -> String {
    if let key = given[field], let number = try? container.decode(Double.self, forKey: key) {
      return "\(number)"
    }
    return try needed(field)
  }
}
