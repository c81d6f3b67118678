import Foundation

/// How a request failed, in the terms an outbox decides by.
///
/// `.notSent` may be tried again at once. `.ambiguous` must be read back first: the peer may have acted.
/// No case, and no text made of one, holds a secret, a query, or a secret path.
public enum WebError: Error, Equatable, Sendable {
  /// Nothing was tried: the request itself is wrong.
  case invalidRequest(String)
  /// Nothing was tried: only http and https are spoken.
  case unsupportedScheme(String)
  /// Surely nothing of the request reached the peer: no address, no connection, no TLS.
  case notSent(WebFailure)
  /// Bytes of the request left, and no whole answer came back.
  case ambiguous(WebFailure)
  /// The mail server answered, and the answer is no.
  case refused(MailRefusal)
  /// The answer outgrew its limit and was cut off; the peer has acted if it ever does.
  case tooLarge(Part, limit: Int, status: Int?)
  /// An answer to GET or HEAD pointed somewhere it may not.
  case redirectRefused(RedirectRefusal, from: String)
  /// The task was cancelled; `sent` is whether bytes of the request had left.
  case cancelled(sent: Bool)
  /// The downloaded file could not be written.
  case file(path: String, operation: String, errno: Int32)

  public enum Part: String, Hashable, Sendable { case headers, body }

  public enum RedirectRefusal: Hashable, Sendable {
    case tooMany(limit: Int)
    case schemeChange(from: WebURL.Scheme, to: WebURL.Scheme)
    /// Not a URL, or of a scheme that is not spoken.
    case badTarget(String)
  }

  /// Whether the peer may have acted on the request: true means read back before a resend.
  public var mayHaveReachedPeer: Bool {
    switch self {
    case .invalidRequest, .unsupportedScheme, .notSent, .refused: false
    case .cancelled(let sent): sent
    case .ambiguous, .tooLarge, .redirectRefused, .file: true
    }
  }
}

/// The evidence of a failed exchange.
public struct WebFailure: Hashable, Sendable {
  public enum Cause: String, Hashable, Sendable {
    case resolve, connect, tls
    /// The address is not public and the client may only reach public ones.
    case forbiddenAddress = "forbidden address"
    case connectTimeout = "connect timeout"
    /// Fewer bytes a second than the request asked for.
    case stall
    case deadline
    /// The deadline would pass while the rate limit makes the request wait.
    case rateLimit = "rate limit"
    /// The connection broke, or ended without an answer.
    case reset
    /// Fewer bytes than the answer announced.
    case truncated
    /// The answer is not HTTP, or not SMTP.
    case malformed
    case shutdown
    case other
  }

  public let cause: Cause
  /// The address without query and secrets, or the mail server.
  public let target: String
  /// The status line, if one came before the failure.
  public let status: Int?
  /// What the library said, scrubbed.
  public let detail: String

  public init(cause: Cause, target: String, status: Int? = nil, detail: String = "") {
    self.cause = cause
    self.target = target
    self.status = status
    self.detail = detail
  }
}

/// A negative SMTP reply.
public struct MailRefusal: Hashable, Sendable {
  /// 400...599.
  public let code: Int
  /// The reply without its code, scrubbed; empty for a refused login.
  public let text: String
  public let server: String

  /// 4xx: the same message may be accepted later.
  public var isTransient: Bool { (400..<500).contains(code) }
}

extension WebError: CustomStringConvertible, LocalizedError {
  public var errorDescription: String? { description }

  public var description: String {
    switch self {
    case .invalidRequest(let what): "invalid request: \(what)"
    case .unsupportedScheme(let scheme):
      "the scheme \"\(Secret.scrub(scheme, of: []))\" is not supported (only http and https are)"
    case .notSent(let failure): "\(failure) (nothing was sent)"
    case .ambiguous(let failure): "\(failure) (the request may have been acted on)"
    case .refused(let refusal):
      "\(refusal.server) refused with \(refusal.code)"
        + (refusal.text.isEmpty ? "" : ": \(refusal.text)")
    case .tooLarge(let part, let limit, let status):
      "the answer's \(part.rawValue) exceed \(limit) bytes" + (status.map { " (status \($0))" } ?? "")
    case .redirectRefused(let why, let from): "\(from): \(why)"
    case .cancelled(let sent): sent ? "cancelled after sending" : "cancelled before sending"
    case .file(let path, let operation, let errno):
      "\(path): cannot \(operation): \(String(cString: strerror(errno)))"
    }
  }
}

extension WebError.RedirectRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooMany(let limit): "more than \(limit) redirects"
    case .schemeChange(let from, let to): "a redirect from \(from.rawValue) to \(to.rawValue) is refused"
    case .badTarget(let why): "redirect refused: \(why)"
    }
  }
}

extension WebFailure: CustomStringConvertible {
  public var description: String {
    "\(target): \(cause.rawValue)" + (status.map { " after status \($0)" } ?? "")
      + (detail.isEmpty ? "" : ": \(detail)")
  }
}
