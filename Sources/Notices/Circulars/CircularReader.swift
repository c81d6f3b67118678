import Units

/// GCN Circulars, from the JSON of `gcn.circulars` or from the text of the e-mail.
enum CircularReader {
  static func notice(
    from object: JSONObject, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    var notes = notes
    let fields = JSONFields(object)
    guard let number = fields.string("circularId", &notes) else {
      throw .missing(field: "circularId", evidence: "a Circular is known by its number")
    }
    guard decimal(number) != nil, number.utf8.count <= 20 else {
      throw .invalid(field: "circularId", value: number.clipped(), reason: "not a number")
    }
    guard case .string(let body) = object["body"] else {
      throw .missing(field: "body", evidence: "Circular \(number)")
    }
    let version = fields.number("version", &notes).flatMap { integer($0) } ?? 1
    var notice = make(
      number: number, version: version, subject: fields.string("subject", &notes) ?? "", body: body,
      names: fields.strings("eventId", &notes), format: .circularJSON, topic: topic)
    notice.created = unixTime(milliseconds: fields.number("createdOn", &notes))
    if notice.created == nil { notes.add(.invalidTime, "createdOn", "not milliseconds since 1970; ignored") }
    for kind in fields.strings("eventType", &notes) {
      notice.extra.append(ExtraField(name: "eventType", value: kind.clipped(80), unit: nil))
    }
    notice.findings = notes.findings
    return notice
  }

  static func notice(fromText bytes: [UInt8], topic: String?) throws(NoticeRejection) -> Notice {
    let text = String(decoding: bytes, as: UTF8.self)
    var number: String?
    var subject = ""
    var created: Instant?
    var body: [Substring] = []
    var inHeader = true
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let line = line.hasSuffix("\r") ? line.dropLast() : line
      guard inHeader else {
        body.append(line)
        continue
      }
      guard let colon = line.firstIndex(of: ":") else {
        if number != nil { inHeader = false }
        continue
      }
      let value = trim(line[line.index(after: colon)...])
      switch trim(line[..<colon]).uppercased() {
      case "NUMBER": number = value
      case "SUBJECT": subject = value
      case "DATE": created = headerDate(value)
      case "FROM": inHeader = false
      case "TITLE": continue
      default: if number != nil, !subject.isEmpty { inHeader = false }
      }
    }
    guard let number, decimal(number) != nil, number.utf8.count <= 20 else {
      throw .missing(field: "NUMBER", evidence: "the text calls itself a Circular")
    }
    var notice = make(
      number: number, version: 1, subject: subject, body: body.joined(separator: "\n"), names: [],
      format: .circularText, topic: topic)
    notice.created = created
    return notice
  }

  private static func make(
    number: String, version: Int, subject: String, body: String, names: [String],
    format: NoticeSource.Format, topic: String?
  ) -> Notice {
    let source = NoticeSource(mission: .gcn, stream: "gcn.circulars", format: format, topic: topic)
    var notice = Notice(source: source, kind: .circular)
    notice.standing = .auxiliary("circular")
    var events = names
    for name in EventNames.find(in: subject) where !events.contains(where: { same($0, name) }) {
      events.append(name)
    }
    notice.ids = [NativeID("circular", number)]
    notice.revision = version
    let identifiers = events.map(identifier) + TriggerNumbers.find(in: body)
    for id in identifiers where !notice.related.contains(id) { notice.related.append(id) }
    notice.circular = CircularFacts(
      number: number, version: version, subject: subject.clipped(500), eventNames: events, body: body,
      proposedPositions: CoordinateFinder.positions(in: body))
    return notice
  }

  /// In the numbering that the mission's own notices use, where the name is of one.
  private static func identifier(_ name: String) -> NativeID {
    let bare = name.split(separator: " ").last.map(String.init) ?? name
    if EventNames.isSuperevent(bare) { return NativeID("lvk", bare) }
    if let burst = TriggerNumbers.burst(bare) { return burst }
    return NativeID("name", name.clipped(80))
  }

  private static func same(_ a: String, _ b: String) -> Bool {
    func key(_ s: String) -> String { s.lowercased().filter { $0 != " " && $0 != "-" } }
    return key(a) == key(b)
  }

  /// Unix time has no leap seconds, so days are counted first.
  private static func unixTime(milliseconds: Double?) -> Instant? {
    guard let milliseconds, (1e11...1e13).contains(milliseconds) else { return nil }
    let days = (milliseconds / 86_400_000).rounded(.down)
    let rest = milliseconds - days * 86_400_000
    return Instant(mjdUTC: 40_587 + days)?.advanced(bySeconds: rest / 1000)
  }

  /// `24/06/18 05:44:19 GMT`.
  private static func headerDate(_ text: String) -> Instant? {
    let parts = text.split { "/ :".contains($0) }.prefix(6).compactMap { Int($0) }
    guard parts.count == 6 else { return nil }
    let year = parts[0] < 100 ? (parts[0] < 80 ? 2000 : 1900) + parts[0] : parts[0]
    return Instant(
      utcYear: year, month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5])
  }
}
