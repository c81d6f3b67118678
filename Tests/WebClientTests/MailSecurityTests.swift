import Foundation
import Testing

@testable import WebClient

@Suite struct MailSecurityTests {
  private func script(auth: Bool = true) -> SMTPScript {
    SMTPScript(capabilities: auth ? ["AUTH PLAIN"] : [])
  }
  /// `\0user\0canary-77` in base64.
  private let plain = Data("\0user\0canary-77".utf8).base64EncodedString()

  @Test func aPasswordIsSentToThisMachine() async throws {
    let bench = try MailBench(script())
    let client = try bench.client(user: "user", password: "canary-77")
    _ = try await client.send(mailMessage, deadlines: patientDeadline)
    let auth = bench.log.commands.joined(separator: " ")
    #expect(auth.contains(plain), "\(auth)")
  }

  @Test func aRefusedLoginShowsNoSecret() async throws {
    var script = script()
    script.faults[.auth] = .reply("535 5.7.8 AUTH PLAIN \(plain) canary-77 is wrong")
    let bench = try MailBench(script)
    let client = try bench.client(user: "user", password: "canary-77")
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    guard case .refused(let refusal) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(refusal.code == 535)
    #expect(refusal.text == "")
    #expect(!bench.log.commands.contains { $0.hasPrefix("MAIL") })
  }

  /// libcurl sends without logging in, and the server decides whether it relays that.
  @Test func aServerWithoutLoginNeverSeesThePassword() async throws {
    let bench = try MailBench(script(auth: false))
    let client = try bench.client(user: "user", password: "canary-77")
    _ = try await client.send(mailMessage, deadlines: patientDeadline)
    #expect(!bench.log.commands.contains { $0.hasPrefix("AUTH") || $0.contains(plain) })
  }

  @Test func withoutSTARTTLSNothingIsSaid() async throws {
    let bench = try MailBench(script())
    let client = try bench.client(.startTLS, user: "user", password: "canary-77")
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    #expect(notSent(error) == .tls)
    #expect(!bench.log.commands.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
  }

  @Test(
    .enabled(if: TLSIdentity.isAvailable, Comment(rawValue: TLSIdentity.reason)),
    arguments: [MailServer.Security.startTLS, .implicitTLS])
  func tlsEitherWay(_ security: MailServer.Security) async throws {
    let identity = try #require(TLSIdentity.localhost)
    var script = script()
    script.identity = identity
    script.implicitTLS = security == .implicitTLS
    let bench = try MailBench(script)
    let client = try bench.client(security, user: "user", password: "canary-77", trusting: identity)
    _ = try await client.send(mailMessage, deadlines: patientDeadline)
    #expect(bench.log.messages == [mailText])
    let words = bench.log.commands.map { $0.prefix(4) }
    let expected: [Substring] = ["EHLO", "AUTH", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    #expect(words.filter { expected.contains($0) }.suffix(7) == expected)
  }

  @Test(
    .enabled(if: TLSIdentity.isAvailable, Comment(rawValue: TLSIdentity.reason)),
    arguments: [MailServer.Security.startTLS, .implicitTLS])
  func anUnknownAuthorityGetsNothing(_ security: MailServer.Security) async throws {
    var script = script()
    script.identity = TLSIdentity.localhost
    script.implicitTLS = security == .implicitTLS
    let bench = try MailBench(script)
    let client = try bench.client(security, user: "user", password: "canary-77")
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    #expect(notSent(error) == .tls)
    #expect(!bench.log.commands.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
  }

  @Test(arguments: [
    "", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "a@b>", "a,b@c", "ä@b.example",
    "\"a\"@b", "a@b\0", String(repeating: "a", count: 65) + "@b",
  ])
  func addressesThatAreNone(_ address: String) {
    let bytes = Array("x\r\n".utf8)
    for mail in [
      MailMessage(from: address, to: ["b@b"], bytes: bytes),
      MailMessage(from: "a@a", to: [address], bytes: bytes),
      MailMessage(from: "a@a", to: ["b@b", address], bytes: bytes),
    ] {
      #expect(throws: WebError.self) { try mail.check() }
    }
  }

  @Test(arguments: [
    "", "x", "x\n", "x\r", "a\nb\r\n", "a\rb\r\n", "a\r\r\n", "é\r\n", "a\0\r\n",
    String(repeating: "x", count: 999) + "\r\n",
  ])
  func messagesThatAreNone(_ text: String) {
    let mail = MailMessage(from: "a@a", to: ["b@b"], bytes: Array(text.utf8))
    #expect(throws: WebError.self) { try mail.check() }
  }

  @Test func goodMessagesPass() throws {
    let longest = String(repeating: "x", count: 998) + "\r\n\r\n.\r\n"
    try MailMessage(from: "a+b=c@a.example", to: ["b@b"], bytes: Array(longest.utf8)).check()
    #expect(throws: WebError.self) { try MailMessage(from: "a@a", to: [], bytes: [13, 10]).check() }
  }

  @Test func serversThatAreNone() {
    let secret = Secret("x")
    for server in [
      MailServer(host: "a.example/x", port: 25, security: .none),
      MailServer(host: "a.example:25", port: 25, security: .none),
      MailServer(host: "a\r\nb", port: 25, security: .none), MailServer(host: "", port: 25, security: .none),
      MailServer(host: "u@a.example", port: 25, security: .none),
      MailServer(host: "a.example", port: 0, security: .none),
      MailServer(host: "a.example", port: 70_000, security: .none),
      MailServer(host: "a.example", port: 465, security: .implicitTLS, user: "u"),
      MailServer(host: "a.example", port: 465, security: .implicitTLS, password: secret),
      MailServer(host: "a.example", port: 25, security: .none, user: "u", password: secret),
      MailServer(host: "a.example", port: 25, security: .none, clientName: "a\r\nb"),
      MailServer(host: "a.example", port: 25, security: .none, clientName: "a b"),
      MailServer(host: "a.example", port: 25, security: .none, testCABundlePath: "/nowhere"),
    ] {
      #expect(throws: WebError.self) { try MailClient(server) }
    }
  }
}
