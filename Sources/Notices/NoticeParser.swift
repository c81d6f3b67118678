import Units

/// Reads one message of an alert broker.
public enum NoticeParser {
  /// The largest message that is looked at. Real ones reach 3 MB; the broker carries 4 MiB.
  public static let byteLimit = 64 << 20

  /// - Parameters:
  ///   - bytes: the message as delivered: JSON, VOEvent XML or the text of a Circular.
  ///   - topic: the Kafka topic, when known; tells streams apart whose messages do not name themselves.
  ///   - receivedAt: kept in the notice; an event time more than a day after it is reported.
  /// - Throws: `NoticeRejection`; the message is then no notice we can act on. Never traps.
  public static func parse(
    bytes: [UInt8], topic: String? = nil, receivedAt: Instant? = nil
  ) throws(NoticeRejection) -> Notice {
    guard bytes.count <= byteLimit else { throw .tooLarge(bytes: bytes.count, limit: byteLimit) }
    var notice =
      switch try Sniffer.format(of: bytes) {
      case .json: try json(bytes, topic: topic)
      case .xml: try xml(bytes, topic: topic)
      case .circularText: try CircularReader.notice(fromText: bytes, topic: topic)
      }
    notice.received = receivedAt
    if let receivedAt, let time = notice.eventTime, time.seconds(since: receivedAt) > 86_400 {
      notice.findings.append(
        Finding(.futureTime, field: "event time", detail: "\(time.iso8601()) lies more than a day ahead"))
    }
    return notice
  }

  private static func xml(_ bytes: [UInt8], topic: String?) throws(NoticeRejection) -> Notice {
    var notes = Notes()
    let body = bytes.starts(with: Sniffer.utf8Mark) ? Array(bytes.dropFirst(3)) : bytes
    let event = try VOEventXMLReader.read(body, &notes)
    return try VOEventInterpreter.notice(from: event, format: .voEventXML, topic: topic, notes: notes)
  }

  private static func json(_ bytes: [UInt8], topic: String?) throws(NoticeRejection) -> Notice {
    let body = bytes.starts(with: Sniffer.utf8Mark) ? Array(bytes.dropFirst(3)) : bytes
    var parser = JSONParser(body)
    var root = try parser.document()
    var notes = parser.notes
    if case .array(let items) = root, items.count == 1 {
      // Avro records of the same alert come wrapped in a list.
      notes.add(.arrayRoot, "document", "a list of one; its element is read")
      root = items[0]
    }
    guard let object = root.object else {
      throw .foreign(.otherJSON, evidence: "\(root.typeName) at the root")
    }
    return try dispatch(object, topic: topic, notes: notes)
  }

  private static func dispatch(
    _ object: JSONObject, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    var schema = ""
    if case .string(let text) = object["$schema"] { schema = text }
    if object.contains("superevent_id") || topic == "igwn.gwalert" {
      return try GWAlertInterpreter.notice(from: object, topic: topic, notes: notes)
    }
    if object.contains("circularId") || schema.contains("/circulars")
      || topic?.hasPrefix("gcn.circulars") == true
    {
      return try CircularReader.notice(from: object, topic: topic, notes: notes)
    }
    if object.contains("ivorn"),
      object.contains("What") || object.contains("WhereWhen") || object.contains("Who")
    {
      return try VOEventInterpreter.notice(
        from: VOEventJSONReader.read(object), format: .voEventJSON, topic: topic, notes: notes)
    }
    if topic == "gcn.heartbeat" || isHeartbeat(object, schema: schema) {
      return try heartbeat(object, topic: topic, notes: notes)
    }
    let unified =
      ["mission", "instrument"].contains { object.contains($0) }
      && ["trigger_time", "alert_datetime", "alert_type"].contains { object.contains($0) }
    if schema.contains("/notices/") || topic?.hasPrefix("gcn.notice") == true || unified {
      return try UnifiedInterpreter.notice(from: object, topic: topic, notes: notes)
    }
    let keys = object.members.prefix(6).map { $0.key.clipped(30) }.joined(separator: ", ")
    throw .foreign(.otherJSON, evidence: "an object with \(keys.isEmpty ? "no member" : keys)")
  }

