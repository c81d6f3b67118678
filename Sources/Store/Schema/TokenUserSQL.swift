extension Migration {
  /// Tokens of before are nobody's.
  static let tokenUserSQL = """
    ALTER TABLE token ADD COLUMN user TEXT CHECK (user <> '');
    """
}
