import Foundation
import GRDB
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct LogTests {
  private func drafts(_ range: Range<Int>) -> [LogDraft] {
    range.map {
      LogDraft(actor: "engine", kind: "step", event: $0 % 3 == 0 ? "S1" : nil, fields: ["n": "\($0)"])
    }
  }

  @Test func entriesComeBackInOrderWithoutGaps() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try await store.append(drafts(0..<10), at: start) == 10)
    #expect(try await store.log(after: 4, limit: 3).map(\.seq) == [5, 6, 7])
    #expect(
      try await store.log(after: 0, event: "S1", limit: 9).map(\.body)
        == [0, 3, 6, 9].map { #"{"n":"\#($0)"}"# })
    #expect(try await store.lastLogSequence() == 10)
  }

  @Test func anyTextMakesValidJSON() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let texts = ["\"", "\\", "\n\r\t", "\u{0}\u{1f}\u{7f}", "α δ 🔭", "</script>", "\u{202e}"]
    for text in texts {
      try await store.append([LogDraft(actor: "a", kind: "k", fields: [text: text])], at: start)
    }
    let bodies = try await store.log(after: 0, limit: 99).map(\.body)
    for (body, text) in zip(bodies, texts) {
      let parsed = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: String]
      #expect(parsed == [text: text])
    }
  }

  /// A reader that starts in the past, one that starts now, and one that resumes, while others write.
  @Test(.timeLimit(.minutes(1))) func tailsSeeEveryEntryOnce() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.append(drafts(0..<50), at: start)
    func collect(after seq: Int64, until last: Int64) async throws -> [Int64] {
      var seen: [Int64] = []
      for try await entry in store.logTail(after: seq) {
        seen.append(entry.seq)
        if entry.seq == last { break }
      }
      return seen
    }
    async let all = collect(after: 0, until: 450)
    async let new = collect(after: 50, until: 450)
    async let resumed = collect(after: 333, until: 450)
    for i in 0..<80 { try await store.append(drafts(0..<(i % 2 == 0 ? 1 : 9)), at: start) }
    #expect(try await all == Array(1...450))
    #expect(try await new == Array(51...450))
    #expect(try await resumed == Array(334...450))
  }

  @Test(.timeLimit(.minutes(1))) func aTailEndsWhenItsReaderIsCancelled() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let reader = Task {
      var count = 0
      for try await _ in store.logTail(after: 0) { count += 1 }
      return count
    }
    try await store.append(drafts(0..<1), at: start)
    reader.cancel()
    // Cancelled while it reads, GRDB says so; while it waits, it ends.
    let result = await reader.result
    if case .failure(let error) = result { #expect(error as? StoreError == .cancelled) }
  }

  @Test func aChangedByteIsFound() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await store.append(drafts(0..<20), at: start)
    #expect(try await store.firstBrokenLogEntry() == nil)
    for sql in [
      "UPDATE log SET body = '{\"n\":\"8\"}' WHERE seq = 7", "UPDATE log SET at = at + 1 WHERE seq = 7",
      "UPDATE log SET event = '' WHERE seq = 7", "UPDATE log SET seq = 100 WHERE seq = 7",
      "DELETE FROM log WHERE seq = 7",
    ] {
      let broken = try await store.pool.write { db -> Int64? in
        // As somebody with the file in hand could: without the triggers. Undone after the look.
        var found: Int64?
        try db.inSavepoint {
          try db.execute(sql: "DROP TRIGGER logIsNotUpdated; DROP TRIGGER logIsNotDeleted")
          try db.execute(sql: sql)
          found = try Store.firstBrokenLogEntry(db)
          return .rollback
        }
        return found
      }
      #expect(broken == (sql.hasPrefix("DELETE") || sql.contains("seq = 100") ? 8 : 7), "\(sql)")
    }
  }

  @Test func pagingThroughALongLog() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for part in 0..<100 { try await store.append(drafts(part * 1000..<part * 1000 + 1000), at: start) }
    let begun = ContinuousClock.now
    var seq: Int64 = 0
    var count = 0
    while true {
      let page = try await store.log(after: seq, limit: 500)
      guard let last = page.last else { break }
      count += page.count
      seq = last.seq
    }
    let all = ContinuousClock.now - begun
    let again = ContinuousClock.now
    _ = try await store.log(after: 90_000, event: "S1", limit: 100)
    print("log: 100,000 entries in pages of 500: \(all); 100 of one event: \(ContinuousClock.now - again)")
    #expect(count == 100_000)
  }
}

