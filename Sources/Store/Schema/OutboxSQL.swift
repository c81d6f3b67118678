extension Migration {
  static let outboxSQL = """
    CREATE TABLE delivery (
      sequence INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 400),
      channel TEXT NOT NULL,
      kind TEXT NOT NULL,
      digest TEXT NOT NULL CHECK (length(digest) = 64),
      event TEXT NOT NULL,
      isMock INTEGER NOT NULL CHECK (isMock IN (0, 1)),
      notBefore INTEGER NOT NULL,
      expiresAt INTEGER,
      urgency INTEGER NOT NULL,
      slot TEXT,
      state TEXT NOT NULL CHECK (state IN
        ('ready', 'inFlight', 'done', 'ambiguous', 'dead', 'expired', 'superseded', 'parked')),
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      readBacks INTEGER NOT NULL CHECK (readBacks >= 0),
      next INTEGER NOT NULL,
      since INTEGER NOT NULL,
      reason TEXT,
      receipt TEXT,
      blockedBy TEXT REFERENCES delivery (key),
      withdrawal TEXT,
      epoch INTEGER NOT NULL,
      CHECK (state <> 'done' OR receipt IS NOT NULL),
      CHECK (state NOT IN ('dead', 'expired', 'superseded', 'parked') OR reason IS NOT NULL)
    ) STRICT;
    CREATE INDEX deliveryReady ON delivery (channel, urgency DESC, sequence) WHERE state = 'ready';
    CREATE INDEX deliveryExpiry ON delivery (channel, expiresAt) WHERE state = 'ready';
    CREATE INDEX deliverySlot ON delivery (channel, slot) WHERE slot IS NOT NULL;
    CREATE INDEX deliveryBlocked ON delivery (blockedBy) WHERE blockedBy IS NOT NULL;
    CREATE INDEX deliveryEvent ON delivery (event);
    CREATE INDEX deliveryState ON delivery (state, channel);

    CREATE TABLE deliveryPayload (
      delivery TEXT PRIMARY KEY REFERENCES delivery (key),
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE deliveryNeed (
      delivery TEXT NOT NULL REFERENCES delivery (key),
      position INTEGER NOT NULL,
      need TEXT NOT NULL REFERENCES delivery (key) CHECK (need <> delivery),
      PRIMARY KEY (delivery, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveryNeedNeed ON deliveryNeed (need);

    CREATE TABLE deliveryAttempt (
      id INTEGER PRIMARY KEY,
      delivery TEXT NOT NULL REFERENCES delivery (key),
      attempt INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      call TEXT NOT NULL CHECK (call IN ('send', 'readBack')),
      startedAt INTEGER,
      endedAt INTEGER,
      result TEXT,
      detail TEXT
    ) STRICT;
    CREATE INDEX deliveryAttemptDelivery ON deliveryAttempt (delivery, id);

    CREATE TABLE channelHold (
      channel TEXT PRIMARY KEY,
      reason TEXT NOT NULL,
      since INTEGER NOT NULL,
      probe INTEGER NOT NULL
    ) STRICT;
    """
}
