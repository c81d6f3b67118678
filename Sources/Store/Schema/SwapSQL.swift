extension Migration {
  static let swapSQL = """
    CREATE TABLE rosterSwap (
      id INTEGER PRIMARY KEY,
      campaign TEXT NOT NULL,
      giver TEXT NOT NULL,
      shift TEXT NOT NULL,
      taker TEXT NOT NULL,
      inReturn TEXT,
      state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'withdrawn')),
      askedBy TEXT NOT NULL,
      askedAt INTEGER NOT NULL,
      answeredBy TEXT,
      answeredAt INTEGER,
      CHECK ((state = 'open') = (answeredAt IS NULL))
    ) STRICT;
    CREATE UNIQUE INDEX rosterSwapOpen ON rosterSwap (campaign, giver, shift) WHERE state = 'open';
    """
}
