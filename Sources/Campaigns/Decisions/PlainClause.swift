/// A comparison of a policy in words for people: no keys, units with the numbers, three digits.
extension ClauseTrace {
  /// `90 % area`
  public var subject: String { fact.words }

  /// What it saw and what the rule wants: `460 deg²; wanted: below 200 deg²`.
  public var plainText: String {
    "\(saw.map { fact.plain($0) } ?? "not known"); wanted: \(isNegated ? "not " : "")\(fact.plain(comparison))"
  }
}

extension FactChange {
  /// `90 % area: 900 deg², now 460 deg²`
  public var plainText: String {
    func text(_ value: FactValue?) -> String { value.map { fact.plain($0) } ?? "not known" }
    return "\(fact.words): \(text(before)), now \(text(after))"
  }
}

extension FactName {
  /// As people call it.
  public var words: String {
    switch self {
    case .pBNS: "probability of BNS"
    case .pNSBH: "probability of NSBH"
    case .pBBH: "probability of BBH"
    case .pMassGap: "probability of a mass gap object"
    case .pTerrestrial: "probability of noise"
    case .hasNS: "probability of a neutron star"
    case .hasRemnant: "probability of a remnant"
    case .hasMassGap: "probability of a mass gap object"
    case .distance: "distance"
    case .distanceError: "distance error"
    case .distanceMedian: "median distance"
    case .area50: "50 % area"
    case .area90: "90 % area"
    case .farPerYear: "false alarm rate"
    case .coincidenceFARPerYear: "rate of chance coincidences"
    case .significance: "significance"
    case .galacticLatitude: "distance from the galactic plane"
    case .errorRadius: "error radius (90 %)"
    case .t90: "T90"
    case .neutrinoEnergy: "neutrino energy"
    case .photonEnergy: "highest photon energy"
    case .noticeDelay: "notice after the event"
    case .score: "GRANDMA score"
    case .xRayCounterpart: "X-ray counterpart"
    case .expertValidated: "validated by an expert"
    case .hasPosition: "position known"
    case .sourceClass: "class"
    case .kind: "kind of event"
    case .group: "search group"
    case .eventCount, .age, .opticalCounterpart, .particularlyInteresting, .durationClass:
      rawValue.replacing("_h", with: "").replacing("_", with: " ")
    default: rawValue
    }
  }

  private var unit: String {
    switch self {
    case .distance, .distanceError, .distanceMedian: " Mpc"
    case .area50, .area90: " deg²"
    case .farPerYear, .coincidenceFARPerYear: " per year"
    case .significance: " sigma"
    case .galacticLatitude: "°"
    case .errorRadius: " arcmin"
    case .t90: " s"
    case .neutrinoEnergy: " TeV"
    case .photonEnergy: " GeV"
    case .age, .noticeDelay: " h"
    default: ""
    }
  }

  /// A threshold is shown as it is written, a measured value to three digits.
  func plain(_ value: FactValue) -> String {
    switch value {
    case .number(let x):
      (abs(x) >= 100 && abs(x) < 1e6 ? Wording.number(x.rounded()) : Self.threeDigits(x)) + unit
    case .word(let word): Self.spaced(word)
    case .words(let list) where !list.isEmpty: list.map(Self.spaced).joined(separator: ", ")
    default: value.text
    }
  }

  func plain(_ comparison: Comparison) -> String {
    switch comparison {
    case .below(let x): "below \(Wording.number(x))\(unit)"
    case .atMost(let x): "at most \(Wording.number(x))\(unit)"
    case .above(let x): "above \(Wording.number(x))\(unit)"
    case .atLeast(let x): "at least \(Wording.number(x))\(unit)"
    case .isFlag(let flag): flag ? "yes" : "no"
    case .oneOf(let words): words.map(Self.spaced).joined(separator: " or ")
    case .includesAny(let words): words.map(Self.spaced).joined(separator: " or ")
    case .known(let isKnown): isKnown ? "any value" : "no value"
    }
  }

  private static func threeDigits(_ x: Double) -> String {
    guard x.isFinite, x != 0, abs(x) >= 0.001, abs(x) < 1e6 else { return Wording.short(x) }
    let scale = abs(x) < 1 ? 1e4 : abs(x) < 10 ? 100.0 : 10.0
    return Wording.number((x * scale).rounded() / scale)
  }

  /// `gravitationalWave` as two words; names with a capital in front stay as they are.
  static func spaced(_ word: String) -> String {
    guard let first = word.first, first.isLowercase else { return word }
    return word.reduce(into: "") { text, letter in
      text += letter.isUppercase ? " " + letter.lowercased() : String(letter)
    }
  }
}
