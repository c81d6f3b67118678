import Observatories
import Photometry
import Units

/// Several filters in one visit to a field, such as g and r: what turns a new source into a colour.
public struct FilterRecipe: Sendable, Hashable {
  /// One filter of a visit.
  public struct Step: Sendable, Hashable {
    /// As the site names it, or a band (`r`) that one of its filters is of (`SDSSr`).
    public var filter: String
    /// nil: as many as the request or the telescope's rule says.
    public var count: Int?
    /// One exposure; nil: as long as it would be in one filter.
    public var exposure: Duration?

    public init(_ filter: String, count: Int? = nil, exposure: Duration? = nil) {
      self.filter = filter
      self.count = count
      self.exposure = exposure
    }
  }

  /// What some telescopes observe.
  public struct Choice: Sendable, Hashable {
    /// Those with this role; nil: all others.
    public var role: Telescope.Role?
    public var steps: [Step]

    public init(_ steps: [Step], role: Telescope.Role? = nil) {
      self.steps = steps
      self.role = role
    }
  }

  public var choices: [Choice]
  /// Exposures, and how long each is, of telescopes and filters for which nothing else is said.
  public var count: Int?
  public var exposure: Duration?

  public init(_ choices: [Choice], count: Int? = nil, exposure: Duration? = nil) {
    self.choices = choices
    self.count = count
    self.exposure = exposure
  }

  /// Of `g+r`: these filters, one after the other.
  public init(sum: String, count: Int? = nil, exposure: Duration? = nil) {
    let names = sum.split(separator: "+").map { $0.split(separator: " ").joined(separator: " ") }
    self.init([.init(names.map { .init($0) })], count: count, exposure: exposure)
  }

  var digestText: String {
    choices.map { choice in
      (choice.role?.rawValue ?? "*") + ":"
        + choice.steps.map { "\($0.filter)=\($0.count ?? -1)x\($0.exposure?.seconds ?? -1)" }
        .joined(separator: ",")
    }.joined(separator: ";") + "/\(count ?? -1)x\(exposure?.seconds ?? -1)"
  }

  /// The filters of a telescope that are asked for, each once, in the order of the recipe, and what it has not.
  func steps(for telescope: Telescope) -> (steps: [Step], missing: [String]) {
    // By role first: that says more than "all".
    let choice =
      choices.first { $0.role.map(telescope.roles.contains) ?? false } ?? choices.first { $0.role == nil }
    var (steps, missing): ([Step], [String]) = ([], [])
    for step in choice?.steps ?? [] {
      guard let name = Self.filter(step.filter, of: telescope) else {
        missing.append(step.filter)
        continue
      }
      if steps.contains(where: { $0.filter == name }) { continue }
      steps.append(Step(name, count: step.count, exposure: step.exposure))
    }
    return (steps, missing)
  }

  /// By its name, however written, or by the band it is of. Unfiltered light is no band.
  private static func filter(_ wanted: String, of telescope: Telescope) -> String? {
    let names = telescope.filters
    if let same = names.first(where: { $0 == wanted }) { return same }
    guard let band = Band(filter: wanted), !Band.isUnfiltered(wanted) else {
      return names.first { $0.lowercased() == wanted.lowercased() }
    }
    return names.first { Band(filter: $0) == band && !Band.isUnfiltered($0) }
  }
}

/// What one visit of a telescope is made of: exposures in one filter after another.
struct VisitSequence: Sendable, Hashable {
  struct Step: Sendable, Hashable {
    var filter: String?
    /// One exposure.
    var exposure: Duration
    var count: Int
    /// Open shutter.
    var total: Duration { .seconds(Double(count) * exposure.seconds) }
  }

  let steps: [Step]
  private let readout: Double
  private let change: Double

  init(_ steps: [Step], _ telescope: Telescope) {
    self.steps = steps
    readout = telescope.timing.readout.seconds
    change = telescope.filterChange.seconds
  }

  /// The same with every exposure that the recipe leaves open this long.
  init(
    _ telescope: Telescope, recipe: [FilterRecipe.Step], exposure: (Duration?) -> Duration, count: Int
  ) {
    let steps =
      recipe.isEmpty
      ? [Step(filter: telescope.exposure.filter, exposure: exposure(nil), count: count)]
      : recipe.map {
        Step(filter: $0.filter, exposure: exposure($0.exposure), count: max(1, $0.count ?? count))
      }
    self.init(steps, telescope)
  }

  var hasSeveralFilters: Bool { steps.count > 1 }
  var filters: Set<String?> { Set(steps.map(\.filter)) }
  var exposureCount: Int { steps.reduce(0) { $0 + $1.count } }

  /// From the first opening of the shutter to the last closing, readouts and filter changes included; the same in
  /// either order of the filters.
  var duration: Duration { .seconds(spans(isReversed: false).last?.end ?? 0) }

  /// One filter of a visit in time, seconds from the start of the visit.
  struct Span: Sendable, Hashable {
    var step: Step
    var start: Double
    var end: Double
  }

  /// The steps one after the other: each exposure is read out before the next, and between two filters the change
  /// comes on top.
  func spans(isReversed: Bool) -> [Span] {
    var t = 0.0
    return (isReversed ? steps.reversed() : steps).enumerated().map { i, step in
      if i > 0 { t += readout + change }
      let start = t
      t += Double(step.count) * step.exposure.seconds + Double(step.count - 1) * readout
      return Span(step: step, start: start, end: t)
    }
  }

  /// Whether a visit should go through its filters backwards: to begin with the filter that is in place.
  func isReversed(after filter: String??) -> Bool {
    guard steps.count > 1, let filter, steps.first?.filter != filter else { return false }
    return steps.last?.filter == filter
  }

  /// The longest total in one filter: what decides how deep a visit goes.
  var longest: Duration { steps.map(\.total).max() ?? .zero }
}

/// Keys of the rows of visits in several filters: `tarot-tca:g1:13042@r`.
enum FilterKey {
  static func key(_ tile: String, _ filter: String?) -> String { tile + "@" + (filter ?? "-") }
  static func isPart(_ key: String) -> Bool { key.contains("@") }
  /// The visit that a row belongs to.
  static func visit(_ key: String) -> Substring { key.prefix { $0 != "@" } }
}

extension PlannedSite {
  /// What a plan should say about filters; nil: nothing was asked.
  var filterWords: String? {
    let names = sequence.steps.map {
      "\($0.count) x \(Int($0.exposure.seconds.rounded())) s in \($0.filter ?? "its filter")"
    }
    var words: [String] = []
    if sequence.hasSeveralFilters {
      words.append(
        "a visit is \(names.joined(separator: ", then ")), every other one in reverse, with "
          + "\(Int(telescope.filterChange.seconds.rounded())) s for each change of filter")
    }
    if !missingFilters.isEmpty {
      words.append(
        "it has no filter \(missingFilters.joined(separator: ", "))"
          + (sequence.hasSeveralFilters
            ? "" : ": it observes in \(sequence.steps.first?.filter ?? "its own")"))
    }
    return words.isEmpty ? nil : words.joined(separator: "; ")
  }
}
