/// The part of JSON Schema that ICARE's request forms use, to refuse a payload here rather than there.
///
/// Checked: type, required, enum, const, minimum, maximum, exclusive limits, items, uniqueItems, minItems,
/// maxItems, properties, oneOf/anyOf/allOf, if-less dependencies on a property's value. What is not known
/// is let through: ICARE checks again.
public struct FormSchema: Hashable, Sendable {
  private let root: JSONNode

  public init(_ root: JSONNode) { self.root = root }

  /// What is wrong with a payload, one sentence each, such as `exposure_time: -5 is below 1`.
  public func complaints(about payload: JSONNode) -> [String] { Self.check(payload, root, at: "") }

  private static func check(_ value: JSONNode, _ schema: JSONNode, at path: String) -> [String] {
    var found: [String] = []
    let place = path.isEmpty ? "payload" : path
    if let type = schema["type"]?.text, !matches(value, type) { return ["\(place): not of type \(type)"] }
    if let allowed = schema["enum"]?.items, !allowed.contains(where: { same($0, value) }) {
      found.append("\(place): \(value) is not one of \(allowed.map(\.description).joined(separator: ", "))")
    }
    if let wanted = schema["const"], !same(wanted, value) { found.append("\(place): is not \(wanted)") }
    found += limits(value, schema, place)
    if case .array(let items) = value { found += list(items, schema, path: path, place) }
    if case .object(let members) = value { found += object(members, schema, path: path, place) }
    for part in schema["allOf"]?.items ?? [] { found += check(value, part, at: path) }
    for key in ["oneOf", "anyOf"] {
      guard let parts = schema[key]?.items, !parts.isEmpty else { continue }
      if !parts.contains(where: { check(value, $0, at: path).isEmpty }) {
        found.append("\(place): fits none of \(parts.count) forms")
      }
    }
    return found
  }

  private static func limits(_ value: JSONNode, _ schema: JSONNode, _ place: String) -> [String] {
    guard let x = value.double else { return [] }
    var found: [String] = []
    if let low = schema["minimum"]?.double, x < low { found.append("\(place): \(x) is below \(low)") }
    if let high = schema["maximum"]?.double, x > high { found.append("\(place): \(x) is above \(high)") }
    if let low = schema["exclusiveMinimum"]?.double, x <= low {
      found.append("\(place): \(x) is not above \(low)")
    }
    if let high = schema["exclusiveMaximum"]?.double, x >= high {
      found.append("\(place): \(x) is not below \(high)")
    }
    return found
  }

  private static func list(
    _ items: [JSONNode], _ schema: JSONNode, path: String, _ place: String
  ) -> [String] {
    var found: [String] = []
    if let least = schema["minItems"]?.int, items.count < least {
      found.append("\(place): fewer than \(least) entries")
    }
    if let most = schema["maxItems"]?.int, items.count > most {
      found.append("\(place): more than \(most) entries")
    }
    if schema["uniqueItems"]?.flag == true, Set(items).count < items.count {
      found.append("\(place): repeats an entry")
    }
    if let form = schema["items"] {
      for (i, item) in items.enumerated() { found += check(item, form, at: "\(place)[\(i)]") }
    }
    return found
  }

  private static func object(
    _ members: [String: JSONNode], _ schema: JSONNode, path: String, _ place: String
  ) -> [String] {
    var found = schema.texts("required").filter { members[$0] == nil }.map { "\(place): \($0) is missing" }
    for (key, form) in (schema["properties"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let value = members[key] else { continue }
      found += check(value, form, at: path.isEmpty ? key : "\(path).\(key)")
    }
    for (key, form) in (schema["dependencies"]?.members ?? [:]).sorted(by: { $0.key < $1.key })
    where members[key] != nil && form.members != nil {
      found += check(.object(members), form, at: path)
    }
    return found
  }

  private static func matches(_ value: JSONNode, _ type: String) -> Bool {
    switch type {
    case "object": value.members != nil
    case "array": value.items != nil
    case "string": value.text != nil
    case "boolean": value.flag != nil
    case "number": value.double != nil
    case "integer": value.int != nil
    case "null": value == .null
    default: true
    }
  }

  /// 1 and 1.0 are the same number.
  private static func same(_ a: JSONNode, _ b: JSONNode) -> Bool {
    if let x = a.double, let y = b.double { return x == y }
    return a == b
  }
}
