import Yams

/// Problems of one file, gathered so that all of them are reported at once.
package final class ProblemLog {
  package private(set) var problems: [TelescopeError.Problem] = []
  package var isEmpty: Bool { problems.isEmpty }
  package init() {}

  package func add(_ line: Int?, _ key: String, _ what: String, _ remedy: String) {
    problems.append(.init(line: line, key: key, what: what, remedy: remedy))
  }
}

/// One mapping of a YAML file, read key by key. A key that nobody asked for is a problem (`finish`).
///
/// Getters answer nil both for an absent key and for a wrong value; the latter is in the log.
package final class YAMLSection {
  let path: String
  let line: Int?
  let log: ProblemLog
  private let entries: [(key: String, line: Int?, value: Node)]
  private var asked: [String] = []

  init(_ mapping: Node.Mapping, path: String, line: Int?, log: ProblemLog) {
    self.path = path
    self.line = line
    self.log = log
    entries = mapping.map { key, value in
      (key.scalar?.string ?? "<not a name>", key.mark?.line, value)
    }
  }

  /// The root of a document.
  package static func document(_ yaml: String, file: String, log: ProblemLog) throws(TelescopeError)
    -> YAMLSection
  {
    try YAMLGuard.check(yaml, file: file)
    let root: Node?
    do {
      // The comment keeps short texts out of Swift's inline strings, whose bytes do not stay in place while
      // the parser reads them. UTF-8 is named because the default looks at the environment.
      root = try Parser(yaml: yaml + "\n# end of the file\n", resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      let lines = yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
      throw YAMLGuard.translate(error, file: file, lines: lines)
    }
    guard let mapping = root?.mapping else {
      throw .unreadable(
        file: file, line: nil,
        reason: root == nil ? "the file is empty" : "the file is not a list of `key: value`")
    }
    return YAMLSection(mapping, path: "", line: root?.mark?.line, log: log)
  }

  func full(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
  package func has(_ key: String) -> Bool { entries.contains { $0.key == key } }
  func line(of key: String) -> Int? { entries.first { $0.key == key }?.line ?? line }
  /// The keys of a free mapping, in order; counts as asking for all of them.
  package var allKeys: [String] {
    asked += entries.map(\.key)
    return entries.map(\.key)
  }

  package func problem(_ key: String, _ what: String, _ remedy: String) {
    log.add(line(of: key), full(key), what, remedy)
  }
  package func missing(_ key: String, _ remedy: String) {
    log.add(nil, full(key), "is missing", remedy)
  }

  private func node(_ key: String) -> Node? {
    asked.append(key)
    return entries.first { $0.key == key }?.value
  }

  // MARK: values

  /// A finite number in a range. Quoted numbers, lists and sections in its place are problems.
  package func number(_ key: String, in range: ClosedRange<Double>, unit: String) -> Double? {
    node(key).flatMap { number($0, key, in: range, unit: unit) }
  }

  private func number(_ node: Node, _ key: String, in range: ClosedRange<Double>, unit: String) -> Double? {
    let bounds = "\(Text.number(range.lowerBound))...\(Text.number(range.upperBound))"
    let remedy = "write a number of \(unit) within \(bounds)"
    guard case .scalar(let scalar) = node else {
      problem(key, "is \(Self.kind(node)) where a number is wanted", remedy)
      return nil
    }
    // Swift also reads hexadecimal numbers, infinities and NaN.
    let isDecimal = scalar.string.allSatisfy { "+-.0123456789eE".contains($0) }
    guard isDecimal, let value = Double(scalar.string), value.isFinite else {
      problem(key, "`\(scalar.string)` is not a number", remedy)
      return nil
    }
    guard scalar.style == .plain || scalar.style == .any else {
      problem(key, "`\(scalar.string)` is text, as it stands in quotes", "take the quotes away")
      return nil
    }
    guard range.contains(value) else {
      problem(key, "\(Text.number(value)) is outside \(bounds)", remedy)
      return nil
    }
    return value
  }

  package func requiredNumber(_ key: String, in range: ClosedRange<Double>, unit: String) -> Double {
    if !has(key) { missing(key, "write a number of \(unit)") }
    return number(key, in: range, unit: unit) ?? range.lowerBound
  }

  /// A list of exactly `count` numbers.
  package func numbers(_ key: String, count: Int, in range: ClosedRange<Double>, unit: String) -> [Double]? {
    guard let node = node(key) else { return nil }
    guard case .sequence(let sequence) = node, sequence.count == count else {
      problem(key, "is not a list of \(count) numbers", "write [a, b] with \(count) numbers of \(unit)")
      return nil
    }
    let values = sequence.compactMap { number($0, key, in: range, unit: unit) }
    return values.count == count ? values : nil
  }

  /// The digits as written, for numbers whose precision matters.
  func spelling(_ key: String) -> String? { node(key)?.scalar?.string }

  package func text(_ key: String) -> String? {
    node(key).flatMap { text($0, key) }
  }

  private func text(_ node: Node, _ key: String) -> String? {
    guard case .scalar(let scalar) = node else {
      problem(key, "is \(Self.kind(node)) where text is wanted", "write one text")
      return nil
    }
    let plain = scalar.style == .plain || scalar.style == .any
    guard !scalar.string.isEmpty, !(plain && ["~", "null"].contains(scalar.string)) else {
      problem(key, "is empty", "write a text or take the key away")
      return nil
    }
    guard scalar.string.count <= 2000 else {
      problem(key, "is longer than 2000 characters", "shorten it")
      return nil
    }
    return scalar.string
  }

  package func requiredText(_ key: String) -> String {
    if !has(key) { missing(key, "write a text") }
    return text(key) ?? ""
  }

  package func texts(_ key: String) -> [String]? {
    guard let node = node(key) else { return nil }
    guard case .sequence(let sequence) = node else {
      problem(key, "is \(Self.kind(node)) where a list is wanted", "write [a, b, ...]")
      return nil
    }
    let values = sequence.compactMap { text($0, key) }
    for (i, value) in values.enumerated() where values[..<i].contains(value) {
      problem(key, "`\(value)` stands there twice", "take one away")
    }
    return values
  }

  /// One of the words of an enumeration.
  package func choice<E: RawRepresentable & CaseIterable>(_ key: String, _: E.Type) -> E?
  where E.RawValue == String {
    node(key).flatMap { choice($0, key, E.self) }
  }

  private func choice<E: RawRepresentable & CaseIterable>(_ node: Node, _ key: String, _: E.Type) -> E?
  where E.RawValue == String {
    let words = E.allCases.map(\.rawValue).joined(separator: ", ")
    guard let word = text(node, key) else { return nil }
    guard let value = E(rawValue: word) else {
      problem(key, "`\(word)` is not known", "write one of \(words)")
      return nil
    }
    return value
  }

  package func requiredChoice<E: RawRepresentable & CaseIterable>(_ key: String, _: E.Type) -> E?
  where E.RawValue == String {
    if !has(key) { missing(key, "write one of \(E.allCases.map(\.rawValue).joined(separator: ", "))") }
    return choice(key, E.self)
  }

  package func choices<E: RawRepresentable & CaseIterable>(_ key: String, _: E.Type) -> [E]?
  where E.RawValue == String {
    guard let node = node(key) else { return nil }
    guard case .sequence(let sequence) = node else {
      problem(key, "is \(Self.kind(node)) where a list is wanted", "write [a, b, ...]")
      return nil
    }
    return sequence.compactMap { choice($0, key, E.self) }
  }

  // MARK: nested

  package func section(_ key: String) -> YAMLSection? {
    guard let node = node(key) else { return nil }
    guard case .mapping(let mapping) = node else {
      problem(key, "is \(Self.kind(node)) where a section is wanted", "write `key: value` lines under it")
      return nil
    }
    return YAMLSection(mapping, path: full(key), line: line(of: key), log: log)
  }

  /// A list of sections; their paths are `key[0]`, `key[1]`, ...
  package func sections(_ key: String) -> [YAMLSection] {
    guard let node = node(key) else { return [] }
    guard case .sequence(let sequence) = node else {
      problem(key, "is \(Self.kind(node)) where a list is wanted", "start each entry with `- `")
      return []
    }
    return sequence.enumerated().compactMap { i, element in
      guard case .mapping(let mapping) = element else {
        problem(key, "entry \(i + 1) is \(Self.kind(element))", "write `key: value` lines after the `- `")
        return nil
      }
      return YAMLSection(mapping, path: "\(full(key))[\(i)]", line: element.mark?.line, log: log)
    }
  }

  /// A list of lists of `count` numbers, such as the corners of a polygon; nil when absent or wrong.
  package func tuples(_ key: String, count: Int, in range: ClosedRange<Double>, unit: String) -> [[Double]]? {
    node(key).flatMap { tuples($0, key, count: count, in: range, unit: unit) }
  }

  private func tuples(
    _ node: Node, _ key: String, count: Int, in range: ClosedRange<Double>, unit: String
  ) -> [[Double]]? {
    guard case .sequence(let list) = node else {
      problem(key, "is \(Self.kind(node)) where a list of lists is wanted", "write [[a, b], [c, d], ...]")
      return nil
    }
    var result: [[Double]] = []
    for element in list {
      guard case .sequence(let tuple) = element, tuple.count == count else {
        problem(key, "has an entry that is not \(count) numbers", "write [[a, b], [c, d], ...]")
        return nil
      }
      let values = tuple.compactMap { number($0, key, in: range, unit: unit) }
      guard values.count == count else { return nil }
      result.append(values)
    }
    return result
  }

  /// A list of such lists.
  func tupleLists(_ key: String, count: Int, in range: ClosedRange<Double>, unit: String) -> [[[Double]]]? {
    guard let node = node(key) else { return nil }
    guard case .sequence(let lists) = node else {
      problem(
        key, "is \(Self.kind(node)) where a list of polygons is wanted", "write [[[a, b], [c, d], ...], ...]")
      return nil
    }
    let result = lists.compactMap { tuples($0, key, count: count, in: range, unit: unit) }
    return result.count == lists.count ? result : nil
  }

  /// Reports every key that nobody asked for, with the likeliest one that was meant.
  package func finish() {
    for entry in entries where !asked.contains(entry.key) {
      let allowed = Set(asked).sorted()
      let meant = allowed.map { (Self.unlikeness($0, entry.key), $0) }.min { $0.0 < $1.0 }
      let close = meant.flatMap { $0.0 <= max(1, entry.key.count / 3) ? $0.1 : nil }
      log.add(
        entry.line, full(entry.key), "is not a known key",
        close.map { "did you mean `\($0)`?" } ?? "known here: \(allowed.joined(separator: ", "))")
    }
  }

  /// Edits between two keys; a key cut short is one.
  private static func unlikeness(_ key: String, _ written: String) -> Int {
    let (a, b) = (Text.folded(key), Text.folded(written))
    let isCut = min(a.count, b.count) >= 3 && (a.hasPrefix(b) || b.hasPrefix(a))
    return isCut ? 1 : Text.editDistance(a, b)
  }

  private static func kind(_ node: Node) -> String {
    switch node {
    case .scalar: return "a single value"
    case .mapping: return "a section"
    case .sequence: return "a list"
    case .alias: return "an alias"
    }
  }
}
