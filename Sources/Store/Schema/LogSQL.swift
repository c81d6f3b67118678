extension Migration {
  // REPLACE would delete without firing the trigger on DELETE, hence the one on INSERT.
  static let logSQL = """
    CREATE TABLE log (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      kind TEXT NOT NULL CHECK (length(kind) > 0),
      event TEXT,
      body TEXT NOT NULL CHECK (json_valid(body)),
      chain BLOB NOT NULL CHECK (length(chain) = 32)
    ) STRICT;
    CREATE INDEX logEvent ON log (event, seq) WHERE event IS NOT NULL;

    CREATE TRIGGER logIsNotUpdated BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER logIsNotDeleted BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER logIsNotReplaced BEFORE INSERT ON log
    WHEN EXISTS (SELECT 1 FROM log WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    """

  static let accessSQL = """
    CREATE TABLE token (
      id INTEGER PRIMARY KEY,
      hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
      label TEXT NOT NULL,
      role TEXT NOT NULL,
      createdAt INTEGER NOT NULL,
      expiresAt INTEGER NOT NULL CHECK (expiresAt > createdAt),
      revokedAt INTEGER
    ) STRICT;

    CREATE TABLE tokenScope (
      token INTEGER NOT NULL REFERENCES token (id),
      scope TEXT NOT NULL CHECK (length(scope) > 0),
      PRIMARY KEY (token, scope)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE lease (
      name TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      epoch INTEGER NOT NULL CHECK (epoch >= 1),
      renewals INTEGER NOT NULL CHECK (renewals >= 0),
      expiresAt INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER leaseEpochGrows BEFORE UPDATE ON lease WHEN NEW.epoch < OLD.epoch
    BEGIN SELECT RAISE(ABORT, 'an epoch never goes back'); END;
    CREATE TRIGGER leaseIsKept BEFORE DELETE ON lease
    BEGIN SELECT RAISE(ABORT, 'an epoch is never forgotten'); END;

    CREATE TABLE timer (
      id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
      event TEXT REFERENCES event (id),
      kind TEXT NOT NULL,
      dueAt INTEGER NOT NULL,
      body TEXT NOT NULL CHECK (json_valid(body)),
      state TEXT NOT NULL CHECK (state IN ('pending', 'fired', 'cancelled')),
      changedAt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX timerDue ON timer (dueAt) WHERE state = 'pending';

    CREATE TABLE setting (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL CHECK (json_valid(value)),
      actor TEXT NOT NULL,
      changedAt INTEGER NOT NULL
    ) STRICT;
    """
}
