import Foundation
import Testing

@testable import WebClient

@Suite struct MailTests {
  @Test func aMessageArrivesByteForByte() async throws {
    let bench = try MailBench(SMTPScript())
    let receipt = try await bench.client().send(mailMessage, deadlines: patientDeadline)
    #expect(receipt.reply == "2.0.0 queued as 4711")
    #expect(bench.log.messages == [mailText])
    #expect(
      bench.log.commands == [
        "EHLO vesper.example", "MAIL FROM:<vesper@a.example> SIZE=\(mailText.utf8.count)",
        "RCPT TO:<b@b.example>", "RCPT TO:<c@c.example>", "DATA", "QUIT",
      ])
  }

  @Test func aLongMessageArrivesByteForByte() async throws {
    let bench = try MailBench(SMTPScript())
    let lines = (0..<40_000).map { ".line \($0)\r\n" }.joined()
    let long = MailMessage(from: "a@a.example", to: ["b@b.example"], bytes: Array(lines.utf8))
    _ = try await bench.client().send(long, deadlines: patientDeadline)
    #expect(bench.log.messages == [lines])
  }

  /// Replies that say no: the server does not have the message, whenever they come.
  @Test(arguments: [
    (SMTPScript.Stage.greeting, "554 5.3.2 closed"), (.greeting, "421 busy"), (.mail, "550 5.1.8 no"),
    (.rcpt, "550 5.1.1 nobody"), (.rcpt, "450 4.7.1 greylisted"), (.data, "554 5.5.1 no"),
    (.message, "552 5.3.4 too big"), (.message, "451 4.3.0 later"),
  ])
  func aRefusalIsARefusal(_ stage: SMTPScript.Stage, _ reply: String) async throws {
    let bench = try MailBench(SMTPScript(faults: [stage: .reply(reply)]))
    let client = try bench.client()
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    guard case .refused(let refusal) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(refusal.code == Int(reply.prefix(3)))
    #expect(refusal.text == String(reply.dropFirst(4)))
    #expect(refusal.isTransient == reply.hasPrefix("4"))
    #expect(error?.mayHaveReachedPeer == false)
    if stage == .rcpt { #expect(!bench.log.commands.contains("DATA")) }
  }

  @Test(arguments: [SMTPScript.Stage.greeting, .ehlo, .mail, .rcpt, .data])
  func aDropBeforeTheMessageSentNothing(_ stage: SMTPScript.Stage) async throws {
    let bench = try MailBench(SMTPScript(faults: [stage: .drop]))
    let client = try bench.client()
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    #expect(notSent(error) != nil, "\(String(describing: error))")
    #expect(bench.log.messages.isEmpty)
  }

  @Test func aDropAfterTheMessageIsAmbiguous() async throws {
    let bench = try MailBench(SMTPScript(faults: [.message: .drop]))
    let client = try bench.client()
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: patientDeadline)
    }
    #expect(ambiguous(error) == .reset, "\(String(describing: error))")
    #expect(error?.mayHaveReachedPeer == true)
    #expect(bench.log.messages == [mailText])
  }

  @Test func aDropWithinTheMessageIsAmbiguous() async throws {
    let server = try LoopbackServer { peer in
      peer.send("220 test\r\n")
      for reply in ["250 test", "250 ok", "250 ok", "354 go"] {
        guard peer.readLine() != nil else { return }
        peer.send(reply + "\r\n")
      }
      _ = peer.readLine()
      peer.reset()
    }
    let client = try MailClient(MailServer(host: "127.0.0.1", port: server.port, security: .none))
    let line = Array((String(repeating: "x", count: 900) + "\r\n").utf8)
    let long = MailMessage(
      from: "a@a.example", to: ["b@b.example"], bytes: Array((0..<10_000).map { _ in line }.joined()))
    let error = await #expect(throws: WebError.self) {
      try await client.send(long, deadlines: patientDeadline)
    }
    #expect(ambiguous(error) != nil, "\(String(describing: error))")
  }

  @Test(arguments: [SMTPScript.Stage.greeting, .ehlo, .mail, .rcpt, .data])
  func silenceBeforeTheMessageSentNothing(_ stage: SMTPScript.Stage) async throws {
    let bench = try MailBench(SMTPScript(faults: [stage: .hang]))
    let client = try bench.client()
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: shortDeadline)
    }
    #expect([.deadline, .connectTimeout].contains(notSent(error)), "\(String(describing: error))")
  }

  @Test func silenceAfterTheMessageIsAmbiguous() async throws {
    let bench = try MailBench(SMTPScript(faults: [.message: .hang]))
    let client = try bench.client()
    let error = await #expect(throws: WebError.self) {
      try await client.send(mailMessage, deadlines: shortDeadline)
    }
    #expect(ambiguous(error) == .deadline, "\(String(describing: error))")
  }

  /// A server that never answers QUIT must not hold the result until the deadline, here an hour.
  @Test(.timeLimit(.minutes(5)), arguments: [SMTPScript.Fault.hang, .drop, .reply("500 no")])
  func quitChangesNothing(_ fault: SMTPScript.Fault) async throws {
    let bench = try MailBench(SMTPScript(faults: [.quit: fault]))
    let deadlines = Deadlines(connect: .seconds(60), total: .seconds(3600))
    let receipt = try await bench.client().send(mailMessage, deadlines: deadlines)
    #expect(receipt.reply == "2.0.0 queued as 4711")
  }

  @Test func aRefusedConnectionSentNothing() async throws {
    let port = try LoopbackServer.closedPort()
    let client = try MailClient(MailServer(host: "localhost", port: port, security: .none))
    let error = await #expect(throws: WebError.self) { try await client.send(mailMessage) }
    #expect(notSent(error) == .connect)
  }

  @Test(arguments: [(SMTPScript.Stage.ehlo, false), (.rcpt, false), (.message, true)])
  func cancellingEndsIt(_ stage: SMTPScript.Stage, _ sent: Bool) async throws {
    let reached = Signal()
    let bench = try MailBench(SMTPScript(faults: [stage: .hang], reached: [stage: reached]))
    let client = try bench.client()
    let task = Task { try await client.send(mailMessage, deadlines: patientDeadline) }
    await reached.wait()
    task.cancel()
    await #expect(throws: WebError.cancelled(sent: sent)) { try await task.value }
  }

  @Test func cancelledBeforeItStarts() async throws {
    let bench = try MailBench(SMTPScript())
    let client = try bench.client()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await client.send(mailMessage)
    }
    await #expect(throws: WebError.cancelled(sent: false)) { try await task.value }
    #expect(bench.server.connections == 0)
  }
}
