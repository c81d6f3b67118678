import Units

/// Why a magnitude, an exposure or a detection probability cannot be worked out.
public enum PhotometryError: Error, Equatable, Sendable {
  /// A light curve is asked for a time it has no data for.
  case notCovered(model: String, age: Duration, covered: ClosedRange<Duration>)
  /// A light curve has no band near the wanted one.
  case noBand(model: String, wanted: Band, has: [Band])
  /// A model that says how a source fades but not how bright it is.
  case needsMagnitude(model: String)
  /// The map says nothing of the distance and none was assumed.
  case needsDistance
  case unknownModel(String, known: [String])
  /// A model file that cannot be used, with every problem in it.
  case file(String)
  /// The folder of models that is shipped with the program is gone.
  case missingResources(looked: [String])
}

extension PhotometryError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notCovered(let model, let age, let covered):
      "the light curve `\(model)` covers \(Self.text(covered.lowerBound)) to \(Self.text(covered.upperBound)) "
        + "after the event, not \(Self.text(age)); choose another model or another window"
    case .noBand(let model, let wanted, let has):
      "the light curve `\(model)` has no band near \(wanted.rawValue), only "
        + "\(has.map(\.rawValue).joined(separator: ", ")); choose another filter or model"
    case .needsMagnitude(let model):
      "the model `\(model)` says how a source fades, not how bright it is; give a magnitude and its time"
    case .needsDistance: "the map has no distance; give one to say what can be detected"
    case .unknownModel(let name, let known):
      "no light curve is called `\(name)`; known: \(known.joined(separator: ", "))"
    case .file(let text): text
    case .missingResources(let places):
      "the light curves that come with the program are missing (looked in \(places.joined(separator: ", "))); "
        + "install it with its folder of resources"
    }
  }

  /// `40 min`, `2.5 h`, `6.2 d`; earlier than the event with a minus sign.
  static func text(_ age: Duration) -> String {
    let s = age.seconds
    func rounded(_ x: Double) -> String {
      let text = "\((x * 10).rounded() / 10)"
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
    if abs(s) < 6000 { return rounded(s / 60) + " min" }
    return abs(s) < 172_800 ? rounded(s / 3600) + " h" : rounded(s / 86_400) + " d"
  }
}
