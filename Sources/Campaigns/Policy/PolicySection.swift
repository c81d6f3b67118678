import Yams

/// Problems of one file, gathered so that all are reported at once.
final class PolicyLog {
  private(set) var problems: [PolicyError.Problem] = []
  private(set) var mentions: [Policy.Mention] = []
  func mention(_ telescope: String, _ line: Int?) {
    mentions.append(.init(telescope: telescope, line: line))
  }
  func add(_ line: Int?, _ key: String, _ what: String, _ remedy: String) {
    problems.append(.init(line: line, key: key, what: what, remedy: remedy))
  }
}

/// One mapping of a policy file, read key by key; `finish` reports the keys that nobody asked for.
final class PolicySection {
  let path: String
  let line: Int?
  let log: PolicyLog
  private let entries: [(key: String, line: Int?, value: Node)]
  private var asked: [String] = []

  private init(_ mapping: Node.Mapping, path: String, line: Int?, log: PolicyLog) {
    self.path = path
    self.line = line
    self.log = log
    entries = mapping.map { ($0.key.scalar?.string ?? "<not a name>", $0.key.mark?.line, $0.value) }
  }

  static func document(_ yaml: String, file: String, log: PolicyLog) throws(PolicyError) -> PolicySection {
    try refuseHostile(yaml, file: file)
    let root: Node?
    do {
      // The comment keeps the text out of Swift's inline strings, whose bytes move while it is parsed.
      root = try Parser(yaml: yaml + "\n# end of the policy\n", resolver: .basic, encoding: .utf8)
        .singleRoot()
    } catch let error as YamlError {
      throw .unreadable(file: file, line: Self.line(of: error), reason: "not valid YAML: \(error)")
    } catch {
      throw .unreadable(file: file, line: nil, reason: "not valid YAML")
    }
    guard case .mapping(let mapping)? = root else {
      throw .unreadable(file: file, line: nil, reason: "not a list of `key: value`")
    }
    return PolicySection(mapping, path: "", line: 1, log: log)
  }

  /// Aliases can stand for exponentially much, and deep nesting exhausts the stack of the parser.
  private static func refuseHostile(_ yaml: String, file: String) throws(PolicyError) {
    guard yaml.utf8.count <= Policy.byteLimit else {
      throw .unreadable(file: file, line: nil, reason: "larger than \(Policy.byteLimit) bytes")
    }
    let limit = 32
    var depth = 0
    for (i, text) in yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var last: Character = " "
      var dashes = 0
      for character in text {
        if "[{".contains(character) { depth += 1 }
        if "]}".contains(character) { depth = max(0, depth - 1) }
        if character == " ", last == "-" || last == "?" { dashes += 1 }
        if last == "*" || last == "&", character.isLetter {
          throw .unreadable(file: file, line: i + 1, reason: "anchors and aliases are not used in policies")
        }
        last = character
      }
      guard depth <= limit, dashes <= limit, text.prefix(while: { $0 == " " }).count <= 4 * limit else {
        throw .unreadable(file: file, line: i + 1, reason: "nested more than \(limit) levels deep")
      }
    }
  }

  private static func line(of error: YamlError) -> Int? {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  func full(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
  func has(_ key: String) -> Bool { entries.contains { $0.key == key } }
  func line(of key: String) -> Int? { entries.first { $0.key == key }?.line ?? line }
  func problem(_ key: String, _ what: String, _ remedy: String) {
    log.add(line(of: key), full(key), what, remedy)
  }

  func value(_ key: String) -> Node? {
    asked.append(key)
    return entries.first { $0.key == key }?.value
  }

  private func value(_ key: String, required: Bool) -> Node? {
    let value = value(key)
    if value == nil, required { log.add(line, full(key), "is missing", "write it") }
    return value
  }

  func text(_ key: String, required: Bool = false) -> String? {
    guard let node = value(key, required: required) else { return nil }
    guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
      problem(key, "is not a text", "write one text")
      return nil
    }
    return scalar.string
  }

  func words(_ key: String) -> [String]? {
    guard let node = value(key) else { return nil }
    guard case .sequence(let list) = node else {
      problem(key, "is not a list", "write [a, b]")
      return nil
    }
    let words = list.compactMap { $0.scalar?.string }
    if words.count != list.count || Set(words).count != words.count {
      problem(key, "has an entry that is no text or stands there twice", "write [a, b]")
    }
    return words
  }

  func number(_ key: String, in range: ClosedRange<Double>, required: Bool = false) -> Double? {
    guard let node = value(key, required: required) else { return nil }
    guard let x = Self.number(node), range.contains(x) else {
      let bounds = "\(Wording.number(range.lowerBound))...\(Wording.number(range.upperBound))"
      problem(key, "is not a number within \(bounds)", "write one without quotes or unit")
      return nil
    }
    return x
  }

  func integer(_ key: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
    guard let x = number(key, in: Double(range.lowerBound)...Double(range.upperBound), required: required)
    else {
      return nil
    }
    guard x == x.rounded() else {
      problem(key, "is not a whole number", "write one without decimals")
      return nil
    }
    return Int(x)
  }

  /// A finite decimal number that does not stand in quotes.
  static func number(_ node: Node) -> Double? {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any,
      scalar.string.allSatisfy({ "+-.0123456789eE".contains($0) }), let x = Double(scalar.string), x.isFinite
    else { return nil }
    return x
  }

  func section(_ key: String, required: Bool = false) -> PolicySection? {
    guard let node = value(key, required: required) else { return nil }
    guard case .mapping(let mapping) = node else {
      problem(key, "is not a section", "write `key: value` under it")
      return nil
    }
    return PolicySection(mapping, path: full(key), line: line(of: key), log: log)
  }

  func sections(_ key: String) -> [PolicySection] {
    guard let node = value(key) else { return [] }
    guard case .sequence(let list) = node else {
      problem(key, "is not a list", "start each entry with `- `")
      return []
    }
    return list.enumerated().compactMap { i, element in
      guard case .mapping(let mapping) = element else {
        problem(key, "entry \(i + 1) is not a section", "write `key: value` after the `- `")
        return nil
      }
      return PolicySection(mapping, path: "\(full(key))[\(i)]", line: element.mark?.line, log: log)
    }
  }

  func finish() {
    for entry in entries where !asked.contains(entry.key) {
      log.add(
        entry.line, full(entry.key), "is not a known key",
        Wording.suggestion(for: entry.key, among: Set(asked).sorted()))
    }
  }
}
