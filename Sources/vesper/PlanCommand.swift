import ArgumentParser
import CMalloc
import Ephemerides
import Formats
import Foundation
import Observatories
import Planning
import Units

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Plan the night of every telescope for one sky map or notice.",
    discussion: """
      INPUT is a HEALPix FITS file (multi-order or flat, gzip or not), a notice (igwn.gwalert JSON, GCN \
      unified JSON, VOEvent XML), or - for standard input. The plan starts at the later of now and the \
      event time unless --start says otherwise; a --start in the past plans that night as of then.
      """)

  @Argument(help: "A sky map or a notice; - reads standard input.")
  var input: String

  @OptionGroup var registry: RegistryOptions

  @Option(help: "Start of the plan, ISO 8601 UTC.")
  var start: String?

  @Option(help: "Length of the plan in hours, up to 240.")
  var hours: Double = 24

  @Option(help: "Name of the event; default: from the notice or the file name.")
  var event: String?

  @Option(help: "Seconds of one exposure for all telescopes; default: each telescope's own.")
  var exposure: Double?

  @Option(help: "Pointings: \(PlanRequest.Tiling.allCases.map(\.rawValue).joined(separator: ", ")).")
  var tiling: PlanRequest.Tiling = .automatic

  @OptionGroup var changes: PlanChanges

  @OptionGroup(title: "What to look for") var aims: PlanAims

  @OptionGroup(title: "What to look for") var filters: PlanFilters

  @OptionGroup(title: "Terms") var terms: PlanTerms

  @Option(help: "Folder for the results. An older plan there is replaced; anything else is not.")
  var out: String?

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @Flag(help: "Print no progress.")
  var quiet = false

  @Option(help: .hidden)
  var now: String?

  func run() throws {
    keepFreedMemory()
    try reporting {
      let progress = Progress(quiet: quiet || json)
      let (request, source, describe) = try makeRequest(progress)
      progress("planning \(request.telescopes.count) telescopes")
      let previous = try changes.previousPlan(for: request)
      let plan: Plan
      do {
        plan = describe(
          try Planner.replan(request, before: previous?.standing(after: request.now) ?? StandingPlan()))
      } catch {
        throw Failure(.usage, "\(error)")
      }
      if let out {
        progress("writing \(out)")
        try PlanFolder.write(plan, input: source, to: out)
      }
      progress.done()
      let document = NetworkPlanDocument(plan)
      print(json ? PlanSummaryDocument(document).json() : PlanSummary.render(document), terminator: "")
      if let previous, !json {
        let change = PlanComparison(previous, document, after: request.now)
        print("\n" + change.text(previous, document), terminator: "")
      }
      if let out, !json {
        print("\nWritten to \(out)/: plan.json, network.csv, skymap.svg, night.svg, <telescope>/plan.txt")
      }
    }
  }

  private func makeRequest(_ progress: Progress) throws -> (PlanRequest, PlanInput, (Plan) -> Plan) {
    guard hours.isFinite, hours > 0, hours <= 240 else {
      throw Failure(.usage, "--hours \(hours): give a length above 0 and up to 240 hours")
    }
    if let exposure, !(exposure.isFinite && exposure > 0 && exposure <= 36_000) {
      throw Failure(.usage, "--exposure \(exposure): give seconds above 0 and up to 36000")
    }
    let from = try start.map { try parseTime($0, option: "--start") }
    // A past night is planned as of its start, so that it can be judged like any other.
    let now = try self.now.map { try parseTime($0, option: "--now") } ?? min(.now, from ?? .now)
    progress("reading the telescopes")
    let selection = try registry.load()
    progress("reading \(input)")
    let source = try PlanInput(reading: input, event: event)
    let begin = from ?? max(now, source.event.time ?? now)
    var request = PlanRequest(
      event: source.event, map: source.map, mapDigest: source.digest, telescopes: selection.telescopes,
      telescopeDigests: Dictionary(uniqueKeysWithValues: selection.telescopes.map { ($0.id, $0.digest) }),
      named: selection.named, now: now, window: TimeWindow(begin, begin + .hours(hours)), earth: .bundled,
      tiling: tiling,
      exposure: exposure.map { .seconds($0) }, softwareVersion: Vesper.version)
    try changes.apply(to: &request)
    try aims.apply(to: &request)
    try filters.apply(to: &request)
    let describe = try terms.apply(to: &request)
    return (request, source, describe)
  }
}

extension PlanRequest.Tiling: ExpressibleByArgument {}

func parseTime(_ text: String, option: String) throws -> Instant {
  guard let instant = Instant(iso8601: text) else {
    throw Failure(.usage, "\(option) \(text): not a time; write it like 2023-05-18T14:00:00Z")
  }
  return instant
}

extension Instant {
  /// The clock of this machine.
  static var now: Instant {
    let t = Date().timeIntervalSince1970
    return Instant(mjdUTC: 40_587 + t / 86_400) ?? Instant(tai: 0)
  }
}
