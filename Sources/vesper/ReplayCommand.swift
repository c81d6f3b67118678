import ArgumentParser
import Foundation
import Formats
import JSON
import Logging
import Service
import Units

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Handle recorded notices anew: what would have been decided and planned.",
    discussion: """
      Files and folders of notices, or with --store everything a service has received: its store is read without \
      changing it, also while the service runs. The clock follows the notices; timers run out in between. \
      Nothing is sent to anybody.
        vesper replay notices/ --policy grandma-r8
        vesper replay --store vesper-state/vesper.sqlite --policies my-policies --json
      """)

  @OptionGroup var options: ConfigurationOptions

  @Argument(help: "Notices: JSON or XML files, or folders of them.")
  var inputs: [String] = []

  @Option(help: "A service's store, or a backup of one.")
  var store: String?

  @Option(help: "Name of the policy, instead of the configuration's.")
  var policy: String?

  @Option(help: "Folder of your own policies, which win over those shipped.")
  var policies: String?

  @Option(help: "Folder of telescope files, instead of the configuration's.")
  var telescopes: String?

  @Option(help: "No notice is taken to be earlier than this, ISO 8601 UTC.")
  var from: String?

  @Option(help: "Hours to go on after the last notice, for timers.")
  var then: Double = 0

  @Option(help: "Writes the plans into this folder.")
  var out: String?

  @Flag(help: "One JSON object per step and line.")
  var json = false

  func run() async throws {
    try await reporting {
      guard then >= 0, then <= 24 * 365 else { throw Failure(.usage, "--then \(then): give 0 to 8760") }
      let arrivals = try await arrivals()
      guard !arrivals.isEmpty else { throw Failure(.noInput, "there is no notice to replay") }
      var configuration = try options.load()
      if let policy { configuration.policy = policy }
      if let policies { configuration.policies = policies }
      if let telescopes { configuration.telescopes = telescopes }
      var logger = Logger(label: "replay") { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = .critical
      let scratch = FileManager.default.temporaryDirectory.appending(
        path: "vesper-replay-\(UUID().uuidString)")
      // A leftover in the temporary folder is harmless.
      defer { try? FileManager.default.removeItem(at: scratch) }
      do {
        let replay = try Replay(configuration, in: scratch.path, version: Vesper.version, logger: logger)
        try await replay.run(arrivals, then: .hours(then)) { step in
          try await show(step, replay)
        }
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.badData, "\(error)")
      }
    }
  }

  private func arrivals() async throws -> [Replay.Arrival] {
    if let store {
      guard inputs.isEmpty else { throw Failure(.usage, "give notices or --store, not both") }
      guard FileManager.default.fileExists(atPath: store) else {
        throw Failure(
          .noInput, "\(store): no such file; a service keeps it as vesper.sqlite in its state folder")
      }
      do { return try await ReplaySources.store(store) } catch { throw Failure(.badData, "\(error)") }
    }
    guard !inputs.isEmpty else { throw Failure(.usage, "name notices, or a store with --store") }
    let start = try from.map { try parseTime($0, option: "--from") }
    return ReplaySources.files(try inputs.flatMap(Self.files), from: start)
  }

  private static func files(_ path: String) throws -> [(name: String, bytes: [UInt8])] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [(path, try PlanInput.bytes(of: path))]
    }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
      throw Failure(.noInput, "\(path): cannot be listed (\(error.localizedDescription))")
    }
    return try names.filter { name in
      !name.hasPrefix(".") && [".json", ".xml"].contains { name.lowercased().hasSuffix($0) }
    }.map { name in
      let file = URL(filePath: path).appending(path: name).path
      return (name, try PlanInput.bytes(of: file))
    }
  }

  // MARK: Showing

  private func show(_ step: Replay.Step, _ replay: Replay) async throws {
    if json { print(JSONPrinter.text(Self.value(step))) } else { print(Self.text(step)) }
    guard let out else { return }
    for (event, id) in step.plans.sorted(by: { $0.key < $1.key }) {
      let document = try await replay.plan(id)
      let folder = URL(filePath: out).appending(path: event).appending(path: id)
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(document.json().utf8).write(to: folder.appending(path: "plan.json"))
        try Data(NetworkCSV.render(document).utf8).write(to: folder.appending(path: "network.csv"))
      } catch {
        throw Failure(.cannotWrite, "\(folder.path): \(error.localizedDescription)")
      }
    }
  }

  private static func text(_ step: Replay.Step) -> String {
    let head = "\(step.at.iso8601())  \(step.cause == "time" ? "time passes" : step.source)"
    let lines = step.lines.map { line in
      let kind = line.kind.padding(toLength: 18, withPad: " ", startingAt: 0)
      return "    \(kind) \(line.event.map { "\($0): " } ?? "")\(line.text)"
    }
    return ([head] + lines).joined(separator: "\n")
  }

  private static func value(_ step: Replay.Step) -> JSONValue {
    .object([
      ("time_utc", .string(step.at.iso8601(.milliseconds))), ("cause", .string(step.cause)),
      ("source", .string(step.source)),
      (
        "plans",
        .object(
          step.plans.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) })
      ),
      (
        "lines",
        .array(
          step.lines.map {
            .object([("kind", .string($0.kind)), ("event", .text($0.event)), ("text", .string($0.text))])
          })
      ),
    ])
  }
}
