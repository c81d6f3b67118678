import Foundation

/// A mail server. Its faults begin after the message has come in whole: `accepts` says whether it is kept,
/// the reply what the client hears. A status below 200 times is given as SMTP writes it (451, 550).
public final class MailFarSide: Sendable {
  public let faults: FaultPlan
  public let history: History
  private let listener: Listener
  private let kept: Guarded<[String]>

  public var port: Int { listener.port }
  /// Whole messages with CRLF.
  public var messages: [String] { kept { $0 } }
  public func stop() { listener.stop() }

  /// - Parameters:
  ///   - password: wanted with AUTH PLAIN for any user; nil for none.
  ///   - rejectedRecipients: addresses that get a 550.
  public init(
    port: Int = 0, history: History, faults: FaultPlan = FaultPlan(), password: String? = nil,
    rejectedRecipients: Set<String> = []
  ) throws {
    self.faults = faults
    self.history = history
    let kept = Guarded<[String]>([])
    self.kept = kept
    listener = try Listener(port: port) { connection in
      var session = Session(
        connection: connection, faults: faults, history: history, kept: kept, password: password,
        rejected: rejectedRecipients)
      session.run()
    }
  }

  private struct Session {
    let connection: Connection
    let faults: FaultPlan
    let history: History
    let kept: Guarded<[String]>
    let password: String?
    let rejected: Set<String>
    var isKnown = false

    func say(_ line: String) -> Bool { connection.send(line + "\r\n") }

    mutating func run() {
      guard say("220 far.example ESMTP") else { return }
      while let line = connection.readLine() {
        guard handle(line) else { return }
      }
    }

    mutating func handle(_ line: String) -> Bool {
      switch line.prefix(while: { $0 != " " && $0 != ":" }).uppercased() {
      case "EHLO": return say("250-far.example\r\n\(password == nil ? "" : "250-AUTH PLAIN\r\n")250 8BITMIME")
      case "HELO": return say("250 far.example")
      case "AUTH": return authenticate(line)
      case "MAIL":
        return say(password == nil || isKnown ? "250 2.1.0 ok" : "530 5.7.0 authentication required")
      case "RCPT":
        let address = line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }
        return say(rejected.contains(String(address)) ? "550 5.1.1 nobody" : "250 2.1.5 ok")
      case "DATA": return say("354 go ahead") && message()
      case "QUIT":
        _ = say("221 2.0.0 bye")
        return false
      default: return say("500 5.5.2 what?")
      }
    }

    mutating func authenticate(_ line: String) -> Bool {
      var proof = line.split(separator: " ").dropFirst(2).first.map(String.init)
      if proof == nil {
        guard say("334 ") else { return false }
        proof = connection.readLine()
      }
      let plain = proof.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
      isKnown = plain?.split(separator: "\0").last.map(String.init) == password
      return say(isKnown ? "235 2.7.0 welcome" : "535 5.7.8 credentials invalid")
    }

    func message() -> Bool {
      var text = ""
      while let line = connection.readLine() {
        guard line == "." else {
          text += (line.hasPrefix(".") ? String(line.dropFirst()) : line) + "\r\n"
          continue
        }
        return end(text)
      }
      return false
    }

    func end(_ text: String) -> Bool {
      let treatment = faults.next()
      if treatment.accepts {
        kept { $0.append(text) }
        let id = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("message-id:") }
        let key = id.map { $0.dropFirst("message-id:".count).trimmingCharacters(in: .whitespaces) } ?? ""
        history.record("mail", "mail", key: key)
      }
      switch treatment.reply {
      case .status(let code, _): return say("\(code) 4.3.0 later or never")
      case .reset:
        connection.willReset()
        return false
      case .hang:
        connection.awaitClose()
        return false
      case .truncated:
        connection.send("25")
        return false
      case .normal, .slow, .loginPage: return say("250 2.0.0 queued as 4711")
      }
    }
  }
}
