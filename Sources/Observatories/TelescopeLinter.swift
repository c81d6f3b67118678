import Units

/// Finds what cannot be true of a telescope, or of a set of them.
///
/// The decoder refuses values that have no meaning (a latitude of 91 degrees); the linter refuses values
/// that mean something else than the sky over that telescope: a site in the wrong hemisphere, a field given
/// as an area, a slew no dome follows. Every class of error stems from one found in published tables of
/// the GRANDMA telescopes. Pure and deterministic.
public enum TelescopeLinter {
  public enum Severity: String, Sendable, Hashable, CaseIterable { case error, warning }

  /// The name of a check, as `accepted` in a telescope file and the output of the linter use it.
  public enum Check: String, Sendable, Hashable, CaseIterable {
    /// The file is refused by the decoder.
    case unreadable
    // the place
    /// Farther from the Minor Planet Center position than its tolerance.
    case mpcDistance = "mpc-distance"
    /// Latitude or longitude with the wrong sign.
    case hemisphere
    /// Latitude and longitude exchanged.
    case swapped
    /// Outside the country it is said to be in.
    case country
    /// The position of another site.
    case copiedPosition = "copied-position"
    /// More than 150 m off the Minor Planet Center height, or off its neighbours.
    case elevation
    /// Nothing confirms the position.
    case unverifiedPosition = "unverified-position"
    /// `within_km` that makes the position check worthless.
    case mpcTolerance = "mpc-tolerance"
    // the instrument
    /// The aperture is not the one its name states.
    case apertureName = "aperture-name"
    /// Two files describe one telescope.
    case sameTelescope = "same-telescope"
    /// The side is so small that an area was meant.
    case fieldIsArea = "field-is-area"
    /// The field is too wide for the aperture.
    case fieldTooWide = "field-too-wide"
    /// Field, timing and limits copied from a different telescope.
    case copiedBlock = "copied-block"
    /// Field, pixel scale and detector do not fit together.
    case pixelScale = "pixel-scale"
    /// A depth no such aperture has.
    case depth
    case noFilters = "no-filters"
    // the motion
    case slew
    case readout
    /// Limits that leave no sky, or contradict each other.
    case limits
    // the terms
    /// Terms of an allocation that contradict each other.
    case allocation
    // the names
    /// An id, alias or slug that two telescopes claim.
    case nameClash = "name-clash"
    // the sources
    /// A value without a source.
    case unsourced
    /// Position, aperture or field from unverified background knowledge.
    case provisional
    /// `accepted` names a check that does not exist, cannot be accepted or does not fail.
    case acceptance

    /// Whether a file may state a reason to fail it.
    public var isAcceptable: Bool {
      switch self {
      case .elevation, .apertureName, .sameTelescope, .fieldIsArea, .fieldTooWide, .copiedBlock, .pixelScale,
        .depth, .slew, .readout, .unverifiedPosition, .copiedPosition:
        return true
      default: return false
      }
    }
  }

  public struct Finding: Sendable, Hashable {
    public let severity: Severity
    public let check: Check
    /// Telescope id; the file for one that cannot be read.
    public let subject: String
    /// Key path in its file.
    public let key: String
    public let message: String
    /// What to do.
    public let suggestion: String
    public init(
      _ severity: Severity, _ check: Check, _ subject: String, key: String, _ message: String,
      _ suggestion: String
    ) {
      self.severity = severity
      self.check = check
      self.subject = subject
      self.key = key
      self.message = message
      self.suggestion = suggestion
    }
  }

  /// Checks one telescope by itself; what only its neighbours can tell is left to `check(_: [Telescope])`.
  public static func check(_ telescope: Telescope) -> [Finding] {
    applyAccepted(alone(telescope), of: telescope)
  }

  /// Checks every telescope, the set, and the names of those that cannot be used.
  public static func check(_ registry: Registry) -> [Finding] {
    check(registry.telescopes, notUsable: registry.notUsable)
  }

  /// Checks every telescope and the set: by telescope id, errors first.
  public static func check(
    _ telescopes: [Telescope], notUsable: [Registry.NotUsable] = []
  ) -> [Finding] {
    var findings: [String: [Finding]] = [:]
    for telescope in telescopes {
      findings[telescope.id, default: []] += alone(telescope)
    }
    for finding in together(telescopes, notUsable) { findings[finding.subject, default: []].append(finding) }
    for telescope in telescopes {
      findings[telescope.id] = applyAccepted(findings[telescope.id] ?? [], of: telescope)
    }
    return findings.values.joined().sorted {
      ($0.subject, $0.severity.rawValue, $0.check.rawValue, $0.key, $0.message)
        < ($1.subject, $1.severity.rawValue, $1.check.rawValue, $1.key, $1.message)
    }
  }

  /// What the decoder said of a refused file, as findings.
  public static func findings(of error: TelescopeError) -> [Finding] {
    switch error {
    case .unreadable(let file, let line, let reason):
      let place = line.map { "line \($0): " } ?? ""
      return [Finding(.error, .unreadable, file, key: "", place + reason, "correct the file")]
    case .invalid(let file, let problems):
      return problems.map { problem in
        let place = problem.line.map { "line \($0): " } ?? ""
        return Finding(.error, .unreadable, file, key: problem.key, place + problem.what, problem.remedy)
      }
    }
  }

  private static func alone(_ t: Telescope) -> [Finding] {
    position(t) + instrument(t) + motion(t) + allocation(t) + sources(t)
  }

  /// Turns findings the file gives a reason for into warnings, and checks those reasons.
  private static func applyAccepted(_ findings: [Finding], of t: Telescope) -> [Finding] {
    var result = findings.map { f in
      guard f.check.isAcceptable, let reason = t.accepted[f.check.rawValue] else { return f }
      return Finding(
        .warning, f.check, f.subject, key: f.key, f.message + " (accepted: \(reason))", f.suggestion)
    }
    for name in t.accepted.keys.sorted() {
      let key = "accepted.\(name)"
      guard let check = Check(rawValue: name), check.isAcceptable else {
        let names = Check.allCases.filter(\.isAcceptable).map(\.rawValue).joined(separator: ", ")
        result.append(
          Finding(
            .error, .acceptance, t.id, key: key, "`\(name)` is not a check that a file can accept",
            "take it away; these can be accepted: \(names)"))
        continue
      }
      if !findings.contains(where: { $0.check == check }) {
        result.append(
          Finding(
            .warning, .acceptance, t.id, key: key, "does not fail `\(name)` any more", "take the line away"))
      }
    }
    return result
  }
}
