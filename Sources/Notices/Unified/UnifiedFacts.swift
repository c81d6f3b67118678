import Units

extension UnifiedInterpreter {
  /// Fields of the core schemas that any mission may use.
  mutating func readStatistics() {
    notice.falseAlarmRateHz = root.number("far", in: 0...1e9, &notes)
    var facts = notice.transient
    facts.rateSignificance = root.number("rate_snr", &notes)
    facts.imageSignificance = root.number("image_snr", &notes)
    facts.significance = root.number("snr", &notes) ?? facts.imageSignificance ?? facts.rateSignificance
    facts.netCountRate = root.number("net_count_rate", &notes)
    facts.signalness = fraction("p_astro") ?? fraction("signalness")
    facts.importance = fraction("importance")
    facts.classification = root.probabilities("classification", &notes)
    facts.hardnessRatio = root.number("hardness_ratio", &notes)
    facts.redshift = root.number("redshift", in: -0.01...20, &notes)
    facts.flux = measured("flux", unit: "flux_unit")
    facts.fluence = measured("fluence", unit: "fluence_unit")
    facts.dispersionMeasure = measured("dm", unit: nil, fixed: "pc/cm3")
    facts.eventCount = (root.number("number_of_events", &notes) ?? root.number("n_events", &notes))
      .flatMap { integer($0) }
    facts.topology = root.string("alert_topology", &notes)?.clipped(40)
    facts.pipeline = root.string("pipeline", &notes)?.clipped(60)
    facts.neutrinoEnergyTeV = root.number("nu_energy", &notes)
    facts.pValueGeneric = root.number("pval_generic", in: 0...1, &notes)
    facts.pValueBayesian = root.number("pval_bayesian", in: 0...1, &notes)
    facts.slew = slewStatus(root.string("slew_status", &notes))
    facts.inLATFieldOfView = root.bool("in_lat_fov", &notes)
    facts.energyRangeKeV = energyRange()
    facts.durationClass = durationClass()
    if let radius = root.number("src_error_50", &notes), radius > 0, radius < 180 {
      facts.radius50 = .degrees(radius)
    }
    if let angle = root.number("earth_angle", &notes), (0...180).contains(angle) {
      facts.earthAngle = .degrees(angle)
    }
    if let distance = root.number("luminosity_distance", &notes), distance > 0 {
      facts.distance = .megaparsecs(distance)
      if let error = root.numbers("luminosity_distance_error", &notes).map(abs).max() {
        facts.distanceError = .megaparsecs(error)
      }
    }
    notice.transient = facts
    addDuration("t90", .t90)
    addDuration("event_duration", .reported)
    addDuration("image_duration", .integration)
    addDuration("detection_interval", .integration)
  }

  private mutating func addDuration(_ key: String, _ meaning: BurstDuration.Meaning) {
    guard let seconds = root.number(key, &notes), seconds > 0, let value = Duration(checkedSeconds: seconds)
    else { return }
    notice.transient.durations.append(BurstDuration(value: value, meaning: meaning))
  }

  private mutating func fraction(_ key: String) -> Fraction? {
    guard let value = root.number(key, &notes) else { return nil }
    if let fraction = tolerantFraction(value) { return fraction }
    notes.add(.outOfRange, key, "\(value) is no probability; ignored")
    return nil
  }

  private mutating func measured(_ key: String, unit: String?, fixed: String? = nil) -> Measured? {
    guard let value = root.number(key, &notes) else { return nil }
    let error = root.numbers(key + "_error", &notes).map(abs).max()
    let named = unit.flatMap { root.string($0, &notes) }
    return Measured(value: value, error: error, unit: fixed ?? named)
  }

  /// Of the trigger or the image, in keV unless the schema says otherwise.
  private mutating func energyRange() -> ClosedRange<Double>? {
    let keys = ["rate_energy_range", "image_energy_range", "flux_spectral_band", "localization_energy_range"]
    for key in keys where root.raw(key) != nil {
      let range = root.numbers(key, &notes)
      guard range.count == 2, 0 <= range[0], range[0] < range[1] else { continue }
      return range[0]...range[1]
    }
    return nil
  }

  private mutating func durationClass() -> TransientFacts.DurationClass? {
    switch root.string("duration_class", &notes)?.uppercased() {
    case "SHORT": .short
    case "LONG": .long
    default: nil
    }
  }
}

