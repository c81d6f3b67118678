extension Migration {
  // Circulars about events that are not known yet, by each name they use: the event finds them when it comes.
  static let looseNoticesSQL = """
    CREATE TABLE looseNotice (
      name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 400),
      notice INTEGER NOT NULL REFERENCES notice (id),
      PRIMARY KEY (name, notice)
    ) STRICT, WITHOUT ROWID;
    """
}
