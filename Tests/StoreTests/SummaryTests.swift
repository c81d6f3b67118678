import GRDB
import Testing
import Units

@testable import Store

/// What is kept beside plans, and browsers' sessions.
@Suite struct SummaryTests {
  private static let now = Instant(tai: 1_000_000_000_000_000_000)

  @Test func sessionsEndWithTheirToken() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let now = Self.now
    let (token, grant) = try await store.issueToken(
      label: "desk", role: "person", scopes: ["lead"], lifetime: .hours(6), actor: "test", at: now)
    #expect(try await store.beginSession(token: token + "0", at: now) == nil)
    let begun = try #require(try await store.beginSession(token: token, at: now))
    // The session is no longer than the token.
    #expect(begun.grant.expires == grant.expires)
    #expect(try await store.session(begun.secret, at: now)?.token.label == "desk")
    #expect(try await store.session(begun.secret, at: now + .hours(6)) == nil)
    // A token is no session and a session no token.
    #expect(try await store.session(token, at: now) == nil)
    #expect(try await store.bearer(of: begun.secret, at: now) == nil)
    let other = try #require(try await store.beginSession(token: token, at: now))
    try await store.endSession(other.secret, at: now)
    #expect(try await store.session(other.secret, at: now) == nil)
    #expect(try await store.session(begun.secret, at: now) != nil)
    try await store.revokeToken(grant.id, actor: "test", at: now)
    #expect(try await store.session(begun.secret, at: now) == nil)
    // The secret itself is nowhere in the file.
    let hashes = try await store.read { db in try String.fetchAll(db, sql: "SELECT hex(hash) FROM session") }
    #expect(hashes.count == 2 && hashes.allSatisfy { !begun.secret.uppercased().contains($0) })
  }

  @Test func aSessionLivesTwelveHours() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let now = Self.now
    let (token, _) = try await store.issueToken(
      label: "desk", role: "person", scopes: ["view"], lifetime: .hours(1000), actor: "test", at: now)
    let begun = try #require(try await store.beginSession(token: token, at: now))
    #expect(begun.grant.expires == now + .hours(12))
    #expect(try await store.session(begun.secret, at: now + .hours(12)) == nil)
  }
}
