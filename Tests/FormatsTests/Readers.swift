import Foundation

/// Strict readers written from the published rules, not from the writers.
enum Strict {
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// RFC 4180: CRLF after every record, quotes doubled inside quotes, quotes only around whole fields.
  static func csv(_ text: String) throws -> [[String]] {
    var records: [[String]] = []
    var fields: [String] = []
    var field = ""
    let scalars = Array(text.unicodeScalars)
    var i = 0
    func peek(_ k: Int) -> Unicode.Scalar? { k < scalars.count ? scalars[k] : nil }
    while i < scalars.count {
      if peek(i) == "\"" {
        i += 1
        while true {
          guard let c = peek(i) else { throw Refusal(description: "a quoted field does not end") }
          i += 1
          if c == "\"" {
            if peek(i) == "\"" { i += 1 } else { break }
          }
          field.unicodeScalars.append(c)
        }
      } else {
        while let c = peek(i), c != ",", c != "\r", c != "\n" {
          if c == "\"" { throw Refusal(description: "a quote inside a bare field at \(i)") }
          field.unicodeScalars.append(c)
          i += 1
        }
      }
      fields.append(field)
      field = ""
      if peek(i) == "," {
        i += 1
        if peek(i) == nil || peek(i) == "\r" { fields.append("") }
        if peek(i) != "\r" { continue }
      }
      guard peek(i) == "\r", peek(i + 1) == "\n" else { throw Refusal(description: "no CRLF at \(i)") }
      i += 2
      records.append(fields)
      fields = []
    }
    guard Set(records.map(\.count)).count <= 1 else { throw Refusal(description: "ragged records") }
    return records
  }

  struct PlanTable {
    var comments: [String] = []
    var header: [String] = []
    var rows: [[String: String]] = []
    var declaredRows = -1
    var digest = ""
  }

  /// The text format: ASCII, comments with `#`, one token per cell, a last line that counts the rows.
  static func planText(_ text: String, lineEnd: String = "\n") throws -> PlanTable {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw Refusal(description: "not ASCII") }
    guard text.hasSuffix(lineEnd) else { throw Refusal(description: "no line end at the end") }
    var table = PlanTable()
    let lines = text.components(separatedBy: lineEnd).dropLast()
    guard let last = lines.last, last.hasPrefix("# END rows=") else {
      throw Refusal(description: "truncated")
    }
    let parts = last.split(separator: " ")
    table.declaredRows = Int(parts[2].dropFirst(5)) ?? -1
    table.digest = String(parts[3].dropFirst("sha256=".count))
    for line in lines.dropLast() {
      if line.hasPrefix("#") {
        table.comments.append(line)
        continue
      }
      let cells = line.split(separator: " ").map(String.init)
      if table.header.isEmpty {
        table.header = cells
        continue
      }
      guard cells.count == table.header.count else {
        throw Refusal(description: "\(cells.count) cells under \(table.header.count) names: \(line)")
      }
      table.rows.append(Dictionary(uniqueKeysWithValues: zip(table.header, cells)))
    }
    guard table.rows.count == table.declaredRows else { throw Refusal(description: "row count") }
    return table
  }
}

/// The part of JSON Schema 2020-12 that the published schemas use. Strict beyond the standard: members
/// that the schema does not name are errors, so a new member cannot be forgotten in it.
struct SchemaValidator {
  private let documents: [String: [String: Any]]

  init(folder: URL) throws {
    var documents: [String: [String: Any]] = [:]
    for url in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    where url.pathExtension == "json" {
      let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
      documents[json["$id"] as? String ?? ""] = json
    }
    self.documents = documents
  }

  func errors(_ json: String, schema id: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    guard let root = documents[id] else { return ["no schema \(id)"] }
    return check(value, root, root, "$")
  }