  private static func isHeartbeat(_ object: JSONObject, schema: String) -> Bool {
    schema.contains("/core/Alert.")
      && object.members.allSatisfy { ["$schema", "alert_datetime"].contains($0.key) }
  }

  private static func heartbeat(
    _ object: JSONObject, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    var notes = notes
    let source = NoticeSource(mission: .gcn, stream: "gcn.heartbeat", format: .heartbeat, topic: topic)
    var notice = Notice(source: source, kind: .heartbeat)
    notice.role = .utility
    notice.standing = .auxiliary("heartbeat")
    notice.created = JSONFields(object).time("alert_datetime", &notes)
    guard notice.created != nil else {
      throw .missing(field: "alert_datetime", evidence: "a heartbeat is nothing but its time")
    }
    notice.findings = notes.findings
    return notice
  }
}

/// Tells formats apart by content. File names and topics are not believed.
enum Sniffer {
  enum Format { case json, xml, circularText }

  static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  static func format(of bytes: [UInt8]) throws(NoticeRejection) -> Format {
    let start = bytes.starts(with: utf8Mark) ? 3 : 0
    guard let first = bytes[start...].firstIndex(where: { $0 > 32 }) else {
      guard bytes.contains(0) else { throw .empty }
      throw .foreign(.binary, evidence: evidence(bytes))
    }
    try refuseForeign(bytes)
    switch bytes[first] {
    case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
    case UInt8(ascii: "<"):
      let head = String(decoding: bytes[first...].prefix(200), as: UTF8.self).lowercased()
      if head.hasPrefix("<!doctype html") || head.hasPrefix("<html") {
        throw .foreign(.html, evidence: evidence(bytes))
      }
      return .xml
    default: return try text(bytes)
    }
  }

  private static func refuseForeign(_ bytes: [UInt8]) throws(NoticeRejection) {
    let marks: [([UInt8], NoticeRejection.Foreign)] = [
      ([0xFE, 0xFF], .utf16), ([0xFF, 0xFE], .utf16), ([0x1F, 0x8B], .compressed),
      ([0x42, 0x5A, 0x68], .compressed),
      ([0x50, 0x4B, 3, 4], .compressed), (Array("Obj\u{1}".utf8), .avro),
      (Array("SIMPLE  =".utf8), .skymapFile),
    ]
    for (mark, kind) in marks where bytes.starts(with: mark) {
      throw .foreign(kind, evidence: evidence(bytes))
    }
    guard bytes.prefix(4096).contains(0) else { return }
    if bytes.count == 160 { throw .foreign(.classicBinary, evidence: "160 bytes, type \(bytes[3])") }
    throw .foreign(.binary, evidence: evidence(bytes))
  }

  private static func text(_ bytes: [UInt8]) throws(NoticeRejection) -> Format {
    let head = String(decoding: bytes.prefix(2000), as: UTF8.self)
    let upper = head.uppercased()
    if head.contains("Unknown topic or partition") || head.hasPrefix("Subscribed topic not available") {
      throw .foreign(.brokerMessage, evidence: evidence(bytes))
    }
    if upper.contains("TITLE:") {
      if upper.contains("GCN CIRCULAR") { return .circularText }
      if upper.contains("NOTICE") { throw .foreign(.classicText, evidence: evidence(bytes)) }
    }
    throw .foreign(.unknownText, evidence: evidence(bytes))
  }

  /// The first characters, printable.
  private static func evidence(_ bytes: [UInt8]) -> String {
    let characters = bytes.prefix(48).map { byte -> Character in
      (32..<127).contains(byte) ? Character(Unicode.Scalar(byte)) : "."
    }
    return "\"" + String(characters) + "\""
  }
}
