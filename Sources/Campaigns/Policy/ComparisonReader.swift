import Yams

/// Reads what is asked of one fact: `{below: 200}`, `true`, `{one_of: [BNS, NSBH]}`.
struct ComparisonReader {
  let log: PolicyLog
  let fact: FactName
  let path: String
  let line: Int?

  func condition(_ node: Node) -> Condition? {
    if fact.kind == .flag, let flag = flag(node) { return .fact(fact, .isFlag(flag)) }
    guard case .mapping(let mapping) = node, !mapping.isEmpty else {
      log.add(
        line, path, "has no comparison", "write one of \(operators.joined(separator: ", ")): \(example)")
      return nil
    }
    var parts: [Condition] = []
    for (key, value) in mapping {
      if let comparison = comparison(key.scalar?.string ?? "", value, key.mark?.line ?? line) {
        parts.append(.fact(fact, comparison))
      }
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private var operators: [String] {
    switch fact.kind {
    case .number: ["below", "at_most", "above", "at_least", "known"]
    case .flag: ["is", "known"]
    case .word: ["is", "one_of", "known"]
    case .words: ["includes", "includes_any", "known"]
    }
  }

  private var example: String {
    switch fact.kind {
    case .number: "`\(fact.rawValue): {below: 10}`"
    case .flag: "`\(fact.rawValue): true`"
    case .word: "`\(fact.rawValue): {is: \(fact.vocabulary?.first ?? "word")}`"
    case .words: "`\(fact.rawValue): {includes: word}`"
    }
  }

  private func comparison(_ name: String, _ value: Node, _ line: Int?) -> Comparison? {
    let path = self.path + "." + name
    guard operators.contains(name) else {
      log.add(line, path, "is no comparison for it", Wording.suggestion(for: name, among: operators))
      return nil
    }
    switch name {
    case "below": return number(value, path, line).map { .below($0) }
    case "at_most": return number(value, path, line).map { .atMost($0) }
    case "above": return number(value, path, line).map { .above($0) }
    case "at_least": return number(value, path, line).map { .atLeast($0) }
    case _ where name == "known" || fact.kind == .flag:
      guard let flag = flag(value) else {
        log.add(line, path, "is neither true nor false", "write `true` or `false`")
        return nil
      }
      return name == "known" ? .known(flag) : .isFlag(flag)
    default:
      guard let words = words(value, path, line) else { return nil }
      return fact.kind == .word ? .oneOf(words) : .includesAny(words)
    }
  }

  private func flag(_ node: Node) -> Bool? {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return nil }
    return ["true": true, "false": false][scalar.string]
  }

  private func number(_ node: Node, _ path: String, _ line: Int?) -> Double? {
    guard let x = PolicySection.number(node) else {
      log.add(line, path, "is not a number", "write it without quotes or unit")
      return nil
    }
    guard fact.allowed.contains(x) else {
      let range = "\(Wording.number(fact.allowed.lowerBound))...\(Wording.number(fact.allowed.upperBound))"
      log.add(line, path, "\(Wording.number(x)) is outside \(range)", "mind the unit in the name")
      return nil
    }
    return x
  }

  private func words(_ node: Node, _ path: String, _ line: Int?) -> [String]? {
    let list: [String]
    switch node {
    case .scalar(let scalar): list = [scalar.string]
    case .sequence(let sequence): list = sequence.compactMap { $0.scalar?.string }
    default: list = []
    }
    guard !list.isEmpty, list.allSatisfy({ !$0.isEmpty }) else {
      log.add(line, path, "names no word", "write one word, or a list [a, b]")
      return nil
    }
    for word in list {
      guard let known = fact.vocabulary, !known.contains(word) else { continue }
      log.add(line, path, "`\(word)` never occurs", Wording.suggestion(for: word, among: known))
      return nil
    }
    return list
  }
}