/// What single missions add.
extension UnifiedInterpreter {
  mutating func readMission(_ stream: UnifiedStream) {
    switch stream.mission {
    case .fermi: readFermi()
    case .chime, .dsa110: readRadioBurst()
    case .icecube: readCoincidentNeutrinos()
    case .maxi: readMAXI()
    case .boom: readOpticalCandidates()
    case .svom:
      if root.raw("event_name") != nil, let name = notice.ids.first(where: { $0.namespace == "name" }) {
        // SVOM names only catalogued sources at trigger time.
        notice.standing = .knownSource(name.value)
      }
    case .superKamiokande:
      if let number = root.string("trigger_number", &notes) {
        notice.ids.append(NativeID("superk", number.clipped(40)))
      }
    default: break
    }
  }

  private mutating func readFermi() {
    if notice.kind == .gammaRayFlare {
      notice.standing = .knownSource(notice.ids.first { $0.namespace == "name" }?.value)
      return
    }
    notice.standGBM()
    if let longitude = root.number("longitude", &notes), let latitude = root.number("latitude", &notes) {
      notice.placeEarth(longitude: longitude, latitude: latitude)
    }
    guard !notice.localization.isAbsent, notice.systematicIncluded != true else { return }
    switch root.string("subtype", &notes)?.uppercased() {
    case "FLIGHT_POSITION": notice.systematics = .flight
    case "GROUND_POSITION": notice.systematics = .ground
    case "FINAL_POSITION": notice.systematics = .final
    default: break
    }
  }

  private mutating func readRadioBurst() {
    if let known = root.string("known_source", &notes) {
      notice.related.append(NativeID("name", known.clipped(60)))
    }
    if let importance = notice.transient.importance, importance.value < 0.5 {
      notice.standing = .unreliable("importance \(importance.value) is below 0.5: likely interference")
    }
  }

  private mutating func readMAXI() {
    if notice.source.stream.contains(".known") {
      notice.standing = .knownSource(notice.ids.first { $0.namespace == "name" }?.value)
    }
  }

  /// IceCube's answer to a gravitational-wave event: a list of neutrinos, not one place.
  private mutating func readCoincidentNeutrinos() {
    guard let list = root.raw("coincident_events")?.array else { return }
    for (i, item) in list.prefix(100).enumerated() {
      guard let object = item.object else { continue }
      let fields = JSONFields(object, path: "coincident_events[\(i)]")
      let place = fields.fields("localization", &notes) ?? fields
      let outcome = Self.region(of: place, &notes)
      var candidate = Candidate()
      candidate.name = fields.strings("id", &notes).first
      candidate.region = outcome.region
      candidate.position = outcome.stated
      candidate.timeOffset = Duration(checkedSeconds: fields.number("event_dt", &notes))
      candidate.pValueGeneric = fields.number("event_pval_generic", in: 0...1, &notes)
      candidate.pValueBayesian = fields.number("event_pval_bayesian", in: 0...1, &notes)
      notice.candidates.append(candidate)
    }
    notice.transient.eventCount =
      root.number("n_events_coincident", &notes).flatMap { integer($0) } ?? notice.transient.eventCount
    if notice.localization == .none(.notGiven), !notice.candidates.isEmpty {
      notice.localization = .none(.candidateList)
    }
  }

  /// A list of optical transients that a broker matched with other events.
  private mutating func readOpticalCandidates() {
    guard let data = root.fields("data", &notes), let list = data.raw("targets")?.array else { return }
    for (i, item) in list.prefix(1000).enumerated() {
      guard let object = item.object else { continue }
      let fields = JSONFields(object, path: "data.targets[\(i)]")
      var candidate = Candidate()
      candidate.name = fields.string("event_name", &notes)
      candidate.position = Self.region(of: fields, &notes).stated
      candidate.classification = fields.probabilities("classification_scores", &notes)
      for match in fields.raw("gcn_crossmatch")?.array?.prefix(20) ?? [] {
        guard let reference = match.object.map({ JSONFields($0, path: "gcn_crossmatch") }),
          let id = reference.string("ref_ID", &notes)
        else { continue }
        let namespace = reference.string("ref_instrument", &notes)?.lowercased() ?? "reference"
        candidate.related.append(NativeID(namespace, id.clipped(80)))
      }
      notice.candidates.append(candidate)
      if let name = candidate.name { notice.ids.append(NativeID("name", name.clipped(80))) }
      for match in candidate.related where !notice.related.contains(match) { notice.related.append(match) }
    }
    notice.localization = .none(.candidateList)
    notice.standing = .auxiliary("candidates of a survey")
  }
}
