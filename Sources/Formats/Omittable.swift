/// A member of a document that is left out, not `null`, where it has no value: members that came later than the
/// schema must not change the documents (and digests) that do without them.
@propertyWrapper
public struct Omittable<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
  public var wrappedValue: Value?

  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

extension KeyedEncodingContainer {
  mutating func encode<Value>(_ value: Omittable<Value>, forKey key: Key) throws {
    if let own = value.wrappedValue { try encode(own, forKey: key) }
  }
}

extension KeyedDecodingContainer {
  func decode<Value>(_ type: Omittable<Value>.Type, forKey key: Key) throws -> Omittable<Value> {
    Omittable(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
  }
}
