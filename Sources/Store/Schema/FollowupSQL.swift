extension Migration {
  /// Requests for point sources. Each has an event of its own, under its id, to which its plans belong; that
  /// event is no campaign and is not listed.
  static let followupSQL = """
    CREATE TABLE followup (
      id TEXT PRIMARY KEY REFERENCES event (id),
      key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 400),
      digest TEXT NOT NULL CHECK (length(digest) = 64),
      about TEXT REFERENCES event (id),
      request TEXT NOT NULL CHECK (json_valid(request)),
      answer TEXT NOT NULL CHECK (json_valid(answer)),
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      createdAt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX followupCreated ON followup (createdAt);
    CREATE INDEX followupAbout ON followup (about) WHERE about IS NOT NULL;

    CREATE TRIGGER followupIsNotUpdated BEFORE UPDATE ON followup
    BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
    CREATE TRIGGER followupIsNotDeleted BEFORE DELETE ON followup
    BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
    """
}
