import Foundation

@testable import WebClient

/// A mail server whose replies and faults a test chooses. Stages are the client's commands.
struct SMTPScript: Sendable {
  enum Stage: String, Sendable { case greeting, ehlo, auth, mail, rcpt, data, message, quit }
  enum Fault: Sendable, Equatable {
    case reply(String)
    case drop, hang
  }

  var faults: [Stage: Fault] = [:]
  var capabilities = ["8BITMIME", "SIZE 10000000"]
  /// Offers STARTTLS with it, or begins with TLS when `implicitTLS`.
  var identity: TLSIdentity?
  var implicitTLS = false
  /// Fired when a stage is reached.
  var reached: [Stage: Signal] = [:]
}

/// What a session brought, in the order in which it came.
final class SMTPLog: Sendable {
  struct State {
    var commands: [String] = []
    var messages: [String] = []
  }
  private let state = Locked(State())
  var commands: [String] { state.withLock { $0.commands } }
  var messages: [String] { state.withLock { $0.messages } }
  func add(command: String) { state.withLock { $0.commands.append(command) } }
  func add(message: String) { state.withLock { $0.messages.append(message) } }
}

/// One session by RFC 5321, as far as a client that sends one message needs it.
private struct SMTPSession {
  var peer: Peer
  let script: SMTPScript
  let log: SMTPLog
  var isTLS = false

  /// - Returns: false if the session ends here.
  private func answer(_ stage: SMTPScript.Stage, _ usual: String) -> Bool {
    script.reached[stage]?.fire()
    switch script.faults[stage] {
    case nil: return peer.send(Array((usual + "\r\n").utf8))
    case .reply(let text): return peer.send(Array((text + "\r\n").utf8))
    case .drop: return false
    case .hang:
      peer.awaitClose()
      return false
    }
  }

  mutating func run() {
    let outer = peer
    defer { if peer !== outer { peer.close() } }
    if script.implicitTLS {
      guard let identity = script.identity, let inner = peer.startTLS(identity) else { return }
      peer = inner
      isTLS = true
    }
    guard answer(.greeting, "220 test ESMTP") else { return }
    while let line = peer.readLine() {
      log.add(command: line)
      guard handle(line) else { return }
    }
  }

  private mutating func handle(_ line: String) -> Bool {
    let word = line.prefix { $0 != " " && $0 != ":" }.uppercased()
    switch word {
    case "EHLO":
      var lines = script.capabilities
      if script.identity != nil, !isTLS { lines.append("STARTTLS") }
      let all = ["test"] + lines
      let text = all.enumerated().map { "250\($0 == all.count - 1 ? " " : "-")\($1)" }
      return answer(.ehlo, text.joined(separator: "\r\n"))
    case "HELO": return answer(.ehlo, "250 test")
    case "STARTTLS":
      guard let identity = script.identity else { return answer(.ehlo, "502 5.5.1 no") }
      peer.send("220 go\r\n")
      guard let inner = peer.startTLS(identity) else { return false }
      peer = inner
      isTLS = true
      return true
    case "AUTH":
      if line == "AUTH PLAIN" {
        // Without an initial response the client waits to be asked.
        peer.send("334 \r\n")
        log.add(command: peer.readLine() ?? "")
      }
      return answer(.auth, "235 2.7.0 welcome")
    case "MAIL": return answer(.mail, "250 2.1.0 ok")
    case "RCPT": return answer(.rcpt, "250 2.1.5 ok")
    case "DATA":
      guard answer(.data, "354 go ahead") else { return false }
      if case .reply = script.faults[.data] { return true }
      return message()
    case "QUIT":
      _ = answer(.quit, "221 2.0.0 bye")
      return false
    default: return answer(.greeting, "500 5.5.2 what?")
    }
  }

  private func message() -> Bool {
    var text = ""
    while let line = peer.readLine() {
      if line == "." {
        log.add(message: text)
        return answer(.message, "250 2.0.0 queued as 4711")
      }
      text += (line.hasPrefix(".") ? String(line.dropFirst()) : line) + "\r\n"
    }
    return false
  }
}

struct MailBench {
  let server: LoopbackServer
  let log = SMTPLog()

  init(_ script: SMTPScript) throws {
    let log = log
    server = try LoopbackServer { peer in
      var session = SMTPSession(peer: peer, script: script, log: log)
      session.run()
    }
  }

  func client(
    _ security: MailServer.Security = .none, user: String? = nil, password: String? = nil,
    trusting identity: TLSIdentity? = nil
  ) throws -> MailClient {
    try MailClient(
      MailServer(
        host: "127.0.0.1", port: server.port, security: security, user: user,
        password: password.map { Secret($0) }, clientName: "vesper.example",
        testCABundlePath: identity?.certificate))
  }
}

let mailText = """
  From: vesper@a.example\r
  Subject: plan\r
  \r
  .dot at the start\r
  ..two\r
  .\r
  the end\r\n
  """
let mailMessage = MailMessage(
  from: "vesper@a.example", to: ["b@b.example", "c@c.example"], bytes: Array(mailText.utf8))
