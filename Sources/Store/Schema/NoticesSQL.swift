extension Migration {
  // Instants are TAI nanoseconds since 2000-01-01T12:00:00 TAI. Bytes have tables of their own: a change of
  // state must not rewrite a megabyte.
  static let noticesSQL = """
    PRAGMA application_id = 1448300626;

    CREATE TABLE migration (
      name TEXT PRIMARY KEY,
      sha256 TEXT NOT NULL CHECK (length(sha256) = 64)
    ) STRICT;

    CREATE TABLE notice (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
      size INTEGER NOT NULL CHECK (size >= 0),
      topic TEXT NOT NULL,
      sentAt INTEGER,
      receivedAt INTEGER NOT NULL,
      urgency INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('new', 'handled', 'quarantined')),
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      nextTry INTEGER NOT NULL,
      reason TEXT,
      changedAt INTEGER NOT NULL,
      CHECK (status <> 'quarantined' OR reason IS NOT NULL)
    ) STRICT;
    CREATE INDEX noticeUnhandled ON notice (urgency DESC, id) WHERE status = 'new';
    CREATE INDEX noticeStatus ON notice (status, id);

    CREATE TABLE noticeBytes (
      notice INTEGER PRIMARY KEY REFERENCES notice (id),
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE noticeArrival (
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL,
      position INTEGER NOT NULL,
      notice INTEGER NOT NULL REFERENCES notice (id),
      receivedAt INTEGER NOT NULL,
      PRIMARY KEY (topic, partition, position, notice)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX noticeArrivalNotice ON noticeArrival (notice);

    CREATE TABLE feedOffset (
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL,
      next INTEGER NOT NULL CHECK (next >= 0),
      changedAt INTEGER NOT NULL,
      PRIMARY KEY (topic, partition)
    ) STRICT, WITHOUT ROWID;
    """
}
