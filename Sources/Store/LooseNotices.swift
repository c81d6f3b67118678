import GRDB

extension Store {
  /// Notices that name an event without belonging to it yet, oldest first.
  public func looseNotices(named names: Set<String>) async throws(StoreError) -> [NoticeID] {
    guard !names.isEmpty else { return [] }
    let places = names.map { _ in "?" }.joined(separator: ", ")
    return try await read { db in
      try Int64.fetchAll(
        db, sql: "SELECT DISTINCT notice FROM looseNotice WHERE name IN (\(places)) ORDER BY notice",
        arguments: StatementArguments(names.sorted())
      ).map(NoticeID.init)
    }
  }

  static func keep(loose notice: NoticeID, name: String, _ db: Database) throws {
    try db.execute(
      sql: "INSERT INTO looseNotice VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [name, notice.number])
  }
}
