import Deliveries
import FarSides
import Foundation
import Testing
import Units
import WebClient

@testable import Channels

private let composer = MailComposer(
  sender: MailAddress("vesper@a.example", name: "Vesper, the \"planner\" à Nice"), host: "vesper.example")

private func payload(
  subject: String = "[GRANDMA GO] S230518h", body: String = "text\n", thread: String? = nil,
  attachments: [MailAttachment] = [], to: [MailAddress] = [MailAddress("b@b.example", name: "Équipe TCA")],
  hides: Bool = false
) throws -> MailPayload {
  try MailPayload(
    to: to, subject: subject, body: body, date: now, thread: thread.map { DeliveryKey($0) },
    attachments: attachments, hidesRecipients: hides)
}

private func lines(_ bytes: [UInt8]) -> [String] {
  String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
}

/// What Python's `email` package finds in a mail; nil without Python.
private func python(_ mail: [UInt8]) throws -> [String: Any]? {
  let script = """
    import email, email.policy, json, sys
    m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
    files = [[p.get_filename(), p.get_content_type(), p.get_payload(decode=True).hex()] for p in m.iter_attachments()]
    body = m.get_body()
    print(json.dumps({"keys": m.keys(), "subject": m["subject"], "from": str(m["from"].addresses[0].display_name),
      "to": [[a.display_name, a.addr_spec] for a in (m["to"].addresses if m["to"] else [])], "id": m["message-id"],
      "date": m["date"].datetime.isoformat(), "reply": m["in-reply-to"], "body": body.get_content(), "files": files,
      "defects": [repr(d) for part in m.walk() for d in part.defects]
        + [repr(d) for h in m.values() for d in getattr(h, "defects", [])]}))
    """
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script]
  let (input, output) = (Pipe(), Pipe())
  process.standardInput = input
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  try input.fileHandleForWriting.write(contentsOf: Data(mail))
  try input.fileHandleForWriting.close()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  if process.terminationStatus == 127 { return nil }
  return try JSONSerialization.jsonObject(with: data) as? [String: Any]
}

@Suite struct MailComposerTests {
  @Test func isWhatOtherReadersRead() throws {
    let body =
      "Décision: GO ± 3\n.dot first\nFrom here\n=equals= \ntrailing space \n\t tab\n\(String(repeating: "é", count: 300))\n"
    let csv = Array("ra,dec\r\n1,-2\r\n".utf8)
    let ics = Array(repeating: UInt8(200), count: 1000)
    let mail = composer.compose(
      try payload(
        subject: "Événement S230518h: 望远镜 \(String(repeating: "très long ", count: 15))", body: body,
        thread: "mail/root",
        attachments: [
          MailAttachment(filename: "plan \"1\".csv", contentType: "text/csv; charset=utf-8", content: csv),
          MailAttachment(
            filename: "garde à vue.ics", contentType: "text/calendar; charset=utf-8; method=PUBLISH",
            content: ics),
        ]), key: "mail/next")
    try check(mail)
    guard let seen = try python(mail) else { return }
    #expect(seen["defects"] as? [String] == [])
    #expect((seen["subject"] as? String)?.hasPrefix("Événement S230518h: 望远镜 très long") == true)
    #expect(seen["from"] as? String == "Vesper, the \"planner\" à Nice")
    #expect(seen["to"] as? [[String]] == [["Équipe TCA", "b@b.example"]])
    #expect((seen["body"] as? String)?.replacing("\r\n", with: "\n") == body)
    #expect(seen["date"] as? String == "2026-11-21T02:58:12+00:00")
    #expect(seen["id"] as? String == composer.messageID("mail/next"))
    #expect(seen["reply"] as? String == composer.messageID("mail/root"))
    let files = try #require(seen["files"] as? [[String]])
    #expect(files.map { $0[0] } == ["plan \"1\".csv", "garde à vue.ics"])
    #expect(files.map { $0[1] } == ["text/csv", "text/calendar"])
    #expect(files.map { $0[2] } == [SHA256.hex(csv), SHA256.hex(ics)])
  }

