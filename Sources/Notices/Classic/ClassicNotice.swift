import Units

/// The streams of GCN Classic (`ivo://nasa.gsfc.gcn/...`).
extension VOEventInterpreter {
  mutating func readClassic() {
    guard let type = event.integer("Packet_Type"), let stream = ClassicStream.of(type: type) else {
      readUnknownStream()
      return
    }
    notice.source.mission = stream.mission
    notice.source.instrument = stream.instrument
    notice.source.stream = stream.name
    notice.kind = stream.kind
    if notice.retraction == nil { notice.stage = stream.stage }
    if let auxiliary = stream.auxiliary { notice.standing = .auxiliary(auxiliary) }
    readIdentity(stream)
    readTestFlags(stream)
    readClassicPosition(stream)
    readShared()
    switch stream.mission {
    case .fermi: readFermi(stream)
    case .swift: readSwift(stream)
    case .icecube, .amon: readAMON(stream)
    case .gecam: readGECAM()
    case .integral: readINTEGRAL()
    case .maxi: readMAXI(stream)
    case .superKamiokande: readSuperKamiokande()
    default: readOthers(stream)
    }
    if case .candidate = notice.standing, event.flag("Def_NOT_a_GRB") == true {
      notice.standing = .notAstrophysical("flagged as definitely not a burst")
    }
    finishRetraction()
  }

  private mutating func readUnknownStream() {
    let type = event.value("Packet_Type") ?? "none"
    notes.add(.unknownStream, "What/Packet_Type", "\(type.clipped()) is not known; read with care")
    let hash = event.ivorn.firstIndex(of: "#") ?? event.ivorn.endIndex
    notice.source.stream = event.ivorn[..<hash].lowercased().clipped(80)
    notice.kind = kindByConcept()
    if let id = event.value("TrigID"), !isPlaceholderID(id) {
      notice.ids.append(NativeID(notice.source.stream, id.clipped(80)))
    }
    let assumed = Fraction(clamping: 0.9)
    notice.placeCircle(
      at: position(), radiusDegrees: errorRadius(), containment: assumed, field: "Position2D", &notes)
    if !notice.localization.isAbsent {
      notes.add(.assumedContainment, "Error2Radius", "read as a 90 % radius")
    }
    finishRetraction()
  }

  /// UCDs of IVOA: `process.variation.burst;em.gamma`.
  private func kindByConcept() -> NoticeKind {
    let concept = event.concept.lowercased()
    if concept.contains("neutrino") { return .neutrino }
    if concept.contains("em.gamma") { return .gammaRayBurst }
    return concept.contains("em.x-ray") ? .xRayTransient : .unknown
  }

  private func isPlaceholderID(_ id: String) -> Bool { ["0", "-1", "", "00000", "000000"].contains(id) }

  private mutating func readIdentity(_ stream: ClassicStream) {
    for name in stream.idParameters {
      guard let id = event.value(name) else { continue }
      if isPlaceholderID(id) {
        notes.add(.placeholderID, "What/\(name)", "\(id) stands for no identifier")
      } else {
        notice.ids.append(NativeID(stream.namespace, id.clipped(80)))
      }
      break
    }
    if notice.ids.isEmpty, stream.auxiliary == nil, stream.mission != .icecube, stream.type != 171 {
      notes.add(.noID, "What", "the event has no identifier; only its time and place can match it")
    }
  }

  private mutating func readTestFlags(_ stream: ClassicStream) {
    guard notice.role == .observation else { return }
    let flags = ["Test_Submission", "Test_Notice", "InternalTest", "Test"]
    if stream.isTest {
      notice.role = .test
      notes.add(.testByContent, "What/Packet_Type", "\(stream.name) is a test stream")
    } else if let flag = flags.first(where: { event.flag($0) == true }) {
      notice.role = .test
      notes.add(.testByContent, "What/\(flag)", "set in a notice that calls itself an observation")
    }
  }

  private mutating func readClassicPosition(_ stream: ClassicStream) {
    let place = position()
    let radius = errorRadius()
    let pointing = event.value("Coords_String") == "pointing_direction"
    if pointing, case .direction(let direction) = place, (radius ?? 0) <= 0 {
      notes.add(.pointingDirection, "Coords_String", "the position is where the instrument looked")
      notice.statedPosition = direction
      notice.localization = .none(.pointingDirection)
      return
    }
    let containment = Fraction(clamping: stream.containment ?? 0.9)
    notice.placeCircle(
      at: place, radiusDegrees: radius, containment: containment, field: "Position2D", &notes)
    notice.systematicIncluded = stream.systematicIncluded
    if stream.containment == nil, !notice.localization.isAbsent {
      notes.add(.assumedContainment, "Error2Radius", "read as a 90 % radius")
    }
  }

  /// Parameters with one meaning wherever they occur.
  private mutating func readShared() {
    for name in ["Image_Signif", "Image_Significance"] {
      if notice.transient.imageSignificance == nil { notice.transient.imageSignificance = positive(name) }
    }
    notice.transient.rateSignificance = positive("Rate_Signif")
    for name in [
      "Burst_Signif", "Data_Signif", "Trig_Signif", "Trigger_Signif", "TRIGGER_SIGNIF", "Inten_Sigma",
      "SIGNIFICANCE", "Det_Signif",
    ] where notice.transient.significance == nil {
      notice.transient.significance = positive(name)
    }
    if notice.transient.significance == nil {
      notice.transient.significance =
        notice.transient.imageSignificance ?? notice.transient.rateSignificance
    }
    addDuration("Integ_Time", .integration)
    addDuration("Data_Integ", .integration)
    if let error = Duration(checkedSeconds: positive("Time_Error")) { notice.eventTimeError = error }
    if let revision = event.integer("Rev") ?? event.integer("rev") { notice.revision = revision }
  }

