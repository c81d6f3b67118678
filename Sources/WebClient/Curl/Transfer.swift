import CCurl
import Foundation

/// What one hop of a request needs, resolved against the client's configuration.
struct HTTPWork: Sendable {
  let request: WebRequest
  let userAgent: String
  let caBundlePath: String?
  let addresses: AddressPolicy
  /// On the monotonic clock.
  let deadline: Int64
  /// Where the body of a 200 goes; nil for memory.
  let sink: Int32?
}

/// One whole answer.
struct HTTPReply: Sendable {
  let status: Int
  let headers: WebHeaders
  let body: [UInt8]
  let bodyBytes: Int
  let timings: WebResponse.Timings
  /// The absolute target of a redirect status that names one.
  let redirect: String?
}

/// One HTTP exchange in progress. It belongs to the engine's thread; libcurl calls it back there.
final class Transfer {
  /// Why an exchange was ended from outside.
  enum Interruption { case deadline, cancelled, shutdown }
  /// Why a callback told libcurl to stop.
  private enum Stop {
    case body, headers, address
    case disk(Int32)
  }

  static let maxHeaderBytes = 64 << 10
  /// How much of the answer is kept when a download's status is not 200.
  static let maxErrorBody = 64 << 10
  /// CURLE_TOO_LARGE, which libcurl 8.6 introduced.
  private static let tooLargeCode = CURLcode(rawValue: 100)

  let work: HTTPWork
  let easy: EasyHandle
  private var stop: Stop?
  private var status = 0
  private var headers = WebHeaders()
  private var headerBytes = 0
  /// The empty line after the header has come.
  private var isHeadWhole = false
  private var body: [UInt8] = []
  private var bodyBytes = 0

  /// - Returns: nil when libcurl has no memory.
  init?(_ work: HTTPWork) {
    guard let easy = EasyHandle() else { return nil }
    self.work = work
    self.easy = easy
    configure()
  }

