import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A page read as XML: its elements in order, and its text.
final class ParsedPage: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// Of the element and what is inside.
    var text = ""
  }
  private(set) var elements: [Element] = []
  private(set) var fault: String?
  private var open: [Int] = []

  init(_ html: some Sequence<UInt8>) {
    super.init()
    let parser = XMLParser(data: Data(html))
    parser.delegate = self
    if !parser.parse() {
      fault =
        "line \(parser.lineNumber), column \(parser.columnNumber): "
        + (parser.parserError.map { "\($0)" } ?? "not well-formed")
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }
  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) { open.removeLast() }
  func parser(_ parser: XMLParser, foundCharacters text: String) {
    for i in open { elements[i].text += text }
  }

  /// Elements with the names of their attributes: what a stranger's text must never change.
  var skeleton: [String] {
    elements.map { $0.name + " " + $0.attributes.keys.sorted().joined(separator: " ") }
  }
  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
  var text: String { elements.first?.text ?? "" }
}

/// Texts of strangers that try to become markup, in the ways that are known (OWASP's evasion cheat sheet and
/// the HTML parser's own corners), written for this test: every vector in every wrapping.
enum HostileText {
  private static let vectors = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>", "<math><mtext><style><img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>", "<object data=data:text/html,x>",
    "<embed src=//evil.example/x>", "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example><input name=q>",
    "<style>@import '//evil.example'</style>", "<template><script>alert(1)</script></template>",
    "<textarea autofocus onfocus=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "\" onmouseover=\"alert(1)", "' onmouseover='alert(1)", "` onmouseover=`alert(1)", "\"/><b>x",
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "//evil.example/x",
    "\\\\evil.example\\x",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;", "&", "&amp", "&#x3c;img&#x3e;", "&unknown;",
    "{{head.title}}", "{{{id}}}", "{{> layout}}", "{{# head}}x{{/ head}}", "{{% CONTENT_TYPE: TEXT}}<b>",
    "{{=<% %>=}}",
  ]
  private static let wraps: [@Sendable (String) -> String] = [
    { $0 },
    { "\"'></title></textarea></script></style></pre>" + $0 },
    { "]]>--><!--" + $0 + "--><![CDATA[" },
    // A combining mark joins the character before it into one grapheme.
    { $0.map { "<>\"'&`".contains($0) ? "\($0)\u{301}" : "\($0)" }.joined() },
    { "\u{0}\u{1B}\u{202E}" + $0 + "\u{FFFE}\u{85}\u{2028}" },
    { $0.unicodeScalars.map { "\($0)\u{200D}" }.joined() },
    // Undone once too often somewhere, these become the plain vector.
    { $0.utf8.map { "%" + String($0, radix: 16) }.joined() },
    { $0.unicodeScalars.map { "&#x\(String($0.value, radix: 16));" }.joined() },
    { $0.unicodeScalars.map { "\\u00" + ($0.value < 16 ? "0" : "") + String($0.value, radix: 16) }.joined() },
    { "+ADw-" + $0.replacing("<", with: "+ADw-").replacing(">", with: "+AD4-") },
    // Where attributes, comments and templates end early, and in other cases and widths.
    { "x\n\t\u{C}/" + $0.uppercased() + " x=\"{{{" },
    { "\u{FF1C}\u{2039}" + $0 + "--!></noscript></template></select></option>" },
    { $0 + $0 + "\\\"" + $0 + "\\'" },
  ]

  static let all: [String] = wraps.flatMap { wrap in vectors.map(wrap) }
}
