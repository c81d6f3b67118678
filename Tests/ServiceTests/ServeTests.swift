import Foundation
import TestSupport
import Testing
import WebClient

#if canImport(FoundationNetworking)
  // Addresses of the network can be read only where it is linked.
  import FoundationNetworking
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The real program as a process: notices over the Kafka protocol, answers over HTTP, and no mercy.
@Suite(.enabled(if: builtExecutable("vesper") != nil && MockBroker.executable != nil, "not built"))
struct ServeTests {
  @Test func fromTheBrokerToPlansAndBack() async throws {
    try await withBroker(topics: ["igwn.gwalert": 1]) { broker in
      let served = try ServedFolder(broker: broker.bootstrap)
      defer { served.remove() }
      let notice = [UInt8](try Data(contentsOf: fixture("notices/MS260915a-initial.json")))

      var process = try await served.start(asOf: "2026-09-15T17:50:00Z")
      try await broker.produce("igwn.gwalert", notice)
      let planned = try await served.wait { $0.event("MS260915a")?["plan"] is [String: Any] }
      #expect(planned.event("MS260915a")?["decision"] as? String == "GO")
      #expect(planned.event("MS260915a")?["is_mock"] as? Bool == true)
      // Dies without a word, and comes back knowing everything.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()

      process = try await served.start(asOf: "2026-09-15T18:40:00Z")
      let again = try await served.wait { $0.event("MS260915a")?["plan"] is [String: Any] }
      #expect(again.notices.count == 1)
      let text =
        #"{"alert_type": "RETRACTION", "superevent_id": "MS260915a", "event": null, "#
        + #""time_created": "2026-09-15T18:30:00Z", "urls": {}, "external_coinc": null}"#
      try await broker.produce("igwn.gwalert", "{\"broken\": ")
      try await broker.produce("igwn.gwalert", text)
      let stopped = try await served.wait { $0.event("MS260915a")?["decision"] as? String == "STOP" }
      #expect(stopped.event("MS260915a")?["status"] as? String == "retracted")
      #expect(stopped.event("MS260915a")?["plan"] is NSNull)
      #expect(
        stopped.notices.compactMap { $0["state"] as? String }.sorted() == [
          "handled", "handled", "quarantined",
        ])
      #expect(stopped.notices.filter { $0["event"] as? String == "MS260915a" }.count == 2)
      // Whoever follows the old link finds the word.
      let current = served.folder.appending(path: "state/plans/Candidates/GW/MS260915a/GWEMOPT/current")
      _ = try await served.wait { _ in
        FileManager.default.fileExists(atPath: current.appending(path: "STOP.txt").path)
      }
      process.terminate()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(try served.log().contains("TRACE") == false)
    }
  }
}

/// A state folder, its configuration, and the service that runs on it.
final class ServedFolder {
  let folder: URL
  private(set) var port = 0
  private var running: Process?

  init(broker: String) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-serve-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let text = """
      state: \(folder.path)/state
      telescopes: \(packageRoot.path)/Tests/Benchmarks/network
      http: {port: 0}
      kafka: {brokers: ["\(broker)"], topics: [igwn.gwalert], security: plaintext, heartbeat: ~}
      """
    try text.write(to: folder.appending(path: "vesper.yaml"), atomically: true, encoding: .utf8)
  }

  func remove() {
    if let running, running.isRunning { kill(running.processIdentifier, SIGKILL) }
    // A leftover in the temporary folder is harmless.
    try? FileManager.default.removeItem(at: folder)
  }

  func log() throws -> String { try String(contentsOf: folder.appending(path: "log"), encoding: .utf8) }

  func start(asOf: String) async throws -> Process {
    let portFile = folder.appending(path: "port")
    // None yet at the first start.
    try? FileManager.default.removeItem(at: portFile)
    let logFile = folder.appending(path: "log")
    if !FileManager.default.fileExists(atPath: logFile.path) {
      _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
    }
    let output = try FileHandle(forWritingTo: logFile)
    try output.seekToEnd()
    let process = Process()
    process.executableURL = builtExecutable("vesper")
    process.arguments = [
      "serve", "--config", folder.appending(path: "vesper.yaml").path, "--as-of", asOf, "--port-file",
      portFile.path,
    ]
    process.standardError = output
    process.standardOutput = output
    try process.run()
    running = process
    for _ in 0..<600 {
      if let text = try? String(contentsOf: portFile, encoding: .utf8), let found = Int(text.dropLast()) {
        port = found
        return process
      }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw ServeFailure(description: "it does not listen: \(try log())")
  }

  struct View {
    var events: [[String: Any]]
    var notices: [[String: Any]]
    func event(_ id: String) -> [String: Any]? { events.first { $0["id"] as? String == id } }
  }

  /// Looks until the condition holds; gives up after a minute, which only a fault takes.
  func wait(_ condition: (View) -> Bool) async throws -> View {
    var view = View(events: [], notices: [])
    for _ in 0..<600 {
      view = View(events: try await list("events"), notices: try await list("notices"))
      if condition(view) { return view }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw ServeFailure(description: "it never came so: \(view)\n\(try log())")
  }

  private func list(_ name: String) async throws -> [[String: Any]] {
    let client = try WebClient()
    let response = try await client.send(
      WebRequest(.get, try WebURL("http://127.0.0.1:\(port)/api/\(name)")))
    await client.shutdown()
    let object = try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
    return object?[name] as? [[String: Any]] ?? []
  }
}

struct ServeFailure: Error, CustomStringConvertible { let description: String }
