/// Text inside a block, already escaped.
public struct SlackTextObject: Hashable, Sendable, Codable {
  public enum Form: String, Hashable, Sendable, Codable { case plain = "plain_text", markdown = "mrkdwn" }
  public let form: Form
  public let text: String

  private enum CodingKeys: String, CodingKey { case type, text, verbatim, emoji }

  private init(_ form: Form, _ text: String) {
    self.form = form
    self.text = text
  }

  /// `text` must be escaped by `SlackText.escape`; `:names:` stay as they are written.
  public static func plain(_ text: String) -> Self { .init(.plain, text) }
  /// `text` is markup whose foreign parts were escaped; Slack adds no links or mentions of its own.
  public static func markdown(_ text: String) -> Self { .init(.markdown, text) }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try c.decode(Form.self, forKey: .type), try c.decode(String.self, forKey: .text))
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(form, forKey: .type)
    try c.encode(text, forKey: .text)
    switch form {
    case .plain: try c.encode(false, forKey: .emoji)
    case .markdown: try c.encode(true, forKey: .verbatim)
    }
  }
}

/// A button that opens an address or reports back.
public struct SlackButton: Hashable, Sendable, Codable {
  public enum Style: String, Hashable, Sendable, Codable { case primary, danger }
  public var label: SlackTextObject
  public var action: String
  public var value: String?
  public var url: String?
  public var style: Style?

  private enum CodingKeys: String, CodingKey {
    case type, value, url, style, text
    case action = "action_id"
  }

  /// - Parameter label: escaped, at most 75 characters.
  public init(
    _ label: String, action: String, value: String? = nil, url: String? = nil, style: Style? = nil
  ) {
    self.label = .plain(label)
    self.action = action
    self.value = value
    self.url = url
    self.style = style
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    label = try c.decode(SlackTextObject.self, forKey: .text)
    action = try c.decode(String.self, forKey: .action)
    value = try c.decodeIfPresent(String.self, forKey: .value)
    url = try c.decodeIfPresent(String.self, forKey: .url)
    style = try c.decodeIfPresent(Style.self, forKey: .style)
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode("button", forKey: .type)
    try c.encode(label, forKey: .text)
    try c.encode(action, forKey: .action)
    try c.encodeIfPresent(value, forKey: .value)
    try c.encodeIfPresent(url, forKey: .url)
    try c.encodeIfPresent(style, forKey: .style)
  }
}

/// The blocks of Block Kit that Vesper uses.
public enum SlackBlock: Hashable, Sendable {
  case header(SlackTextObject)
  case section(SlackTextObject)
  case fields([SlackTextObject])
  case context([SlackTextObject])
  case actions([SlackButton])
  case divider
}

extension SlackBlock: Codable {
  private enum CodingKeys: String, CodingKey { case type, text, fields, elements }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    switch try c.decode(String.self, forKey: .type) {
    case "header": self = .header(try c.decode(SlackTextObject.self, forKey: .text))
    case "section" where c.contains(.fields):
      self = .fields(try c.decode([SlackTextObject].self, forKey: .fields))
    case "section": self = .section(try c.decode(SlackTextObject.self, forKey: .text))
    case "context": self = .context(try c.decode([SlackTextObject].self, forKey: .elements))
    case "actions": self = .actions(try c.decode([SlackButton].self, forKey: .elements))
    case "divider": self = .divider
    default: throw DecodingError.dataCorruptedError(forKey: .type, in: c, debugDescription: "unknown block")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .header(let text):
      try c.encode("header", forKey: .type)
      try c.encode(text, forKey: .text)
    case .section(let text):
      try c.encode("section", forKey: .type)
      try c.encode(text, forKey: .text)
    case .fields(let fields):
      try c.encode("section", forKey: .type)
      try c.encode(fields, forKey: .fields)
    case .context(let elements):
      try c.encode("context", forKey: .type)
      try c.encode(elements, forKey: .elements)
    case .actions(let buttons):
      try c.encode("actions", forKey: .type)
      try c.encode(buttons, forKey: .elements)
    case .divider: try c.encode("divider", forKey: .type)
    }
  }
}

extension SlackBlock {
  /// Limits of Block Kit, in UTF-16 units and counts.
  enum Limit {
    static let blocks = 50
    static let header = 150
    static let section = 3000
    static let field = 2000
    static let fields = 10
    static let contextElements = 10
    static let buttons = 25
    static let label = 75
    static let actionID = 255
    static let value = 2000
    /// Slack cuts longer ones.
    static let push = 4000
  }

  /// What Slack would refuse about it; nil if nothing.
  var fault: String? {
    switch self {
    case .divider: nil
    case .header(let text):
      text.form == .plain ? Self.fault(text, Limit.header) : "a header is plain text"
    case .section(let text): Self.fault(text, Limit.section)
    case .fields(let fields):
      Self.count(fields.count, Limit.fields, "fields")
        ?? fields.lazy.compactMap { Self.fault($0, Limit.field) }.first
    case .context(let elements):
      Self.count(elements.count, Limit.contextElements, "context elements")
        ?? elements.lazy.compactMap { Self.fault($0, Limit.section) }.first
    case .actions(let buttons):
      Self.count(buttons.count, Limit.buttons, "buttons")
        ?? buttons.lazy.compactMap(Self.fault).first
        ?? (Set(buttons.map(\.action)).count == buttons.count ? nil : "two buttons with one action id")
    }
  }

  private static func count(_ n: Int, _ limit: Int, _ what: String) -> String? {
    (1...limit).contains(n) ? nil : "\(n) \(what), 1 to \(limit) are allowed"
  }

  private static func fault(_ text: SlackTextObject, _ limit: Int) -> String? {
    let length = text.text.utf16.count
    if length == 0 { return "an empty text" }
    return length <= limit ? nil : "a text of \(length) characters, \(limit) are allowed"
  }

  private static func fault(_ button: SlackButton) -> String? {
    if let fault = fault(button.label, Limit.label) { return "a button's label is \(fault)" }
    guard button.label.form == .plain else { return "a button's label is plain text" }
    guard (1...Limit.actionID).contains(button.action.utf16.count) else { return "a button's action id" }
    if let value = button.value, value.utf16.count > Limit.value { return "a button's value is too long" }
    if let url = button.url, !SlackText.isAddress(url) { return "a button's address" }
    return nil
  }
}
