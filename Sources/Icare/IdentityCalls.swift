import Units

/// The token's own user, from `/internal/profile`. That reply lists all tokens of the user in clear:
/// only names and rights are kept.
public struct IcareProfile: Hashable, Sendable {
  public let userID: Int
  public let username: String
  public let roles: [String]
  /// Rights of the user; a token holds a part of them.
  public let permissions: [String]
  /// Rights of the token in use; nil when it is not in the list.
  public let tokenRights: [String]?
  public let tokenName: String?

  init(_ node: JSONNode, token: String) throws(IcareError) {
    userID = try node.needInt("id")
    username = try node.needText("username")
    roles = node.texts("roles")
    permissions = node.texts("permissions")
    let own = node["tokens"]?.items?.first { $0["id"]?.text == token }
    tokenRights = own?.texts("acls")
    tokenName = own?["name"]?.text
  }
}

/// A group of users.
public struct IcareGroup: Hashable, Sendable {
  public let id: Int
  public let name: String

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    name = try node.needText("name")
  }
}

/// A member of a group.
public struct IcareMember: Hashable, Sendable {
  public let userID: Int
  public let username: String
  public let isAdmin: Bool
  public let canSave: Bool
}

extension IcareClient {
  /// The application's version; needs no token.
  public func version() async throws(IcareError) -> String {
    try await get(["sysinfo"]).version ?? "unknown"
  }

  /// Who the token is.
  /// - Throws: `.tokenRejected` when it is nobody.
  public func profile() async throws(IcareError) -> IcareProfile { try await profileAndClock().profile }

  /// Also the server's clock, when it tells.
  func profileAndClock() async throws(IcareError) -> (profile: IcareProfile, serverTime: Instant?) {
    do throws(IcareError) {
      let answer = try await get(Self.profilePath)
      return (try IcareProfile(answer.data, token: tokenText), answer.serverTime)
    } catch {
      // The profile needs no right at all: a 401 here can only be the token.
      if case .missingRight(let refusal) = error { throw .tokenRejected(refusal.message) }
      throw error
    }
  }

  /// The groups the token's user is in.
  public func ownGroups() async throws(IcareError) -> [IcareGroup] {
    try (try await get(["groups"]).data.needItems("user_groups")).map { node throws(IcareError) in
      try IcareGroup(node)
    }
  }

  /// - Returns: nil when no group has exactly that name.
  public func group(named name: String) async throws(IcareError) -> IcareGroup? {
    let rows = try await get(["groups"], [("name", name)]).data.needItems()
    return try rows.map { node throws(IcareError) in try IcareGroup(node) }.first { $0.name == name }
  }

  public func members(ofGroup id: Int) async throws(IcareError) -> [IcareMember] {
    let answer = try await get(["groups", String(id)], [], .slow)
    let rows = answer.data["users"]?.items ?? answer.data["group_users"]?.items ?? []
    return try rows.map { node throws(IcareError) in
      let user = node["user"] ?? node
      return IcareMember(
        userID: try user.needInt("id"), username: try user.needText("username"),
        isAdmin: node["admin"]?.flag ?? false, canSave: node["can_save"]?.flag ?? true)
    }
  }
}
