import Units

extension VOEventInterpreter {
  // MARK: Fermi

  /// Classes of the on-board software, by the number in `Most_Likely_Index`.
  static let gbmClasses: [Int: String] = [
    0: "ERROR", 1: "UNRELIABLE_LOCATION", 2: "LOCAL_PARTICLES", 3: "BELOW_HORIZON", 4: "GRB",
    5: "GENERIC_SGR", 6: "GENERIC_TRANSIENT", 7: "DISTANT_PARTICLES", 8: "SOLAR_FLARE", 9: "CYG_X1",
    10: "SGR_1806_20", 11: "GROJ_0422_32", 19: "TGF",
  ]

  /// The name in Why/Inference, if there is one.
  var inferredName: String? { event.sourceName.isEmpty ? nil : event.sourceName }

  mutating func readFermi(_ stream: ClassicStream) {
    switch stream.type {
    case 111, 117: notice.systematics = .flight
    case 112, 114: notice.systematics = .ground
    case 115: notice.systematics = .final
    case 125:
      let name = event.value("SourceName") ?? event.value("Source_Name") ?? inferredName
      notice.standing = .knownSource(name?.clipped(60))
      if let name { notice.ids.append(NativeID("name", name.clipped(60))) }
    default: break
    }
    if notice.localization.isAbsent { notice.systematics = nil }
    addDuration("Trig_Timescale", .triggerTimescale)
    addDuration("Trig_Dur", .triggerTimescale)
    readGBMClasses()
    readGBMClass()
    notice.transient.hardnessRatio = positive("Hardness_Ratio")
    notice.transient.inLATFieldOfView = event.flag("LAT_FoV")
    if stream.type == 131 { readSubthreshold() }
    if stream.type == 115 { attachGBMMap() }
    readEarth()
  }

  private mutating func readGBMClasses() {
    for (index, share) in [
      ("Most_Likely_Index", "Most_Likely_Prob"), ("Sec_Most_Likely_Index", "Sec_Most_Likely_Prob"),
    ] {
      guard let number = event.integer(index), let percent = event.number(share, &notes),
        let probability = Fraction(percent: percent)
      else { continue }
      let name = Self.gbmClasses[number] ?? "CLASS_\(number)"
      guard !notice.transient.classification.contains(where: { $0.name == name }) else { continue }
      notice.transient.classification.append(NamedProbability(name: name, probability: probability))
    }
    notice.standGBM()
  }

  private mutating func readGBMClass() {
    switch event.value("Long_short")?.lowercased() ?? event.value("Duration_class")?.lowercased() {
    case "long": notice.transient.durationClass = .long
    case "short": notice.transient.durationClass = .short
    default: break
    }
  }

  private mutating func readSubthreshold() {
    addDuration("Trans_Duration", .reported)
    notice.transient.reliability = event.integer("Reliability")
    if let angle = positive("Earth_angle"), angle <= 180 { notice.transient.earthAngle = .degrees(angle) }
    notice.attachMap(url: event.value("HealPix_URL"), field: "HealPix_URL", &notes)
  }

  /// The final notice names a picture; the HEALPix map lies beside it under a name that follows from
  /// the picture's.
  private mutating func attachGBMMap() {
    guard let picture = event.value("LocationMap_URL"), picture.contains("/glg_locplot_all_"),
      let dot = picture.lastIndex(of: ".")
    else { return }
    var url = String(picture[..<dot]) + ".fit"
    if let range = url.firstRange(of: "/glg_locplot_all_") {
      url.replaceSubrange(range, with: "/glg_healpix_all_")
    }
    if url.hasPrefix("http://") { url = "https://" + url.dropFirst(7) }
    notice.attachMap(url: url, field: "glg_healpix_all", &notes)
  }

  private mutating func readEarth() {
    guard let longitude = event.number("SC_Long", &notes), let latitude = event.number("SC_Lat", &notes)
    else {
      return
    }
    notice.placeEarth(longitude: longitude, latitude: latitude)
  }

  // MARK: Swift

  mutating func readSwift(_ stream: ClassicStream) {
    if event.flag("StarTrack_Lost_Lock") == true {
      notice.standing = .unreliable("the star tracker had lost lock: the position may be wrong")
      return
    }
    guard stream.auxiliary == nil else { return }
    switch stream.type {
    case 140: notice.standing = .unreliable("image source far below the trigger threshold")
    case 141, 133: notice.standing = .knownSource(event.value("Cat_Num").map { "BAT catalogue " + $0 })
    case 61, 84:
      let catalogued = ["Target_in_Flt_Catalog", "Target_in_Gnd_Catalog"].contains { event.flag($0) == true }
      if event.flag("GRB_Identified") == false, catalogued { notice.standing = .knownSource(nil) }
    case 81:
      // In hundredths of a magnitude.
      if let magnitude = positive("Mag") { notice.transient.magnitude = Magnitude(magnitude / 100) }
      notice.transient.filter = event.value("Filter")
    case 67:
      if let flux = positive("Burst_Inten") {
        notice.transient.flux = Measured(value: flux, error: nil, unit: event.unit("Burst_Inten"))
      }
    default: break
    }
  }
}

extension Notice {
  /// Judges a GBM trigger by its most likely class.
  mutating func standGBM() {
    guard case .candidate = standing,
      let best = transient.classification.max(by: { $0.probability < $1.probability })
    else { return }
    switch best.name {
    case "UNRELIABLE_LOCATION", "ERROR": standing = .unreliable("classified as \(best.name)")
    case "LOCAL_PARTICLES", "DISTANT_PARTICLES", "BELOW_HORIZON", "SOLAR_FLARE", "TGF":
      standing = .notAstrophysical("classified as \(best.name)")
    case "CYG_X1", "SGR_1806_20", "GROJ_0422_32": standing = .knownSource(best.name)
    default: break
    }
  }

  /// Adds what the Earth hid from Fermi.
  /// - Parameters:
  ///   - longitude: degrees east of the sub-satellite point, -180...360.
  ///   - latitude: degrees.
  mutating func placeEarth(longitude: Double, latitude: Double) {
    guard let eventTime, (-180...360).contains(longitude), (-90...90).contains(latitude),
      longitude != 0 || latitude != 0
    else { return }
    transient.earth = EarthDisc(
      longitude: .degrees(longitude), latitude: .degrees(latitude), altitude: EarthDisc.fermiAltitude,
      at: eventTime)
  }
}
