import Units

/// # Telescope files
///
/// One YAML file per telescope, such as `telescopes/tarot-tca.yaml`. Every key carries its unit; a key that
/// is not listed here is refused, so a typing error never passes silently. The shortest file that can plan:
///
/// ```yaml
/// id: Example-T50              # canonical name: any text without line breaks
/// name: Example 50 cm
/// status: operational          # operational, unknown, not_operational
/// automation: manual           # auto, semi, manual
/// site:
///   name: Example Observatory
///   country: France
///   setting: dark              # dark, urban
///   lat_deg: 43.75             # north positive
///   lon_deg: 6.92              # east positive, -180...180
///   elevation_m: 1270
/// aperture_m: 0.5
/// field: {shape: square, side_deg: 0.4}
/// assumed: [depth, exposure.typical_s, exposure.range_s, timing.readout_s, timing.slew_deg_per_s,
///   timing.settle_s, limits.min_alt_deg, limits.max_airmass, limits.moon_sep_deg, limits.max_sun_alt_deg]
/// ```
///
/// ## Keys
/// - `id`, `name`, `aliases` (every other name in use; case, blanks and punctuation do not matter),
///   `group`, `status`, `status_note`, `automation`, `roles` (`tiler`, `galaxy_targeter`, `photometry`,
///   `spectroscopy`), `notes`
/// - `site`: `name`, `country`, `setting`, `lat_deg`, `lon_deg`, `elevation_m`, `time_zone` (IANA),
///   `mpc: {code, lon_deg, rho_cos_phi, rho_sin_phi, within_km}` (the constants of the Minor Planet Center
///   list; `within_km` only where the code is a neighbour's), `horizon_az_alt_deg: [[az, alt], ...]`
/// - `aperture_m`; `field`, one of `{shape: square, side_deg}`, `{shape: rectangle, width_deg, height_deg}`
///   (both may have `rotation_deg`: the top's position angle, north toward east), `{shape: circle,
///   diameter_deg}`, `{shape: polygons, corners_deg: [[[east, north], ...], ...]}` (convex); full sides and
///   diameters, never areas
/// - `pixel_scale_arcsec`, `detector_px: [width, height]`, `filters` (as the site names them)
/// - `depth: {mag, filter, exposure_s}`: 5 sigma, dark sky, near zenith, total time on target; `deepest`: the
///   boldest claim, in words
/// - `exposure`: `typical_s`, `range_s: [shortest, longest]`, `filter` (preferred for tiling)
/// - `timing`: `readout_s`, `slew_deg_per_s`, `settle_s` (added to every slew), `filter_change_s` (may be left out:
///   the table then says, and plans in several filters name it)
/// - `limits`: `min_alt_deg`, `max_airmass`, `dec_deg: [south, north]`, `moon_sep_deg`, `max_sun_alt_deg`,
///   `max_hour_angle_h`
/// - `usage`: `level` (`VF`, `F`, `O`, `R`, `VR`, `nOP`, `special`), `budget`, `hours_per_night`
/// - `allocation`: `hours_per_night`, `hours_per_semester`, `hours_per_event`, `fields_per_night`,
///   `fields_per_event`, `exposures_per_request`, `requests: {most, days}`, `from`, `to` (ISO 8601, UTC), `shared_with` (ids of telescopes
///   that use up the same hours and fields), `source`, `tiling: {probability_percent, most_probable, best_airmass,
///   max_airmass, sites, fields_per_site, exposures, exposure_s}`; what it leaves open the usage level decides (VF 3 h a night, F one
///   request a day, O one a month, R one a quarter, VR one a semester)
/// - `exclusions`: list of `{rule, source}` with at most one of `streams: [SVOM]`, `brighter_than_mag`,
///   `requests_utc: ["10:00", "04:00"]`, `unless` (`approved`, `planned`, `detected`)
/// - `closures`: list of `{from, to, reason}` (ISO 8601, UTC)
/// - `channel: {kind, detail}`: a team's channel or an interface, never a person
/// - `assumed`: keys that no source gives and that come from the table in `AssumedValues`: any of `depth`,
///   `exposure.*_s`, `timing.*`, `limits.min_alt_deg`, `limits.max_airmass`, `limits.moon_sep_deg`,
///   `limits.max_sun_alt_deg`. These must be given or assumed; position, aperture and field never are.
/// - `sources`: key path -> marks of where the value comes from; the nearest path at or above a key counts
/// - `accepted`: linter check -> why this telescope may fail it
///
/// ## Source marks
/// `GD` grandma_data of the GRANDMA collaboration; `CB` the GRANDMA manual (cookbook), `CBH` its older
/// versions; `GW` gwemopt configurations, `OG` those of its fork in the alert service; `SP` SkyPortal
/// facility code, `SPY` its telescope list; `MPC` Minor Planet Center; `TR`, `TN` TAROT pages; `ESO`, `SESO`
/// pages on TAROT at La Silla; `GCN` GCN Circulars; `FG` the code that runs the FRAM telescopes; `I5147` and
/// alike SkyPortal issues; `gmadet`; `NARIT`; `tools`; `calc` computed from the values named; `site` that of
/// another telescope of the site; `BK` background knowledge nobody has verified: ask the team before relying
/// on it.
public enum TelescopeYAML {
  /// Larger files are refused; real ones have 1 to 4 kB.
  public static let maxBytes = 65_536
}

