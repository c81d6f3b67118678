extension Migration {
  // Maps that notices name by address. What came is kept as it came; what cannot be had is kept with the
  // reason, so that nobody asks for ever.
  static let mapsSQL = """
    CREATE TABLE remoteMap (
      url TEXT PRIMARY KEY CHECK (length(url) BETWEEN 1 AND 8192),
      digest TEXT CHECK (digest IS NULL OR length(digest) = 64),
      reason TEXT,
      changedAt INTEGER NOT NULL,
      CHECK ((digest IS NULL) <> (reason IS NULL))
    ) STRICT;

    CREATE TABLE remoteMapBytes (
      url TEXT PRIMARY KEY REFERENCES remoteMap (url),
      bytes BLOB NOT NULL
    ) STRICT;
    """
}
