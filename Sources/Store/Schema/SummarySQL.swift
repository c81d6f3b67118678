extension Migration {
  // What lists and pages show of a plan, so that they need not read all of it. A plan without a row here was
  // stored before this step: its document says the same.
  static let summarySQL = """
    CREATE TABLE planSummary (
      plan TEXT PRIMARY KEY REFERENCES plan (id),
      body TEXT NOT NULL CHECK (json_valid(body)),
      skymap BLOB
    ) STRICT;
    """
}
