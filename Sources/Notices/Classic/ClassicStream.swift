/// One GCN Classic notice type (`Packet_Type`), and what its numbers mean.
///
/// Numbers and names: GCN "Internet socket packet definition" (2021). Meaning of the error radius: the
/// parameter descriptions in the notices themselves, the mission pages of GCN, and the JSON schemas of
/// the same missions.
struct ClassicStream: Sendable {
  var type: Int
  var name: String
  var mission: Mission
  var instrument: String?
  var kind: NoticeKind
  var stage: NoticeStage = .unspecified
  /// Of Error2Radius; nil when the sender does not say (0.9 is then assumed, and noted).
  var containment: Double?
  var systematicIncluded: Bool?
  /// Numbering that the identifier belongs to.
  var namespace: String
  /// The parameters that may hold the identifier, first one first.
  var idParameters = ["TrigID"]
  /// Set when the notice is a data product or a report, not a trigger: its Error2Radius is 0.
  var auxiliary: String?
  var isTest = false

  static func of(type: Int) -> ClassicStream? { table[type] }

  static let table: [Int: ClassicStream] = Dictionary(
    (fermi + swift + integral + neutrinos + others).map { ($0.type, $0) }, uniquingKeysWith: { a, _ in a })

  // MARK: Fermi

  private static func fermi(
    _ type: Int, _ name: String, _ stage: NoticeStage = .update, containment: Double? = nil,
    systematic: Bool? = false, auxiliary: String? = nil, test: Bool = false
  ) -> ClassicStream {
    ClassicStream(
      type: type, name: "FERMI_" + name, mission: .fermi,
      instrument: name.hasPrefix("GBM") ? "GBM" : name.hasPrefix("LAT") ? "LAT" : nil,
      kind: .gammaRayBurst, stage: stage, containment: containment, systematicIncluded: systematic,
      namespace: "fermi", auxiliary: auxiliary, isTest: test)
  }

  private static let fermi: [ClassicStream] = {
    var list = [
      fermi(110, "GBM_ALERT", .initial),
      fermi(111, "GBM_FLT_POS", containment: 0.68),
      fermi(112, "GBM_GND_POS", containment: 0.68),
      fermi(113, "GBM_LC", auxiliary: "light curve"),
      fermi(114, "GBM_GND_INTERNAL", containment: 0.68),
      fermi(115, "GBM_FIN_POS", containment: 0.68),
      fermi(116, "GBM_ALERT_INTERNAL", .initial),
      fermi(117, "GBM_FLT_INTERNAL", containment: 0.68),
      fermi(118, "GBM_TRANS", .initial, containment: 0.68),
      fermi(119, "GBM_POS_TEST", .initial, containment: 0.68, test: true),
      fermi(120, "LAT_POS_INI", .initial, containment: 0.9),
      fermi(121, "LAT_POS_UPD", containment: 0.9),
      fermi(122, "LAT_POS_DIAG", containment: 0.9, auxiliary: "diagnostics"),
      fermi(123, "LAT_TRANS", .initial, containment: 0.9),
      fermi(124, "LAT_POS_TEST", .initial, containment: 0.9, test: true),
      fermi(125, "LAT_MONITOR", .unspecified),
      fermi(126, "SC_SLEW", .unspecified, auxiliary: "spacecraft slew"),
      fermi(127, "LAT_GND", containment: 0.9),
      fermi(128, "LAT_OFFLINE", .initial, containment: 0.9),
      fermi(129, "POINTDIR", .unspecified, auxiliary: "pointing"),
      // 68 %, statistical and systematic: GCN, "Fermi-GBM Subthreshold" page.
      fermi(131, "GBM_SUBTHRESH", .initial, containment: 0.68, systematic: true),
      fermi(144, "SC_SLEW", .unspecified, auxiliary: "spacecraft slew"),
    ]
    for i in list.indices {
      switch list[i].type {
      case 131:
        list[i].namespace = "fermi.subthreshold"
        list[i].idParameters = ["Trans_Num"]
      // Numbered by date, unlike the on-board triggers that share GBM's numbers.
      case 128: list[i].namespace = "fermi.lat"
      case 125:
        list[i].kind = .gammaRayFlare
        list[i].idParameters = []
      case 129: list[i].kind = .pointing
      default: break
      }
    }
    return list
  }()

  // MARK: Swift

  private static func swift(
    _ type: Int, _ name: String, _ stage: NoticeStage = .update, containment: Double? = nil,
    auxiliary: String? = nil, test: Bool = false
  ) -> ClassicStream {
    ClassicStream(
      type: type, name: "SWIFT_" + name, mission: .swift,
      instrument: ["BAT", "XRT", "UVOT"].first { name.hasPrefix($0) }, kind: .gammaRayBurst, stage: stage,
      containment: containment, namespace: "swift", auxiliary: auxiliary, isTest: test)
  }