@Suite struct TokenTests {
  @Test func aTokenOpensUntilItExpiresOrIsRevoked() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let (secret, grant) = try await store.issueToken(
      label: "dashboard", role: "lead", scopes: ["view", "operator:tca"], lifetime: .hours(24),
      actor: "admin",
      at: start)
    #expect(secret.count == 71)
    #expect(try await store.bearer(of: secret, at: start + .hours(23))?.scopes == ["view", "operator:tca"])
    #expect(try await store.bearer(of: secret, at: start + .hours(24)) == nil)
    #expect(try await store.bearer(of: secret, at: start + .hours(25)) == nil)
    #expect(try await store.bearer(of: secret, at: start - .hours(1)) == nil)
    for wrong in ["", "vesper_", secret + "0", String(secret.dropLast()) + "g", secret.uppercased()] {
      #expect(try await store.bearer(of: wrong, at: start) == nil)
    }
    try await store.revokeToken(grant.id, actor: "admin", at: start)
    #expect(try await store.bearer(of: secret, at: start) == nil)
    await #expect(throws: StoreError.unknownToken(grant.id)) {
      try await store.revokeToken(grant.id, actor: "admin", at: start)
    }
    #expect(try await store.tokens().map(\.label) == ["dashboard"])
  }

  @Test func aTokenIsSomebodysOnlyIfItWasIssuedSo() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for (label, user) in [("ana", nil), ("phone", "ana")] as [(String, String?)] {
      let (secret, grant) = try await store.issueToken(
        label: label, role: "api", user: user, scopes: ["view"], lifetime: .hours(1), actor: "admin",
        at: start)
      #expect(grant.user == user)
      #expect(try await store.bearer(of: secret, at: start)?.user == user)
      let session = try #require(try await store.beginSession(token: secret, at: start))
      #expect(session.grant.token.user == user)
      #expect(try await store.session(session.secret, at: start)?.token.user == user)
    }
    let log = try await store.log(after: 0, limit: 10)
    #expect(
      log.filter { $0.kind == "token.issued" }.map { $0.body.contains("\"user\":\"ana\"") } == [false, true])
    await #expect(throws: StoreError.self) {
      try await store.issueToken(
        label: "l", role: "api", user: "", scopes: ["view"], lifetime: .hours(1), actor: "admin", at: start)
    }
  }

  @Test func theSecretIsNowhereInTheFiles() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let secret = try await store.issueToken(
      label: "l", role: "view", scopes: ["view"], lifetime: .hours(1), actor: "admin", at: start
    ).secret
    _ = try await store.bearer(of: secret, at: start)
    _ = try await store.backup(to: scratch.folder + "/backup.sqlite")
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.folder) {
      let data = try Data(contentsOf: URL(filePath: scratch.folder + "/" + name))
      #expect(data.range(of: Data(secret.utf8)) == nil, "\(name)")
      #expect(data.range(of: Data(secret.dropFirst(7).utf8)) == nil, "\(name)")
    }
  }

  @Test func tokensWithoutEndOrScopeAreNotMade() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for (lifetime, scopes) in [
      (Duration.hours(91 * 24), Set(["view"])), (.zero, ["view"]), (.seconds(-1), ["view"]), (.hours(1), []),
      (.hours(1), [""]),
    ] {
      await #expect(throws: StoreError.self) {
        try await store.issueToken(
          label: "l", role: "r", scopes: scopes, lifetime: lifetime, actor: "admin", at: start)
      }
    }
    let secrets = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await store.issueToken(
            label: "l", role: "r", scopes: ["view"], lifetime: .hours(1), actor: "admin", at: start
          ).secret
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(secrets.count == 20)
  }

  @Test func settingsAreJSONAndLogged() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    #expect(try await store.setting("policy") == nil)
    try await store.set("policy", to: #""grandma""#, actor: "lead", at: start)
    try await store.set("policy", to: #""grandma-r8""#, actor: "lead", at: start)
    #expect(try await store.setting("policy") == #""grandma-r8""#)
    await #expect(throws: StoreError.self) {
      try await store.set("policy", to: "no json", actor: "lead", at: start)
    }
    #expect(try await store.log(after: 0, limit: 9).count == 2)
  }
}
