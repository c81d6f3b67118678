/// Why a telescope file was refused. Every case names the file and can be printed as it is.
public enum TelescopeError: Error, Equatable, Sendable {
  /// It is not YAML, or not YAML a telescope file may be.
  case unreadable(file: String, line: Int?, reason: String)
  /// It is YAML, but these values are wrong, in the order of the file.
  case invalid(file: String, problems: [Problem])

  /// One thing that is wrong in a file.
  public struct Problem: Equatable, Sendable {
    /// From 1; nil for what is missing.
    public let line: Int?
    /// Key path, such as `timing.readout_s`; empty for the file as a whole.
    public let key: String
    /// What is wrong.
    public let what: String
    /// What to do.
    public let remedy: String
    public init(line: Int?, key: String, what: String, remedy: String) {
      self.line = line
      self.key = key
      self.what = what
      self.remedy = remedy
    }
  }

  public var file: String {
    switch self {
    case .unreadable(let file, _, _), .invalid(let file, _): return file
    }
  }
}

extension TelescopeError: CustomStringConvertible {
  /// One line per problem: `file:line: key: what is wrong; what to do`.
  public var description: String {
    switch self {
    case .unreadable(let file, let line, let reason):
      return file + (line.map { ":\($0)" } ?? "") + ": " + reason
    case .invalid(let file, let problems):
      return problems.map { problem in
        let place = file + (problem.line.map { ":\($0)" } ?? "")
        let key = problem.key.isEmpty ? "" : problem.key + ": "
        return "\(place): \(key)\(problem.what); \(problem.remedy)"
      }.joined(separator: "\n")
    }
  }
}
