import Units

/// LVK's VOEvents (`ivo://gwnet/LVC#...`): no longer sent, but archives and hand-given files have them.
extension VOEventInterpreter {
  mutating func readWave() throws(NoticeRejection) {
    notice.source.mission = .lvk
    notice.kind = .gravitationalWave
    guard let id = event.value("GraceID") else {
      throw .missing(field: "GraceID", evidence: "message \(event.ivorn.clipped(120))")
    }
    guard let superevent = Superevent(id) else {
      throw .invalid(field: "GraceID", value: id.clipped(), reason: "not a superevent name")
    }
    let roleOfDocument = notice.role
    notice.adopt(superevent, field: "GraceID", &notes)
    if roleOfDocument == .test, superevent.role == .observation { notice.role = .test }
    notice.revision = event.integer("Pkt_Ser_Num")
    readWaveStage(superevent)
    readWaveFacts(superevent)
    notice.attachMap(url: event.value("skymap_fits"), field: "skymap_fits", &notes)
    if notice.localization == .none(.notGiven), notice.stage != .retraction {
      notes.add(.missingSkymap, "What/GW_SKYMAP", "the notice names no map")
    }
    readWaveCoincidence()
    if event.flag("HardwareInj") == true, notice.role == .observation {
      notice.role = .mock
      notes.add(.testByContent, "What/HardwareInj", "a hardware injection")
    }
  }

  private mutating func readWaveStage(_ superevent: Superevent) {
    let type = event.value("AlertType") ?? ""
    notice.source.stream = "LVC_" + type.uppercased().clipped(40)
    switch type.lowercased() {
    case "earlywarning": notice.stage = .earlyWarning
    case "preliminary": notice.stage = .preliminary
    case "initial": notice.stage = .initial
    case "update": notice.stage = .update
    case "retraction":
      notice.stage = .retraction
      notice.retraction = Retraction(
        ids: notice.ids, messages: notice.retraction?.messages ?? [], reason: nil)
    default:
      notes.add(.unknownAlertType, "What/AlertType", "\"\(type.clipped())\": handled like an update")
      notice.stage = .other(type.clipped(40))
    }
  }

  private mutating func readWaveFacts(_ superevent: Superevent) {
    var wave = GravitationalWaveFacts(supereventID: superevent.id)
    readRate("FAR")
    wave.significant = event.flag("Significant")
    wave.instruments = (event.value("Instruments") ?? "").split(separator: ",").map { trim($0) }
    wave.group = event.value("Group")?.clipped(40)
    wave.pipeline = event.value("Pipeline")?.clipped(40)
    wave.search = event.value("Search")?.clipped(40)
    wave.classification = probabilities(inGroup: "Classification")
    wave.properties = probabilities(inGroup: "Properties")
    wave.duration = Duration(checkedSeconds: positive("Duration"))
    wave.centralFrequencyHz = positive("CentralFreq") ?? positive("frequency")
    notice.checkClasses(wave.classification, field: "What/Classification", &notes)
    notice.checkInstruments(wave.instruments, field: "What/Instruments", &notes)
    notice.checkMockSearch(wave.search, field: "What/Search", &notes)
    notice.wave = wave
  }

  private mutating func probabilities(inGroup group: String) -> [NamedProbability] {
    var result: [NamedProbability] = []
    for parameter in event.parameters.prefix(400) where parameter.group == group {
      guard let value = decimal(parameter.value), let probability = tolerantFraction(value) else {
        notes.add(.outOfRange, parameter.path, "\"\(parameter.value.clipped())\" is no probability; ignored")
        continue
      }
      if !result.contains(where: { $0.name == parameter.name }) {
        result.append(NamedProbability(name: parameter.name.clipped(40), probability: probability))
      }
    }
    return result
  }

  private mutating func readWaveCoincidence() {
    guard event.parameters.contains(where: { $0.group == "External Coincidence" }) else { return }
    var coincidence = ExternalCoincidence()
    coincidence.noticeID = event.value("External_GCN_Notice_Id")?.clipped(80)
    coincidence.ivorn = event.value("External_Ivorn")?.clipped(300)
    coincidence.observatory = event.value("External_Observatory")?.clipped(40)
    coincidence.search = event.value("External_Search")?.clipped(40)
    coincidence.timeDifference = Duration(checkedSeconds: event.number("Time_Difference", &notes))
    coincidence.timeFARHz = positive("Time_Coincidence_FAR")
    coincidence.timeSkyFARHz = positive("Time_Sky_Position_Coincidence_FAR")
    if let url = event.value("joint_skymap_fits"), case .file(let address) = MapReference(url) {
      coincidence.combinedMap = .remoteMap(url: address, region: nil)
    } else {
      notes.add(
        .missingCombinedSkymap, "What/joint_skymap_fits", "plan on the gravitational-wave map alone")
    }
    notice.relate(coincidence)
    notice.wave?.coincidence = coincidence
  }
}
