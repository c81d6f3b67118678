import Units

/// Notices of GCN's unified JSON schema (`gcn.notices.*`): one reader for all missions, since they share
/// their field names; what differs is in `UnifiedMissions.swift`.
struct UnifiedInterpreter {
  let root: JSONFields
  var notice: Notice
  var notes: Notes

  static func notice(
    from object: JSONObject, topic: String?, notes: Notes
  ) throws(NoticeRejection) -> Notice {
    let root = JSONFields(object)
    var notes = notes
    let schema = root.string("$schema", &notes)
    let stream = UnifiedStream(
      schema: schema, topic: topic, mission: root.string("mission", &notes),
      instrument: root.string("instrument", &notes))
    let source = NoticeSource(
      mission: stream.mission, instrument: root.string("instrument", &notes)?.clipped(40),
      stream: stream.name, format: .unifiedJSON, topic: topic)
    var interpreter = UnifiedInterpreter(
      root: root, notice: Notice(source: source, kind: stream.kind), notes: notes)
    interpreter.readAlert(stream)
    interpreter.readIdentity()
    try interpreter.requireIdentity(schema: schema)
    interpreter.readTime()
    interpreter.readLocalization()
    interpreter.readStatistics()
    interpreter.readReferences()
    interpreter.readMission(stream)
    interpreter.finish()
    interpreter.notice.findings = interpreter.notes.findings
    return interpreter.notice
  }

  private mutating func readAlert(_ stream: UnifiedStream) {
    notice.created = root.time("alert_datetime", &notes)
    notice.stage = NoticeStage(unified: root.string("alert_type", &notes), &notes)
    notice.readTense(root.string("alert_tense", &notes), &notes)
    notice.revision = root.number("record_number", &notes).flatMap { integer($0) }
    if stream.isTest, notice.role == .observation {
      notice.role = .test
      notes.add(.testByContent, "$schema", "\(stream.name) is a test stream")
    }
    // Fermi's sub-streams are told apart by a field, like the classic types.
    if let subtype = root.string("subtype", &notes) {
      notice.source.stream += "." + subtype.lowercased().clipped(40)
    }
  }

  private mutating func readIdentity() {
    let namespace = UnifiedStream.namespace(of: notice.source)
    for id in root.strings("id", &notes) where !["0", "-1"].contains(id) {
      notice.ids.append(NativeID(namespace, UnifiedStream.canonical(id.clipped(80), in: namespace)))
    }
    for name in root.strings("event_name", &notes) {
      notice.ids.append(NativeID("name", name.clipped(80)))
    }
  }

  /// A piece of the schema (a localisation, a pointing) is no notice: nothing says what it is about.
  private func requireIdentity(schema: String?) throws(NoticeRejection) {
    let anchors = ["id", "event_name", "ref_ID", "trigger_time", "observation_start", "alert_datetime"]
    guard anchors.contains(where: { root.raw($0) != nil }) else {
      let evidence =
        "none of \(anchors.joined(separator: ", ")) is there; schema \(schema?.clipped(120) ?? "none")"
      throw .missing(field: "identity", evidence: evidence)
    }
  }

  private mutating func readTime() {
    notice.eventTime = root.time("trigger_time", &notes)
    let error = root.numbers("trigger_time_error", &notes).map(abs).max()
    notice.eventTimeError = Duration(checkedSeconds: error)
    // A search or survey names its window instead of a trigger.
    if notice.eventTime == nil, root.raw("trigger_time") == nil {
      notice.eventTime = root.time("observation_start", &notes)
    }
    if let seconds = root.number("rate_duration", &notes), seconds > 0,
      let value = Duration(checkedSeconds: seconds)
    {
      notice.transient.durations.append(BurstDuration(value: value, meaning: .triggerTimescale))
    }
  }

  private mutating func readReferences() {
    if let reference = root.string("ref_ID", &notes) { relateWave(reference, field: "ref_ID") }
    if let followed = root.string("follow_up_event", &notes) {
      relateFollowed(followed, kind: root.string("follow_up_type", &notes))
    }
    for key in ["data_archive_page", "light_curve_url", "mission_page"] {
      if let url = root.string(key, &notes), case .file(let address) = MapReference(url) {
        notice.links.append(Link(name: key, url: address))
      }
    }
  }

  private mutating func relateFollowed(_ text: String, kind: String?) {
    let words = text.split(separator: " ")
    if words.count == 2 {
      notice.related.append(NativeID(words[0].lowercased().clipped(40), words[1].clipped(40)))
    } else {
      relateWave(text, field: "follow_up_event")
    }
  }

  /// A search around a mock gravitational-wave event is itself a mock, whatever its own tense says.
  mutating func relateWave(_ text: String, field: String) {
    guard let superevent = Superevent(text), superevent.knownPrefix else {
      notice.related.append(NativeID("reference", text.clipped(80)))
      return
    }
    notice.related.append(NativeID("lvk", superevent.id))
    guard superevent.role != .observation, notice.role == .observation else { return }
    notice.role = superevent.role
    notes.add(.followsMock, field, "about \(superevent.id), which is not real")
  }

  private mutating func finish() {
    if notice.stage == .retraction {
      let reason = root.string("update_message", &notes) ?? root.string("description", &notes)
      notice.retraction = Retraction(ids: notice.ids, messages: [], reason: reason?.clipped(300))
    }
    if notice.ids.isEmpty {
      notes.add(.noID, "id", "the event has no identifier; only its time and place can match it")
    }
    notice.addExtra(of: root, except: Self.readFields)
  }

  /// Fields that live in typed properties and are not repeated in `extra`.
  private static let readFields: Set<String> = [
    "$schema", "id", "event_name", "mission", "instrument", "alert_datetime", "alert_type", "alert_tense",
    "trigger_time", "ra", "dec", "ra_dec_error", "containment_probability", "systematic_included",
    "healpix_file", "healpix_url", "record_number", "far", "classification", "subtype", "targets", "data",
    "coincident_events",
  ]
}

extension NoticeStage {
  /// The `alert_type` of the unified schema; absent means initial.
  init(unified text: String?, _ notes: inout Notes) {
    switch text?.lowercased() {
    case nil, "initial": self = .initial
    case "update": self = .update
    case "subsequent": self = .subsequent
    case "retraction": self = .retraction
    case .some(let word):
      notes.add(.unknownAlertType, "alert_type", "\"\(word.clipped())\": handled like an update")
      self = .other(word.clipped(40))
    }
  }
}

extension Notice {
  /// The `alert_tense` of the unified schema; absent means current.
  mutating func readTense(_ text: String?, _ notes: inout Notes) {
    switch text?.lowercased() {
    case nil, "current": tense = .current
    case "archival": tense = .archival
    case "planned": tense = .planned
    case "commanded": tense = .commanded
    case "test":
      tense = .test
      if role == .observation { role = .test }
    case "injection", "injections":
      tense = .injection
      if role == .observation { role = .mock }
    case .some(let word):
      notes.add(.unknownRole, "alert_tense", "\"\(word.clipped())\": taken for a test")
      tense = .test
      if role == .observation { role = .test }
    }
  }
}
