import CCurl
import Foundation

/// One SMTP exchange, run to its end on the thread that calls `run`.
final class MailTransfer {
  private let server: MailServer
  private let message: MailMessage
  private let cancelled: Locked<Bool>
  private let easy: EasyHandle
  private var offset = 0
  /// The server asked for the message and libcurl took some of it.
  private var started = false
  /// The text of the last reply of each code.
  private var replies: [Int: String] = [:]
  private var finalReply: Int64?

  /// - Returns: nil when libcurl has no memory.
  init?(
    _ server: MailServer, _ message: MailMessage, _ deadlines: Deadlines, _ cancelled: Locked<Bool>
  ) {
    guard let easy = EasyHandle() else { return nil }
    self.server = server
    self.message = message
    self.cancelled = cancelled
    self.easy = easy
    configure(deadlines)
  }

  private func configure(_ deadlines: Deadlines) {
    easy.applySecurity(caBundlePath: server.testCABundlePath)
    easy.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    let scheme = server.security == .implicitTLS ? "smtps" : "smtp"
    easy.set(CURLOPT_URL, "\(scheme)://\(server.host):\(server.port)/\(server.clientName ?? "")")
    if server.security == .startTLS { easy.set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)) }
    if let user = server.user, let password = server.password {
      easy.set(CURLOPT_USERNAME, user)
      easy.set(CURLOPT_PASSWORD, password.reveal())
    }
    easy.set(CURLOPT_MAIL_FROM, "<\(message.sender)>")
    easy.set(CURLOPT_MAIL_RCPT, lines: message.recipients.map { "<\($0)>" })
    easy.set(CURLOPT_UPLOAD, 1)
    easy.set(CURLOPT_INFILESIZE_LARGE, offset: message.bytes.count)
    easy.set(CURLOPT_CONNECTTIMEOUT_MS, deadlines.connect.wholeMilliseconds)
    easy.set(CURLOPT_TIMEOUT_MS, deadlines.total.wholeMilliseconds)
    // Its own limit of two minutes a reply is too short for some servers' last one.
    easy.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, deadlines.total.wholeSeconds)
    if let stall = deadlines.stall {
      easy.set(CURLOPT_LOW_SPEED_LIMIT, stall.bytesPerSecond)
      easy.set(CURLOPT_LOW_SPEED_TIME, stall.window.wholeSeconds)
    }
    // Never a second message on a connection: libcurl would repeat one on a connection found dead.
    easy.set(CURLOPT_FRESH_CONNECT, 1)
    easy.set(CURLOPT_FORBID_REUSE, 1)
    configureCallbacks()
  }

  private func configureCallbacks() {
    let me = Unmanaged.passUnretained(self).toOpaque()
    easy.set(CURLOPT_READFUNCTION) { buffer, size, count, context in
      MailTransfer.from(context).give(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
    }
    easy.set(CURLOPT_READDATA, pointer: me)
    easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return MailTransfer.from(context).receive(bytes)
    }
    easy.set(CURLOPT_HEADERDATA, pointer: me)
    easy.set(CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
    easy.setProgressCallback { context, _, _, _, _ in MailTransfer.from(context).wantsToStop ? 1 : 0 }
    easy.set(CURLOPT_XFERINFODATA, pointer: me)
    easy.set(CURLOPT_NOPROGRESS, 0)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> MailTransfer {
    Unmanaged<MailTransfer>.fromOpaque(context!).takeUnretainedValue()
  }

  private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    started = true
    let part = message.bytes[offset...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    offset += part.count
    return part.count
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    let line = String(decoding: bytes, as: UTF8.self)
    if let code = Int(line.prefix(3)) {
      // What follows the final reply is the answer to QUIT.
      if finalReply == nil { replies[code] = String(line.dropFirst(4).prefix(512)) }
      if started, line.hasPrefix("250 ") { finalReply = finalReply ?? Monotonic.now }
    }
    return bytes.count
  }

  /// libcurl asks at least once a second. After the final reply only QUIT is left, a courtesy that
  /// gets one second.
  private var wantsToStop: Bool {
    if let finalReply { return Monotonic.now - finalReply > 1_000_000_000 }
    return cancelled.withLock { $0 }
  }

  func run() -> Result<MailReceipt, WebError> {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    if cancelled.withLock({ $0 }) { return .failure(.cancelled(sent: false)) }
    guard easy.failure == CURLE_OK else { return .failure(failure(easy.failure)) }
    let code = curl_easy_perform(easy.raw)
    guard code == CURLE_OK else { return .failure(failure(code)) }
    return .success(MailReceipt(reply: reply(250)))
  }

  private func reply(_ code: Int) -> String {
    let text = replies[code] ?? ""
    return Secret.scrub(text.trimmingCharacters(in: .whitespacesAndNewlines), of: secrets)
  }
  private var secrets: [Secret] { [server.password].compactMap { $0 } }

  private func failure(_ code: CURLcode) -> WebError {
    let answer = easy.long(CURLINFO_RESPONSE_CODE)
    switch code {
    case CURLE_ABORTED_BY_CALLBACK: return .cancelled(sent: started)
    case CURLE_LOGIN_DENIED where (400..<600).contains(answer):
      // The reply may repeat the line it refuses, which held the password in base64.
      return .refused(MailRefusal(code: answer, text: "", server: server.description))
    case CURLE_OPERATION_TIMEDOUT, CURLE_USE_SSL_FAILED: break
    default:
      guard (400..<600).contains(answer) else { break }
      return .refused(MailRefusal(code: answer, text: reply(answer), server: server.description))
    }
    let connected = easy.microseconds(CURLINFO_PRETRANSFER_TIME_T) > .zero
    var cause = WebFailure.Cause(code, connected: connected)
    if cause == .stall { cause = .deadline }
    if code == CURLE_LOGIN_DENIED { cause = .malformed }
    let failure = WebFailure(
      cause: cause, target: server.description, status: answer == 0 ? nil : answer,
      detail: easy.detail(code, secrets: secrets))
    return started ? .ambiguous(failure) : .notSent(failure)
  }
}
