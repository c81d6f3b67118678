import Units

/// Makes a notice of a VOEvent: what all senders share, then the sender's own part.
struct VOEventInterpreter {
  let event: VOEvent
  var notice: Notice
  var notes: Notes

  static func notice(
    from event: VOEvent, format: NoticeSource.Format, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    guard !event.ivorn.isEmpty else {
      throw .missing(field: "ivorn", evidence: "without it two messages cannot be told apart")
    }
    guard event.ivorn.utf8.count <= 500 else {
      throw .invalid(field: "ivorn", value: event.ivorn.clipped(), reason: "longer than 500 characters")
    }
    let source = NoticeSource(
      mission: .gcn, stream: "voevent", format: format, topic: topic, ivorn: event.ivorn)
    var event = event
    event.finish()
    var interpreter = VOEventInterpreter(
      event: event, notice: Notice(source: source, kind: .unknown), notes: notes)
    interpreter.readCommon()
    try interpreter.readSender()
    interpreter.notice.findings = interpreter.notes.findings
    return interpreter.notice
  }

  private mutating func readCommon() {
    readRole()
    notice.created = time(event.date, field: "Who/Date")
    if !event.coordinateSystem.isEmpty, !event.coordinateSystem.hasPrefix("UTC-") {
      notes.add(
        .timeScale, "AstroCoords", "\(event.coordinateSystem.clipped()): the time is not UTC; ignored")
    } else {
      notice.eventTime = time(event.time, field: "ISOTime")
    }
    for citation in event.citations.prefix(200) where !citation.ivorn.isEmpty {
      switch citation.relation.lowercased() {
      case "supersedes": notice.supersedes.append(citation.ivorn)
      case "retraction": retract(message: citation.ivorn)
      default: notice.follows.append(citation.ivorn)
      }
    }
    for parameter in event.parameters.prefix(400) {
      let value = trim(parameter.value)
      if value.hasPrefix("http://") || value.hasPrefix("https://") {
        notice.links.append(Link(name: parameter.name, url: value.clipped(2000)))
      } else if !value.isEmpty {
        let name = parameter.group.isEmpty ? parameter.name : parameter.group + "/" + parameter.name
        notice.extra.append(
          ExtraField(
            name: name, value: value.clipped(500), unit: parameter.unit.isEmpty ? nil : parameter.unit))
      }
    }
  }

  private mutating func readRole() {
    switch event.role.lowercased() {
    // The standard's default.
    case "", "observation": notice.role = .observation
    case "test": notice.role = .test
    case "utility": notice.role = .utility
    case "prediction": notice.role = .prediction
    default:
      notes.add(.unknownRole, "role", "\"\(event.role.clipped())\": taken for a test")
      notice.role = .test
    }
  }

  /// The senders are told apart by the authority in the ivorn, never by Packet_Type alone: SVOM's
  /// numbers mean other things in GCN's list.
  private mutating func readSender() throws(NoticeRejection) {
    let ivorn = event.ivorn.lowercased()
    if ivorn.hasPrefix("ivo://gwnet/lvc") {
      try readWave()
    } else if ivorn.hasPrefix("ivo://org.svom/") || ivorn.contains("/svom#") {
      readSVOM()
    } else if ivorn.hasPrefix("ivo://km3net") {
      readKM3NeT()
    } else if ivorn.contains("einsteinprobe") || ivorn.contains("einstein_probe") {
      readEinsteinProbe()
    } else {
      readClassic()
    }
  }

  // MARK: Helpers of all senders

  mutating func time(_ text: String, field: String) -> Instant? {
    guard !text.isEmpty else { return nil }
    if let time = Instant(iso8601: text) { return time }
    notes.add(.invalidTime, field, "\"\(text.clipped())\" is not a time; ignored")
    return nil
  }

  mutating func retract(message: String? = nil, reason: String? = nil) {
    var retraction = notice.retraction ?? Retraction(ids: [], messages: [], reason: nil)
    if let message { retraction.messages.append(message) }
    if let reason { retraction.reason = reason }
    notice.retraction = retraction
    notice.stage = .retraction
  }

  /// The position of WhereWhen in ICRS. FK5 and ICRS differ by less than 0.05 arcsec.
  mutating func position() -> SkyPosition {
    guard !event.coordinate1.isEmpty || !event.coordinate2.isEmpty else { return .absent(.notGiven) }
    let frame = event.coordinateSystem.uppercased()
    guard frame.isEmpty || frame.contains("FK5") || frame.contains("ICRS") else {
      notes.add(.unsupportedFrame, "AstroCoords", "\(frame.clipped()) is not equatorial; position ignored")
      return .absent(.invalid)
    }
    let unit = event.positionUnit.lowercased()
    guard ["", "deg", "degrees", "degree"].contains(unit) else {
      notes.add(.unsupportedFrame, "Position2D", "in \(unit.clipped()), not degrees; position ignored")
      return .absent(.invalid)
    }
    var first = number(event.coordinate1, field: "C1")
    var second = number(event.coordinate2, field: "C2")
    if event.name1.lowercased().hasPrefix("dec") { swap(&first, &second) }
    guard first != nil, second != nil else { return .absent(.invalid) }
    return SkyPosition.read(ra: first, dec: second, field: "Position2D", &notes)
  }

  mutating func errorRadius() -> Double? {
    event.errorRadius.isEmpty ? nil : number(event.errorRadius, field: "Error2Radius")
  }

  private mutating func number(_ text: String, field: String) -> Double? {
    if let value = decimal(text) { return value }
    notes.add(.invalidNumber, field, "\"\(text.clipped())\" is not a number; ignored")
    return nil
  }

  /// A positive number; zero and less stand for "not measured".
  mutating func positive(_ name: String) -> Double? {
    guard let value = event.number(name, &notes), value > 0 else { return nil }
    return value
  }

  mutating func fraction(_ name: String) -> Fraction? {
    guard let value = event.number(name, &notes) else { return nil }
    if let fraction = tolerantFraction(value) { return fraction }
    notes.add(.outOfRange, "What/\(name)", "\(value) is no probability; ignored")
    return nil
  }

  mutating func addDuration(_ name: String, _ meaning: BurstDuration.Meaning) {
    guard let value = Duration(checkedSeconds: positive(name)) else { return }
    notice.transient.durations.append(BurstDuration(value: value, meaning: meaning))
  }

  mutating func addEnergyRange(_ low: String, _ high: String) {
    guard let low = event.number(low, &notes), let high = event.number(high, &notes), 0 <= low, low < high
    else { return }
    notice.transient.energyRangeKeV = low...high
  }

  /// A false-alarm rate in Hz, converted by the parameter's unit.
  mutating func readRate(_ name: String) {
    guard let value = event.number(name, &notes) else { return }
    guard value >= 0 else {
      notes.add(.outOfRange, "What/\(name)", "\(value) is no rate; ignored")
      return
    }
    let unit = (event.unit(name) ?? "").lowercased().filter { $0 != " " }
    switch unit {
    case "hz", "s^-1", "s-1", "1/s": notice.falseAlarmRateHz = value
    case "yr^-1", "yr-1", "1/yr", "year^-1": notice.falseAlarmRateHz = value / secondsPerJulianYear
    default:
      notes.add(.assumedUnit, "What/\(name)", "unit \"\(unit.clipped())\" is not known; ignored")
    }
  }
}

let secondsPerJulianYear = 31_557_600.0
