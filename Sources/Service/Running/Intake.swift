import Campaigns
import Foundation
import Notices
import SkymapFiles
import Skymaps
import Store
import Units
import WebClient

/// Hands notices in without a running service.
public struct Intake {
  private let store: Store
  private let clock: ServiceClock

  public init(_ configuration: ServiceConfiguration, clock: ServiceClock = .system) throws {
    store = try configuration.openStore()
    self.clock = clock
  }

  /// - Parameter file: its name becomes the source.
  /// - Returns: what became of it, for people.
  public func take(_ bytes: [UInt8], from file: String) async throws -> String {
    let name = URL(filePath: file).lastPathComponent
    let result = try await store.record(
      RawNotice(
        bytes: bytes, topic: "ingest:\(name)", receivedAt: clock.now(),
        urgency: Urgency.glance(bytes, topic: "ingest", age: nil)))
    switch result {
    case .new(let id): return "kept as notice \(id.number)"
    case .repeated(let id, let status): return "known already as notice \(id.number), \(status.rawValue)"
    }
  }
}

/// A decision on one notice by itself.
public enum OneDecision {
  /// - Returns: the decision, and what is odd in the notice, in words.
  /// - Parameter now: nil takes when the notice was made, or `fallback` if it does not say.
  public static func decide(
    _ bytes: [UInt8], policy name: String, policies: String?, at now: Instant?, otherwise fallback: Instant
  ) throws -> (Decision, findings: [String]) {
    let own = try policies.map { try PolicyFolder.files(in: URL(filePath: $0)) } ?? []
    let policy = try PolicyLibrary(own, try PolicyFolder.shipped()).policy(named: name)
    let notice = try NoticeParser.parse(bytes: bytes)
    var book = EventBook()
    guard let event = book.insert(notice.withMapsHeld().notice) else {
      throw ConfigurationError("the notice is about no event")
    }
    // A map that cannot be read leaves facts unknown, which the card shows.
    let map = try? SkymapFile.read(notice)
    let facts = EventFacts(
      of: event, map: map.map { MapSummary(of: $0) }, now: now ?? notice.created ?? fallback)
    let findings = notice.findings.map { "[\($0.severity)] \($0.text)" }
    return (policy.decide(on: facts), findings)
  }
}

/// Asks a running service how it is.
public enum ServiceProbe {
  /// - Returns: lines for people, and 0 good, 1 warning, 2 failed, 3 no answer.
  public static func ask(_ address: String) async -> (text: String, code: Int32) {
    do {
      let client = try WebClient()
      let response = try await client.send(
        WebRequest(.get, try WebURL(address + (address.hasSuffix("/") ? "readyz" : "/readyz"))))
      await client.shutdown()
      let answer = try JSONDecoder().decode(Answer.self, from: Data(response.body))
      let lines = answer.parts.map { "\(mark($0.state)) \($0.name): \($0.message)" }
      let code: Int32 = answer.state == "good" ? 0 : answer.state == "warning" ? 1 : 2
      let text = (["vesper \(answer.version), \(answer.state)"] + lines).joined(separator: "\n")
      return (text, code)
    } catch {
      return ("no answer from \(address): \(error)", 3)
    }
  }

  private static func mark(_ state: String) -> String {
    state == "good" ? "[ok]  " : state == "warning" ? "[look]" : "[FAIL]"
  }

  private struct Answer: Decodable {
    struct Part: Decodable { var name, state, message: String }
    var state: String
    var version: String
    var parts: [Part]
  }
}

extension ServiceConfiguration {
  /// Reads everything it names and says what there is.
  public func checked(environment: [String: String]) throws -> [String] {
    let assembly = try ServiceAssembly(self, environment: environment, client: try WebClient())
    var lines = [
      "policy      \(assembly.policy.name): \(assembly.policy.title)",
      "telescopes  \(assembly.telescopes.count)",
      "channels    \(assembly.channels.map(\.name).joined(separator: ", "))",
      "http        \(http.host):\(http.port), reading \(http.openReading ? "open" : "with a token")",
      "state       \(state)",
      "maps        " + (maps.fetch ? "fetched, up to \(maps.largestMB) MiB" : "not fetched")
        + (maps.isLax ? ", from private addresses too" : ""),
      "roles       \(roles.joined(separator: ", "))",
    ]
    if let galaxies = assembly.galaxies {
      lines.append("galaxies    \(galaxies.title), \(galaxies.count)")
    }
    if let kafka {
      let made = try kafka.feed(environment: environment)
      lines.append("kafka       \(made.bootstrapServers.joined(separator: ",")), \(made.topics.count) topics")
    }
    return lines + assembly.doubts.map { "look        \($0)" }
  }
}
