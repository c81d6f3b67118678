import Foundation
import Store
import Units

/// What comparing ICARE with one delivery showed, as the log keeps it.
struct ReadBackRecord: Hashable, Sendable {
  enum Result: String, Hashable, Sendable, CaseIterable {
    case equal, different, absent
    /// ICARE could not be asked, or not understood.
    case unread
  }

  static let kind = "icare.read-back"

  let key: String
  /// Number of the log line that said it was delivered.
  let line: Int64
  let result: Result
  /// What differs, or why it could not be asked.
  let text: String
  /// From the delivery to the comparison.
  let delay: Duration

  init(key: String, line: Int64, result: Result, text: String, delay: Duration) {
    self.key = key
    self.line = line
    self.result = result
    self.text = text
    self.delay = delay
  }

  init?(_ entry: LogEntry) {
    guard entry.kind == Self.kind,
      let fields = try? JSONDecoder().decode([String: String].self, from: Data(entry.body.utf8)),
      let key = fields["key"], let line = fields["line"].flatMap({ Int64($0) }),
      let result = fields["result"].flatMap({ Result(rawValue: $0) })
    else { return nil }
    self.init(
      key: key, line: line, result: result, text: fields["text"] ?? "",
      delay: .seconds(fields["delay_s"].flatMap { Double($0) } ?? 0))
  }

  func draft(event: String) -> LogDraft {
    LogDraft(
      actor: "icare", kind: Self.kind, event: event,
      fields: [
        "key": key, "line": "\(line)", "result": result.rawValue, "text": text,
        "delay_s": "\((min(max(delay.seconds, 0), 1e9) * 10).rounded() / 10)",
      ])
  }
}
