import Foundation
import FoundationXML
import Units

/// What an operator's program understands of a plan.
struct SeenPlan {
  struct Row {
    var name = ""
    var raDeg = 0.0
    var decDeg = 0.0
    var start: Instant?
    var exposure = 0.0
    var count = 0
    var filter: String?
  }
  var status = ""
  var planID = ""
  var made = ""
  var digest = ""
  var rows: [Row] = []
}

/// Strict readers of the operators' formats, written from the published rules.
extension Strict {
  private static func refuse(_ reason: String) -> Refusal { Refusal(description: reason) }

  /// The lines before the end mark, and the mark's digest; throws when lines are missing.
  private static func body(_ text: String, mark: String, lineEnd: String) throws
    -> (lines: [String], rows: Int, digest: String)
  {
    guard text.hasSuffix(lineEnd) else { throw refuse("no line end at the end") }
    let lines = text.components(separatedBy: lineEnd).dropLast()
    guard lines.allSatisfy({ !$0.unicodeScalars.contains { $0 == "\r" || $0 == "\n" } }) else {
      throw refuse("mixed line ends")
    }
    guard let last = lines.last, last.hasPrefix("\(mark) END rows=") else { throw refuse("truncated") }
    let words = last.split(separator: " ")
    guard words.count == 4, let count = Int(words[2].dropFirst(5)), words[3].hasPrefix("sha256=") else {
      throw refuse("end mark")
    }
    return (Array(lines.dropLast()), count, String(words[3].dropFirst(7)))
  }

