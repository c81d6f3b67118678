import Deliveries
import Foundation
import GRDB
import Testing
import TestSupport
import Units

@testable import Store

@Suite struct SchemaTests {
  /// What has shipped never changes: a failing line here means a new step is needed, not a new digest.
  @Test func theStepsAreFrozen() {
    let digests = Migration.all.map { "\($0.name) \($0.digest)" }
    #expect(digests == Self.frozen)
  }
  static let frozen = [
    "0001 notices 3809637f021cb4bbebcf760b920a7fdf9171cb0e2ce1e3a23a9098f9b7441f03",
    "0002 events and plans bda62707e085a4ff57e352058f12b8bb71ab8f862122e2910b058fa7247c4335",
    "0003 outbox 086ba4d346f0ac6278b0070b44addac9be510523d9ed3e1844947442cd25022e",
    "0004 log 01bd00b990f71d688aee7fe551ded90a3e477c4a36c86b8659371f1c3a84c050",
    "0005 access and time 738579e1932625b2851e122c44c53b752b39f2fa7e978110e39e5177e5dafc57",
    "0006 queues d2ea9647ad672a13e3e19f9a5225f9b00145135ddf0b6ddcaf8b99af9a9af0bc",
    "0007 remote maps b93980a0286a18a601da754d9df7ff93fac928263b15e9646e85d969fe0b6064",
    "0008 loose notices 3f7e28cac0fd48500560d9883b803228ee843253bc6a9741e3c7b1f9f4a9f686",
    "0009 plan summaries 2cf17eef1bc1ac9fd16155084dfefafee41843529453593602fa970b79644dfe",
    "0010 sessions b40e7cba788052f825d369b6d91eefcef3785e3732705b27c89e593e23b3c384",
    "0011 followups 741a8a0e328e4b24bf4e123ab7ebb082e634659b5a02b0f57dd76110ca70c2c8",
    "0012 roster swaps b0fca1b8522a272e302aabd97b563ee384bbef9a0a3b484ec96dee95cebc18fe",
    "0013 token users 7b8440d8ee7c123bdb5ba752ce76288973681382fa378a08c744cdb2fcfb23d7",
    "0014 corrected observations 59e5ae748d11d5a55b44ffde3f3114c0e75df806c4bb7612096f78e66ae4a170",
  ]