  private static let swift: [ClassicStream] = {
    var list = [
      swift(60, "BAT_GRB_ALERT", .initial),
      swift(61, "BAT_GRB_POS_ACK", .initial, containment: 0.9),
      swift(82, "BAT_GRB_POS_TEST", .initial, containment: 0.9, test: true),
      swift(84, "BAT_TRANS", .initial, containment: 0.9),
      swift(97, "BAT_QL_POS", .preliminary, containment: 0.9),
      swift(98, "BAT_SUB_THRESHOLD", .initial, containment: 0.9),
      swift(99, "BAT_SLEW_POS", .initial, containment: 0.9),
      swift(67, "XRT_POSITION", containment: 0.9),
      swift(81, "UVOT_POS", containment: 0.9),
      swift(133, "BAT_MONITOR", .unspecified, containment: 0.9),
      swift(140, "BAT_SUBSUB", .initial, containment: 0.9),
      swift(141, "BAT_KNOWN_SRC", .initial, containment: 0.9),
    ]
    let products: [(Int, String, String)] = [
      (46, "TOO_FOM", "target of opportunity, observation planned"), (47, "TOO_SC_SLEW", "slew to a target"),
      (62, "BAT_GRB_POS_NACK", "no position found"), (63, "BAT_GRB_LC", "light curve"),
      (64, "BAT_SCALEDMAP", "scaled map"), (65, "FOM_OBS", "observation decision"), (66, "SC_SLEW", "slew"),
      (68, "XRT_SPECTRUM", "spectrum"), (69, "XRT_IMAGE", "image"), (70, "XRT_LC", "light curve"),
      (71, "XRT_CENTROID", "no position found"), (72, "UVOT_DBURST", "image"),
      (73, "UVOT_FCHART", "finding chart"), (76, "BAT_GRB_LC_PROC", "light curve"),
      (77, "XRT_SPECTRUM_PROC", "spectrum"), (78, "XRT_IMAGE_PROC", "image"),
      (79, "UVOT_DBURST_PROC", "image"),
      (80, "UVOT_FCHART_PROC", "finding chart"), (83, "POINTDIR", "pointing"),
      (85, "XRT_THRESHPIX", "threshold pixels"), (86, "XRT_THRESHPIX_PROC", "threshold pixels"),
      (87, "XRT_SPER", "single-pixel events"), (88, "XRT_SPER_PROC", "single-pixel events"),
      (89, "UVOT_POS_NACK", "no position found"), (90, "BAT_ALARM_SHORT", "instrument alarm"),
      (91, "BAT_ALARM_LONG", "instrument alarm"), (92, "UVOT_EMERGENCY", "instrument alarm"),
      (93, "XRT_EMERGENCY", "instrument alarm"), (94, "FOM_PPT_ARG_ERR", "observation decision"),
      (95, "FOM_SAFE_POINT", "observation decision"), (96, "FOM_SLEW_ABORT", "slew aborted"),
      (103, "ACTUAL_POINTDIR", "pointing"),
    ]
    list += products.map { swift($0.0, $0.1, .unspecified, auxiliary: $0.2) }
    for i in list.indices where [83, 103].contains(list[i].type) { list[i].kind = .pointing }
    return list
  }()

  // MARK: INTEGRAL

  private static let integral: [ClassicStream] = [
    (51, "POINTDIR", NoticeStage.unspecified, "pointing"), (52, "SPIACS", .initial, nil),
    (53, "WAKEUP", .initial, nil), (54, "REFINED", .update, nil), (55, "OFFLINE", .update, nil),
    (56, "WEAK", .initial, nil),
  ].map { (type: Int, name: String, stage: NoticeStage, auxiliary: String?) in
    ClassicStream(
      type: type, name: "INTEGRAL_" + name, mission: .integral, instrument: type == 52 ? "SPI-ACS" : "IBIS",
      kind: type == 51 ? .pointing : .gammaRayBurst, stage: stage, containment: 0.9, namespace: "integral",
      auxiliary: auxiliary)
  }

  // MARK: Neutrinos and AMON

  private static func amon(
    _ type: Int, _ name: String, containment: Double?, systematic: Bool? = false, test: Bool = false
  ) -> ClassicStream {
    ClassicStream(
      type: type, name: name, mission: name.hasPrefix("ICECUBE") ? .icecube : .amon,
      instrument: name.hasPrefix("ICECUBE") ? "IceCube" : nil, kind: .neutrino, containment: containment,
      systematicIncluded: systematic, namespace: "amon", idParameters: ["AMON_ID", "ID"], isTest: test)
  }