extension Telescope {
  /// Reads one telescope file; the format is documented at `TelescopeYAML`.
  ///
  /// - Parameters:
  ///   - yaml: the text of the file.
  ///   - file: its name, for error messages only.
  /// - Throws: `TelescopeError` with every problem of the file.
  public init(yaml: String, file: String) throws(TelescopeError) {
    let log = ProblemLog()
    let root = try YAMLSection.document(yaml, file: file, log: log)
    let telescope = Telescope(root)
    guard log.isEmpty, let telescope else {
      throw .invalid(file: file, problems: log.problems)
    }
    self = telescope
  }

  /// nil only with a problem in the log; with problems in the log the value must not be used.
  init?(_ root: YAMLSection) {
    let id = root.requiredText("id")
    Self.checkName(id, root)
    let aperture = root.number("aperture_m", in: 0.01...50, unit: "m")
    let automation = root.requiredChoice("automation", Automation.self)
    let site = root.section("site").flatMap(Site.init)
    if !root.has("site") { root.missing("site", "write a section with the position; it is never assumed") }
    let classOf = aperture.map {
      AssumedValues.Class(
        aperture: .metres($0), robotic: automation?.isRobotic ?? false, setting: site?.setting ?? .dark)
    }
    let assumer = Assumer(root, classOf)
    let exposure = ExposureSettings(root, assumer)
    let timing = Timing(root, assumer)
    let limits = PointingLimits(root, assumer)
    let depth = Depth.read(root, assumer, typical: exposure.typical)

    self.init(
      id: id, slug: Slug.encode(id), fullName: root.requiredText("name"),
      status: root.requiredChoice("status", Status.self) ?? .unknown,
      site: site ?? Site.placeholder,
      exposure: exposure, timing: timing, limits: limits)
    self.automation = automation
    self.aperture = aperture.map(Length.metres)
    self.depth = depth
    readRest(root)
    assumptions = assumer.finish()
    provenance = Self.marks("sources", root)
    accepted = Self.marks("accepted", root)
    root.finish()
    checkPaths(root)
  }

  private mutating func readRest(_ root: YAMLSection) {
    aliases = root.texts("aliases") ?? []
    group = root.text("group")
    statusNote = root.text("status_note")
    roles = Set(root.choices("roles", Role.self) ?? [])
    field = root.section("field").flatMap(FieldOfView.init)
    pixelScale = root.number("pixel_scale_arcsec", in: 0.01...600, unit: "arcsec").map(Angle.arcseconds)
    detector = root.numbers("detector_px", count: 2, in: 1...100_000, unit: "pixels")
      .map { DetectorSize(widthPixels: Int($0[0]), heightPixels: Int($0[1])) }
    filters = root.texts("filters") ?? []
    deepest = root.text("deepest")
    usage = root.section("usage").flatMap(Usage.init)
    allocation = root.section("allocation").map(Allocation.init)
    exclusions = root.sections("exclusions").map(Exclusion.init)
    closures = root.sections("closures").compactMap(Closure.init)
    channel = root.section("channel").map(Channel.init)
    notes = root.text("notes")
    if let filter = exposure.filter, !filters.contains(filter) {
      root.problem(
        "exposure", "prefers the filter `\(filter)`, which `filters` does not list", "add it there")
    }
  }