  @Test func aNewStoreIsDurableAndPrivate() async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let pragmas = try await store.pool.write { db in
      try ["synchronous", "journal_mode", "foreign_keys", "application_id"].map {
        try DatabaseValue.fetchOne(db, sql: "PRAGMA \($0)").map { "\($0)" } ?? ""
      }
    }
    #expect(pragmas == ["2", "\"wal\"", "1", "\(Migration.applicationID)"])
    for suffix in ["", "-wal", "-shm", ".lock"] {
      let facts = try FileManager.default.attributesOfItem(atPath: scratch.path + suffix)
      #expect((facts[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(suffix)")
    }
    let counts = try await store.counts()
    #expect(counts.schemaStep == Migration.all.last?.name)
    print("SQLite \(counts.sqliteVersion)")
  }

  @Test func openingAgainChangesNothing() async throws {
    let scratch = try Scratch()
    var store = try scratch.store()
    try await takeStep(0, in: store)
    try store.close()
    store = try scratch.store()
    #expect(try await store.event("S1").revision == 1)
    #expect(try await store.faults().isEmpty)
  }

  @Test func everyStepFollowsItsPredecessorWithRowsPresent() async throws {
    for count in 1...Migration.all.count {
      let scratch = try Scratch()
      let early = try Store(
        path: scratch.path, options: StoreOptions(), migrations: Array(Migration.all.prefix(count)))
      try await early.pool.write { db in
        try db.execute(
          sql: """
            INSERT INTO notice VALUES (1, ?, 1, 't', NULL, 0, 0, 'new', 0, 0, NULL, 0)
            """, arguments: [String(repeating: "a", count: 64)])
        try db.execute(sql: "INSERT INTO noticeBytes VALUES (1, x'41')")
      }
      try early.close()
      let store = try scratch.store()
      #expect(try await store.notice(NoticeID(1)).bytes == [0x41])
      #expect(try await store.faults().isEmpty)
    }
  }

  /// Tokens of before the thirteenth step are nobody's, whatever their labels say.
  @Test func oldTokensAreNobodys() async throws {
    let scratch = try Scratch()
    let early = try Store(
      path: scratch.path, options: StoreOptions(), migrations: Array(Migration.all.prefix(12)))
    try await early.pool.write { db in
      try db.execute(
        sql: "INSERT INTO token (hash, label, role, createdAt, expiresAt) VALUES (?, 'ana', 'api', 0, 1)",
        arguments: [Data(repeating: 1, count: 32)])
    }
    try early.close()
    let tokens = try await scratch.store().tokens()
    #expect(tokens.map(\.label) == ["ana"] && tokens.map(\.user) == [nil])
  }

  @Test func aNewerSchemaIsRefusedAndLeftAlone() async throws {
    let scratch = try Scratch()
    let next = Migration(
      name: "0099 of the future", sql: "CREATE TABLE future (id INTEGER PRIMARY KEY) STRICT;")
    let newer = try Store(path: scratch.path, options: StoreOptions(), migrations: Migration.all + [next])
    try newer.close()
    let before = try Data(contentsOf: URL(filePath: scratch.path))
    let error = #expect(throws: StoreError.self) { try scratch.store() }
    #expect(error == .newerSchema(path: scratch.path, steps: ["0099 of the future"]))
    #expect(error?.description.contains("newer version") == true)
    #expect(try Data(contentsOf: URL(filePath: scratch.path)) == before)
  }

  @Test func anEditedStepIsFound() async throws {
    let scratch = try Scratch()
    var steps = Migration.all
    steps[0] = Migration(name: steps[0].name, sql: steps[0].sql + " -- edited")
    try Store(path: scratch.path, options: StoreOptions(), migrations: steps).close()
    let error = #expect(throws: StoreError.self) { try scratch.store() }
    guard case .editedMigration("0001 notices", _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func filesOfOthersAreRefusedAndLeftAlone() throws {
    let scratch = try Scratch()
    let queue = try DatabaseQueue(path: scratch.path)
    try queue.write { try $0.execute(sql: "CREATE TABLE other (id INTEGER PRIMARY KEY)") }
    try queue.close()
    let before = try Data(contentsOf: URL(filePath: scratch.path))
    guard case .notAStore = #expect(throws: StoreError.self, performing: { try scratch.store() }) else {
      Issue.record("another program's file was opened")
      return
    }
    #expect(try Data(contentsOf: URL(filePath: scratch.path)) == before)
    let text = scratch.folder + "/notes.txt"
    try String(repeating: "not a database at all ", count: 500).write(
      toFile: text, atomically: true, encoding: .utf8)
    guard case .notAStore = #expect(throws: StoreError.self, performing: { try Store(path: text) }) else {
      Issue.record("a text was opened")
      return
    }
  }

  @Test(arguments: [
    "/proc/vesper-store.sqlite", "/nowhere/at/all/store.sqlite", "/tmp", "/dev/null/store.sqlite",
  ])
  func whereNothingCanBeWrittenTheReasonIsGiven(path: String) {
    let error = #expect(throws: StoreError.self) { try Store(path: path) }
    switch error {
    case .cannotOpen(path, let reason): #expect(!reason.isEmpty)
    default: Issue.record("\(String(describing: error))")
    }
  }

  /// The schema itself holds the rules, whoever writes.
  @Test(arguments: [
    "INSERT INTO feedOffset VALUES ('t', 0, 'many', 0)",
    "INSERT INTO feedOffset VALUES ('t', 0, -1, 0)",
    "INSERT INTO noticeBytes VALUES (77, x'00')",
    "INSERT INTO notice VALUES (9, 'short', 1, 't', NULL, 0, 0, 'new', 0, 0, NULL, 0)",
    "UPDATE notice SET status = 'lost'",
    "UPDATE notice SET status = 'quarantined', reason = NULL",
    "UPDATE notice SET size = 'big'",
    "UPDATE event SET state = '{'",
    "UPDATE event SET revision = 0",
    "UPDATE event SET isMock = 2",
    "UPDATE event SET mergedInto = id",
    "UPDATE event SET mergedInto = 'nobody'",
    "UPDATE plan SET state = 'burnt'",
    "UPDATE plan SET state = 'live'",
    "UPDATE assignment SET endsAt = startsAt",
    "UPDATE assignment SET raDeg = 360",
    "UPDATE assignment SET decDeg = 91",
    "UPDATE assignment SET exposureSec = 0",
    "UPDATE assignment SET state = 'planned'",
    "UPDATE answer SET state = 'observed'",
    "DELETE FROM answer",
    "INSERT INTO answer SELECT 99, 'k', telescope, plan, assignment, 'lost', NULL, 'a', 'api', 0 FROM answer",
    "INSERT INTO outage VALUES (1, 'k', 't', NULL, 'filter', NULL, 0, 1, 'r', NULL, 'a', 'api', 0)",
    "INSERT INTO outage VALUES (1, 'k', 't', NULL, 'weather', NULL, 2, 1, 'r', NULL, 'a', 'api', 0)",
    "UPDATE delivery SET state = 'done'",
    "UPDATE delivery SET state = 'dead'",
    "UPDATE delivery SET urgency = 'high'",
    "INSERT INTO deliveryNeed VALUES ('slack/S1/0', 0, 'nothing')",
    "INSERT INTO deliveryNeed VALUES ('slack/S1/0', 0, 'slack/S1/0')",
    "UPDATE log SET body = '{}'",
    "DELETE FROM log",
    "INSERT OR REPLACE INTO log SELECT * FROM log LIMIT 1",
    "INSERT INTO token VALUES (1, x'00', 'l', 'r', 0, 1, NULL, NULL)",
    "UPDATE lease SET epoch = 1",
    "DELETE FROM lease",
    "INSERT INTO timer VALUES ('t', NULL, 'k', 0, 'no json', 'pending', 0)",
    "INSERT INTO setting VALUES ('n', 'no json', 'a', 0)",
  ])
  func theSchemaRefuses(sql: String) async throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    try await takeStep(0, in: store)
    try await takeStep(1, in: store)
    let first = try #require(try await store.seize("serve", holder: "a", seen: nil, until: start))
    _ = try await store.seize("serve", holder: "b", seen: first, until: start)
    let error = await #expect(throws: StoreError.self) {
      try await store.write { try $0.db.execute(sql: sql) }
    }
    guard case .invalid = error else {
      Issue.record("\(sql): \(String(describing: error))")
      return
    }
    #expect(try await store.faults().isEmpty)
  }
}
