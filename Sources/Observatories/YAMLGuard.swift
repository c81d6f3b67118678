import Yams

/// Keeps YAML that could exhaust time or stack away from the parser, and translates its errors.
enum YAMLGuard {
  /// Four levels are used.
  static let maxDepth = 32

  static func check(_ yaml: String, file: String) throws(TelescopeError) {
    let size = yaml.utf8.count
    guard size <= TelescopeYAML.maxBytes else {
      throw .unreadable(
        file: file, line: nil,
        reason: "\(size) bytes are more than a telescope file may have (\(TelescopeYAML.maxBytes))")
    }
    var flowDepth = 0
    for (number, line) in yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let bytes = Array(line.utf8)
      var markers = 0
      for (i, byte) in bytes.enumerated() {
        let next = i + 1 < bytes.count ? bytes[i + 1] : UInt8(ascii: " ")
        let startsWord = i == 0 || [" ", ",", "[", "{", ":"].contains { UInt8(ascii: $0) == bytes[i - 1] }
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"): flowDepth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): flowDepth = max(0, flowDepth - 1)
        case UInt8(ascii: "-"), UInt8(ascii: "?"): if startsWord && next == UInt8(ascii: " ") { markers += 1 }
        case UInt8(ascii: "*") where startsWord && next > UInt8(ascii: " "):
          // An alias can stand for exponentially much; no telescope file needs one.
          throw .unreadable(
            file: file, line: number + 1,
            reason:
              "aliases (*name) are not used in telescope files; write the value itself, or quote the text")
        default: break
        }
        guard flowDepth <= maxDepth, markers <= maxDepth else {
          throw .unreadable(
            file: file, line: number + 1, reason: "nested more than \(maxDepth) levels deep; four are used")
        }
      }
    }
  }

  /// - Parameter lines: how many the file has.
  static func translate(_ error: any Error, file: String, lines: Int) -> TelescopeError {
    func unreadable(_ line: Int?, _ reason: String) -> TelescopeError {
      .unreadable(file: file, line: line, reason: reason)
    }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      // What is never closed is found at the end: the start is what helps.
      let place = context.map { " \($0.text) that starts in line \($0.mark.line)" } ?? ""
      return unreadable(
        min(mark.line, lines),
        "not valid YAML: \(problem)\(place); check the indentation and the quotes there")
    case .reader(let problem, let offset, _, let yaml):
      let line = offset.map { yaml.prefix($0).count { $0.isNewline } + 1 }
      return unreadable(line, "not valid YAML: \(problem); save the file as UTF-8 text")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().joined(separator: ", ")
      return unreadable(context.mark.line, "the key `\(names)` stands there twice; take one away")
    default:
      return unreadable(nil, "not valid YAML")
    }
  }
}
