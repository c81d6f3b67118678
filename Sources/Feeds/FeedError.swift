import Glibc

/// Why a feed cannot start. What happens later is announced and tried again instead.
public enum FeedError: Error, Hashable, Sendable {
  /// A value that cannot work, and why.
  case configuration(String)
  /// Client id or secret are absent or lie in the open.
  case credentials(String)
  /// librdkafka refused to make a client; its own words, without secrets.
  case client(String)
  case file(path: String, operation: String, errno: Int32)
}

extension FeedError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .configuration(let what): "feed configuration: \(what)"
    case .credentials(let what): "feed credentials: \(what)"
    case .client(let what): "Kafka client: \(what)"
    case .file(let path, let operation, let errno):
      "\(path): cannot \(operation): \(String(cString: strerror(errno)))"
    }
  }
}
