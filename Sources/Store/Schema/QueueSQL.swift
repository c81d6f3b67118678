extension Migration {
  /// Pointings get a number and the states of a telescope's queue; answers, outages and observations are
  /// append-only. What an older version had recorded becomes the beginning of the record.
  static let queueSQL = """
    CREATE TABLE assignment (
      id INTEGER PRIMARY KEY,
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
        ('sent', 'seen', 'accepted', 'refused', 'started', 'observed', 'data', 'photometry', 'withdrawn',
          'expired')),
      reason TEXT,
      changedAt INTEGER NOT NULL,
      UNIQUE (plan, telescope, position)
    ) STRICT;
    CREATE INDEX assignmentTelescope ON assignment (telescope, endsAt);

    INSERT INTO assignment (plan, telescope, position, startsAt, endsAt, raDeg, decDeg, filter, exposureSec,
      tile, state, changedAt)
    SELECT plan, telescope, position, startsAt, endsAt, raDeg, decDeg, filter, exposureSec, tile,
      CASE state WHEN 'planned' THEN 'sent' WHEN 'failed' THEN 'refused' WHEN 'superseded' THEN 'withdrawn'
        ELSE state END, changedAt
    FROM planAssignment ORDER BY plan, telescope, position;
    DROP TABLE planAssignment;

    CREATE TABLE answer (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 400),
      telescope TEXT NOT NULL CHECK (length(telescope) BETWEEN 1 AND 200),
      plan TEXT NOT NULL REFERENCES plan (id),
      assignment INTEGER REFERENCES assignment (id),
      state TEXT NOT NULL CHECK (state IN
        ('sent', 'seen', 'accepted', 'refused', 'started', 'observed', 'data', 'photometry', 'withdrawn',
          'expired')),
      reason TEXT CHECK (reason IS NULL OR length(reason) BETWEEN 1 AND 2000),
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      way TEXT NOT NULL CHECK (length(way) > 0),
      at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX answerShare ON answer (plan, telescope, number);

    INSERT INTO answer (key, telescope, plan, state, actor, way, at)
    SELECT 'sent/' || plan || '/' || telescope, telescope, plan, 'sent', 'vesper', 'service', min(changedAt)
    FROM assignment GROUP BY plan, telescope;
    INSERT INTO answer (key, telescope, plan, assignment, state, actor, way, at)
    SELECT 'before/' || id, telescope, plan, id, state, 'vesper', 'service', changedAt
    FROM assignment WHERE state <> 'sent';

    CREATE TABLE observation (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 400),
      telescope TEXT NOT NULL CHECK (length(telescope) BETWEEN 1 AND 200),
      event TEXT NOT NULL REFERENCES event (id),
      assignment INTEGER REFERENCES assignment (id),
      startsAt INTEGER NOT NULL,
      exposureSec REAL NOT NULL CHECK (exposureSec > 0),
      raDeg REAL NOT NULL CHECK (raDeg >= 0 AND raDeg < 360),
      decDeg REAL NOT NULL CHECK (decDeg BETWEEN -90 AND 90),
      rotationDeg REAL NOT NULL,
      filter TEXT,
      limitMag REAL,
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      way TEXT NOT NULL CHECK (length(way) > 0),
      at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX observationEvent ON observation (event, number);

    CREATE TABLE outage (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 400),
      telescope TEXT NOT NULL CHECK (length(telescope) BETWEEN 1 AND 200),
      event TEXT REFERENCES event (id),
      kind TEXT NOT NULL CHECK (kind IN ('closure', 'weather', 'fault', 'filter', 'refusal')),
      filter TEXT,
      startsAt INTEGER NOT NULL,
      endsAt INTEGER NOT NULL CHECK (endsAt >= startsAt),
      reason TEXT NOT NULL CHECK (length(reason) <= 2000),
      replaces INTEGER UNIQUE REFERENCES outage (number),
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      way TEXT NOT NULL CHECK (length(way) > 0),
      at INTEGER NOT NULL,
      CHECK ((kind = 'filter') = (filter IS NOT NULL))
    ) STRICT;
    CREATE INDEX outageTelescope ON outage (telescope, endsAt);

    CREATE TABLE revokedLink (
      nonce TEXT PRIMARY KEY CHECK (length(nonce) BETWEEN 1 AND 100),
      actor TEXT NOT NULL CHECK (length(actor) > 0),
      at INTEGER NOT NULL
    ) STRICT;

    CREATE TRIGGER answerIsNotUpdated BEFORE UPDATE ON answer
    BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
    CREATE TRIGGER answerIsNotDeleted BEFORE DELETE ON answer
    BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
    CREATE TRIGGER observationIsNotUpdated BEFORE UPDATE ON observation
    BEGIN SELECT RAISE(ABORT, 'observations are append-only'); END;
    CREATE TRIGGER observationIsNotDeleted BEFORE DELETE ON observation
    BEGIN SELECT RAISE(ABORT, 'observations are append-only'); END;
    CREATE TRIGGER outageIsNotUpdated BEFORE UPDATE ON outage
    BEGIN SELECT RAISE(ABORT, 'outages are append-only'); END;
    CREATE TRIGGER outageIsNotDeleted BEFORE DELETE ON outage
    BEGIN SELECT RAISE(ABORT, 'outages are append-only'); END;
    """
}