  /// `key=value` pairs two blanks apart; the first one of a key counts.
  private static func head(_ comment: String, _ plan: inout SeenPlan) {
    for pair in comment.components(separatedBy: "  ") {
      let parts = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "STATUS" where plan.status.isEmpty: plan.status = String(parts[1])
      case "plan" where plan.planID.isEmpty, "plan_id" where plan.planID.isEmpty:
        plan.planID = String(parts[1])
      case "made" where plan.made.isEmpty: plan.made = String(parts[1])
      default: break
      }
    }
  }

  /// Sexagesimal or a bare number; nil outside `range`.
  private static func number(_ text: some StringProtocol, _ range: ClosedRange<Double>) -> Double? {
    var body = Substring(text)
    let sign = body.first == "-" ? -1.0 : 1
    if body.first == "-" || body.first == "+" { body = body.dropFirst() }
    let parts = body.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 1 || parts.count == 3 else { return nil }
    var value = 0.0
    for (k, part) in parts.enumerated() {
      guard part.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let x = Double(part) else {
        return nil
      }
      if k > 0, x >= 60 { return nil }
      value += x / [1, 60, 3600][k]
    }
    return range.contains(sign * value) ? sign * value : nil
  }

  // MARK: ACP

  static func acp(_ text: String, lineEnd: String = "\r\n") throws -> SeenPlan {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw refuse("not ASCII") }
    var plan = SeenPlan()
    let (lines, rows, digest) = try body(text, mark: ";", lineEnd: lineEnd)
    plan.digest = digest
    var next = SeenPlan.Row()
    for line in lines {
      if line.hasPrefix("; GRANDMA") || line.hasPrefix("; plan=") { head(String(line.dropFirst()), &plan) }
      let live = line.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
      if live.isEmpty { continue }
      if live.hasPrefix("#") {
        try directive(live, &next)
        continue
      }
      let fields = live.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3 else { throw refuse("target with \(fields.count) fields: \(live)") }
      let isName = fields[0].utf8.allSatisfy {
        ($0 >= 48 && $0 < 58) || ($0 | 32 >= 97 && $0 | 32 < 123) || $0 == 95
      }
      guard isName, (1...40).contains(fields[0].count) else { throw refuse("target name \(fields[0])") }
      guard let hours = number(fields[1], 0...23.9999999999), let dec = number(fields[2], -90...90) else {
        throw refuse("coordinates \(fields[1]) \(fields[2])")
      }
      next.name = String(fields[0])
      next.raDeg = hours * 15
      next.decDeg = dec
      plan.rows.append(next)
      next.start = nil
    }
    guard plan.rows.count == rows else { throw refuse("row count") }
    return plan
  }

  private static func directive(_ line: String, _ row: inout SeenPlan.Row) throws {
    let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    let argument = parts.dropFirst().joined(separator: " ")
    switch parts[0].lowercased() {
    case "#count":
      guard let n = Int(argument), n > 0 else { throw refuse(line) }
      row.count = n
    case "#interval":
      guard let x = Double(argument), x > 0 else { throw refuse(line) }
      row.exposure = x
    case "#binning": guard argument == "1" else { throw refuse(line) }
    case "#filter":
      guard !argument.contains(","), !argument.isEmpty else { throw refuse(line) }
      row.filter = argument
    case "#waituntil":
      let halves = argument.components(separatedBy: ", ")
      guard halves.count == 2, halves[0] == "1" else { throw refuse(line) }
      row.start = try windowsDate(halves[1])
    case "#quitat": _ = try windowsDate(argument)
    case "#posang": guard let a = Double(argument), (0...360).contains(a) else { throw refuse(line) }
    default: throw refuse("unknown directive \(line)")
    }
  }

  private static func windowsDate(_ text: String) throws -> Instant {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "dd-MMM-yyyy HH:mm:ss"
    formatter.isLenient = false
    guard let date = formatter.date(from: text), formatter.string(from: date) == text else {
      throw refuse("date \(text)")
    }
    return Instant(iso8601: ISO8601DateFormatter().string(from: date))!
  }

  // MARK: NINA

  /// As the importer reads the mosaic dialect, and stricter where its leniency would hide a mistake.
  static func nina(_ text: String, lineEnd: String = "\r\n") throws -> SeenPlan {
    guard text.utf8.allSatisfy({ $0 < 0x80 }), !text.contains("\"") else { throw refuse("characters") }
    guard text.hasSuffix(lineEnd) else { throw refuse("no line end at the end") }
    let lines = text.components(separatedBy: lineEnd).dropLast()
    func cells(_ line: String) -> [String] {
      line.split(separator: ",", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    guard let first = lines.first else { throw refuse("empty") }
    let header = cells(first)
    guard first.hasPrefix("Pane, RA, DEC, Position Angle (East), "), header.last == "END" else {
      throw refuse("header")
    }
    let names = header.map { $0.lowercased() }
    for name in ["pane", "ra", "dec", "position angle (east)"] {
      guard names.filter({ $0 == name }).count == 1 else { throw refuse("column \(name)") }
    }
    var plan = SeenPlan()
    head(header.joined(separator: "  "), &plan)
    for line in lines.dropFirst() {
      let row = cells(line)
      guard row.count == 4 else { throw refuse("\(row.count) cells: \(line)") }
      guard row[0].utf8.allSatisfy({ ShellName.holds($0) }), !row[1].contains("-"), !row[3].contains("-")
      else {
        throw refuse("a hyphen or another sign in \(line)")
      }
      guard row[1].wholeMatch(of: /\d\dh\d\dm\d\d\.\d\ds/) != nil,
        row[2].wholeMatch(of: /[+-]\d\dd\d\dm\d\d\.\ds/) != nil, let angle = Double(row[3]),
        (0..<360).contains(angle)
      else { throw refuse(line) }
      var seen = SeenPlan.Row(name: row[0])
      seen.raDeg = 15 * runs(row[1])
      seen.decDeg = (row[2].contains("-") ? -1 : 1) * runs(row[2])
      plan.rows.append(seen)
    }
    let declared = header.first { $0.hasPrefix("rows=") }.flatMap { Int($0.dropFirst(5)) }
    guard declared == plan.rows.count else { throw refuse("row count") }
    plan.digest = String(header.first { $0.hasPrefix("sha256=") }?.dropFirst(7) ?? "")
    return plan
  }

  private static func runs(_ text: String) -> Double {
    let numbers = text.split(whereSeparator: { !$0.isNumber && $0 != "." }).compactMap { Double($0) }
    return zip(numbers, [1, 60, 3600]).reduce(0) { $0 + $1.0 / $1.1 }
  }

  // MARK: RTS2

  static func rts2(_ text: String) throws -> SeenPlan {
    var plan = SeenPlan()
    let (lines, rows, digest) = try body(text, mark: "#", lineEnd: "\n")
    plan.digest = digest
    guard lines.first == "#!/bin/sh" else { throw refuse("first line") }
    var commands: [[String]] = []
    for line in lines.dropFirst() {
      if line.hasPrefix("#") {
        if line.hasPrefix("# GRANDMA") || line.hasPrefix("# plan=") { head(String(line.dropFirst()), &plan) }
        continue
      }
      commands.append(try words(line))
    }
    if rows > 0 {
      guard commands.first == ["plan()", "{"], commands.suffix(2) == [["}"], ["plan"]] else {
        throw refuse("not in one function")
      }
      commands = Array(commands.dropFirst().dropLast(2))
    }
    guard commands.count == 3 * rows else { throw refuse("row count") }
    for k in stride(from: 0, to: commands.count, by: 3) {
      plan.rows.append(try rts2Row(Array(commands[k..<(k + 3)]).map { Array($0.dropLast(2)) }))
    }
    return plan
  }

  private static func rts2Row(_ c: [[String]]) throws -> SeenPlan.Row {
    guard c[0].count == 5, c[0].prefix(3) == ["rts2-newtarget", "-a", "-f"], c[1].count == 7,
      c[1].prefix(3) == ["rts2-target", "--name-only", "-c"], c[1][4] == "-s", c[2].count == 4,
      c[2].prefix(2) == ["rts2-plan", "--add"], c[1][6] == c[0][3], c[2][2] == c[0][3]
    else { throw refuse("\(c)") }
    var row = SeenPlan.Row(name: c[0][3])
    let place = c[0][4].split(separator: " ")
    guard place.count == 2, place[1].first == "+" || place[1].first == "-" else { throw refuse(c[0][4]) }
    // With colons a right ascension is in hours, without in degrees.
    let isSexagesimal = place[0].contains(":")
    guard let ra = number(place[0], 0...359.9999999999), let dec = number(place[1], -90...90) else {
      throw refuse(c[0][4])
    }
    row.raDeg = isSexagesimal ? 15 * ra : ra
    row.decDeg = dec
    var elements = c[1][5].split(separator: " ").map(String.init)
    if elements.first?.hasPrefix("filter=") == true {
      row.filter = String(elements.removeFirst().dropFirst(7))
    }
    row.count = 1
    if elements.first == "for" {
      guard elements.count == 6, let n = Int(elements[1]), n > 1, elements[2] == "{", elements[5] == "}"
      else {
        throw refuse(c[1][5])
      }
      row.count = n
      elements = Array(elements[3..<5])
    }
    guard elements.count == 2, elements[0] == "E", let x = Double(elements[1]) else { throw refuse(c[1][5]) }
    row.exposure = x
    guard c[2][3].dropFirst(10).first == "U" else { throw refuse("local time: \(c[2][3])") }
    row.start = Instant(iso8601: c[2][3].replacing("U", with: "T") + "Z")
    return row
  }

  /// POSIX shell words with single quotes and backslashes; anything else special is refused.
  private static func words(_ line: String) throws -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    var isEscaped = false
    for c in line {
      if isEscaped {
        word = (word ?? "") + String(c)
        isEscaped = false
      } else if isQuoted {
        if c == "'" { isQuoted = false } else { word = (word ?? "") + String(c) }
      } else if c == "'" {
        isQuoted = true
        word = word ?? ""
      } else if c == "\\" {
        isEscaped = true
      } else if c == " " {
        if let w = word { words.append(w) }
        word = nil
      } else if "$`\";&<>*?#~".contains(c) {
        throw refuse("unquoted \(c) in \(line)")
      } else {
        word = (word ?? "") + String(c)
      }
    }
    guard !isQuoted, !isEscaped else { throw refuse("open quote") }
    return words + (word.map { [$0] } ?? [])
  }
}