  /// Names become paths, columns and commands.
  static func checkName(_ id: String, _ root: YAMLSection) {
    let forbidden = id.unicodeScalars.contains {
      $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        || $0.properties.generalCategory == .lineSeparator
        || $0.properties.generalCategory == .paragraphSeparator
    }
    if forbidden { root.problem("id", "holds invisible characters", "write printable characters only") }
    if id.first?.isWhitespace == true || id.last?.isWhitespace == true {
      root.problem("id", "starts or ends with a blank", "take it away")
    }
    if Slug.encode(id).utf8.count > Slug.maxLength {
      root.problem("id", "is too long for a file name", "shorten it; put the long form under `name`")
    }
  }

  private static func marks(_ key: String, _ root: YAMLSection) -> [String: String] {
    guard let section = root.section(key) else { return [:] }
    var result: [String: String] = [:]
    for path in section.allKeys { result[path] = section.text(path) }
    return result
  }

  /// A source for a key that is not there is a typing error.
  private func checkPaths(_ root: YAMLSection) {
    guard let sources = root.section("sources") else { return }
    for path in provenance.keys.sorted() {
      var section: YAMLSection? = root
      let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      for (depth, part) in parts.enumerated() {
        guard section?.has(part) == true else {
          sources.problem(
            path, "names a key that the file does not give", "correct the path or take the line away")
          break
        }
        if depth < parts.count - 1 { section = section?.section(part) }
      }
    }
  }
}

/// Gives each value that a file may leave to the class table, and keeps count of those that were.
final class Assumer {
  private let root: YAMLSection
  private let values: AssumedValues?
  private let wanted: [String]
  private var used: [Telescope.Assumption] = []

  init(_ root: YAMLSection, _ classOf: AssumedValues.Class?) {
    self.root = root
    values = classOf.map(AssumedValues.init)
    wanted = root.texts("assumed") ?? []
    if !wanted.isEmpty, classOf == nil {
      root.problem(
        "assumed", "needs `aperture_m`: the table is entered with the aperture", "give the aperture")
    }
  }

  /// - Parameters:
  ///   - key: full path.
  ///   - given: the value from the file, or nil; `present` tells whether the key stands there at all.
  ///   - text: how the assumption prints.
  func value<T>(
    _ key: String, given: T?, present: Bool, placeholder: T, _ table: (AssumedValues) -> T,
    text: (T) -> String
  ) -> T {
    let assumed = wanted.contains(key)
    if present {
      if assumed {
        root.log.add(root.line(of: "assumed"), key, "is both given and assumed", "keep one of the two")
      }
      return given ?? placeholder
    }
    guard assumed else {
      root.log.add(nil, key, "is missing", "write it, or add `\(key)` to `assumed`")
      return placeholder
    }
    guard let values else { return placeholder }
    let value = table(values)
    used.append(.init(key: key, value: text(value), basis: values.basis))
    return value
  }

  /// The assumptions in the order of the file's list.
  func finish() -> [Telescope.Assumption] {
    for key in wanted where !used.contains(where: { $0.key == key }) {
      if values == nil || Self.assumable.contains(key) { continue }
      root.problem(
        "assumed", "`\(key)` cannot be assumed", "known here: \(Self.assumable.joined(separator: ", "))")
    }
    return wanted.compactMap { key in used.first { $0.key == key } }
  }

  static let assumable = [
    "depth", "exposure.typical_s", "exposure.range_s", "timing.readout_s", "timing.slew_deg_per_s",
    "timing.settle_s", "limits.min_alt_deg", "limits.max_airmass", "limits.moon_sep_deg",
    "limits.max_sun_alt_deg",
  ]
}
