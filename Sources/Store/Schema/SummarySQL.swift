extension Migration {
  // What lists and pages show of a plan, so that they need not read all of it, and the files that can only be
  // made while the map is at hand. A plan without rows here was stored before this step: its document says the
  // same.
  static let summarySQL = """
    CREATE TABLE planSummary (
      plan TEXT PRIMARY KEY REFERENCES plan (id),
      body TEXT NOT NULL CHECK (json_valid(body))
    ) STRICT;

    CREATE TABLE planFile (
      plan TEXT NOT NULL REFERENCES plan (id),
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      bytes BLOB NOT NULL,
      PRIMARY KEY (plan, name)
    ) STRICT;
    """
}
