/// Any JSON value. What ICARE stores freely (plan and request payloads) is kept as it is.
public enum JSONNode: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONNode])
  case object([String: JSONNode])
}

extension JSONNode {
  /// The member of an object; nil for anything else, and for an explicit null.
  public subscript(key: String) -> JSONNode? {
    guard case .object(let members) = self, let value = members[key], value != .null else { return nil }
    return value
  }

  public var text: String? { if case .string(let s) = self { s } else { nil } }
  public var flag: Bool? { if case .bool(let b) = self { b } else { nil } }
  public var items: [JSONNode]? { if case .array(let a) = self { a } else { nil } }
  public var members: [String: JSONNode]? { if case .object(let o) = self { o } else { nil } }

  /// A whole number, also when it was written as `3.0`.
  public var int: Int? {
    switch self {
    case .integer(let i): i
    case .number(let x) where x == x.rounded() && x.magnitude < 9e15: Int(x)
    default: nil
    }
  }

  public var double: Double? {
    switch self {
    case .integer(let i): Double(i)
    case .number(let x): x
    default: nil
    }
  }

  /// Identifiers that are a number in one version and a string in another.
  public var identifier: String? { text ?? int.map(String.init) }
}

extension JSONNode {
  /// - Throws: `.unexpected` naming the member.
  func need(_ key: String) throws(IcareError) -> JSONNode {
    guard let value = self[key] else { throw .unexpected("no \"\(key)\" in the answer") }
    return value
  }
  func needInt(_ key: String) throws(IcareError) -> Int {
    guard let value = try need(key).int else { throw .unexpected("\"\(key)\" is not a whole number") }
    return value
  }
  func needDouble(_ key: String) throws(IcareError) -> Double {
    guard let value = try need(key).double else { throw .unexpected("\"\(key)\" is not a number") }
    return value
  }
  func needText(_ key: String) throws(IcareError) -> String {
    guard let value = try need(key).text else { throw .unexpected("\"\(key)\" is not a text") }
    return value
  }
  func needItems(_ key: String) throws(IcareError) -> [JSONNode] {
    guard let value = try need(key).items else { throw .unexpected("\"\(key)\" is not a list") }
    return value
  }
  func needItems() throws(IcareError) -> [JSONNode] {
    guard let items else { throw .unexpected("the answer is not a list") }
    return items
  }
  /// The texts of a list; nothing when absent.
  func texts(_ key: String) -> [String] { self[key]?.items?.compactMap(\.text) ?? [] }
  func ints(_ key: String) -> [Int] { self[key]?.items?.compactMap(\.int) ?? [] }
  /// A naive UTC moment; nil when absent.
  func moment(_ key: String) -> NaiveUTC? { self[key]?.text.flatMap { NaiveUTC($0) } }
}

extension JSONNode: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(arrayLiteral elements: JSONNode...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONNode)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }

  public static func texts(_ values: [String]) -> JSONNode { .array(values.map(JSONNode.string)) }
  public static func integers(_ values: [Int]) -> JSONNode { .array(values.map(JSONNode.integer)) }
  public static func numbers(_ values: [Double]) -> JSONNode { .array(values.map(JSONNode.number)) }

  /// With the members of `other`, which win; self when either is not an object.
  public func merging(_ other: JSONNode) -> JSONNode {
    guard case .object(let a) = self, case .object(let b) = other else { return self }
    return .object(a.merging(b, uniquingKeysWith: { $1 }))
  }
}

extension JSONNode: CustomStringConvertible {
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  /// JSON with sorted keys and no spaces: equal values give equal bytes. What is not finite becomes null.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    write(into: &result)
    return result
  }

  private func write(into out: inout [UInt8]) {
    switch self {
    case .null: out += Array("null".utf8)
    case .bool(let b): out += Array((b ? "true" : "false").utf8)
    case .integer(let i): out += Array(String(i).utf8)
    case .number(let x): out += Array((x.isFinite ? x.description : "null").utf8)
    case .string(let s): Self.write(s, into: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (i, element) in elements.enumerated() {
        if i > 0 { out.append(UInt8(ascii: ",")) }
        element.write(into: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (i, key) in members.keys.sorted().enumerated() {
        if i > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(key, into: &out)
        out.append(UInt8(ascii: ":"))
        members[key]?.write(into: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// RFC 8259, section 7.
  private static func write(_ text: String, into out: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0x0A: out += Array("\\n".utf8)
      case 0x0D: out += Array("\\r".utf8)
      case 0x09: out += Array("\\t".utf8)
      case 0..<0x20: out += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
