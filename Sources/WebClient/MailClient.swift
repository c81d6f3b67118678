import Foundation

/// How to reach a mail server.
public struct MailServer: Sendable {
  public enum Security: Hashable, Sendable {
    /// TLS from the first byte (smtps, usually port 465).
    case implicitTLS
    /// A plain start that must become TLS before anything else; a server that cannot is refused.
    case startTLS
    /// No TLS. With a password only for this machine.
    case none
  }

  public let host: String
  public let port: Int
  public let security: Security
  public let user: String?
  public let password: Secret?
  /// The name given in EHLO; nil lets libcurl take the machine's.
  public let clientName: String?
  /// For tests: a file of trusted certificates instead of the system's. TLS is verified all the same.
  public let testCABundlePath: String?

  public init(
    host: String, port: Int, security: Security, user: String? = nil, password: Secret? = nil,
    clientName: String? = nil, testCABundlePath: String? = nil
  ) {
    self.host = host
    self.port = port
    self.security = security
    self.user = user
    self.password = password
    self.clientName = clientName
    self.testCABundlePath = testCABundlePath
  }
}

extension MailServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Neither user nor password.
  public var description: String {
    "\(security == .implicitTLS ? "smtps" : "smtp")://\(Secret.scrub(host, of: [])):\(port)"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["server": description]) }
}

/// One message with its envelope, built whole by the caller.
public struct MailMessage: Sendable {
  /// An address, `local@domain`.
  public let sender: String
  /// At least one address; all are accepted by the server, or nothing is sent.
  public let recipients: [String]
  /// Header and body (RFC 5322): CRLF line ends, 7-bit, lines up to 998 bytes. The dots of SMTP are
  /// added on the way.
  public let bytes: [UInt8]

  public init(from sender: String, to recipients: [String], bytes: [UInt8]) {
    self.sender = sender
    self.recipients = recipients
    self.bytes = bytes
  }
}

/// The server took the message over.
public struct MailReceipt: Hashable, Sendable {
  /// Its last reply without the code, where servers put their queue id.
  public let reply: String
}

/// Sends mail over SMTP through libcurl, one connection and one thread a message.
///
/// `.notSent` and `.refused` mean that the server does not have the message. `.ambiguous` means that
/// at least a part of it left and the final reply did not come: it may be delivered, so it is never
/// sent again by itself.
public struct MailClient: Sendable {
  private let server: MailServer

  /// - Throws: `.invalidRequest` for a server that cannot be reached safely.
  public init(_ server: MailServer) throws(WebError) {
    // The URL parser that will connect decides what a host is.
    let url = try WebURL("https://\(server.host)/")
    guard url.host == server.host.lowercased(), url.path == "/", url.query == nil, url.port == 443,
      (1...65_535).contains(server.port)
    else { throw .invalidRequest("the mail server's host or port") }
    guard (server.user == nil) == (server.password == nil) else {
      throw .invalidRequest("the mail server needs both user and password, or neither")
    }
    guard server.user == nil || server.security != .none || url.isLoopback else {
      throw .invalidRequest("a mail password would go over a plain connection to \(url.host)")
    }
    if let name = server.clientName, !Self.isHostName(name) {
      throw .invalidRequest("the mail client name")
    }
    if let path = server.testCABundlePath, access(path, R_OK) != 0 {
      throw .file(path: path, operation: "read", errno: errno)
    }
    self.server = server
  }

  /// Hands a message to the server. Cancelling the task ends the exchange within about a second.
  public func send(
    _ message: MailMessage, deadlines: Deadlines = Deadlines(connect: .seconds(10), total: .seconds(60))
  ) async throws(WebError) -> MailReceipt {
    try message.check()
    try deadlines.check()
    let server = self.server
    let cancelled = Locked(false)
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation {
        (continuation: CheckedContinuation<Result<MailReceipt, WebError>, Never>) in
        // libcurl waits for the last reply without returning, so mail cannot share the HTTP thread.
        let thread = Thread {
          let outcome = MailTransfer(server, message, deadlines, cancelled)?.run()
          let noMemory = WebFailure(cause: .other, target: server.description, detail: "no memory")
          continuation.resume(returning: outcome ?? .failure(.notSent(noMemory)))
        }
        thread.name = "vesper-mail"
        thread.start()
      }
    } onCancel: {
      cancelled.withLock { $0 = true }
    }
    return try outcome.get()
  }

  private static func isHostName(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

extension MailMessage {
  static let maxLine = 998  // RFC 5322 2.1.1

  /// Refuses what could be read as more than one message or address on the way.
  func check() throws(WebError) {
    guard !recipients.isEmpty else { throw .invalidRequest("mail without a recipient") }
    for address in [sender] + recipients where !Self.isAddress(address) {
      throw .invalidRequest("a mail address that is not local@domain")
    }
    guard bytes.suffix(2) == [13, 10] else {
      throw .invalidRequest("the mail does not end with CRLF")
    }
    var length = 0
    var previous: UInt8 = 0
    for byte in bytes {
      guard byte != 0, byte < 128 else {
        throw .invalidRequest("the mail is not 7-bit text: use quoted-printable or base64")
      }
      guard (byte == 10) == (previous == 13) else {
        throw .invalidRequest("a line end in the mail that is not CRLF")
      }
      length = byte == 10 ? 0 : length + 1
      guard length <= Self.maxLine + 1 else {
        throw .invalidRequest("a mail line longer than \(Self.maxLine) bytes")
      }
      previous = byte
    }
  }

  /// Plain addresses only: no quoting, comments, or anything SMTP could take for syntax.
  static func isAddress(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].count), (1...255).contains(parts[1].count) else {
      return false
    }
    let syntax = Array("<>()[]\\,;:\"".utf8)
    return text.utf8.allSatisfy { (33...126).contains($0) && !syntax.contains($0) }
  }
}
