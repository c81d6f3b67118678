import Deliveries
import Foundation
import Units
import WebClient

/// What becomes of far sides' words before people or logs see them.
struct Redactor: Sendable {
  let secrets: [Secret]
  init(_ secrets: [Secret]) { self.secrets = secrets }

  /// Without secrets (as they are and percent-encoded), control and direction characters, or great length.
  func callAsFunction(_ text: String, limit: Int = 300) -> String {
    var result = text
    for secret in secrets {
      let plain = secret.reveal()
      guard !plain.isEmpty else { continue }
      result = Self.removing(plain, from: result)
      let allowed = CharacterSet.alphanumerics
      if let encoded = plain.addingPercentEncoding(withAllowedCharacters: allowed), encoded != plain {
        result = Self.removing(encoded, from: result)
      }
    }
    return String(PlainText.oneLine(result).prefix(limit))
  }

  /// By code units: a combining mark after the secret makes its last character another one.
  private static func removing(_ secret: String, from text: String) -> String {
    text.replacingOccurrences(of: secret, with: "«secret»", options: .literal)
  }
}

/// Text of unknown origin made harmless for a line of text.
enum PlainText {
  /// Control, format (direction marks among them) and private characters, line and paragraph separators.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }

  /// One line: hidden characters become spaces, runs of spaces one.
  static func oneLine(_ text: String) -> String {
    let shown = String(String.UnicodeScalarView(text.unicodeScalars.map { isHidden($0) ? " " : $0 }))
    return shown.split(separator: " ").joined(separator: " ")
  }

  /// The same line by line, empty lines kept.
  static func lines(_ text: String) -> String {
    let unified = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    let kept = unified.unicodeScalars.map { $0 == "\n" || $0 == "\t" ? $0 : (isHidden($0) ? " " : $0) }
    return String(String.UnicodeScalarView(kept))
  }

  /// At most `limit` UTF-16 units, which is how Slack counts; what is cut ends with an ellipsis.
  static func cut(_ text: String, to limit: Int) -> String {
    guard text.utf16.count > limit else { return text }
    var kept = ""
    var used = 0
    for character in text {
      let size = character.utf16.count
      guard used + size <= limit - 1 else { break }
      kept.append(character)
      used += size
    }
    return kept + "…"
  }
}

extension SendOutcome {
  /// What a failed exchange means for the delivery. `WebError` knows whether bytes had left.
  init(_ error: WebError, _ redact: Redactor, now: Instant) {
    let text = redact(error.description)
    switch error {
    case .invalidRequest, .unsupportedScheme: self = .refused(reason: text)
    case .notSent(let failure) where failure.cause == .forbiddenAddress: self = .refused(reason: text)
    case .notSent: self = .unsent(reason: text, after: nil)
    case .refused(let refusal):
      if refusal.isTransient {
        self = .unsent(reason: text, after: nil)
      } else if (530...538).contains(refusal.code) {
        // RFC 4954 6: login wanted, too weak, or wrong.
        self = .halted(reason: text)
      } else {
        self = .refused(reason: text)
      }
    case .cancelled(let sent): self = sent ? .ambiguous(reason: text) : .unsent(reason: text, after: nil)
    case .ambiguous, .tooLarge, .redirectRefused, .file: self = .ambiguous(reason: text)
    }
  }

  /// What an HTTP status other than success means when the far side says nothing more.
  ///
  /// 502, 504 and the like may come from a proxy after the far side accepted. A 503 with `Retry-After` was
  /// meant; one without may be a proxy's too.
  init(status response: WebResponse, _ words: String, now: Instant) {
    let after = response.retryAfter(now: now).map { now + $0 }
    let reason = "status \(response.status)" + (words.isEmpty ? "" : ": \(words)")
    switch response.status {
    case 429: self = .unsent(reason: reason, after: after ?? now + .seconds(30))
    case 503 where after != nil: self = .unsent(reason: reason, after: after)
    case 408, 425: self = .unsent(reason: reason, after: after)
    case 401, 403: self = .halted(reason: reason)
    case 500...: self = .ambiguous(reason: reason)
    default: self = .refused(reason: reason)
    }
  }
}
