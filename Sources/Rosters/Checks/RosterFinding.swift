import Units

/// One thing about a roster that somebody should look at.
public struct RosterFinding: Hashable, Sendable {
  public enum Severity: Int, Hashable, Comparable, Sendable {
    /// Good to know.
    case note
    /// Somebody should decide whether it is meant.
    case warning
    /// The roster cannot be worked like this.
    case error
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    public var word: String {
      switch self {
      case .note: "note"
      case .warning: "warning"
      case .error: "error"
      }
    }
  }

  public enum Kind: String, Hashable, Sendable {
    case gap
    case overlap
    case nobody
    case understaffed
    case overCapacity = "over capacity"
    case unknownUser = "unknown user"
    case notMember = "not a member"
    case doubleDuty = "double duty"
    case shortRest = "short rest"
    case absent
    case localNight = "local night"
    case missingWeek = "missing week"
    case noCoordinator = "no coordinator"
    case tooManyWeeks = "too many weeks"
    case unknownZone = "unknown zone"
    case futileOverride = "futile override"
  }

  public enum Place: Hashable, Sendable {
    case campaign
    /// By its first day.
    case week(UTCDay)
    case slot(String)
    case shift(ShiftID)
    case member(Username)
  }

  public let severity: Severity
  public let kind: Kind
  public let place: Place
  public let text: String

  public init(_ severity: Severity, _ kind: Kind, _ place: Place, _ text: String) {
    self.severity = severity
    self.kind = kind
    self.place = place
    self.text = text
  }
}

extension RosterFinding: CustomStringConvertible {
  public var description: String {
    let place =
      switch place {
      case .campaign: "campaign"
      case .week(let day): "week \(day)"
      case .slot(let name): "slot \(name)"
      case .shift(let id): "shift \(id)"
      case .member(let user): user.text
      }
    return "\(severity.word): \(place): \(kind.rawValue): \(text)"
  }
}