  /// A notice that says it is withdrawn withdraws its own event.
  mutating func finishRetraction() {
    if ["Retraction", "RetractFlag", "retraction"].contains(where: { event.flag($0) == true }) { retract() }
    if notice.retraction != nil, notice.retraction?.ids.isEmpty == true {
      notice.retraction?.ids = notice.ids
    }
  }
}

/// What each mission adds.
extension VOEventInterpreter {
  mutating func readAMON(_ stream: ClassicStream) {
    if stream.mission == .icecube || [157, 158, 169].contains(stream.type) {
      if let run = event.integer("run_id"), let number = event.integer("event_id"), run > 0 {
        // The name that the JSON notices of the same neutrino carry.
        notice.ids.insert(NativeID("icecube", "\(run)_\(number)"), at: 0)
      }
      if let name = event.value("event_name") { notice.ids.append(NativeID("name", name.clipped(80))) }
      notice.transient.signalness = fraction("signalness")
      notice.transient.neutrinoEnergyTeV = positive("energy")
      notice.transient.topology = stream.type == 176 ? "Cascade" : "Track"
      notice.attachMap(url: event.value("skymap_fits"), field: "skymap_fits", &notes)
    }
    if stream.type == 171 {
      if let run = event.value("run_id"), let number = event.value("event_id") {
        notice.ids.append(NativeID("hawc", "\(run)_\(number)"))
      }
      addDuration("deltaT", .triggerTimescale)
      notice.attachMap(url: event.value("SkyMap"), field: "SkyMap", &notes)
    }
    notice.stage = notice.retraction != nil ? .retraction : (notice.revision ?? 0) == 0 ? .initial : .update
    readRate("FAR")
    readAMONRadii(stream)
  }

  /// Error2Radius is the 90 % radius in most streams but the 50 % one in NU_EM; the parameters say which
  /// is which, with their unit.
  private mutating func readAMONRadii(_ stream: ClassicStream) {
    let radius90 = angle("src_err_90") ?? angle("src_error_90")
    notice.transient.radius50 = angle("src_err_50") ?? angle("src_error_50")
    guard stream.type == 172, let radius90, case .region(.circle(let center, _, _)) = notice.localization
    else { return }
    notice.localization = .region(
      .circle(center: center, radius: radius90, containment: Fraction(clamping: 0.9)))
  }

  private mutating func angle(_ name: String) -> Angle? {
    guard let value = positive(name), value < 10_000 else { return nil }
    return event.unit(name) == "arcmin" ? .arcminutes(value) : .degrees(value)
  }

  mutating func readGECAM() {
    notice.source.instrument = event.value("MISSION").map { "GECAM-" + $0.clipped(8) }
    if let number = event.integer("Trigger_Number"), number >= 100_000_000, notice.role == .observation {
      notice.role = .test
      notes.add(.testByContent, "What/Trigger_Number", "numbers from 100000000 on are tests")
    }
    addDuration("BURST_DUR", .reported)
    addDuration("TRIGGER_DUR", .triggerTimescale)
    addEnergyRange("TRIGGER_ERANGE_LoEnergy", "TRIGGER_ERANGE_HiEnergy")
    if let kind = event.value("SRC_CLASS") {
      notice.transient.classification = [NamedProbability(name: kind.clipped(40), probability: .one)]
      if kind != "GRB" { notice.standing = .notAstrophysical("classified as \(kind.clipped(40))") }
    }
  }

  mutating func readINTEGRAL() {
    addDuration("Time_Scale", .triggerTimescale)
  }

  mutating func readMAXI(_ stream: ClassicStream) {
    if stream.type == 135 { notice.standing = .knownSource(event.value("SourceName")) }
    if let flux = positive("Event_Flux") {
      notice.transient.flux = Measured(value: flux, error: nil, unit: event.unit("Event_Flux"))
    }
  }

  /// Error2Radius is 0 here and the radii are parameters.
  mutating func readSuperKamiokande() {
    notice.transient.eventCount = event.integer("N_Events")
    addDuration("Duration", .integration)
    if let near = positive("Min_Distance"), let far = positive("Max_Distance"), far >= near {
      // In kpc.
      notice.transient.distance = .megaparsecs((near + far) / 2000)
      notice.transient.distanceError = .megaparsecs((far - near) / 2000)
    }
    guard case .direction = position(), let radius = positive("Src_Error90") else { return }
    notice.placeCircle(
      at: position(), radiusDegrees: radius, containment: Fraction(clamping: 0.9), field: "Src_Error90",
      &notes)
    if !notice.localization.isAbsent { notice.statedPosition = nil }
  }

  mutating func readOthers(_ stream: ClassicStream) {
    switch stream.mission {
    case .snews: notice.transient.eventCount = event.integer("Event_Signal")
    case .calet:
      addDuration("FOREGND_DUR", .integration)
      addEnergyRange("E_BAND_LO_E", "E_BAND_HI_E")
    case Mission(rawValue: "counterpart"): readCounterpart()
    default: break
    }
  }

  private mutating func readCounterpart() {
    notice.source.instrument = event.value("Telescope")?.clipped(60)
    // X-ray reports use the same fields with a flux that is called a magnitude.
    let xray = event.value("Telescope")?.uppercased().contains("XRT") ?? false
    if !xray, let magnitude = event.number("Intensity", &notes), magnitude > 0 {
      notice.transient.magnitude = Magnitude(magnitude)
      notice.transient.filter = event.value("Filter")
    }
  }
}
