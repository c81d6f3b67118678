/// Which mission and stream a unified notice belongs to: by its schema's path, else its topic, else its
/// own fields. `mission` is absent from several schemas.
struct UnifiedStream {
  let mission: Mission
  /// `einstein_probe.wxt.alert`, `fermi.gbm.trigger`.
  let name: String
  let kind: NoticeKind
  let isTest: Bool

  init(schema: String?, topic: String?, mission: String?, instrument: String?) {
    var parts = Self.parts(ofSchema: schema) ?? []
    if parts.isEmpty || parts.first == "core" { parts = Self.parts(ofTopic: topic) ?? [] }
    if parts.isEmpty, let mission {
      parts = [Self.normalized(mission)]
      if let instrument { parts.append(Self.normalized(instrument)) }
    }
    if parts.isEmpty { parts = ["unknown"] }
    self.mission = Self.alias[parts[0]] ?? Mission(rawValue: parts[0])
    name = parts.joined(separator: ".")
    kind = Self.kind(parts)
    isTest = parts.dropFirst().contains("test")
  }

  /// `.../gcn/notices/swift/bat/guano.schema.json` -> swift, bat, guano.
  private static func parts(ofSchema schema: String?) -> [String]? {
    guard let schema, let range = schema.firstRange(of: "/notices/") else { return nil }
    var path = schema[range.upperBound...]
    for suffix in [".json", ".schema"] where path.hasSuffix(suffix) { path = path.dropLast(suffix.count) }
    return split(path, "/.")
  }

  /// `gcn.notices.icecube.test.gold_bronze_track_alerts` -> icecube, test, gold_bronze_track_alerts.
  private static func parts(ofTopic topic: String?) -> [String]? {
    guard let topic, topic.hasPrefix("gcn.notice") else { return nil }
    let parts = split(topic[...], ".")
    return parts.count > 2 ? Array(parts.dropFirst(2)) : nil
  }

  private static func split(_ text: Substring, _ separators: String) -> [String] {
    text.split { separators.contains($0) }.prefix(6).map { normalized(String($0)) }
  }

  private static func normalized(_ text: String) -> String {
    String(text.lowercased().prefix(60).map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })
  }

  private static let alias: [String: Mission] = [
    "super_kamiokande": .superKamiokande, "einsteinprobe": .einsteinProbe, "ep": .einsteinProbe,
    "chime_frb": .chime, "igwn": .lvk,
  ]

  private static func kind(_ parts: [String]) -> NoticeKind {
    let rest = parts.dropFirst().joined(separator: ".")
    switch parts[0] {
    case "icecube", "km3net": return .neutrino
    case "superk", "snews": return .supernovaNeutrinos
    case "chime", "dsa110": return .fastRadioBurst
    case "einstein_probe", "maxi": return .xRayTransient
    case "boom": return .opticalCandidates
    case "heasarc": return .archive
    case "fermi": return rest.contains("flare") ? .gammaRayFlare : .gammaRayBurst
    case "swift", "svom", "burstcube", "glowbug", "konus", "starburst", "calet", "gecam", "ipn":
      return .gammaRayBurst
    default: return .unknown
    }
  }

  /// The numbering an identifier belongs to.
  static func namespace(of source: NoticeSource) -> String {
    switch source.mission {
    // GUANO numbers its own events by time; they are not Swift triggers.
    case .swift: source.stream.contains("guano") ? "swift.guano" : "swift"
    case .fermi: source.stream.contains("targeted") ? "fermi.targeted" : "fermi"
    default: source.mission.rawValue
    }
  }

  /// IceCube appends a revision to its run_event names in early notices: `137840_57034692_0`.
  static func canonical(_ id: String, in namespace: String) -> String {
    guard namespace == "icecube" else { return id }
    let parts = id.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else { return id }
    return parts[0] + "_" + parts[1]
  }
}
