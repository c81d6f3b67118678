import Deliveries
import Foundation
import Testing
import Units

@testable import Channels

@Suite struct SlackTextTests {
  /// Nothing that Slack reads as markup, a mention or the end of a code block comes through.
  @Test(arguments: hostileTexts)
  func foreignTextIsText(_ text: String) {
    for limit in [1, 75, 150, 3000] {
      let safe = SlackText.escape(text, limit: limit)
      #expect(safe.utf16.count <= limit)
      // By bytes: with a combining mark behind it a bracket is another character.
      #expect(!safe.utf8.contains { "<>`".utf8.contains($0) })
      #expect(!safe.unicodeScalars.contains { $0.properties.generalCategory == .control })
      #expect(!safe.contains("\u{202E}"))
      for name in ["@channel", "@here", "@everyone"] { #expect(!safe.contains(name)) }
      // Every ampersand begins a whole entity: the cut never goes through one.
      for part in safe.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).dropFirst()
      {
        #expect(["amp;", "lt;", "gt;"].contains { part.starts(with: $0.utf8) })
      }
    }
  }

  @Test func plainTextStays() {
    #expect(SlackText.escape("S230518h: NSBH 117 ± 31 Mpc") == "S230518h: NSBH 117 ± 31 Mpc")
    #expect(SlackText.escape("a & b < c") == "a &amp; b &lt; c")
    #expect(SlackText.escape("a\nb") == "a b")
    #expect(SlackText.escape("a\nb", keepsLines: true) == "a\nb")
    #expect(SlackText.escape("abcdef", limit: 4) == "abc…")
  }

  @Test func links() {
    #expect(
      SlackText.link("https://a.example/?x=1&y=2", title: "a|b>")
        == "<https://a.example/?x=1&amp;y=2|a/b&gt;>")
    for bad in [
      "javascript:alert(1)", "https://a|b", "https://a>b", "ftp://a", "https://a b", "", "https://ä.example",
    ] {
      #expect(SlackText.link(bad, title: "x") == nil)
    }
  }
}

@Suite struct SlackPayloadTests {
  private func fault(_ blocks: [SlackBlock], text: String = "x") -> String? {
    do {
      _ = try SlackPayload(text: text, blocks: blocks)
      return nil
    } catch { return "\(error)" }
  }
  private let fine = SlackBlock.section(.plain("x"))
  private func long(_ n: Int) -> String { String(repeating: "x", count: n) }

  /// Each limit: the last that passes, the first that does not.
  @Test func limitsOfBlockKit() {
    #expect(fault(Array(repeating: fine, count: 50)) == nil)
    #expect(fault(Array(repeating: fine, count: 51)) != nil)
    #expect(fault([]) != nil)
    #expect(fault([.header(.plain(long(150)))]) == nil)
    #expect(fault([.header(.plain(long(151)))]) != nil)
    #expect(fault([.header(.markdown("x"))]) != nil)
    #expect(fault([.section(.plain(long(3000)))]) == nil)
    #expect(fault([.section(.markdown(long(3001)))]) != nil)
    #expect(fault([.section(.plain(""))]) != nil)
    #expect(fault([.fields(Array(repeating: .plain("x"), count: 10))]) == nil)
    #expect(fault([.fields(Array(repeating: .plain("x"), count: 11))]) != nil)
    #expect(fault([.fields([.plain(long(2001))])]) != nil)
    #expect(fault([.context(Array(repeating: .plain("x"), count: 11))]) != nil)
    let button = SlackButton("ok", action: "a")
    #expect(fault([.actions([button])]) == nil)
    #expect(fault([.actions([button, button])]) != nil)
    #expect(fault([.actions((0..<26).map { SlackButton("ok", action: "a\($0)") })]) != nil)
    #expect(fault([.actions([SlackButton(long(76), action: "a")])]) != nil)
    #expect(fault([.actions([SlackButton("ok", action: long(256))])]) != nil)
    #expect(fault([.actions([SlackButton("ok", action: "a", value: long(2001))])]) != nil)
    #expect(fault([.actions([SlackButton("ok", action: "a", url: "javascript:x")])]) != nil)
    #expect(fault([fine], text: "") != nil)
    #expect(fault([fine], text: long(4001)) != nil)
  }

  @Test func everyBlockComesBack() throws {
    let blocks: [SlackBlock] = [
      .header(.plain("h")), .section(.markdown("m")), .fields([.plain("f")]), .context([.plain("c")]),
      .divider,
      .actions([
        SlackButton("b", action: "a", value: "v", style: .danger),
        SlackButton("u", action: "o", url: "https://a.example"),
      ]),
    ]
    let payload = try SlackPayload(
      text: "t", blocks: blocks, root: DeliveryKey("root"), sequence: 3, broadcast: true)
    let bytes = try payload.encoded()
    #expect(try PayloadJSON.decode(SlackPayload.self, from: bytes) == payload)
    #expect(try payload.encoded() == bytes)
    let json = String(decoding: bytes, as: UTF8.self)
    #expect(json.contains(#"{"emoji":false,"text":"h","type":"plain_text"}"#))
    #expect(json.contains(#""verbatim":true"#))
  }

  @Test(arguments: [
    ("post", true), ("edit", false), ("reply", false), ("other", true), ("other", false),
  ])
  func kindsAndRootsMatch(_ kind: String, _ hasRoot: Bool) throws {
    let payload = try SlackPayload(text: "t", blocks: [fine], root: hasRoot ? DeliveryKey("root") : nil)
    #expect(throws: ChannelError.self) {
      try SlackPayload(of: delivery("k", "slack", kind, payload.encoded()))
    }
  }

  @Test(arguments: [
    "", "[]", "{}", "null", "{\"text\":1}", "{\"text\":\"a\",\"blocks\":[{\"type\":\"image\"}]}",
  ])
  func brokenPayloads(_ text: String) {
    #expect(throws: ChannelError.self) {
      try SlackPayload(of: delivery("k", "slack", "post", Array(text.utf8)))
    }
  }

  @Test(arguments: ["C0123ABCD/1503435956.000247", "G1A/1.0"])
  func places(_ text: String) { #expect(SlackPlace(text)?.description == text) }

  @Test(arguments: [
    "", "/", "C0123", "general/1.0", "C0/1", "C0123/1.0/2", "C0123/1.x", "C0123/-1.0", "c0123/1.0",
  ])
  func noPlaces(_ text: String) { #expect(SlackPlace(text) == nil) }
}
