extension Migration {
  /// A report that says more of an exposure, or says it better, is a row of its own that takes the place of an
  /// earlier one: both stay. Rows of before say the place themselves, as far as is known.
  static let correctionSQL = """
    ALTER TABLE observation ADD COLUMN replaces INTEGER REFERENCES observation (number);
    ALTER TABLE observation ADD COLUMN placed INTEGER NOT NULL DEFAULT 1 CHECK (placed IN (0, 1));
    ALTER TABLE observation ADD COLUMN said TEXT CHECK (length(said) = 32);
    CREATE UNIQUE INDEX observationReplaces ON observation (replaces) WHERE replaces IS NOT NULL;
    """
}