  private static let neutrinos: [ClassicStream] = {
    var list = [
      amon(157, "AMON_ICECUBE_COINC", containment: 0.9), amon(158, "AMON_ICECUBE_HESE", containment: 0.9),
      amon(159, "AMON_TEST", containment: 0.9, test: true),
      amon(169, "AMON_ICECUBE_EHE", containment: 0.9),
      amon(171, "HAWC_BURST_MONITOR", containment: 0.9),
      amon(172, "AMON_NU_EM_COINC", containment: 0.5),
      amon(173, "ICECUBE_ASTROTRACK_GOLD", containment: 0.9),
      amon(174, "ICECUBE_ASTROTRACK_BRONZE", containment: 0.9),
      amon(176, "ICECUBE_CASCADE", containment: 0.9, systematic: true),
      ClassicStream(
        type: 149, name: "SNEWS", mission: .snews, kind: .supernovaNeutrinos, stage: .initial,
        containment: nil, namespace: "snews"),
      ClassicStream(
        type: 175, name: "SK_SN", mission: .superKamiokande, instrument: "SK", kind: .supernovaNeutrinos,
        stage: .initial, containment: 0.9, namespace: "superk", idParameters: ["Trigger_Number"]),
    ]
    for i in list.indices {
      switch list[i].type {
      case 171:
        list[i].namespace = "hawc"
        list[i].idParameters = []
        list[i].kind = .gammaRayBurst
      case 172:
        list[i].namespace = "amon.nu_em"
        list[i].idParameters = ["Event_ID"]
      default: break
      }
    }
    return list
  }()

  // MARK: Others

  private static let others: [ClassicStream] = [
    plain(2, "TEST_COORDS", .gcn, test: true),
    plain(31, "IPN_RAW", .ipn), plain(32, "IPN_SEG", .ipn), plain(39, "IPN_POS", .ipn),
    plain(40, "HETE_ALERT", Mission("hete")), plain(41, "HETE_UPDATE", Mission("hete")),
    plain(42, "HETE_FINAL", Mission("hete")), plain(43, "HETE_GNDANA", Mission("hete")),
    plain(44, "HETE_TEST", Mission("hete"), test: true),
    plain(45, "GRB_CNTRPART", Mission("counterpart"), kind: .counterpart),
    plain(59, "KONUS_LC", .konus, auxiliary: "light curve"),
    plain(100, "AGILE_GRB_WAKEUP", .agile), plain(101, "AGILE_GRB_GROUND", .agile),
    plain(102, "AGILE_GRB_REFINED", .agile), plain(105, "AGILE_MCAL_ALERT", .agile),
    plain(107, "AGILE_POINTDIR", .agile, kind: .pointing, auxiliary: "pointing"),
    plain(108, "AGILE_TRANS", .agile), plain(109, "AGILE_GRB_POS_TEST", .agile, test: true),
    plain(134, "MAXI_UNKNOWN", .maxi, kind: .xRayTransient, containment: 0.9),
    plain(135, "MAXI_KNOWN", .maxi, kind: .xRayTransient, containment: 0.9),
    plain(136, "MAXI_TEST", .maxi, kind: .xRayTransient, containment: 0.9, test: true),
    plain(145, "COINCIDENCE", Mission("coincidence")),
    plain(148, "SUZAKU_LC", Mission("suzaku"), auxiliary: "light curve"),
    plain(160, "CALET_GBM_FLT_LC", .calet, auxiliary: "light curve"),
    plain(161, "CALET_GBM_GND_LC", .calet, auxiliary: "light curve"),
    plain(168, "GWHEN_COINC", .amon, kind: .neutrino),
    plain(188, "GECAM_FLT", .gecam, stage: .initial, containment: 0.68, id: ["Trigger_Number"]),
    plain(189, "GECAM_GND", .gecam, stage: .update, containment: 0.68, id: ["Trigger_Number"]),
  ]

  private static func plain(
    _ type: Int, _ name: String, _ mission: Mission, kind: NoticeKind = .gammaRayBurst,
    stage: NoticeStage = .initial, containment: Double? = nil, id: [String] = ["TrigID"],
    auxiliary: String? = nil, test: Bool = false
  ) -> ClassicStream {
    ClassicStream(
      type: type, name: name, mission: mission, kind: kind, stage: stage, containment: containment,
      namespace: mission.rawValue, idParameters: id, auxiliary: auxiliary, isTest: test)
  }
}