  /// Seven bits, CRLF only, short lines: what `MailClient` and servers want.
  private func check(_ mail: [UInt8]) throws {
    #expect(mail.allSatisfy { $0 < 128 && $0 != 0 })
    let all = lines(mail)
    #expect(all.last == "")
    #expect(all.allSatisfy { !$0.contains("\n") && !$0.contains("\r") && $0.utf8.count <= 78 })
  }

  private static let allowed: Set<String> = [
    "Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
  ]

  /// No text makes a header of its own, wherever it stands.
  @Test(arguments: hostileTexts)
  func noHeaderIsInjected(_ text: String) throws {
    let safe = text.contains { !$0.isWhitespace } && text.utf8.count <= 2000 ? text : "x"
    let mail = composer.compose(
      try payload(
        subject: "s " + safe, body: text,
        attachments: [MailAttachment(filename: text, contentType: "text/plain", content: Array(text.utf8))],
        to: [MailAddress("b@b.example", name: String(text.prefix(300)))]), key: text)
    try check(mail)
    let head = lines(mail).prefix { !$0.isEmpty }
    let names = head.filter { !$0.hasPrefix(" ") }.map { String($0.prefix { $0 != ":" }) }
    #expect(Set(names).isSubset(of: Self.allowed))
    #expect(Set(names).count == names.count)
  }

  @Test func hostileMailsParse() throws {
    for text in hostileTexts where text.utf8.count < 1500 {
      let subject = "s \(text)"
      let mail = composer.compose(try payload(subject: subject, body: text + "\n"), key: "k")
      guard let seen = try python(mail) else { return }
      #expect(seen["defects"] as? [String] == [], "\(text.debugDescription)")
      #expect(seen["subject"] as? String == PlainText.oneLine(subject), "\(text.debugDescription)")
    }
  }

  @Test func sameBytesEveryTime() throws {
    let attachment = MailAttachment(filename: "a.txt", contentType: "text/plain", content: [65])
    let item = try payload(attachments: [attachment])
    #expect(composer.compose(item, key: "k") == composer.compose(item, key: "k"))
    #expect(try item.encoded() == item.encoded())
    #expect(try PayloadJSON.decode(MailPayload.self, from: item.encoded()) == item)
    #expect(composer.messageID("a") != composer.messageID("b"))
    #expect(composer.messageID("a\r\nBcc: x").utf8.allSatisfy { (33...126).contains($0) })
  }

  @Test func theFirstMailHasNoParent() throws {
    let first = composer.compose(try payload(thread: "k"), key: "k")
    #expect(!lines(first).contains { $0.hasPrefix("In-Reply-To") })
    let hidden = composer.compose(try payload(hides: true), key: "k")
    #expect(lines(hidden).contains("To: undisclosed-recipients:;"))
    #expect(!String(decoding: hidden, as: UTF8.self).contains("b@b.example"))
  }

  /// `date -u -d @N +%a` of GNU coreutils.
  @Test(arguments: [
    ("2026-11-21T02:58:12Z", "Sat, 21 Nov 2026 02:58:12 +0000"),
    ("2000-01-01T00:00:00Z", "Sat, 1 Jan 2000 00:00:00 +0000"),
    ("1999-12-31T23:59:59Z", "Fri, 31 Dec 1999 23:59:59 +0000"),
    ("2024-02-29T12:00:00Z", "Thu, 29 Feb 2024 12:00:00 +0000"),
  ])
  func dates(_ text: String, _ expected: String) throws {
    let item = try MailPayload(
      to: [MailAddress("a@b.example")], subject: "s", body: "", date: #require(Instant(iso8601: text)))
    #expect(lines(composer.compose(item, key: "k")).contains("Date: \(expected)"))
  }

  @Test func whatNobodyTakesIsRefused() {
    for address in [
      "", "a", "a@", "@b", "a@b@c", "a b@c.example", "a@b\r\nX: y", "<a@b.example>", "é@b.example",
      "a,b@c.example",
    ] {
      #expect(throws: ChannelError.self) { try payload(to: [MailAddress(address)]) }
    }
    #expect(throws: ChannelError.self) { try payload(to: []) }
    #expect(throws: ChannelError.self) { try payload(subject: " \n") }
    for type in [
      "", "text", "text/plain\r\nX: y", "text/plain; a", "text/plain; a=\"b\"", "a/b/c", "text/ plain",
    ] {
      #expect(throws: ChannelError.self) {
        try payload(attachments: [MailAttachment(filename: "f", contentType: type, content: [])])
      }
    }
  }
}

