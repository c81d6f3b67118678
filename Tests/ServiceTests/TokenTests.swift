import Foundation
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// Tokens as they are handed out: for telescopes that exist, and for people only when it is said.
@Suite struct TokenIssueTests {
  private static func withDesk(_ body: (TokenDesk) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "vesper-tokens-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // A leftover in the temporary folder is harmless.
    defer { try? FileManager.default.removeItem(at: folder) }
    let roster = folder.appending(path: "roster.yaml")
    try Data(contentsOf: fixture("rosters/campaign.yaml")).write(to: roster)
    var configuration = ServiceConfiguration()
    configuration.state = folder.path
    configuration.telescopes = packageRoot.appending(path: "telescopes").path
    configuration.roster = roster.path
    try await body(try TokenDesk(configuration))
  }

  @Test func telescopesGoByAnyOfTheirNames() async throws {
    try await Self.withDesk { desk in
      for (name, scopes) in [("TCA", []), ("tarot-tca", []), ("TAROT/TCA", []), ("tca", ["view"])] {
        _ = try await desk.issue(label: name, scopes: scopes, telescopes: [name], days: 1)
      }
      _ = try await desk.issue(label: "by scope", scopes: ["operator:TCA"], days: 1)
      let lines = try await desk.list()
      #expect(lines.count == 5 && lines.allSatisfy { $0.contains("operator:tarot-tca") }, "\(lines)")
      #expect(lines.filter { $0.contains(",view  ") }.count == 1)
    }
  }

  @Test(arguments: [("TCAA", "did you mean"), ("no-such-thing-at-all", "vesper telescopes list"), ("", "")])
  func unknownTelescopesAreRefused(_ name: String, _ advice: String) async throws {
    try await Self.withDesk { desk in
      for (scopes, telescopes) in [([], [name]), (["operator:\(name)"], [])] {
        let error = await #expect(throws: ConfigurationError.self) {
          try await desk.issue(label: "x", scopes: scopes, telescopes: telescopes, days: 1)
        }
        #expect(advice.isEmpty || error?.description.contains(advice) == true, "\(error?.description ?? "")")
      }
      let kept = try await desk.list()
      #expect(kept.isEmpty, "what is refused leaves nothing")
    }
  }

  @Test func aTokenIsSomebodysWhenSaid() async throws {
    try await Self.withDesk { desk in
      _ = try await desk.issue(label: "ana", scopes: ["view"], days: 1)
      _ = try await desk.issue(label: "phone", scopes: ["view"], user: "ana", days: 1)
      #expect(try await desk.list().map { $0.contains("user ana") } == [true, false])
      for user in ["", "an a", "ana\n", "-ana", String(repeating: "a", count: 65)] {
        await #expect(throws: ConfigurationError.self) {
          try await desk.issue(label: "x", scopes: ["view"], user: user, days: 1)
        }
      }
      #expect(desk.doubt(user: "nobody-here") == "the roster names nobody called nobody-here")
    }
  }
}
