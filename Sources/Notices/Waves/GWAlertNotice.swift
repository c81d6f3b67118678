import Units

/// `igwn.gwalert`: the JSON alerts of LIGO, Virgo and KAGRA.
struct GWAlertInterpreter {
  private let root: JSONFields
  private var notice: Notice
  private var notes: Notes

  static func notice(
    from object: JSONObject, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    let source = NoticeSource(mission: .lvk, stream: "igwn.gwalert", format: .gwAlertJSON, topic: topic)
    var interpreter = GWAlertInterpreter(
      root: JSONFields(object), notice: Notice(source: source, kind: .gravitationalWave), notes: notes)
    try interpreter.readHead()
    try interpreter.readEvent()
    interpreter.notice.findings = interpreter.notes.findings
    return interpreter.notice
  }

  private mutating func readHead() throws(NoticeRejection) {
    let urls = root.fields("urls", &notes)
    let gracedb = urls?.string("gracedb", &notes)
    guard let id = root.string("superevent_id", &notes) else {
      let evidence = gracedb.map { "its urls.gracedb is \($0.clipped(200))" } ?? "nor a GraceDB address"
      throw .missing(field: "superevent_id", evidence: evidence)
    }
    guard let superevent = Superevent(id) else {
      throw .invalid(field: "superevent_id", value: id.clipped(), reason: "not a superevent name")
    }
    notice.adopt(superevent, field: "superevent_id", &notes)
    notice.wave = GravitationalWaveFacts(supereventID: id)
    notice.created = root.time("time_created", &notes)
    guard let type = root.string("alert_type", &notes) else {
      throw .missing(field: "alert_type", evidence: "superevent \(id)")
    }
    notice.stage = stage(type)
    if notice.stage == .retraction {
      notice.retraction = Retraction(ids: notice.ids, messages: [], reason: nil)
    }
    for member in urls?.object.members.prefix(20) ?? [] {
      if case .string(let url) = member.value, case .file(let address) = MapReference(url) {
        notice.links.append(Link(name: member.key, url: address))
      }
    }
  }

  private mutating func stage(_ type: String) -> NoticeStage {
    switch type.uppercased() {
    case "EARLYWARNING", "EARLY_WARNING": return .earlyWarning
    case "PRELIMINARY", "LESS-SIGNIFICANT", "LESSSIGNIFICANT": return .preliminary
    case "INITIAL": return .initial
    case "UPDATE": return .update
    case "RETRACTION": return .retraction
    default:
      notes.add(.unknownAlertType, "alert_type", "\"\(type.clipped())\": handled like an update")
      return .other(type.clipped(40))
    }
  }

  private mutating func readEvent() throws(NoticeRejection) {
    guard let event = root.fields("event", &notes) else {
      if notice.stage != .retraction {
        notes.add(.missingEvent, "event", "null or absent although this is no retraction")
      }
      return
    }
    notice.eventTime = event.time("time", &notes)
    notice.falseAlarmRateHz = event.number("far", in: 0...1e6, &notes)
    readSearch(event)
    let map = event.string("skymap", &notes)
    if let map {
      notice.attachMap(base64: map, field: "event.skymap", &notes)
    } else if notice.stage != .retraction {
      notes.add(.missingSkymap, "event.skymap", "the notice carries no map")
    }
    if case .none = notice.localization {
      notice.attachMap(url: link("skymap"), field: "urls.skymap", &notes)
    }
    readCoincidence()
    let known: Set<String> = [
      "time", "far", "significant", "instruments", "group", "pipeline", "search", "properties",
      "classification", "duration", "central_frequency", "skymap", "mchirp_source",
    ]
    notice.addExtra(of: event, except: known)
  }

  private func link(_ name: String) -> String? { notice.links.first { $0.name == name }?.url }

