import Observatories
import Units

/// # Light-curve files
///
/// One YAML file per model. Keys that are not listed here are refused.
///
/// - `id`, `title`, `citation` (paper, and table or equation)
/// - `form`: `table`, `power_law`, `linear` or `flat`
/// - `covers_days: [from, to]` after the event; a table covers its rows and does not have it
/// - `scatter_mag`: standard deviation of the luminosity among sources of the kind; 0 when left out
/// - `absolute_mag`: `linear` and `flat`: at the event, in every band; `power_law`: in r at one day, or left
///   out where it differs too much
/// - `linear`: `fade_mag_per_day`; `power_law`: `decay_index` (flux as t^-index), `spectral_index` (flux as
///   nu^-index)
/// - `table`: `bands: {r: [[days, mag], ...], ...}`, AB; either absolute, or as published with
///   `measured: {distance_mpc, ebv}`, which is then taken off
extension LightCurve {
  private enum FormName: String, CaseIterable {
    case table, linear, flat
    case powerLaw = "power_law"
  }

  /// - Parameter file: for messages.
  /// - Throws: `PhotometryError.file` with every problem.
  public init(yaml: String, file: String) throws(PhotometryError) {
    do {
      let log = ProblemLog()
      let root = try YAMLSection.document(yaml, file: file, log: log)
      let curve = LightCurve(root)
      root.finish()
      guard log.isEmpty, let curve else { throw TelescopeError.invalid(file: file, problems: log.problems) }
      self = curve
    } catch {
      throw .file("\(error)")
    }
  }

  private init?(_ root: YAMLSection) {
    let (id, title) = (root.requiredText("id"), root.requiredText("title"))
    let citation = root.requiredText("citation")
    let scatter = root.number("scatter_mag", in: 0...5, unit: "mag") ?? 0
    let name = root.requiredChoice("form", FormName.self)
    var form: Form?
    var covered: ClosedRange<Double>?
    switch name {
    case .table:
      let bands = Self.bands(root)
      // Where the first band starts and the last one ends; each band is checked by itself.
      if let first = bands.values.map(\.covered.lowerBound).min(),
        let last = bands.values.map(\.covered.upperBound).max()
      {
        (form, covered) = (.table(bands), first...last)
      }
    case .linear, .flat:
      let magnitude = root.requiredNumber("absolute_mag", in: -40...10, unit: "mag")
      let rate =
        name == .flat ? 0 : root.requiredNumber("fade_mag_per_day", in: -20...20, unit: "mag per day")
      form = .linear(absolute: Magnitude(magnitude), magnitudesPerDay: rate)
      covered = Self.ages(root, from: 0)
    case .powerLaw:
      form = .powerLaw(
        absolute: root.number("absolute_mag", in: -40...10, unit: "mag").map(Magnitude.init),
        decay: root.requiredNumber("decay_index", in: -5...10, unit: "1"),
        slope: root.number("spectral_index", in: -5...5, unit: "1") ?? 0)
      // A power law has no value at the event itself.
      covered = Self.ages(root, from: 1e-6)
    case nil: return nil
    }
    guard let form, let covered else { return nil }
    self.init(
      id: id, title: title, citation: citation, form: form, scatter: scatter,
      covered: .seconds(covered.lowerBound * 86_400)...(.seconds(covered.upperBound * 86_400)))
  }

  private static func ages(_ root: YAMLSection, from least: Double) -> ClosedRange<Double>? {
    if !root.has("covers_days") { root.missing("covers_days", "write [from, to] in days after the event") }
    guard let days = root.numbers("covers_days", count: 2, in: least...10_000, unit: "days") else {
      return nil
    }
    guard days[0] < days[1] else {
      root.problem("covers_days", "ends before it starts", "write [from, to]")
      return nil
    }
    return days[0]...days[1]
  }

  private static func bands(_ root: YAMLSection) -> [Band: Samples] {
    let measured = root.section("measured")
    let distance = measured?.requiredNumber("distance_mpc", in: 1e-6...100_000, unit: "Mpc")
    let reddening = measured?.number("ebv", in: 0...10, unit: "mag") ?? 0
    measured?.finish()
    if !root.has("bands") { root.missing("bands", "write {r: [[days, mag], ...], ...}") }
    guard let section = root.section("bands") else { return [:] }
    var result: [Band: Samples] = [:]
    for key in section.allKeys {
      guard let band = Band(rawValue: key) else {
        let known = Band.allCases.map(\.rawValue).joined(separator: ", ")
        section.problem(key, "is no band", "write one of \(known)")
        continue
      }
      guard let rows = section.tuples(key, count: 2, in: -1000...10_000, unit: "days and magnitudes") else {
        continue
      }
      let days = rows.map { $0[0] }
      guard !rows.isEmpty, zip(days, days.dropFirst()).allSatisfy({ $0 < $1 }), days[0] >= 0 else {
        section.problem(key, "is empty, goes back in time or starts before the event", "sort it by days")
        continue
      }
      guard rows.allSatisfy({ abs($0[1]) <= 40 }) else {
        section.problem(key, "has a magnitude beyond 40", "write [days, mag]")
        continue
      }
      let shift =
        (distance.map { Distance.megaparsecs($0).modulus } ?? 0)
        + reddening * band.extinctionPerReddening
      result[band] = Samples(days: days, magnitudes: rows.map { $0[1] - shift })
    }
    if section.allKeys.isEmpty { section.problem("", "lists no band", "write {r: [[days, mag], ...], ...}") }
    return result
  }
}
