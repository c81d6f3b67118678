import Yams

/// Problems of one file, gathered so that all are reported at once.
final class RosterLog {
  private(set) var problems: [RosterError.Problem] = []
  /// What was read differently from how it is written.
  private(set) var notes: [RosterError.Problem] = []

  func add(_ line: Int?, _ key: String, _ what: String, _ remedy: String) {
    problems.append(.init(line: line, key: key, what: what, remedy: remedy))
  }
  func note(_ line: Int?, _ key: String, _ what: String, _ remedy: String) {
    notes.append(.init(line: line, key: key, what: what, remedy: remedy))
  }
}

/// One mapping of a roster file, read key by key; `finish` reports the keys that nobody asked for.
final class RosterSection {
  struct Entry {
    let key: String
    let line: Int?
    let value: Node
  }

  let path: String
  let line: Int?
  let log: RosterLog
  let entries: [Entry]
  private var asked: [String] = []

  init(_ mapping: Node.Mapping, path: String, line: Int?, log: RosterLog) {
    self.path = path
    self.line = line
    self.log = log
    entries = mapping.map { key, value in
      if key.scalar == nil {
        log.add(key.mark?.line, path, "has a key that is no text", "write `name: value`")
      }
      return Entry(key: key.scalar?.string ?? "", line: key.mark?.line, value: value)
    }
  }

  func full(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
  func line(of key: String) -> Int? { entries.first { $0.key == key }?.line ?? line }
  func problem(_ key: String, _ what: String, _ remedy: String) {
    log.add(line(of: key), full(key), what, remedy)
  }

  func value(_ key: String, required: Bool = false) -> Node? {
    asked.append(key)
    let value = entries.first { $0.key == key }?.value
    if value == nil, required { log.add(line, full(key), "is missing", "write it") }
    return value
  }

  func text(_ key: String, required: Bool = false) -> String? {
    guard let node = value(key, required: required) else { return nil }
    guard let text = node.scalar?.string, !text.isEmpty, text.utf8.count <= 200, !Self.hasControls(text)
    else {
      problem(key, "is not one line of text of at most 200 bytes", "write one")
      return nil
    }
    return text
  }

  /// Line breaks and other control characters end up in calendars and comments.
  static func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains {
      $0.value < 32 || (0x7f...0x9f).contains($0.value) || (0x2028...0x2029).contains($0.value)
    }
  }

  func whole(_ key: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
    guard let node = value(key, required: required) else { return nil }
    guard let text = node.scalar?.string, let n = Int(text), range.contains(n) else {
      problem(key, "is not a whole number within \(range.lowerBound)...\(range.upperBound)", "write one")
      return nil
    }
    return n
  }

  func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
    guard let node = value(key) else { return nil }
    guard let text = node.scalar?.string, text.allSatisfy({ "+-.0123456789".contains($0) }),
      let x = Double(text), range.contains(x)
    else {
      problem(
        key, "is not a number within \(Digits.short(range.lowerBound))...\(Digits.short(range.upperBound))",
        "write one without a unit")
      return nil
    }
    return x
  }

  func flag(_ key: String) -> Bool? {
    guard let node = value(key) else { return nil }
    switch node.scalar?.string {
    case "true": return true
    case "false": return false
    default:
      problem(key, "is neither true nor false", "write one of them")
      return nil
    }
  }

  func section(_ key: String, required: Bool = false) -> RosterSection? {
    value(key, required: required).flatMap { child($0, key, line(of: key)) }
  }

  func child(_ node: Node, _ key: String, _ line: Int?) -> RosterSection? {
    if case .mapping(let mapping) = node {
      return RosterSection(mapping, path: full(key), line: line, log: log)
    }
    // `schedule:` with nothing under it is an empty section.
    if node.scalar?.string == "" || node.scalar?.string == "~" {
      return RosterSection(Node.Mapping([]), path: full(key), line: line, log: log)
    }
    log.add(line, full(key), "is not a section", "write `name: value` under it")
    return nil
  }

  /// One text or a list of texts.
  func words(_ key: String) -> [String]? { value(key).flatMap { words($0, key, line(of: key)) } }

  func words(_ node: Node, _ key: String, _ line: Int?) -> [String]? {
    if let text = node.scalar?.string { return text.isEmpty ? [] : [text] }
    let list: [String]
    if case .sequence(let nodes) = node { list = nodes.compactMap { $0.scalar?.string } } else { list = [] }
    guard case .sequence(let nodes) = node, list.count == nodes.count else {
      log.add(line, full(key), "is not a list of names", "write [a, b]")
      return nil
    }
    if Set(list).count != list.count {
      log.add(line, full(key), "names somebody twice", "take one away")
      return nil
    }
    return list
  }

  func user(_ text: String, _ key: String, _ line: Int?) -> Username? {
    if let user = Username(text) { return user }
    let remedy =
      text.contains("@")
      ? "write the ICARE user name; rosters hold no addresses"
      : "write an ICARE user name: letters, digits, `-`, `_`, `.`"
    log.add(line, full(key), "`\(text.prefix(64))` is no user name", remedy)
    return nil
  }

  func finish() {
    for entry in entries where !asked.contains(entry.key) {
      log.add(
        entry.line, full(entry.key), "is not a known key", Spelling.suggestion(for: entry.key, among: asked))
    }
  }
}

enum Spelling {
  /// Edits (insert, delete, replace) that turn one text into the other (Levenshtein). O(a b).
  static func distance(_ first: String, _ second: String) -> Int {
    let b = Array(second)
    var last = Array(0...b.count)
    for (i, x) in first.prefix(100).enumerated() {
      var row = [i + 1]
      for (j, y) in b.enumerated() {
        row.append(min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1))
      }
      last = row
    }
    return last[b.count]
  }

  static func suggestion(for word: String, among known: [String]) -> String {
    let sorted = Set(known).sorted()
    let nearest = sorted.map { (distance(word, $0), $0) }.min { $0 < $1 }
    if let nearest, nearest.0 <= max(1, (word.count + 1) / 3) { return "did you mean `\(nearest.1)`?" }
    return sorted.isEmpty ? "take it out" : "known here: \(sorted.prefix(30).joined(separator: ", "))"
  }
}
