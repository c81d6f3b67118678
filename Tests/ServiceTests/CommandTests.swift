import Foundation
import TestSupport
import Testing

/// What a newcomer types, with the real program.
@Suite(.enabled(if: builtExecutable("vesper") != nil, "not built")) struct CommandTests {
  struct Run {
    let status: Int32
    let output: String
    let errors: String
    var lines: [String] { output.split(separator: "\n").map { String($0) } }
  }

  static let network = packageRoot.appending(path: "Tests/Benchmarks/network").path

  /// Runs the program to its end.
  static func vesper(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: a full pipe would stop the program.
    let files = ["out", "err"].map { folder.appending(path: $0) }
    for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let process = Process()
    process.executableURL = builtExecutable("vesper")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    while process.isRunning { try await Task.sleep(for: .milliseconds(50)) }
    return Run(
      status: process.terminationStatus, output: try String(contentsOf: files[0], encoding: .utf8),
      errors: try String(contentsOf: files[1], encoding: .utf8))
  }

  /// In an empty folder, with no configuration: what comes with the program is enough.
  @Test func nothingNeedsToBeConfigured() async throws {
    let run = try await Self.vesper(
      ["config", "check"], environment: ["VESPER_CONFIG": packageRoot.appending(path: "none.yaml").path])
    #expect(run.status == 65, "\(run.output)")
    let usual = try await Self.vesper(["config", "check"])
    #expect(usual.status == 0, "\(usual.errors)")
    #expect(usual.lines.contains { $0.hasPrefix("telescopes  ") && $0 != "telescopes  0" }, "\(usual.output)")
  }

  @Test func aDrillGoesFromEndToEnd() async throws {
    let run = try await Self.vesper(["drill", "--telescopes", Self.network, "--patience", "300"])
    #expect(run.status == 0, "\(run.output)\n\(run.errors)")
    #expect(run.output.contains("drill passed"))
    #expect(run.lines.filter { $0.contains("[ok]") }.count == 11)
    for word in ["decision WATCH", "decision GO", "decision STOP", "plan ", " owed"] {
      #expect(run.output.contains(word), "\(word): \(run.output)")
    }
  }

  /// Without telescopes nothing can be planned: the drill must say so and fail.
  @Test func aDrillThatFindsNothingFails() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-none-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.network)
    let one = try #require(files.sorted().first { $0.hasSuffix(".yaml") })
    var text = try String(contentsOfFile: "\(Self.network)/\(one)", encoding: .utf8)
    text = text.replacing(/min_alt_deg: *[0-9.]+/, with: "min_alt_deg: 89")
    text = text.replacing(/max_airmass: *[0-9.]+/, with: "max_airmass: 1.0001")
    try text.write(to: folder.appending(path: one), atomically: true, encoding: .utf8)
    let run = try await Self.vesper(["drill", "--telescopes", folder.path, "--patience", "20"])
    #expect(run.status != 0, "\(run.output)")
  }

  @Test func recordedNoticesAreReplayed() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-replay-\(UUID().uuidString)")
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let at = "2026-10-09T19:30:00Z"
    let written = try await Self.vesper(["drill", "--at", at, "--write", folder.path])
    #expect(written.status == 0 && written.lines.count == 5, "\(written.errors)")
    let name = try await Self.vesper(["drill", "--at", at, "--name"]).lines.first ?? ""
    #expect(name.hasPrefix("MS261009"))
    let plans = folder.appending(path: "plans")
    let run = try await Self.vesper([
      "replay", folder.path, "--telescopes", Self.network, "--json", "--then", "80", "--out", plans.path,
    ])
    #expect(run.status == 0, "\(run.errors)")
    let steps = try run.lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let notices = steps.filter { $0["cause"] as? String == "notice" }
    #expect(notices.count == 5)
    // Each at the time at which its sender made it.
    #expect(notices.first?["time_utc"] as? String == "2026-10-09T19:29:40.000Z")
    let decisions = steps.flatMap { $0["lines"] as? [[String: Any]] ?? [] }
      .filter { $0["kind"] as? String == "decision.made" }.compactMap { $0["text"] as? String }
    #expect(decisions.first?.hasPrefix("WATCH") == true)
    #expect(decisions.last?.hasPrefix("STOP") == true)
    let made = try FileManager.default.contentsOfDirectory(atPath: plans.appending(path: name).path)
    // The same map again is no reason to plan anew.
    #expect(made.count == 1)
    let kinds = steps.flatMap { $0["lines"] as? [[String: Any]] ?? [] }.compactMap { $0["kind"] as? String }
    #expect(kinds.filter { $0 == "plan.unchanged" }.count == 2)
    // Another policy, another outcome; the same again is the same, byte for byte.
    let again = try await Self.vesper([
      "replay", folder.path, "--telescopes", Self.network, "--json", "--then", "80",
    ])
    #expect(again.output == run.output)
    let other = try await Self.vesper([
      "replay", folder.path, "--telescopes", Self.network, "--policy", "grandma-neutrino",
    ])
    #expect(other.status == 0 && !other.output.contains("plan.made"))
  }

  static let faults: [([String], Int32)] = [
    (["replay"], 64), (["replay", "/no/such/file"], 66), (["replay", "--store", "/no/such"], 66),
    (["replay", "x", "--store", "y"], 64), (["restore", "--check", "/no/such"], 65),
    (["backup", "/tmp"], 73), (["drill", "--at", "yesterday"], 64), (["drill", "--patience", "0"], 64),
    (["override", "S1", "STOP", "--role", "r", "--reason", "x", "--token", "env:VESPER_NO_SUCH"], 64),
  ]

  @Test(arguments: faults)
  func faultsHaveTheirExitStatus(_ arguments: [String], _ status: Int32) async throws {
    let run = try await Self.vesper(arguments)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.hasPrefix("vesper: ") || run.errors.hasPrefix("Error: "), "\(run.errors)")
  }
}