enum ShellName {
  static func holds(_ byte: UInt8) -> Bool {
    (byte >= 48 && byte < 58) || (byte | 32 >= 97 && byte | 32 < 123) || byte == 95
  }
}

/// VOTable by an XML parser.
final class VOTableReader: NSObject, XMLParserDelegate {
  var parameters: [String: String] = [:]
  var fields: [String] = []
  var rows: [[String]] = []
  var declaredRows = -1
  private var cell: String?

  static func read(_ bytes: [UInt8]) throws -> VOTableReader {
    let reader = VOTableReader()
    let parser = XMLParser(data: Data(bytes))
    parser.delegate = reader
    // Some XML parsers forgive an end that is missing.
    let isWhole =
      String(decoding: bytes.suffix(12), as: UTF8.self).trimmingCharacters(in: .newlines)
      .hasSuffix("</VOTABLE>") && bytes.last == 10
    guard isWhole, parser.parse()
    else {
      throw Strict.Refusal(description: "not XML: \(parser.parserError.map { "\($0)" } ?? "")")
    }
    guard reader.rows.count == reader.declaredRows,
      reader.rows.allSatisfy({ $0.count == reader.fields.count })
    else { throw Strict.Refusal(description: "rows or cells are missing") }
    return reader
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    switch name {
    case "PARAM": parameters[attributes["name"] ?? ""] = attributes["value"]
    case "FIELD": fields.append(attributes["name"] ?? "")
    case "TABLE": declaredRows = Int(attributes["nrows"] ?? "") ?? -1
    case "TR": rows.append([])
    case "TD": cell = ""
    default: break
    }
  }
  func parser(_ parser: XMLParser, foundCharacters text: String) { if cell != nil { cell! += text } }
  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard name == "TD" else { return }
    rows[rows.count - 1].append(cell ?? "")
    cell = nil
  }
}
