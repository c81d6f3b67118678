import Dashboard
import Store
import Units

/// Sessions live by the machine's clock, as tokens do, also while a drill has set the service's.
extension StoreDesk {
  func signIn(token: String) async throws(DeskError) -> Session? {
    let begun = try await asked { () async throws(StoreError) in
      try await store.beginSession(token: token, at: ServiceClock.system.now())
    }
    return begun.map {
      Session(secret: $0.secret, identity: Self.identity($0.grant.token), expires: $0.grant.expires)
    }
  }

  func session(_ secret: String) async throws(DeskError) -> Session? {
    let found = try await asked { () async throws(StoreError) in
      try await store.session(secret, at: ServiceClock.system.now())
    }
    return found.map { Session(secret: secret, identity: Self.identity($0.token), expires: $0.expires) }
  }

  func signOut(_ secret: String) async throws(DeskError) {
    try await asked { () async throws(StoreError) in
      try await store.endSession(secret, at: ServiceClock.system.now())
    }
  }

  static func identity(_ grant: TokenGrant) -> Identity {
    Identity(
      name: grant.user ?? grant.label, actor: grant.actor, user: grant.user,
      scopes: Set(grant.scopes.compactMap { Scope($0) }))
  }
}