/// Commands that talk to a running service.
@Suite(.enabled(if: builtExecutable("vesper") != nil && MockBroker.executable != nil, "not built"))
struct RunningServiceTests {
  @Test func decisionsBackupsAndReplays() async throws {
    try await withBroker(topics: ["igwn.gwalert": 1]) { broker in
      let served = try ServedFolder(broker: broker.bootstrap)
      defer { served.remove() }
      let config = served.folder.appending(path: "vesper.yaml").path
      let notice = [UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json")))
      _ = try await served.start(asOf: "2026-09-15T17:50:00Z")
      try await broker.produce("igwn.gwalert", notice)
      _ = try await served.wait { $0.event("MS260915a")?["plan"] is [String: Any] }

      let secret =
        try await CommandTests.vesper([
          "token", "issue", "--config", config, "--label", "test", "--scopes", "lead",
        ]).lines.first ?? ""
      let address = "http://127.0.0.1:\(served.port)"
      func answer(_ word: String, role: String = "shift leader") async throws -> CommandTests.Run {
        try await CommandTests.vesper(
          [
            "override", "MS260915a", word, "--role", role, "--reason", "a test", "--address", address,
          ], environment: ["VESPER_TOKEN": secret])
      }
      #expect(try await answer("STOP", role: "nobody").status == 65)
      #expect(try await answer("MAYBE").status == 64)
      let run = try await answer("STOP")
      #expect(run.status == 0 && run.output.contains("decided STOP"), "\(run.errors)")
      let stopped = try await served.wait { $0.event("MS260915a")?["decision"] as? String == "STOP" }
      #expect(stopped.event("MS260915a")?["plan"] is NSNull)

      // The store is read and copied while the service works on it.
      let copy = served.folder.appending(path: "copy.sqlite").path
      let backup = try await CommandTests.vesper(["backup", copy, "--config", config])
      #expect(backup.status == 0 && backup.output.contains("1 notices"), "\(backup.errors)")
      #expect(try await CommandTests.vesper(["restore", copy, "--check"]).status == 0)
      let live = served.folder.appending(path: "state/vesper.sqlite").path
      for store in [live, copy] {
        let replay = try await CommandTests.vesper([
          "replay", "--store", store, "--telescopes", CommandTests.network,
        ])
        #expect(replay.status == 0 && replay.output.contains("GO by grandma"), "\(replay.errors)")
      }
      #expect(try served.log().contains(secret) == false)
    }
  }
}
