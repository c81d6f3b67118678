import CCurl
import Foundation

/// Set up once for the process; libcurl does it safely from any thread.
private let globalSetup = vesper_global_init()

/// A libcurl easy handle with what must live as long as it does. Not for sharing between threads.
final class EasyHandle {
  let raw: UnsafeMutableRawPointer
  /// The first option that was refused, if any.
  private(set) var failure = CURLE_OK
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let errorText: UnsafeMutablePointer<CChar>

  init?() {
    guard globalSetup == CURLE_OK, let raw = curl_easy_init() else { return nil }
    self.raw = raw
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    note(vesper_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText))
  }

  deinit {
    curl_easy_cleanup(raw)
    for list in lists { curl_slist_free_all(list) }
    errorText.deallocate()
  }

  private func note(_ code: CURLcode) { if failure == CURLE_OK { failure = code } }

  func set(_ option: CURLoption, _ value: Int) { note(vesper_set_long(raw, option, value)) }
  func set(_ option: CURLoption, offset value: Int) {
    note(vesper_set_offset(raw, option, curl_off_t(value)))
  }
  /// libcurl keeps a copy.
  func set(_ option: CURLoption, _ value: String) { note(vesper_set_string(raw, option, value)) }
  func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) {
    note(vesper_set_pointer(raw, option, pointer))
  }
  func set(_ option: CURLoption, data callback: @escaping vesper_data_callback) {
    note(vesper_set_data_callback(raw, option, callback))
  }
  func setSocketCallback(_ callback: @escaping curl_opensocket_callback) {
    note(vesper_set_socket_callback(raw, callback))
  }
  func setProgressCallback(_ callback: @escaping curl_xferinfo_callback) {
    note(vesper_set_progress_callback(raw, callback))
  }

  func set(_ option: CURLoption, lines: [String]) {
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      guard let longer = curl_slist_append(list, line) else {
        curl_slist_free_all(list)
        return note(CURLE_OUT_OF_MEMORY)
      }
      list = longer
    }
    guard let list else { return }
    lists.append(list)
    note(vesper_set_list(raw, option, list))
  }

  /// libcurl takes a copy of the body.
  func setBody(_ bytes: [UInt8]) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, offset: bytes.count)
    bytes.withUnsafeBytes {
      // An empty array has no address, but a null one would make libcurl read the body elsewhere.
      var none: UInt8 = 0
      let address = $0.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
      if let address {
        note(vesper_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, address))
      } else {
        withUnsafeMutablePointer(to: &none) {
          note(vesper_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer($0)))
        }
      }
    }
  }

  func long(_ info: CURLINFO) -> Int {
    var value = 0
    return vesper_get_long(raw, info, &value) == CURLE_OK ? value : 0
  }

  func microseconds(_ info: CURLINFO) -> Duration {
    var value: curl_off_t = 0
    return vesper_get_offset(raw, info, &value) == CURLE_OK ? .microseconds(value) : .zero
  }

  func string(_ info: CURLINFO) -> String? {
    var text: UnsafePointer<CChar>?
    guard vesper_get_string(raw, info, &text) == CURLE_OK, let text else { return nil }
    return String(cString: text)
  }

  /// What libcurl says about a failure, without the secrets.
  func detail(_ code: CURLcode, secrets: [Secret]) -> String {
    let said = String(cString: UnsafePointer(errorText))
    return Secret.scrub(said.isEmpty ? String(cString: curl_easy_strerror(code)) : said, of: secrets)
  }

  /// What every exchange has in common: verified TLS 1.2 or later, no proxy, no signals, no waiting
  /// for name look-ups that were given up.
  func applySecurity(caBundlePath: String?) {
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let caBundlePath { set(CURLOPT_CAINFO, caBundlePath) }
    // An empty string turns proxies off, those of the environment too.
    set(CURLOPT_PROXY, "")
    set(CURLOPT_NOPROXY, "*")
    set(CURLOPT_QUICK_EXIT, 1)
  }
}

extension WebFailure.Cause {
  /// - Parameter connected: whether the exchange had got as far as sending.
  init(_ code: CURLcode, connected: Bool) {
    self =
      switch code {
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
      case CURLE_COULDNT_CONNECT: .connect
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
        CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_INVALIDCERTSTATUS,
        CURLE_USE_SSL_FAILED:
        .tls
      case CURLE_OPERATION_TIMEDOUT: connected ? .stall : .connectTimeout
      case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: .reset
      case CURLE_PARTIAL_FILE: .truncated
      case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .malformed
      default: .other
      }
  }
}
