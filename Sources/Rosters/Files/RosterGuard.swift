import Yams

/// Keeps YAML that could exhaust time or stack away from the parser, and names the line of its errors.
enum RosterGuard {
  /// A campaign of two years with two hundred members takes a tenth of this.
  static let byteLimit = 1 << 20
  static let depthLimit = 16

  static func root(_ yaml: String, file: String) throws(RosterError) -> Node.Mapping {
    try refuseHostile(yaml, file: file)
    let root: Node?
    do {
      // The comment keeps the text out of Swift's inline strings, whose bytes move while it is parsed.
      root = try Parser(yaml: yaml + "\n# end of the roster\n", resolver: .basic, encoding: .utf8)
        .singleRoot()
    } catch {
      let known = error as? YamlError
      let reason = known.map(reason) ?? "not valid YAML"
      throw .unreadable(file: file, line: known.flatMap(line), reason: reason)
    }
    guard case .mapping(let mapping)? = root else {
      throw .unreadable(file: file, line: nil, reason: "not a list of `name: value`")
    }
    return mapping
  }

  private static func refuseHostile(_ yaml: String, file: String) throws(RosterError) {
    guard yaml.utf8.count <= byteLimit else {
      throw .unreadable(file: file, line: nil, reason: "larger than \(byteLimit) bytes")
    }
    var depth = 0
    for (i, line) in yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var last: Character = " "
      var dashes = 0
      for character in line {
        if character == "[" || character == "{" { depth += 1 }
        if character == "]" || character == "}" { depth = max(0, depth - 1) }
        if character == " ", last == "-" || last == "?" { dashes += 1 }
        // An alias can stand for exponentially much.
        if last == "*" || last == "&", character.isLetter {
          throw .unreadable(file: file, line: i + 1, reason: "anchors and aliases are not used in rosters")
        }
        last = character
      }
      guard depth <= depthLimit, dashes <= depthLimit,
        line.prefix(while: { $0 == " " }).count <= 4 * depthLimit
      else {
        throw .unreadable(file: file, line: i + 1, reason: "nested more than \(depthLimit) levels deep")
      }
    }
  }

  private static func line(_ error: YamlError) -> Int? {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  private static func reason(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
      return "not valid YAML: \(problem); check the indentation and the quotes there"
    case .duplicatedKeysInMapping(let keys, _):
      return "`\(keys.sorted().joined(separator: ", "))` stands there twice; take one away"
    default: return "not valid YAML"
    }
  }
}
