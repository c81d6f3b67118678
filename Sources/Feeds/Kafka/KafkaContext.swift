import CRdkafka
import Logging
import WebClient

/// An error that librdkafka reports for the client as a whole.
struct KafkaTrouble: Hashable, Sendable {
  let code: Int32
  let reason: String

  /// Brokers did not take the token. The same code tells of the failures to get one, which we know before the
  /// library does.
  var isRefusedToken: Bool {
    (code == RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue
      || code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED.rawValue)
      && !reason.hasPrefix("Failed to acquire SASL OAUTHBEARER token")
  }
}

/// What the callbacks of a client reach. They come on threads of the library, at any time until the client is
/// destroyed.
final class KafkaContext: Sendable {
  private let logger: Logger
  /// What must not be seen in what the library says.
  private let secrets: Guarded<[Secret]>
  private let troubles = Guarded<[KafkaTrouble]>([])
  private let wantsToken: @Sendable () -> Void

  init(logger: Logger, secrets: [Secret], wantsToken: @escaping @Sendable () -> Void) {
    self.logger = logger
    self.secrets = Guarded(secrets)
    self.wantsToken = wantsToken
  }

  /// Keeps what two tokens back may still be spoken of.
  func add(_ secret: Secret, keeping permanent: Int) {
    secrets.withLock {
      $0.append(secret)
      if $0.count > permanent + 3 { $0.remove(at: permanent) }
    }
  }

  func takeTroubles() -> [KafkaTrouble] {
    troubles.withLock { list in
      defer { list = [] }
      return list
    }
  }

  /// Without secrets, control characters and great length.
  func redact(_ text: String) -> String {
    var result = text
    for secret in secrets.withLock({ $0 }) where !secret.reveal().isEmpty {
      result = result.replacing(secret.reveal(), with: "«secret»")
    }
    let printable = result.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    return String(String(String.UnicodeScalarView(printable)).prefix(400))
  }

  fileprivate func log(level: Int32, facility: String, text: String) {
    // Lost connections are of level 3 to the library; to us they are weather.
    let ours: Logger.Level =
      switch level {
      case ...2: .error
      case 3, 4: .warning
      case 5: .notice
      case 6: .info
      default: .debug
      }
    logger.log(
      level: ours, "librdkafka", metadata: ["facility": "\(facility)", "text": "\(redact(text))"])
  }

  fileprivate func report(_ code: rd_kafka_resp_err_t, _ reason: String) {
    troubles.withLock {
      // Brokers that are down repeat themselves.
      if $0.count < 100 { $0.append(KafkaTrouble(code: code.rawValue, reason: redact(reason))) }
    }
  }

  /// Registers the callbacks. The configuration borrows the context: it must outlive the client.
  func install(in conf: OpaquePointer) {
    rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(self).toOpaque())
    rd_kafka_conf_set_log_cb(conf) { client, level, facility, text in
      guard let client, let opaque = rd_kafka_opaque(client), let text else { return }
      KafkaContext.from(opaque).log(
        level: level, facility: facility.map { String(cString: $0) } ?? "", text: String(cString: text))
    }
    rd_kafka_conf_set_error_cb(conf) { _, code, reason, opaque in
      guard let opaque, let reason else { return }
      KafkaContext.from(opaque).report(rd_kafka_resp_err_t(rawValue: code), String(cString: reason))
    }
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf) { _, _, opaque in
      guard let opaque else { return }
      KafkaContext.from(opaque).wantsToken()
    }
    // Commits are a courtesy; only how often they fail is of interest.
    rd_kafka_conf_set_offset_commit_cb(conf) { _, code, _, opaque in
      guard let opaque, code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR__NO_OFFSET else {
        return
      }
      KafkaContext.from(opaque).countCommitFailure()
    }
  }

  func noteAbandoned() { logger.warning("a Kafka client does not end and is left behind") }

  private let commitFailures = Guarded(0)
  private func countCommitFailure() { commitFailures.withLock { $0 += 1 } }
  /// Since the last call.
  func takeCommitFailures() -> Int {
    commitFailures.withLock { count in
      defer { count = 0 }
      return count
    }
  }

  private static func from(_ opaque: UnsafeMutableRawPointer) -> KafkaContext {
    Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
  }
}

/// The way by which tokens reach whichever client is alive, from any thread.
final class TokenPort: Sendable {
  private struct Client: @unchecked Sendable { let pointer: OpaquePointer }
  private let client = Guarded<Client?>(nil)

  func attach(_ pointer: OpaquePointer) {
    let new = Client(pointer: pointer)
    client.withLock { $0 = new }
  }
  /// To be called before the client is destroyed; a later client stays.
  func detach(_ pointer: OpaquePointer) {
    client.withLock { if $0?.pointer == pointer { $0 = nil } }
  }

  /// - Returns: why the library did not take the token; nil if it did, or if there is no client.
  func set(_ token: Secret, expiresUnixMilliseconds: Int64) -> String? {
    client.withLock { client in
      guard let client else { return nil }
      var text = [CChar](repeating: 0, count: 256)
      let code = rd_kafka_oauthbearer_set_token(
        client.pointer, token.reveal(), expiresUnixMilliseconds, "vesper", nil, 0, &text, text.count)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
      return "librdkafka does not take the token (\(String(cString: rd_kafka_err2name(code))))"
    }
  }

  func fail(_ reason: String) {
    client.withLock { client in
      guard let client else { return }
      _ = rd_kafka_oauthbearer_set_token_failure(client.pointer, reason)
    }
  }
}
