/// Something odd in a notice that was still accepted: what, where, and how much it matters.
public struct Finding: Hashable, Sendable {
  public enum Severity: Int, Comparable, Sendable {
    /// Worth knowing; nothing was lost.
    case note
    /// A value was dropped, assumed or corrected.
    case warning
    /// A person should look: the sender contradicts itself or the format changed.
    case alarm

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// Stable names: logs, tests and dashboards may rely on the raw values.
  public enum Code: String, CaseIterable, Sendable {
    case unknownAlertType = "alert-type.unknown"
    case missingEvent = "event.missing"
    case invalidTime = "time.invalid"
    case futureTime = "time.future"
    case timeScale = "time.scale-not-utc"
    case wrongType = "field.type"
    case invalidNumber = "number.invalid"
    case outOfRange = "number.out-of-range"
    case notJSONNumber = "json.nan"
    case duplicateKey = "json.duplicate-key"
    case arrayRoot = "json.array-root"
    case controlCharacter = "json.control-character"
    case repairedText = "text.invalid-utf8"
    case transcoded = "text.transcoded"
    case placeholderPosition = "position.placeholder"
    case invalidPosition = "position.invalid"
    case wrappedRightAscension = "position.ra-wrapped"
    case unsupportedFrame = "position.frame"
    case pointingDirection = "position.pointing-direction"
    case placeholderError = "error.placeholder"
    case missingError = "error.missing"
    case swappedAxes = "error.axes-swapped"
    case assumedContainment = "containment.assumed"
    case invalidContainment = "containment.invalid"
    case percentContainment = "containment.percent"
    case missingSkymap = "skymap.missing"
    case undecodableSkymap = "skymap.undecodable"
    case notASkymap = "skymap.not-fits"
    case placeholderSkymap = "skymap.placeholder-url"
    case refusedSkymapReference = "skymap.refused-reference"
    case missingCombinedSkymap = "skymap.combined-missing"
    case legacyField = "schema.legacy-field"
    case assumedUnit = "unit.assumed"
    case testByContent = "role.test-by-content"
    case mockSearch = "role.mock-search"
    case followsMock = "role.follows-mock"
    case unknownRole = "role.unknown"
    case unknownPrefix = "id.unknown-prefix"
    case placeholderID = "id.placeholder"
    case noID = "id.none"
    case unknownInstrument = "instruments.unknown"
    case classSum = "classification.sum"
    case unknownStream = "stream.unknown"

    public var severity: Severity {
      switch self {
      case .unknownAlertType, .missingEvent, .invalidTime, .futureTime, .timeScale, .duplicateKey,
        .outOfRange, .invalidPosition, .unsupportedFrame, .undecodableSkymap, .notASkymap,
        .refusedSkymapReference, .unknownPrefix, .unknownRole:
        .alarm
      case .wrongType, .invalidNumber, .notJSONNumber, .repairedText, .missingSkymap, .assumedUnit,
        .invalidContainment, .percentContainment, .unknownInstrument, .classSum, .unknownStream,
        .mockSearch, .noID, .swappedAxes:
        .warning
      case .arrayRoot, .controlCharacter, .transcoded, .placeholderPosition, .wrappedRightAscension,
        .pointingDirection, .placeholderError, .missingError, .assumedContainment,
        .placeholderSkymap, .missingCombinedSkymap, .legacyField, .testByContent, .followsMock,
        .placeholderID:
        .note
      }
    }
  }

  public let code: Code
  /// The field as the sender names it, with its path: `event.far`, `What/Param[FAR]`.
  public let field: String
  /// What was found and what was done about it.
  public let detail: String

  public var severity: Severity { code.severity }
  /// `number.out-of-range in event.far: -1e-9 is no rate; dropped`
  public var text: String { "\(code.rawValue) in \(field.prefix(80)): \(detail.prefix(200))" }

  public init(_ code: Code, field: String, detail: String) {
    self.code = code
    self.field = field
    self.detail = detail
  }
}

/// Collects findings while a notice is read.
struct Notes {
  private(set) var findings: [Finding] = []

  mutating func add(_ code: Finding.Code, _ field: String, _ detail: String) {
    // A hostile document could repeat one oddity a million times.
    guard findings.count < 200 else { return }
    findings.append(Finding(code, field: field, detail: detail))
  }
}
