/// A pull reader of the XML that VOEvents are made of.
///
/// No document type, no entity beyond the five of XML and character references, no includes: such
/// markup ends the reading before anything is expanded. Namespaces are cut off; names are local.
/// The bytes must be UTF-8. FoundationXML was not used: libxml2 expands entities before the
/// delegate hears of them, and it is several times slower.
struct XMLScanner {
  static let depthLimit = 64
  static let elementLimit = 100_000

  enum Token {
    case start(name: String, attributes: [Attribute])
    case end(name: String)
    /// Character data with references resolved, or a CDATA section.
    case text(Range<Int>, plain: Bool)
    case cdata(Range<Int>)
    case finished
  }

  struct Attribute {
    let name: String
    let value: String
  }

  private let bytes: [UInt8]
  private var position: Int
  private var open: [Range<Int>] = []
  private var selfClosed: Range<Int>?
  private var elements = 0
  private(set) var repaired = false

  init(_ bytes: [UInt8], from start: Int = 0) {
    self.bytes = bytes
    position = start
  }

  var depth: Int { open.count }

  mutating func next() throws(NoticeRejection) -> Token {
    if let name = selfClosed {
      selfClosed = nil
      open.removeLast()
      return .end(name: localName(name))
    }
    while position < bytes.count {
      if bytes[position] != UInt8(ascii: "<") {
        let start = position
        var plain = true
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
          if bytes[position] == UInt8(ascii: "&") { plain = false }
          position += 1
        }
        if open.isEmpty {
          guard isBlank(start..<position) else { throw malformed("text outside the root element", start) }
          continue
        }
        return .text(start..<position, plain: plain)
      }
      if let token = try markup() { return token }
    }
    guard open.isEmpty, elements > 0 else {
      let name = open.last.map { text($0) } ?? "the root element"
      throw malformed("the document ends before \(name.clipped()) is closed", bytes.count)
    }
    return .finished
  }

  /// The characters of a text token.
  mutating func string(_ token: Token) throws(NoticeRejection) -> String {
    switch token {
    case .text(let range, true), .cdata(let range): return text(range)
    case .text(let range, false): return try resolved(range)
    default: return ""
    }
  }

  // MARK: Markup

  private mutating func markup() throws(NoticeRejection) -> Token? {
    let start = position
    guard position + 1 < bytes.count else { throw malformed("the document ends inside markup", start) }
    switch bytes[position + 1] {
    case UInt8(ascii: "?"):
      position = try skip(past: "?>", from: start + 2, what: "processing instruction")
      return nil
    case UInt8(ascii: "!"): return try declaration(start)
    case UInt8(ascii: "/"): return try endTag(start)
    default: return try startTag(start)
    }
  }

  private mutating func declaration(_ start: Int) throws(NoticeRejection) -> Token? {
    if matches("<!--", at: start) {
      position = try skip(past: "-->", from: start + 4, what: "comment")
      return nil
    }
    if matches("<![CDATA[", at: start), !open.isEmpty {
      position = try skip(past: "]]>", from: start + 9, what: "CDATA section")
      return .cdata(start + 9..<position - 3)
    }
    let word = String(decoding: bytes[start..<min(start + 10, bytes.count)], as: UTF8.self)
    throw .forbiddenMarkup(
      "a \(word.prefix { $0 != " " && $0 != "[" && $0 != ">" }) declaration", at: place(start))
  }

  private mutating func endTag(_ start: Int) throws(NoticeRejection) -> Token {
    position = start + 2
    let name = try scanName()
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
      throw malformed("an end tag is not closed", start)
    }
    position += 1
    guard let expected = open.popLast() else { throw malformed("an end tag without its start", start) }
    guard bytes[expected].elementsEqual(bytes[name]) else {
      throw malformed("</\(text(name).clipped())> closes <\(text(expected).clipped())>", start)
    }
    return .end(name: localName(name))
  }

  private mutating func startTag(_ start: Int) throws(NoticeRejection) -> Token {
    position = start + 1
    let name = try scanName()
    elements += 1
    guard elements <= Self.elementLimit else {
      throw .tooManyValues(limit: Self.elementLimit, at: place(start))
    }
    if open.isEmpty, elements > 1 { throw malformed("a second root element", start) }
    guard open.count < Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit, at: place(start)) }
    var attributes: [Attribute] = []
    while true {
      let spaced = skipSpace()
      guard position < bytes.count else { throw malformed("the document ends inside a tag", start) }
      if bytes[position] == UInt8(ascii: ">") {
        position += 1
        open.append(name)
        break
      }
      if bytes[position] == UInt8(ascii: "/") {
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: ">") else {
          throw malformed("a stray / in a tag", position)
        }
        position += 2
        open.append(name)
        selfClosed = name
        break
      }
      guard spaced else { throw malformed("white space should stand before an attribute", position) }
      guard attributes.count < 256 else { throw malformed("more than 256 attributes", position) }
      let attribute = try scanAttribute()
      attributes.append(attribute)
    }
    return .start(name: localName(name), attributes: attributes)
  }

  private mutating func scanAttribute() throws(NoticeRejection) -> Attribute {
    let name = try scanName()
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
      throw malformed("the attribute \(text(name).clipped()) has no value", position)
    }
    position += 1
    skipSpace()
    guard position < bytes.count, bytes[position] == 34 || bytes[position] == 39 else {
      throw malformed("the value of \(text(name).clipped()) is not quoted", position)
    }
    let quote = bytes[position]
    position += 1
    let start = position
    var plain = true
    while position < bytes.count, bytes[position] != quote {
      if bytes[position] == UInt8(ascii: "&") { plain = false }
      if bytes[position] == UInt8(ascii: "<") { throw malformed("a < in an attribute", position) }
      position += 1
    }
    guard position < bytes.count else { throw malformed("the document ends inside an attribute", start) }
    let range = start..<position
    position += 1
    return Attribute(name: localName(name), value: plain ? text(range) : try resolved(range))
  }

  // MARK: Characters

  private mutating func scanName() throws(NoticeRejection) -> Range<Int> {
    let start = position
    scan: while position < bytes.count {
      switch bytes[position] {
      case 9, 10, 13, 32, UInt8(ascii: "="), UInt8(ascii: ">"), UInt8(ascii: "/"): break scan
      case UInt8(ascii: "<"), UInt8(ascii: "&"), 34, 39, 0...31:
        throw malformed("no name starts or goes on like this", position)
      default: position += 1
      }
    }
    guard position > start else { throw malformed("a name should stand here", start) }
    return start..<position
  }

  private func localName(_ range: Range<Int>) -> String {
    let colon = bytes[range].lastIndex(of: UInt8(ascii: ":"))
    return String(
      decoding: bytes[(colon.map { $0 + 1 } ?? range.lowerBound)..<range.upperBound], as: UTF8.self)
  }

  private mutating func text(_ range: Range<Int>) -> String {
    if let valid = String(validating: bytes[range], as: UTF8.self) { return valid }
    repaired = true
    return String(decoding: bytes[range], as: UTF8.self)
  }

  private mutating func resolved(_ range: Range<Int>) throws(NoticeRejection) -> String {
    var result = ""
    var i = range.lowerBound
    var plainStart = i
    while i < range.upperBound {
      guard bytes[i] == UInt8(ascii: "&") else {
        i += 1
        continue
      }
      result += text(plainStart..<i)
      let limit = min(i + 12, range.upperBound)
      guard let end = bytes[i..<limit].firstIndex(of: UInt8(ascii: ";")) else {
        throw malformed("an & without its ;", i)
      }
      let name = String(decoding: bytes[i + 1..<end], as: UTF8.self)
      guard let character = Self.character(name) else {
        throw .forbiddenMarkup("the entity reference &\(name);", at: place(i))
      }
      result.append(character)
      i = end + 1
      plainStart = i
    }
    return result + text(plainStart..<range.upperBound)
  }

  private static func character(_ name: String) -> Character? {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      guard name.hasPrefix("#") else { return nil }
      let digits = name.dropFirst()
      let code = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      guard let code, code > 0, let scalar = Unicode.Scalar(code) else { return nil }
      return Character(scalar)
    }
  }

  @discardableResult
  private mutating func skipSpace() -> Bool {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 32 || byte == 10 || byte == 13 || byte == 9 else { break }
      position += 1
    }
    return position > start
  }

  private func isBlank(_ range: Range<Int>) -> Bool {
    // Some files end in NULs.
    bytes[range].allSatisfy { $0 == 32 || $0 == 10 || $0 == 13 || $0 == 9 || $0 == 0 }
  }

  private func matches(_ pattern: StaticString, at start: Int) -> Bool {
    pattern.withUTF8Buffer { bytes[start...].starts(with: $0) }
  }

  private func skip(past pattern: StaticString, from start: Int, what: String) throws(NoticeRejection) -> Int
  {
    let length = pattern.utf8CodeUnitCount
    let first = pattern.withUTF8Buffer { $0[0] }
    var i = start
    while i + length <= bytes.count {
      if bytes[i] == first, matches(pattern, at: i) { return i + length }
      i += 1
    }
    throw malformed("a \(what) is not closed", start)
  }

  private func place(_ offset: Int) -> NoticeRejection.Place { .init(offset: offset, in: bytes) }
  private func malformed(_ what: String, _ offset: Int) -> NoticeRejection {
    .malformed(what, at: place(offset))
  }
}
