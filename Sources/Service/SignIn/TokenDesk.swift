import Foundation
import Rosters
import Store
import Units

/// Makes, lists and ends tokens.
public struct TokenDesk {
  private let configuration: ServiceConfiguration
  private let store: Store
  private let clock: ServiceClock

  public init(_ configuration: ServiceConfiguration, clock: ServiceClock = .system) throws {
    self.configuration = configuration
    store = try configuration.openStore()
    self.clock = clock
  }

  /// - Parameters:
  ///   - scopes: as `Scope` reads them; telescopes by any of their names.
  ///   - telescopes: whose operator the bearer is, besides.
  ///   - user: who the bearer is, as the roster names people; without it the token is nobody's.
  public func issue(
    label: String, scopes: [String], telescopes: [String] = [], user: String? = nil, days: Int
  ) async throws -> String {
    let reader = ScopeReader(configuration)
    var granted = try reader.scopes(scopes)
    for name in telescopes { granted.insert(try reader.scope(ofTelescope: name)) }
    if let user, Username(user) == nil {
      throw ConfigurationError(
        "`\(user)` is no user name: 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`, as the roster has it")
    }
    return try await store.issueToken(
      label: label, role: "api", user: user, scopes: granted, lifetime: .hours(24 * Double(days)),
      actor: "command line",
      at: clock.now()
    ).secret
  }

  /// Why a user's token would be of no use on the roster; nil if it names them, or there is none.
  public func doubt(user: String) -> String? {
    guard let path = configuration.roster, case .success(let roster) = RosterShelf(path: path).read(),
      let name = Username(user), !roster.everybody.contains(name)
    else { return nil }
    return "the roster names nobody called \(user)"
  }

  public func list() async throws -> [String] {
    try await store.tokens().map { t in
      let end = t.revokedAt.map { "revoked \($0.iso8601())" } ?? "until \(t.expires.iso8601())"
      let user = t.user.map { "user \($0)" } ?? "nobody"
      return "\(t.id)  \(t.label)  \(user)  \(t.scopes.sorted().joined(separator: ","))  \(end)"
    }
  }

  public func revoke(_ id: Int64) async throws {
    try await store.revokeToken(id, actor: "command line", at: clock.now())
  }
}
