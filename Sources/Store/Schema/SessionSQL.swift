extension Migration {
  static let sessionSQL = """
    CREATE TABLE session (
      hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
      token INTEGER NOT NULL REFERENCES token (id),
      createdAt INTEGER NOT NULL,
      expiresAt INTEGER NOT NULL CHECK (expiresAt > createdAt),
      endedAt INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessionExpiry ON session (expiresAt);
    """
}
