import Units

/// Why a channel cannot be built or a payload cannot be made. Nothing in it is a secret.
public enum ChannelError: Error, Hashable, Sendable {
  /// A setting that cannot work.
  case configuration(String)
  /// A secret's reference that cannot be followed; the text names the place, never the contents.
  case secret(String)
  /// A payload that the far side would not take, and why.
  case payload(String)
}

extension ChannelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .configuration(let why): "configuration: \(why)"
    case .secret(let why): "secret: \(why)"
    case .payload(let why): "payload: \(why)"
    }
  }
}
