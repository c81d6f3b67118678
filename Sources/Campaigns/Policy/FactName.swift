/// The names that a policy can ask about. The raw value is the key in the file and carries the unit.
public enum FactName: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
  // Probabilities, 0...1. Classes are after noise; `has_...` assume an astrophysical signal.
  case pBNS = "p_bns"
  case pNSBH = "p_nsbh"
  case pBBH = "p_bbh"
  case pMassGap = "p_mass_gap"
  case pTerrestrial = "p_terrestrial"
  case hasNS = "has_ns"
  case hasRemnant = "has_remnant"
  case hasMassGap = "has_mass_gap"
  case signalness
  // Other numbers.
  case distance = "distance_mpc"
  case distanceError = "distance_error_mpc"
  case distanceMedian = "distance_median_mpc"
  case area50 = "area50_deg2"
  case area90 = "area90_deg2"
  case farPerYear = "far_per_year"
  case coincidenceFARPerYear = "coincidence_far_per_year"
  case significance = "significance_sigma"
  case galacticLatitude = "abs_galactic_latitude_deg"
  /// Of the circle that holds 90 %.
  case errorRadius = "error_radius_arcmin"
  case t90 = "t90_s"
  case neutrinoEnergy = "energy_tev"
  case photonEnergy = "max_photon_energy_gev"
  case eventCount = "event_count"
  case redshift
  case magnitude
  /// Hours since the event; negative for an early warning.
  case age = "age_h"
  /// Hours from the event to the making of the newest notice; does not grow while nothing is sent.
  case noticeDelay = "notice_delay_h"
  case score = "grandma_score"
  case revision
  // Yes or no.
  case significant
  case coincidence
  case xRayCounterpart = "x_ray_counterpart"
  case opticalCounterpart = "optical_counterpart"
  case expertValidated = "expert_validated"
  case astrophysical
  case hasPosition = "has_position"
  case particularlyInteresting = "particularly_interesting"
  // Words.
  case sourceClass = "class"
  case stage
  case kind
  case mission
  case group
  case durationClass = "duration_class"
  // Lists of words.
  case instruments
  case missions

  public enum Kind: String, Hashable, Sendable { case number, flag, word, words }

  public var kind: Kind {
    switch self {
    case .significant, .coincidence, .xRayCounterpart, .opticalCounterpart, .expertValidated,
      .astrophysical, .hasPosition, .particularlyInteresting:
      .flag
    case .sourceClass, .stage, .kind, .mission, .group, .durationClass: .word
    case .instruments, .missions: .words
    default: .number
    }
  }

  /// What a threshold on it may be; keeps a percentage from passing for a probability.
  var allowed: ClosedRange<Double> {
    switch self {
    case .pBNS, .pNSBH, .pBBH, .pMassGap, .pTerrestrial, .hasNS, .hasRemnant, .hasMassGap, .signalness:
      0...1
    case .area50, .area90: 0...41_253
    case .galacticLatitude: 0...90
    case .errorRadius: 0...10_800
    case .score: 0...3
    case .magnitude: -30...40
    case .age, .noticeDelay: -1e6...1e6
    default: 0...1e12
    }
  }

  /// The words a fact can have, when they are few.
  var vocabulary: [String]? {
    switch self {
    case .sourceClass: ["BNS", "NSBH", "BBH", "MassGap", "Terrestrial", "Burst"]
    case .stage:
      ["earlyWarning", "preliminary", "initial", "update", "subsequent", "retraction", "unspecified"]
    case .durationClass: ["short", "long"]
    case .group: ["CBC", "Burst"]
    case .kind: NoticeKinds.names
    default: nil
    }
  }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The value of a fact.
public enum FactValue: Hashable, Sendable {
  case number(Double)
  case flag(Bool)
  case word(String)
  case words([String])

  /// As shown to people: up to four significant decimals.
  public var text: String {
    switch self {
    case .number(let x): Wording.number(x)
    case .flag(let b): b ? "yes" : "no"
    case .word(let w): w
    case .words(let list): list.isEmpty ? "none" : list.joined(separator: ", ")
    }
  }

  public var kind: FactName.Kind {
    switch self {
    case .number: .number
    case .flag: .flag
    case .word: .word
    case .words: .words
    }
  }
}

/// A JSON number, boolean, string or list of strings.
extension FactValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let word = try? container.decode(String.self) {
      self = .word(word)
    } else {
      self = .words(try container.decode([String].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let x): try container.encode(x)
    case .flag(let b): try container.encode(b)
    case .word(let w): try container.encode(w)
    case .words(let list): try container.encode(list)
    }
  }
}
