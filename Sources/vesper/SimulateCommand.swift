import ArgumentParser
import CMalloc
import Dispatch
import Ephemerides
import Formats
import Foundation
import Observatories
import Planning
import Simulation
import Synchronization
import Units

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Plan many nights and show what the network would reach, and the cost.",
    discussion: """
      Events are drawn (neutron-star mergers as H1, L1 and V1 would report them) or read from a folder of \
      sky maps. Results stay in the folder --out: runs.jsonl grows line by line, so that a run that was \
      stopped goes on where it ended. For many machines give each --shard K/N and its own --out, then merge.
      """,
    subcommands: [Run.self, Merge.self], defaultSubcommand: Run.self)

  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Simulate (default).")

    @OptionGroup var registry: RegistryOptions

    @Option(help: "How many events to draw.")
    var events: Int = 100

    @Option(help: "Seed of the events: the same seed gives the same events.")
    var seed: UInt64 = 1

    @Option(help: "A folder of sky maps or notices to use instead of drawn events.")
    var maps: String?

    @Option(help: "Nights for each event, spread over a year.")
    var starts: Int = 1

    @Option(help: "Minutes from the event to the start of the plan.")
    var delay: Double = 5

    @Option(help: "Length of a plan in hours, up to 240.")
    var hours: Double = 24

    @Option(help: "First day of the drawn year, and the time of maps that name none; ISO 8601 UTC.")
    var epoch: String = "2026-01-01T00:00:00Z"

    @OptionGroup var detection: DetectionAims

    @Option(help: "Only part K of N of the nights, such as 2/8.")
    var shard: String?

    @Option(help: "Folder for the results; one with the same settings is continued.")
    var out: String

    @Flag(help: "Print no progress.")
    var quiet = false

    func run() throws {
      keepFreedMemory()
      try reporting {
        let selection = try registry.load()
        let nights = try SimulatedNights(self)
        let part = try shard.map { try Shard($0) }
        let folder = try SimulationFolder(out, settings: try settings(selection, nights))
        let done = Set(folder.records.map(\.key))
        let open = nights.keys.enumerated().filter { part?.contains($0.offset) ?? true }
          .map(\.element).filter { !done.contains($0.name) }
        if !done.isEmpty, !quiet { printError("vesper: \(done.count) nights are done, \(open.count) to go") }
        try simulate(open, nights, selection, folder)
        try folder.report()
        print(SimulationText.render(SimulationSummary(folder.records)), terminator: "")
        print("\nWritten to \(out)/: \(SimulationFolder.reports.joined(separator: ", "))")
      }
    }

    private func settings(_ selection: RegistryOptions.Selection, _ nights: SimulatedNights) throws -> String
    {
      let telescopes = selection.telescopes.map { "\($0.id)=\($0.digest)" }.sorted().joined(separator: ",")
      var text = "\(nights.identity) \(delay) \(hours) \(telescopes) \(Vesper.version)"
      if case .detection(let objective) = try detection.chosen() { text += " " + objective.digestText }
      return SHA256.hexDigest(of: Array(text.utf8))
    }

    /// All cores, one night each. A night that cannot be planned is recorded with the reason.
    private func simulate(
      _ open: [SimulatedNights.Key], _ nights: SimulatedNights, _ selection: RegistryOptions.Selection,
      _ folder: SimulationFolder
    ) throws {
      let progress = Progress(quiet: quiet)
      let failure = Mutex<Failure?>(nil)
      let finished = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: open.count) { i in
        guard failure.withLock({ $0 == nil }) else { return }
        let record = record(open[i], nights, selection)
        do throws(Failure) { try folder.append(record) } catch { failure.withLock { $0 = $0 ?? error } }
        finished.withLock {
          $0 += 1
          progress("night \($0) of \(open.count)")
        }
      }
      progress.done()
      if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private func record(
      _ key: SimulatedNights.Key, _ nights: SimulatedNights, _ selection: RegistryOptions.Selection
    ) -> SimulationRecord {
      do {
        let night = try nights.night(key)
        let start = night.start + .seconds(delay * 60)
        var request = PlanRequest(
          event: Plan.Event(id: night.event, time: night.start), map: night.map, mapDigest: "",
          telescopes: selection.telescopes, named: selection.named, now: start,
          window: TimeWindow(start, start + .hours(hours)), earth: .bundled, softwareVersion: Vesper.version)
        try detection.apply(to: &request)
        return SimulationRecord(key: key.name, plan: NetworkPlanDocument(try Planner.plan(request)))
      } catch {
        return SimulationRecord(key: key.name, event: key.event, failure: "\(error)")
      }
    }

    func validate() throws {
      guard (1...1_000_000).contains(events) else { throw ValidationError("--events: 1 to 1000000") }
      guard (1...1000).contains(starts) else { throw ValidationError("--starts: 1 to 1000") }
      guard delay.isFinite, (0...100_000).contains(delay) else {
        throw ValidationError("--delay: 0 to 100000 minutes")
      }
      guard hours.isFinite, hours > 0, hours <= 240 else {
        throw ValidationError("--hours: above 0, up to 240")
      }
    }
  }

  struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "merge", abstract: "Put the results of several shards into one folder.")

    @Argument(help: "Folders of shards.")
    var folders: [String]

    @Option(help: "Folder for the whole.")
    var out: String

    func run() throws {
      try reporting {
        let parts = try folders.map { try SimulationFolder(existing: $0) }
        guard let first = parts.first else { throw Failure(.usage, "name the folders of the shards") }
        for (part, path) in zip(parts, folders) where part.settings != first.settings {
          throw Failure(
            .badData,
            "\(path): was made with other settings, telescopes or another version than \(folders[0])")
        }
        let whole = try SimulationFolder(out, settings: first.settings)
        var known = Set(whole.records.map(\.key))
        for record in parts.flatMap(\.records) where known.insert(record.key).inserted {
          try whole.append(record)
        }
        try whole.report()
        print(SimulationText.render(SimulationSummary(whole.records)), terminator: "")
        print("\nWritten to \(out)/: \(SimulationFolder.reports.joined(separator: ", "))")
      }
    }
  }
}

/// Part K of N.
private struct Shard {
  let number: Int
  let count: Int

  init(_ text: String) throws(Failure) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1, count <= 100_000,
      (1...count).contains(number)
    else { throw Failure(.usage, "--shard \(text): write it like 2/8, the second of eight parts") }
    self.number = number
    self.count = count
  }

  func contains(_ index: Int) -> Bool { index % count == number - 1 }
}
