/// Why bytes did not become a notice. The bytes stay with the caller, who can keep and replay them.
public enum NoticeRejection: Error, Hashable, Sendable {
  /// Where in the document: byte offset, and line and column counted from 1.
  public struct Place: Hashable, Sendable, CustomStringConvertible {
    public let offset: Int
    public let line: Int
    public let column: Int
    public var description: String { "line \(line), column \(column) (byte \(offset))" }
  }

  /// What the bytes are instead of a notice we read.
  public enum Foreign: String, Hashable, Sendable {
    case html, skymapFile, compressed, avro, classicText, classicBinary, brokerMessage, utf16, binary
    case otherXML, otherJSON, unknownText
  }

  /// Nothing there: a Kafka tombstone or an empty file.
  case empty
  case tooLarge(bytes: Int, limit: Int)
  /// `evidence` is the beginning of the document or the name of its root.
  case foreign(Foreign, evidence: String)
  /// Not well-formed JSON or XML.
  case malformed(String, at: Place)
  /// A document type or entity declaration, or a reference to a declared entity.
  case forbiddenMarkup(String, at: Place)
  case tooDeep(limit: Int, at: Place)
  case tooManyValues(limit: Int, at: Place)
  /// A field without which the event cannot be told from others.
  case missing(field: String, evidence: String)
  case invalid(field: String, value: String, reason: String)
  case unsupportedEncoding(String)

  /// A stable name for counts and tests.
  public var code: String {
    switch self {
    case .empty: "empty"
    case .tooLarge: "too-large"
    case .foreign(let kind, _): "foreign." + kind.rawValue
    case .malformed: "malformed"
    case .forbiddenMarkup: "forbidden-markup"
    case .tooDeep: "too-deep"
    case .tooManyValues: "too-many-values"
    case .missing(let field, _): "missing." + field
    case .invalid(let field, _, _): "invalid." + field
    case .unsupportedEncoding: "encoding"
    }
  }

  /// Whether a person should hear of it at once: a real alert may be hidden in what was refused.
  public var deservesAlarm: Bool {
    switch self {
    case .missing, .invalid, .malformed, .forbiddenMarkup, .tooDeep, .tooManyValues, .tooLarge: true
    case .empty, .foreign, .unsupportedEncoding: false
    }
  }
}

extension NoticeRejection: CustomStringConvertible {
  /// One line: what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .empty:
      "the payload is empty: a tombstone or a truncated file; nothing to do"
    case .tooLarge(let bytes, let limit):
      "\(bytes) bytes exceed the limit of \(limit): check where the message comes from"
    case .foreign(let kind, let evidence):
      "\(kind.advice) (starts with or is rooted at: \(evidence))"
    case .malformed(let what, let place):
      "not well-formed at \(place): \(what); ask the sender or fetch the notice again"
    case .forbiddenMarkup(let what, let place):
      "\(what) at \(place) is never read: remove it if the document is to be trusted"
    case .tooDeep(let limit, let place):
      "nested deeper than \(limit) levels at \(place): no notice is, so it is refused"
    case .tooManyValues(let limit, let place):
      "more than \(limit) values at \(place): no notice has so many, so it is refused"
    case .missing(let field, let evidence):
      "the notice has no \(field), so it belongs to no event; \(evidence)"
    case .invalid(let field, let value, let reason):
      "\(field) is \"\(value)\": \(reason)"
    case .unsupportedEncoding(let name):
      "the encoding \(name) is not read: convert the document to UTF-8"
    }
  }
}

extension NoticeRejection.Foreign {
  var advice: String {
    switch self {
    case .html: "an HTML page, not a notice: the download failed; fetch it again"
    case .skymapFile: "a FITS file, not a notice: use it as a sky map"
    case .compressed: "compressed data, not a notice: decompress it first"
    case .avro: "an Avro container: subscribe to the JSON topic igwn.gwalert"
    case .classicText: "a GCN Classic text notice: subscribe to gcn.classic.voevent.<TYPE>"
    case .classicBinary: "a GCN Classic binary packet: subscribe to gcn.classic.voevent.<TYPE>"
    case .brokerMessage: "a broker's error message, not a notice: the topic has no recent message"
    case .utf16: "UTF-16 text: convert it to UTF-8"
    case .binary: "binary data, not a notice"
    case .otherXML: "XML that is not a VOEvent"
    case .otherJSON: "JSON of no notice format that is known"
    case .unknownText: "text of no notice format that is known"
    }
  }
}
