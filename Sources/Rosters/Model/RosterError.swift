/// What is wrong with a roster, its files or an operation on it.
public enum RosterError: Error, Equatable, Sendable {
  /// It is not YAML or CSV, or none that a roster may be.
  case unreadable(file: String, line: Int?, reason: String)
  /// It can be read, but these values are wrong, in the order of the file.
  case invalid(file: String, [Problem])
  /// No shift of this campaign.
  case noSuchShift(String, campaign: String)
  /// An operation names a person who does not do that shift.
  case notOnShift(Username, shift: ShiftID, members: [Username])
  /// A swap that would change nothing or put somebody twice on one shift.
  case pointless(String)
  /// Not a time zone that can be computed.
  case badZone(name: String, reason: String)

  public struct Problem: Equatable, Sendable {
    /// From 1; nil for what is missing from the file as a whole.
    public let line: Int?
    /// Where in the file's structure, such as `schedule.2026-11-26.2`.
    public let key: String
    public let what: String
    public let remedy: String
    public init(line: Int?, key: String, what: String, remedy: String) {
      self.line = line
      self.key = key
      self.what = what
      self.remedy = remedy
    }
  }
}

extension RosterError: CustomStringConvertible {
  /// One line per problem: `file:line: key: what is wrong; what to do`.
  public var description: String {
    switch self {
    case .unreadable(let file, let line, let reason):
      return file + (line.map { ":\($0)" } ?? "") + ": " + reason
    case .invalid(let file, let problems):
      return problems.map { problem in
        let place = file + (problem.line.map { ":\($0)" } ?? "")
        return "\(place): \(problem.key.isEmpty ? "" : problem.key + ": ")\(problem.what); \(problem.remedy)"
      }.joined(separator: "\n")
    case .noSuchShift(let text, let campaign):
      return "`\(text)` is no shift of \(campaign); write the UTC day it starts on and the slot, 2026-11-27/3"
    case .notOnShift(let user, let shift, let members):
      let names = members.isEmpty ? "nobody" : members.map(\.text).joined(separator: ", ")
      return "\(user) does not do \(shift); on it: \(names)"
    case .pointless(let reason): return reason
    case .badZone(let name, let reason): return "time zone \(name): \(reason)"
    }
  }
}
