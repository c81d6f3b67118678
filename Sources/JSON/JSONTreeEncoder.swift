/// Turns `Encodable` values into `JSONValue` in declaration order, with an explicit `null` for every
/// absent optional: readers in any language see the same keys in every plan.
public enum JSONTreeEncoder {
  /// How the names of Swift become the names of members.
  public enum Keys: Sendable {
    case asWritten
    /// `startUTC` becomes `start_utc`, `area90Deg2` becomes `area90_deg2`.
    case snakeCase
  }

  public static func value(of value: some Encodable, keys: Keys = .asWritten) throws -> JSONValue {
    let node = JSONNode(keys)
    try value.encode(to: TreeEncoder(node: node, codingPath: []))
    return node.value
  }

  static func snakeCase(_ name: String) -> String {
    var result = ""
    var wasUpper = true
    for character in name {
      if character.isUppercase, !wasUpper { result += "_" }
      wasUpper = character.isUppercase
      result += character.lowercased()
    }
    return result
  }
}

/// A value under construction; a class because containers of `Encoder` are references to it.
private final class JSONNode {
  enum Content {
    case empty
    case value(JSONValue)
    case object([(key: String, node: JSONNode?, value: JSONValue)])
    case array([(node: JSONNode?, value: JSONValue)])
  }
  var content = Content.empty
  let keys: JSONTreeEncoder.Keys

  init(_ keys: JSONTreeEncoder.Keys) { self.keys = keys }

  func name(_ key: some CodingKey) -> String {
    keys == .asWritten ? key.stringValue : JSONTreeEncoder.snakeCase(key.stringValue)
  }

  var value: JSONValue {
    switch content {
    case .empty: .null
    case .value(let value): value
    case .object(let members): .object(members.map { ($0.key, $0.node?.value ?? $0.value) })
    case .array(let elements): .array(elements.map { $0.node?.value ?? $0.value })
    }
  }

  func set(_ key: String, _ value: JSONValue, node: JSONNode? = nil) {
    guard case .object(var members) = content else { return }
    content = .empty  // hands the only reference over, so that appending does not copy
    members.append((key, node, value))
    content = .object(members)
  }

  func append(_ value: JSONValue, node: JSONNode? = nil) {
    guard case .array(var elements) = content else { return }
    content = .empty
    elements.append((node, value))
    content = .array(elements)
  }

  var elementCount: Int {
    if case .array(let elements) = content { elements.count } else { 0 }
  }
}

private struct TreeEncoder: Encoder {
  let node: JSONNode
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if case .object = node.content {} else { node.content = .object([]) }
    return KeyedEncodingContainer(KeyedTree<Key>(node: node, codingPath: codingPath))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .array = node.content {} else { node.content = .array([]) }
    return UnkeyedTree(node: node, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleTree(node: node, codingPath: codingPath)
  }
}

private func leaf<T: Encodable>(_ value: T, _ keys: JSONTreeEncoder.Keys) throws -> JSONValue {
  // Comparing types first: a failed `as` on a generic value looks up conformances, which took a fifth of
  // the time of a large plan.
  if T.self == String.self, let x = value as? String { return .string(x) }
  if T.self == Double.self, let x = value as? Double { return .number(x) }
  if T.self == Int.self, let x = value as? Int { return .integer(Int64(x)) }
  if T.self == Bool.self, let x = value as? Bool { return .bool(x) }
  return try JSONTreeEncoder.value(of: value, keys: keys)
}

private struct KeyedTree<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: JSONNode
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { node.set(node.name(key), .null) }
  func encode(_ value: Bool, forKey key: Key) { node.set(node.name(key), .bool(value)) }
  func encode(_ value: String, forKey key: Key) { node.set(node.name(key), .string(value)) }
  func encode(_ value: Double, forKey key: Key) { node.set(node.name(key), .number(value)) }
  func encode(_ value: Int, forKey key: Key) { node.set(node.name(key), .integer(Int64(value))) }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    node.set(node.name(key), try leaf(value, node.keys))
  }

  func encodeIfPresent(_ value: Bool?, forKey key: Key) {
    node.set(node.name(key), value.map { .bool($0) } ?? .null)
  }
  func encodeIfPresent(_ value: String?, forKey key: Key) {
    node.set(node.name(key), value.map { .string($0) } ?? .null)
  }
  func encodeIfPresent(_ value: Double?, forKey key: Key) {
    node.set(node.name(key), value.map { .number($0) } ?? .null)
  }
  func encodeIfPresent(_ value: Int?, forKey key: Key) {
    node.set(node.name(key), value.map { .integer(Int64($0)) } ?? .null)
  }
  func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
    node.set(node.name(key), try value.map { try leaf($0, node.keys) } ?? .null)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy keyType: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    child(key).container(keyedBy: keyType)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    child(key).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { TreeEncoder(node: adopt("super"), codingPath: codingPath) }
  func superEncoder(forKey key: Key) -> any Encoder { child(key) }

  private func child(_ key: Key) -> TreeEncoder {
    TreeEncoder(node: adopt(node.name(key)), codingPath: codingPath + [key])
  }
  private func adopt(_ key: String) -> JSONNode {
    let nested = JSONNode(node.keys)
    node.set(key, .null, node: nested)
    return nested
  }
}

private struct UnkeyedTree: UnkeyedEncodingContainer {
  let node: JSONNode
  let codingPath: [any CodingKey]
  var count: Int { node.elementCount }

  func encodeNil() { node.append(.null) }
  func encode<T: Encodable>(_ value: T) throws { node.append(try leaf(value, node.keys)) }
  func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
    child().container(keyedBy: keyType)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
  func superEncoder() -> any Encoder { child() }

  private func child() -> TreeEncoder {
    let nested = JSONNode(node.keys)
    node.append(.null, node: nested)
    return TreeEncoder(node: nested, codingPath: codingPath)
  }
}

private struct SingleTree: SingleValueEncodingContainer {
  let node: JSONNode
  let codingPath: [any CodingKey]

  func encodeNil() { node.content = .value(.null) }
  func encode(_ value: String) { node.content = .value(.string(value)) }
  func encode(_ value: Bool) { node.content = .value(.bool(value)) }
  func encode(_ value: Double) { node.content = .value(.number(value)) }
  func encode(_ value: Float) { node.content = .value(.number(Double(value))) }
  func encode(_ value: Int) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int8) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int16) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int32) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: Int64) { node.content = .value(.integer(value)) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt8) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: UInt16) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: UInt32) { node.content = .value(.integer(Int64(value))) }
  func encode(_ value: UInt64) {
    node.content = .value(Int64(exactly: value).map { .integer($0) } ?? .number(Double(value)))
  }
  func encode<T: Encodable>(_ value: T) throws { node.content = .value(try leaf(value, node.keys)) }
}
