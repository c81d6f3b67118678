import Units

extension VOEventInterpreter {
  // MARK: SVOM

  /// `ivo://org.svom/fsc#sb25031101_eclairs-wakeup`. Parameter names differ between the documentation
  /// and the real stream; both are read.
  mutating func readSVOM() {
    notice.source.mission = .svom
    notice.source.instrument = event.value("Instrument")?.clipped(20)
    notice.kind = .gammaRayBurst
    let burst = event.value("Burst_Id")?.clipped(40)
    if let burst { notice.ids.append(NativeID("svom", burst)) }
    if let trigger = event.value("Swift_Trig_Id") {
      notice.related.append(NativeID("swift", trigger.clipped(40)))
    }
    let fragment = event.ivorn.split(separator: "#").last.map(String.init) ?? ""
    let step = fragment.split(separator: "_", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
    notice.source.stream = step.isEmpty ? "svom" : "svom." + step.clipped(60)
    notice.revision = event.integer("Pkt_Ser_Num")
    if notice.retraction == nil { notice.stage = svomStage(step) }
    if step.hasPrefix("slewing") || step.hasPrefix("not-slewing") {
      notice.standing = .auxiliary("satellite slew")
    }
    // ECLAIRs and MXT publish 90 % radii; GRM gives none, or -1.
    let grm = notice.source.instrument?.uppercased() == "GRM"
    notice.placeCircle(
      at: position(), radiusDegrees: errorRadius(), containment: Fraction(clamping: 0.9),
      field: "Position2D", &notes)
    if grm, !notice.localization.isAbsent {
      notes.add(.assumedContainment, "Error2Radius", "GRM does not state its containment; read as 90 %")
    }
    readSVOMFacts()
    if step.contains("catalog"), let name = event.value("Source_Name") ?? inferredName {
      notice.standing = .knownSource(name.clipped(60))
      notice.ids.append(NativeID("name", name.clipped(60)))
    }
    finishRetraction()
  }

  private func svomStage(_ step: String) -> NoticeStage {
    if step.contains("retract") { return .retraction }
    if step.contains("initial") || step.contains("trigger") || step.contains("wakeup") { return .initial }
    if step.contains("catalog") { return .initial }
    return step.isEmpty ? .unspecified : .update
  }

  private mutating func readSVOMFacts() {
    notice.transient.significance = positive("SNR")
    addDuration("Timescale", .triggerTimescale)
    addEnergyRange("Lower_Energy_Bound", "Upper_Energy_Bound")
    notice.transient.slew = slewStatus(event.value("Slew_Status"))
    if let flux = event.number("Mean_Flux", &notes) {
      notice.transient.flux = Measured(
        value: flux, error: event.number("Flux_Error", &notes), unit: event.unit("Mean_Flux"))
    }
    readSVOMEarth()
    if notice.stage == .retraction, notice.retraction == nil { retract() }
  }

  private mutating func readSVOMEarth() {
    let longitude = event.value("Sat_Longitude") ?? event.value("Sat_Position_Lon")
    let latitude = event.value("Sat_Latitude") ?? event.value("Sat_Position_Lat")
    guard let time = notice.eventTime, let longitude = longitude.flatMap({ decimal($0) }),
      let latitude = latitude.flatMap({ decimal($0) }), (-90...90).contains(latitude),
      (-180...360).contains(longitude),
      // The template's satellite sits at the centre of the Earth.
      let altitude = event.number("Sat_Altitude", &notes), (300...2000).contains(altitude)
    else { return }
    notice.transient.earth = EarthDisc(
      longitude: .degrees(longitude), latitude: .degrees(latitude), altitude: .metres(altitude * 1000),
      at: time)
  }

  // MARK: KM3NeT

  mutating func readKM3NeT() {
    notice.source.mission = .km3net
    notice.source.instrument = event.value("Instrument")?.clipped(20)
    notice.source.stream = "km3net.voevent"
    notice.kind = .neutrino
    if let id = event.value("TrigID") { notice.ids.append(NativeID("km3net", id.clipped(40))) }
    if let name = event.value("Event_Name") { notice.ids.append(NativeID("name", name.clipped(60))) }
    notice.revision = event.integer("record_number")
    if notice.retraction == nil { notice.stage = NoticeStage(unified: event.value("Alert_Type"), &notes) }
    notice.readTense(event.value("Alert_Tense"), &notes)
    notice.placeCircle(
      at: position(), radiusDegrees: errorRadius(), containment: Fraction(clamping: 0.9), field: "Position2D",
      &notes)
    if let radius = positive("src_error_50"), radius < 180 { notice.transient.radius50 = .degrees(radius) }
    notice.attachMap(url: event.value("healpix_url"), field: "healpix_url", &notes)
    notice.transient.eventCount = event.integer("N_events")
    notice.transient.topology = event.value("alert_topology")?.clipped(40)
    notice.transient.pipeline = event.value("Pipeline")?.clipped(60)
    if let rate = event.number("FAR", &notes), rate >= 0 {
      // The same number stands in the JSON notice, whose schema says Hz; per year it would be nothing.
      notice.falseAlarmRateHz = rate
      notes.add(.assumedUnit, "What/FAR", "labelled \(event.unit("FAR") ?? "-") but sent in Hz; read as Hz")
    }
    if notice.stage == .retraction, notice.retraction == nil { retract() }
    finishRetraction()
  }

  // MARK: Einstein Probe

  mutating func readEinsteinProbe() {
    notice.source.mission = .einsteinProbe
    notice.source.instrument = "WXT"
    notice.source.stream = "einstein_probe.wxt.voevent"
    notice.kind = .xRayTransient
    if notice.retraction == nil { notice.stage = .initial }
    if let id = event.value("TrigID") { notice.ids.append(NativeID("einstein_probe", id.clipped(40))) }
    notice.placeCircle(
      at: position(), radiusDegrees: errorRadius(), containment: Fraction(clamping: 0.9), field: "Position2D",
      &notes)
    addDuration("Integ_Time", .integration)
    finishRetraction()
  }
}

/// `not_requested` and `not-requested` both occur.
func slewStatus(_ text: String?) -> TransientFacts.Slew? {
  switch text?.lowercased().replacing("-", with: "_") {
  case "accepted": .accepted
  case "rejected": .rejected
  case "not_requested": .notRequested
  default: nil
  }
}
