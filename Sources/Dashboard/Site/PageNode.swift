import Mustache

/// A value of a page, taken apart once. The template engine reflects a structure anew for every name that it
/// looks up, and for every one around it: most of the time a page took went there.
struct PageNode: MustacheParent {
  private let fields: [String: Any]

  private init(_ mirror: Mirror) {
    fields = mirror.children.reduce(into: [:]) { fields, child in
      if let name = child.label { fields[name] = Self.of(child.value) }
    }
  }

  func child(named name: String) -> Any? { fields[name] }

  /// - Returns: nil for an optional without a value: the engine then looks further out, as it does by itself.
  static func of(_ value: Any) -> Any? {
    // The casts also take values out of optionals.
    if let text = value as? String { return text }
    if let flag = value as? Bool { return flag }
    if let number = value as? Int { return number }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.flatMap { of($0.value) }
    case .collection: return mirror.children.compactMap { of($0.value) }
    case .struct: return PageNode(mirror)
    default: return value
    }
  }
}