  private func check(_ value: Any, _ schema: [String: Any], _ root: [String: Any], _ path: String) -> [String]
  {
    var errors: [String] = []
    if let reference = schema["$ref"] as? String {
      if reference.hasPrefix("#/$defs/") {
        let defs = root["$defs"] as? [String: Any]
        guard let target = defs?[String(reference.dropFirst(8))] as? [String: Any] else {
          return ["\(path): no \(reference)"]
        }
        errors += check(value, target, root, path)
      } else if let other = documents[reference] {
        errors += check(value, other, other, path)
      } else {
        errors.append("\(path): no \(reference)")
      }
    }
    if let options = schema["anyOf"] as? [[String: Any]] {
      let results = options.map { check(value, $0, root, path) }
      if !results.contains(where: \.isEmpty) { errors += results.min { $0.count < $1.count } ?? [] }
    }
    if let constant = schema["const"] as? String, value as? String != constant {
      errors.append("\(path): not \(constant)")
    }
    if let allowed = schema["enum"] as? [Any] {
      let isAllowed = allowed.contains { a in
        (a is NSNull && value is NSNull) || (a as? String != nil && a as? String == value as? String)
      }
      if !isAllowed { errors.append("\(path): \(value) is none of the allowed") }
    }
    errors += checkType(value, schema, path) + checkLimits(value, schema, path)
    errors += checkMembers(value, schema, root, path)
    return errors
  }

  private func checkType(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    guard let declared = schema["type"] else { return [] }
    let types = declared as? [String] ?? [declared as? String ?? ""]
    return types.contains { isType(value, $0) } ? [] : ["\(path): not of type \(types)"]
  }

  private func isType(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "null": return value is NSNull
    case "string": return value is String
    case "array": return value is [Any]
    case "object": return value is [String: Any]
    default:
      guard let number = value as? NSNumber, !(value is String) else { return false }
      let isBool = CFBooleanCheck.isBool(number)
      if type == "boolean" { return isBool }
      return !isBool && (type == "number" || number.doubleValue == number.doubleValue.rounded())
    }
  }

  private func checkLimits(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    var errors: [String] = []
    if let number = (value as? NSNumber)?.doubleValue {
      if let low = schema["minimum"] as? Double, number < low { errors.append("\(path): below \(low)") }
      if let high = schema["maximum"] as? Double, number > high { errors.append("\(path): above \(high)") }
      if let low = schema["exclusiveMinimum"] as? Double, number <= low {
        errors.append("\(path): not above \(low)")
      }
      if let high = schema["exclusiveMaximum"] as? Double, number >= high {
        errors.append("\(path): not below \(high)")
      }
    }
    if let text = value as? String {
      if let pattern = schema["pattern"] as? String,
        text.range(of: pattern, options: .regularExpression) == nil
      {
        errors.append("\(path): \"\(text)\" does not match \(pattern)")
      }
      if let low = schema["minLength"] as? Int, text.count < low { errors.append("\(path): too short") }
    }
    return errors
  }

  private func checkMembers(
    _ value: Any, _ schema: [String: Any], _ root: [String: Any], _ path: String
  ) -> [String] {
    var errors: [String] = []
    if let array = value as? [Any] {
      if let low = schema["minItems"] as? Int, array.count < low { errors.append("\(path): too few") }
      if let high = schema["maxItems"] as? Int, array.count > high { errors.append("\(path): too many") }
      if let items = schema["items"] as? [String: Any] {
        for (i, element) in array.enumerated() { errors += check(element, items, root, "\(path)[\(i)]") }
      }
    }
    if let object = value as? [String: Any], let properties = schema["properties"] as? [String: [String: Any]]
    {
      for key in schema["required"] as? [String] ?? [] where object[key] == nil {
        errors.append("\(path): \(key) is missing")
      }
      for (key, member) in object {
        if let property = properties[key] {
          errors += check(member, property, root, "\(path).\(key)")
        } else {
          errors.append("\(path): \(key) is not in the schema")
        }
      }
    }
    return errors
  }
}

private enum CFBooleanCheck {
  static func isBool(_ number: NSNumber) -> Bool {
    let type = String(cString: number.objCType)
    return (type == "c" || type == "B")
      && (number == NSNumber(value: true) || number == NSNumber(value: false))
  }
}
