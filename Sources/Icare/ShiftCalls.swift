import Units

/// A shift as ICARE has it. `users` is empty in lists: they only hold ids.
public struct IcareShift: Hashable, Sendable {
  public struct User: Hashable, Sendable {
    public let id: Int
    public let username: String
    public let isAdmin: Bool
    public let needsReplacement: Bool
  }

  public let id: Int
  public let name: String
  public let details: String
  public let start: NaiveUTC
  public let end: NaiveUTC
  public let groupID: Int
  /// How many may join at most.
  public let requiredUsers: Int?
  public let userIDs: [Int]
  public let users: [User]

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    name = node["name"]?.text ?? ""
    details = node["description"]?.text ?? ""
    guard let start = node.moment("start_date"), let end = node.moment("end_date") else {
      throw .unexpected("a shift without legible dates")
    }
    self.start = start
    self.end = end
    groupID = try node.needInt("group_id")
    requiredUsers = node["required_users_number"]?.int
    userIDs = node.ints("shift_users_ids")
    users = try (node["shift_users"]?.items ?? []).map { row throws(IcareError) in
      User(
        id: try row.needInt("user_id"), username: row["username"]?.text ?? "",
        isAdmin: row["admin"]?.flag ?? false, needsReplacement: row["needs_replacement"]?.flag ?? false)
    }
  }
}

/// A shift to create.
public struct NewShift: Hashable, Sendable {
  public var name: String
  public var details: String
  public var start: NaiveUTC
  public var end: NaiveUTC
  public var groupID: Int
  public var requiredUsers: Int?
  public var adminIDs: [Int]

  public init(
    name: String, details: String, start: NaiveUTC, end: NaiveUTC, groupID: Int, requiredUsers: Int?,
    adminIDs: [Int]
  ) {
    self.name = name
    self.details = details
    self.start = start
    self.end = end
    self.groupID = groupID
    self.requiredUsers = requiredUsers
    self.adminIDs = adminIDs
  }
}

extension IcareClient {
  /// Shifts of a group that touch the window. The server's own limits are both lower ones.
  public func shifts(ofGroup id: Int, in window: TimeWindow) async throws(IcareError) -> [IcareShift] {
    let query = [
      (name: "group_id", value: String(id)),
      (name: "end_date_limit", value: NaiveUTC(window.start).text),
    ]
    return try (try await get(["shifts"], query, .slow).data.needItems())
      .map { node throws(IcareError) in try IcareShift(node) }
      .filter { $0.groupID == id && $0.end.instant >= window.start && $0.start.instant < window.end }
  }

  /// With its users. - Returns: nil when there is none.
  public func shift(_ id: Int) async throws(IcareError) -> IcareShift? {
    do throws(IcareError) {
      return try IcareShift(try await get(["shifts", String(id)]).data)
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 404 else { throw error }
      return nil
    }
  }

  /// The server takes the same shift twice, and one that ends before it starts: the latter is refused here.
  public func createShift(_ shift: NewShift) async throws(IcareError) -> Int {
    guard shift.start < shift.end else { throw .invalid("the shift \(shift.name) ends before it starts") }
    var body: JSONNode = [
      "name": .string(shift.name), "description": .string(shift.details),
      "start_date": .string(shift.start.text), "end_date": .string(shift.end.text),
      "group_id": .integer(shift.groupID), "shift_admins": .integers(shift.adminIDs),
    ]
    if let required = shift.requiredUsers {
      body = body.merging(["required_users_number": .integer(required)])
    }
    return try await send(.post, ["shifts"], body).data.needInt("id")
  }

  /// Dates cannot be changed: the server takes and ignores them.
  public func updateShift(
    _ id: Int, name: String? = nil, details: String? = nil, requiredUsers: Int? = nil
  ) async throws(IcareError) {
    var body: [String: JSONNode] = [:]
    if let name { body["name"] = .string(name) }
    if let details { body["description"] = .string(details) }
    if let requiredUsers { body["required_users_number"] = .integer(requiredUsers) }
    guard !body.isEmpty else { return }
    _ = try await send(.patch, ["shifts", String(id)], .object(body))
  }

  public func deleteShift(_ id: Int) async throws(IcareError) {
    _ = try await send(.delete, ["shifts", String(id)], nil)
  }

  public func addUser(_ user: Int, toShift id: Int, isAdmin: Bool) async throws(IcareError) {
    do throws(IcareError) {
      _ = try await send(
        .post, ["shifts", String(id), "users"], ["userID": .integer(user), "admin": .bool(isAdmin)])
    } catch {
      guard case .refused(let refusal) = error, refusal.message.contains("already a member") else {
        throw error
      }
    }
  }

  /// Both values: what is left out is reset to false by the server.
  public func updateUser(
    _ user: Int, ofShift id: Int, isAdmin: Bool, needsReplacement: Bool
  ) async throws(IcareError) {
    let body: JSONNode = ["admin": .bool(isAdmin), "needs_replacement": .bool(needsReplacement)]
    _ = try await send(.patch, ["shifts", String(id), "users", String(user)], body)
  }

  public func removeUser(_ user: Int, fromShift id: Int) async throws(IcareError) {
    do throws(IcareError) {
      _ = try await send(.delete, ["shifts", String(id), "users", String(user)], nil)
    } catch {
      // 403: not a member any more (or never allowed; then the list still shows the user).
      guard case .refused(let refusal) = error, refusal.status == 403 else { throw error }
    }
  }

  /// Users whose name is exactly that: the server matches substrings.
  public func userID(named username: String) async throws(IcareError) -> Int? {
    let answer = try await get(["user"], [("username", username)], .slow)
    return try answer.data.needItems("users").first { $0["username"]?.text == username }?.needInt("id")
  }
}