@Suite struct MailChannelTests {
  private func channel(_ far: MailFarSide, password: String? = nil, deadlines: Deadlines = patient) throws
    -> MailChannel
  {
    let server = MailServer(
      host: "127.0.0.1", port: far.port, security: .none, user: password == nil ? nil : "vesper",
      password: password.map { Secret($0) }, clientName: "vesper.example")
    var configuration = MailChannel.Configuration(
      server: server, sender: MailAddress("vesper@a.example"), messageHost: "vesper.example")
    configuration.deadlines = deadlines
    return try MailChannel(configuration)
  }
  private func item(isMock: Bool = false) throws -> Delivery {
    delivery("mail/S230518h/r3", "mail", "mail", try payload().encoded(), isMock: isMock)
  }

  @Test func arrives() async throws {
    let far = try MailFarSide(history: History(), password: canary)
    let channel = try channel(far, password: canary)
    let outcome = await channel.send(try item(), receipts: [:], now: now)
    #expect(outcome.receipt == composer.messageID("mail/S230518h/r3"))
    #expect(
      far.messages == [
        String(
          decoding: MailComposer(sender: MailAddress("vesper@a.example"), host: "vesper.example").compose(
            try payload(), key: "mail/S230518h/r3"), as: UTF8.self)
      ])
    #expect(far.history.all.map(\.key) == [outcome.receipt ?? ""])
    #expect(await channel.readBack(try item(), receipts: [:], now: now).word == "unknown for good")
  }

  @Test(arguments: [
    (Treatment.acceptedThenReset, "ambiguous"), (.acceptedThenHang, "ambiguous"),
    (.acceptedThenTruncated, "ambiguous"),
    (.resetUnread, "ambiguous"), (Treatment(accepts: false, .status(451)), "unsent"),
    (Treatment(accepts: false, .status(554)), "refused"), (.normal, "confirmed"),
  ])
  func afterTheLastByteNothingIsSure(_ treatment: Treatment, _ word: String) async throws {
    let far = try MailFarSide(history: History(), faults: FaultPlan([treatment]))
    let outcome = await (try channel(far, deadlines: treatment.reply == .hang ? impatient : patient))
      .send(try item(), receipts: [:], now: now)
    #expect(outcome.word == word, "\(outcome)")
    #expect(far.messages.count == (treatment.accepts ? 1 : 0))
  }

  @Test func wrongPasswordHalts() async throws {
    let far = try MailFarSide(history: History(), password: "right")
    let outcome = await (try channel(far, password: canary)).send(try item(), receipts: [:], now: now)
    #expect(outcome.word == "halted", "\(outcome)")
    #expect(!"\(outcome)".contains("CANARY"))
    let missing = await (try channel(far)).send(try item(), receipts: [:], now: now)
    #expect(missing.word == "halted", "\(missing)")
    #expect(far.messages.isEmpty)
  }

  @Test func oneBadRecipientStopsAll() async throws {
    let far = try MailFarSide(history: History(), rejectedRecipients: ["b@b.example"])
    let outcome = await (try channel(far)).send(try item(), receipts: [:], now: now)
    #expect(outcome.word == "refused")
    #expect(far.messages.isEmpty)
  }

  @Test func whatCannotBeSentIsNot() async throws {
    let far = try MailFarSide(history: History())
    let channel = try channel(far)
    #expect(await channel.send(try item(isMock: true), receipts: [:], now: now).word == "refused")
    #expect(await channel.send(delivery("k", "mail", "mail", [1]), receipts: [:], now: now).word == "refused")
    let other = delivery("k", "mail", "letter", try payload().encoded())
    #expect(await channel.send(other, receipts: [:], now: now).word == "refused")
    far.stop()
    #expect(await channel.send(try item(), receipts: [:], now: now).word == "unsent")
  }
}