  private func configure() {
    let request = work.request
    easy.applySecurity(caBundlePath: work.caBundlePath)
    easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
    easy.set(CURLOPT_FOLLOWLOCATION, 0)  // the client follows, so that it checks every hop
    // One request a connection at a time: then the count of bytes sent is the request's own.
    easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    easy.set(CURLOPT_URL, request.url.reveal())
    easy.set(CURLOPT_USERAGENT, work.userAgent)
    if request.acceptsGzip { easy.set(CURLOPT_ACCEPT_ENCODING, "gzip") }
    easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.deadlines.connect.wholeMilliseconds)
    if let stall = request.deadlines.stall {
      easy.set(CURLOPT_LOW_SPEED_LIMIT, stall.bytesPerSecond)
      easy.set(CURLOPT_LOW_SPEED_TIME, stall.window.wholeSeconds)
    }
    configureMethod(request)
    configureHeaders(request)
    configureCallbacks()
  }

  private func configureMethod(_ request: WebRequest) {
    switch request.method {
    case .get: easy.set(CURLOPT_HTTPGET, 1)
    case .head: easy.set(CURLOPT_NOBODY, 1)
    case .post, .put, .patch, .delete:
      easy.setBody(request.body?.bytes ?? [])
      easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      // On a kept connection that turns out dead libcurl sends the request again by itself, whatever
      // the method. A fresh one rules that out: nothing that acts is ever sent twice.
      easy.set(CURLOPT_FRESH_CONNECT, 1)
    }
    if request.method != .head, request.maxResponseBytes > 0 {
      easy.set(CURLOPT_MAXFILESIZE_LARGE, offset: request.maxResponseBytes)
    }
  }

  private func configureHeaders(_ request: WebRequest) {
    // "Name:" removes a header libcurl would add, "Name;" sends one without a value.
    var lines = ["Expect:", request.body.map { "Content-Type: \($0.contentType)" } ?? "Content-Type:"]
    lines += request.headers.fields.map {
      $0.value.allSatisfy { $0 == " " || $0 == "\t" } ? "\($0.name);" : "\($0.name): \($0.value)"
    }
    lines += request.secretHeaders.map { "\($0.name): \($0.prefix)\($0.value.reveal())" }
    easy.set(CURLOPT_HTTPHEADER, lines: lines)
  }

  private func configureCallbacks() {
    let me = Unmanaged.passUnretained(self).toOpaque()
    easy.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Transfer.from(context).receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    easy.set(CURLOPT_WRITEDATA, pointer: me)
    easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Transfer.from(context).receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    easy.set(CURLOPT_HEADERDATA, pointer: me)
    easy.setSocketCallback { context, _, address in Transfer.from(context).openSocket(address) }
    easy.set(CURLOPT_OPENSOCKETDATA, pointer: me)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
  }

  // MARK: callbacks; a count other than the one offered tells libcurl to stop

  private func receive(header bytes: UnsafeRawBufferPointer) -> Int {
    headerBytes += bytes.count
    guard headerBytes <= Self.maxHeaderBytes else {
      stop = .headers
      return -1
    }
    let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    if line.hasPrefix("HTTP/") {
      // A new status line: what came before was an interim answer.
      headers = WebHeaders()
      let words = line.split(separator: " ")
      status = words.count > 1 ? Int(words[1]) ?? 0 : 0
      isHeadWhole = false
    } else if line.isEmpty {
      isHeadWhole = true
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      headers.add(String(line[..<colon]), value)
    }
    return bytes.count
  }

  private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
    bodyBytes += bytes.count
    guard bodyBytes <= work.request.maxResponseBytes else {
      stop = .body
      return -1
    }
    guard let sink = work.sink else {
      body.append(contentsOf: bytes)
      return bytes.count
    }
    guard status == 200 else {
      body.append(contentsOf: bytes.prefix(max(0, Self.maxErrorBody - body.count)))
      return bytes.count
    }
    if let errno = writeAll(bytes, to: sink) {
      stop = .disk(errno)
      return -1
    }
    return bytes.count
  }

  private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t {
    guard let address else { return CURL_SOCKET_BAD }
    let start = UnsafeRawPointer(address) + MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
    let info = address.pointee
    if work.addresses == .publicOnly {
      let peer = PeerAddress(start, family: info.family, length: Int(info.addrlen))
      guard let peer, peer.isPublic else {
        stop = .address
        return CURL_SOCKET_BAD
      }
    }
    // Programs this process starts must not inherit the connection.
    let cloexec = Int32(SOCK_CLOEXEC.rawValue)
    return socket(info.family, info.socktype | cloexec, info.protocol)
  }

  // MARK: the end

  /// Whether any byte of the request was handed to the system.
  private var sent: Bool { easy.long(CURLINFO_REQUEST_SIZE) > 0 }

  /// Called once, after libcurl let go of the handle.
  func outcome(_ code: CURLcode, _ interruption: Interruption? = nil) -> Result<HTTPReply, WebError> {
    switch interruption {
    case .cancelled: return .failure(.cancelled(sent: sent))
    case .deadline: return .failure(failure(.deadline, detail: "the total deadline passed"))
    case .shutdown: return .failure(failure(.shutdown, detail: "the client was shut down"))
    case nil: break
    }
    switch stop {
    case .body: return .failure(tooLarge(.body))
    case .headers: return .failure(tooLarge(.headers))
    case .disk(let errno):
      return .failure(.file(path: "the part file", operation: "write", errno: errno))
    case .address where code != CURLE_OK:
      // Another address of the same name may have been public; only a failure is reported.
      return .failure(failure(.forbiddenAddress, detail: "not a public address"))
    case .address, nil: break
    }
    switch code {
    // libcurl is content with an answer that ends within its header.
    case CURLE_OK where !isHeadWhole:
      return .failure(failure(.truncated, detail: "the answer ended within its header"))
    case CURLE_OK: return .success(reply())
    case CURLE_FILESIZE_EXCEEDED: return .failure(tooLarge(.body))
    case CURLE_OUT_OF_MEMORY where sent, Self.tooLargeCode where sent:
      return .failure(tooLarge(.headers))  // how libcurl reports a header line beyond its own limit
    default: return .failure(failure(code))
    }
  }

  private func failure(_ code: CURLcode) -> WebError {
    let connected = easy.microseconds(CURLINFO_PRETRANSFER_TIME_T) > .zero
    let cause = WebFailure.Cause(code, connected: connected)
    return failure(cause, detail: easy.detail(code, secrets: work.request.secretHeaders.map(\.value)))
  }

  private func failure(_ cause: WebFailure.Cause, detail: String) -> WebError {
    let failure = WebFailure(
      cause: cause, target: work.request.url.description, status: status == 0 ? nil : status,
      detail: detail)
    return sent ? .ambiguous(failure) : .notSent(failure)
  }

  private func tooLarge(_ part: WebError.Part) -> WebError {
    let limit = part == .body ? work.request.maxResponseBytes : Self.maxHeaderBytes
    return .tooLarge(part, limit: limit, status: status == 0 ? nil : status)
  }

  private func reply() -> HTTPReply {
    let redirects: Set = [301, 302, 303, 307, 308]
    return HTTPReply(
      status: status, headers: headers, body: body, bodyBytes: bodyBytes,
      timings: WebResponse.Timings(
        nameLookup: easy.microseconds(CURLINFO_NAMELOOKUP_TIME_T),
        connect: easy.microseconds(CURLINFO_CONNECT_TIME_T),
        tls: easy.microseconds(CURLINFO_APPCONNECT_TIME_T),
        firstByte: easy.microseconds(CURLINFO_STARTTRANSFER_TIME_T),
        total: easy.microseconds(CURLINFO_TOTAL_TIME_T)),
      redirect: redirects.contains(status) ? easy.string(CURLINFO_REDIRECT_URL) : nil)
  }
}
