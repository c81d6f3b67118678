/// Fills a `VOEvent` from XML.
struct VOEventXMLReader {
  private var scanner: XMLScanner
  private var event = VOEvent()
  private var path: [String] = []
  private var group = ""
  private var text = ""
  private var collecting = false

  private init(_ bytes: [UInt8]) { scanner = XMLScanner(bytes) }

  static func read(_ bytes: [UInt8], _ notes: inout Notes) throws(NoticeRejection) -> VOEvent {
    var reader = VOEventXMLReader(try utf8(bytes, &notes))
    while true {
      let token = try reader.scanner.next()
      switch token {
      case .start(let name, let attributes): try reader.start(name, attributes)
      case .end(let name): reader.end(name)
      case .text, .cdata:
        if reader.collecting { reader.text += try reader.scanner.string(token) }
      case .finished:
        if reader.scanner.repaired {
          notes.add(.repairedText, "document", "not UTF-8; bad bytes were replaced")
        }
        return reader.event
      }
    }
  }

  /// Elements whose text is wanted. Descriptions are long, many and never used.
  private func isWanted(_ name: String) -> Bool {
    switch name {
    case "Date", "ISOTime", "Name", "Name1", "Name2", "C1", "C2", "Error2Radius", "Concept", "EventIVORN",
      "Value":
      true
    default: false
    }
  }

  private mutating func start(_ name: String, _ attributes: [XMLScanner.Attribute]) throws(NoticeRejection) {
    func attribute(_ key: String) -> String { attributes.first { $0.name == key }?.value ?? "" }
    if path.isEmpty {
      guard name == "VOEvent" else { throw .foreign(.otherXML, evidence: "<\(name.clipped())>") }
      event.ivorn = trim(attribute("ivorn"))
      event.role = trim(attribute("role"))
    }
    switch name {
    case "Param" where path.count > 1 && path[1] == "What":
      event.parameters.append(
        .init(
          group: group, name: attribute("name"), value: attribute("value"), unit: attribute("unit")))
    case "Group":
      let named = attribute("name")
      // LVK's sky-map groups are called after the map's author; their type is the constant.
      group = attribute("type").isEmpty ? named : attribute("type")
    case "EventIVORN": event.citations.append(.init(relation: attribute("cite"), ivorn: ""))
    case "Position2D" where event.positionUnit.isEmpty: event.positionUnit = attribute("unit")
    case "AstroCoords" where event.coordinateSystem.isEmpty:
      event.coordinateSystem = attribute("coord_system_id")
    default: break
    }
    collecting = isWanted(name)
    path.append(name)
    if collecting { text = "" }
  }

  private mutating func end(_ name: String) {
    path.removeLast()
    if collecting { store(name, trim(text)) }
    collecting = false
    if name == "Group" { group = "" }
  }

  private mutating func store(_ name: String, _ text: String) {
    let parent = path.last ?? ""
    switch name {
    case "Date" where event.date.isEmpty && parent == "Who": event.date = text
    case "ISOTime" where event.time.isEmpty: event.time = text
    case "Name1" where event.name1.isEmpty: event.name1 = text
    case "Name2" where event.name2.isEmpty: event.name2 = text
    case "C1" where event.coordinate1.isEmpty: event.coordinate1 = text
    case "C2" where event.coordinate2.isEmpty: event.coordinate2 = text
    case "Error2Radius" where event.errorRadius.isEmpty: event.errorRadius = text
    case "Concept" where event.concept.isEmpty: event.concept = text
    case "Name" where event.sourceName.isEmpty && parent == "Inference": event.sourceName = text
    case "EventIVORN":
      if !event.citations.isEmpty { event.citations[event.citations.count - 1].ivorn = text }
    case "Value" where parent == "Param":
      if let last = event.parameters.indices.last, event.parameters[last].value.isEmpty {
        event.parameters[last].value = text
      }
    default: break
    }
  }

  /// The document as UTF-8, by its declaration.
  private static func utf8(_ bytes: [UInt8], _ notes: inout Notes) throws(NoticeRejection) -> [UInt8] {
    guard bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
    let head = String(decoding: bytes.prefix(200), as: UTF8.self)
    guard let encoding = declaredEncoding(head) else { return bytes }
    switch encoding {
    case "utf-8", "utf8", "us-ascii", "ascii": return bytes
    case "iso-8859-1", "latin1", "latin-1", "windows-1252", "iso8859-1":
      notes.add(.transcoded, "document", "read as \(encoding)")
      var result: [UInt8] = []
      result.reserveCapacity(bytes.count + 64)
      for byte in bytes {
        if byte < 0x80 {
          result.append(byte)
        } else {
          result.append(0xC0 | byte >> 6)
          result.append(0x80 | byte & 0x3F)
        }
      }
      return result
    default: throw .unsupportedEncoding(encoding.clipped(40))
    }
  }

  private static func declaredEncoding(_ head: String) -> String? {
    guard head.hasPrefix("<?xml"), let close = head.firstIndex(of: ">") else { return nil }
    let declaration = head[..<close]
    guard let range = declaration.firstRange(of: "encoding") else { return nil }
    let rest = declaration[range.upperBound...].drop { $0 == " " || $0 == "=" }
    guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
    return rest.dropFirst().prefix { $0 != quote }.lowercased()
  }
}
