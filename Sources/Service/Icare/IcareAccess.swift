import Channels
import Icare
import Units
import WebClient

/// ICARE as a configuration names it, or else the environment: `ICARE_URL`, `ICARE_TOKEN` and `ICARE_GROUP`.
/// The token is in no description and no error.
public struct IcareAccess: Sendable {
  public let client: IcareClient
  /// Without token, for people.
  public let address: String
  public let group: String
  /// Instrument names there, by our telescopes' slugs.
  public let instruments: [String: String]
  /// ICARE's bandpasses by our filter names, where the usual ones do not fit.
  public let filters: [String: String]
  /// ICARE's interfaces for requests by slug, where any is named.
  public let requests: [String: String]

  init(
    client: IcareClient, address: String, group: String, instruments: [String: String],
    filters: [String: String], requests: [String: String] = [:]
  ) {
    self.client = client
    self.address = address
    self.group = group
    self.instruments = instruments
    self.filters = filters
    self.requests = requests
  }

  /// - Throws: `ConfigurationError` when neither names an ICARE, or what is wrong with its address or token.
  public init(_ configuration: ServiceConfiguration, environment: [String: String]) throws {
    let icare: ServiceConfiguration.Icare
    if let section = configuration.icare {
      icare = section
    } else if let address = environment["ICARE_URL"], !address.isEmpty {
      guard let token = environment["ICARE_TOKEN"], !token.isEmpty else {
        throw ConfigurationError("ICARE_URL is set and ICARE_TOKEN is not; set it to the bot's token")
      }
      icare = ServiceConfiguration.Icare(
        address: address, token: "env:ICARE_TOKEN", group: environment["ICARE_GROUP"] ?? "GRANDMA")
    } else {
      throw ConfigurationError(
        "no ICARE is named; add `icare:` to the configuration, or set ICARE_URL and ICARE_TOKEN")
    }
    client = try icare.client(environment: environment)
    address = icare.address
    group = icare.group
    instruments = icare.instruments
    filters = icare.filters
    requests = icare.requests
  }
}

extension ServiceConfiguration.Icare {
  /// A client for it; nothing is sent yet.
  func client(environment: [String: String]) throws -> IcareClient {
    var made = IcareClient.Configuration(
      address: try WebURL(address), token: try SecretReference(token).load(environment: environment))
    made.allowsPlainHTTP = plainHTTP
    return try IcareClient(made)
  }
}

/// What a command says, and the exit status that goes with it.
public struct CommandReport: Hashable, Sendable {
  /// As of `vesper status`.
  public enum Code: Int32, Hashable, Sendable, Comparable {
    case good = 0
    /// Somebody should look.
    case look = 1
    case failed = 2
    case noAnswer = 3
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }
  public var lines: [String]
  public var code: Code

  public init(_ lines: [String], _ code: Code) {
    self.lines = lines
    self.code = code
  }
}
