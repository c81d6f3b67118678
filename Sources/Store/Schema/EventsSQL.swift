extension Migration {
  static let eventsSQL = """
    CREATE TABLE event (
      id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      state TEXT NOT NULL CHECK (json_valid(state)),
      isMock INTEGER NOT NULL CHECK (isMock IN (0, 1)),
      mergedInto TEXT REFERENCES event (id) CHECK (mergedInto IS NULL OR mergedInto <> id),
      createdAt INTEGER NOT NULL,
      changedAt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX eventChanged ON event (changedAt);

    CREATE TABLE eventNotice (
      event TEXT NOT NULL REFERENCES event (id),
      notice INTEGER NOT NULL REFERENCES notice (id),
      PRIMARY KEY (event, notice)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX eventNoticeNotice ON eventNotice (notice);

    CREATE TABLE decision (
      id INTEGER PRIMARY KEY,
      event TEXT NOT NULL REFERENCES event (id),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      outcome TEXT NOT NULL,
      policy TEXT NOT NULL,
      actor TEXT NOT NULL,
      body TEXT NOT NULL CHECK (json_valid(body)),
      decidedAt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX decisionEvent ON decision (event, id);

    CREATE TABLE plan (
      id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
      event TEXT NOT NULL REFERENCES event (id),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      scope TEXT NOT NULL,
      requestDigest TEXT NOT NULL CHECK (length(requestDigest) = 64),
      state TEXT NOT NULL CHECK (state IN ('live', 'superseded', 'withdrawn')),
      reason TEXT,
      encoding TEXT NOT NULL CHECK (encoding IN ('json', 'json+gzip')),
      createdAt INTEGER NOT NULL,
      changedAt INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX planLive ON plan (event, scope) WHERE state = 'live';
    CREATE INDEX planEvent ON plan (event, revision);

    CREATE TABLE planDocument (
      plan TEXT PRIMARY KEY REFERENCES plan (id),
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE planAssignment (
      plan TEXT NOT NULL REFERENCES plan (id),
      telescope TEXT NOT NULL CHECK (length(telescope) BETWEEN 1 AND 200),
      position INTEGER NOT NULL CHECK (position >= 0),
      startsAt INTEGER NOT NULL,
      endsAt INTEGER NOT NULL CHECK (endsAt > startsAt),
      raDeg REAL NOT NULL CHECK (raDeg >= 0 AND raDeg < 360),
      decDeg REAL NOT NULL CHECK (decDeg BETWEEN -90 AND 90),
      filter TEXT NOT NULL,
      exposureSec REAL NOT NULL CHECK (exposureSec > 0),
      tile TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN
        ('planned', 'accepted', 'started', 'observed', 'failed', 'superseded', 'withdrawn')),
      changedAt INTEGER NOT NULL,
      PRIMARY KEY (plan, telescope, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX planAssignmentTelescope ON planAssignment (telescope, startsAt);
    """
}
