import Foundation

/// A token or password that no log, error or dump can show.
///
/// Every way to turn it into text gives `«secret»`: interpolation, `String(reflecting:)`, `dump`,
/// `Mirror`. It cannot be encoded or compared. Only `reveal()` gives the text, so a search for that
/// name finds every use.
public struct Secret: Sendable {
  private let text: String

  public init(_ text: String) { self.text = text }

  /// The secret itself, for the one place that sends it.
  public func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  static let placeholder = "«secret»"

  public var description: String { Self.placeholder }
  public var debugDescription: String { Self.placeholder }
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension Secret {
  /// `text` fit for an error or a log: without the secrets, control characters, or great length.
  static func scrub(_ text: String, of secrets: [Secret], limit: Int = 300) -> String {
    var result = text
    for secret in secrets where !secret.text.isEmpty {
      // By code units: a combining mark behind the secret makes its last character another one.
      result = result.replacingOccurrences(of: secret.text, with: placeholder, options: .literal)
    }
    let printable = result.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    return String(String(String.UnicodeScalarView(printable)).prefix(limit))
  }
}