  private mutating func readSearch(_ event: JSONFields) {
    guard var wave = notice.wave else { return }
    wave.significant = event.bool("significant", &notes)
    wave.instruments = event.strings("instruments", &notes)
      .flatMap { $0.split(separator: ",").map { trim($0) } }
    wave.group = event.string("group", &notes)
    wave.pipeline = event.string("pipeline", &notes)
    wave.search = event.string("search", &notes)
    wave.classification = event.probabilities("classification", &notes)
    wave.properties = event.probabilities("properties", &notes)
    wave.duration = Duration(checkedSeconds: event.number("duration", &notes))
    wave.centralFrequencyHz = event.number("central_frequency", in: 0...1e6, &notes)
    if let chirp = event.fields("mchirp_source", &notes) {
      let edges = chirp.numbers("bin_edges", &notes)
      let probabilities = chirp.numbers("probabilities", &notes)
      if edges.count == probabilities.count + 1, !probabilities.isEmpty,
        zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 })
      {
        wave.chirpMass = ChirpMassHistogram(edges: edges, probabilities: probabilities)
      } else {
        notes.add(.wrongType, "event.mchirp_source", "not a histogram; ignored")
      }
    }
    notice.checkClasses(wave.classification, field: "event.classification", &notes)
    notice.checkInstruments(wave.instruments, field: "event.instruments", &notes)
    notice.checkMockSearch(wave.search, field: "event.search", &notes)
    notice.wave = wave
  }

  private mutating func readCoincidence() {
    guard let outer = root.fields("external_coinc", &notes) else { return }
    var coincidence = ExternalCoincidence()
    coincidence.noticeID = outer.string("gcn_notice_id", &notes)
    coincidence.ivorn = outer.string("ivorn", &notes)
    coincidence.observatory = outer.string("observatory", &notes)
    coincidence.search = outer.string("search", &notes)
    coincidence.timeDifference = Duration(checkedSeconds: outer.number("time_difference", &notes))
    coincidence.timeFARHz = outer.number("time_coincidence_far", in: 0...1e6, &notes)
    coincidence.timeSkyFARHz = outer.number("time_sky_position_coincidence_far", in: 0...1e6, &notes)
    let field = "external_coinc.combined_skymap"
    if let text = outer.string("combined_skymap", &notes), let bytes = decodeMap(text, field: field, &notes) {
      coincidence.combinedMap = .embeddedMap(bytes: bytes, region: nil)
    } else if let url = link("combined_skymap") {
      coincidence.combinedMap = .remoteMap(url: url, region: nil)
    } else {
      notes.add(.missingCombinedSkymap, field, "plan on the gravitational-wave map alone")
    }
    notice.relate(coincidence)
    notice.wave?.coincidence = coincidence
  }
}

extension Notice {
  /// Links to the other observatory's event, in that observatory's numbering.
  mutating func relate(_ coincidence: ExternalCoincidence) {
    guard let id = coincidence.noticeID, !id.isEmpty else { return }
    let namespace = coincidence.observatory?.lowercased() ?? "external"
    related.append(NativeID(namespace, id.clipped(80)))
  }

  /// Keeps the scalars of an object for display, except those already read.
  mutating func addExtra(of fields: JSONFields, except known: Set<String>) {
    for member in fields.object.members where !known.contains(member.key) && extra.count < 400 {
      let name = fields.name(member.key)
      switch member.value {
      case .string(let text): extra.append(ExtraField(name: name, value: text.clipped(500), unit: nil))
      case .number(_, let text): extra.append(ExtraField(name: name, value: text, unit: nil))
      case .bool(let flag): extra.append(ExtraField(name: name, value: flag ? "true" : "false", unit: nil))
      case .array(let items):
        let words = items.prefix(32).compactMap(\.scalarText)
        if words.count == min(items.count, 32), !words.isEmpty {
          extra.append(ExtraField(name: name, value: words.joined(separator: ", ").clipped(500), unit: nil))
        } else {
          for (i, item) in items.prefix(16).enumerated() {
            if let object = item.object {
              addExtra(of: JSONFields(object, path: "\(name)[\(i)]"), except: [])
            }
          }
        }
      case .object(let object): addExtra(of: JSONFields(object, path: name), except: [])
      case .null: continue
      }
    }
  }
}

extension JSON {
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .number(_, let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .null, .array, .object: nil
    }
  }
}
