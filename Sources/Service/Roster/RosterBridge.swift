import Icare
import Rosters
import Units

/// Shifts between ICARE and the roster's comparison.
struct RosterBridge: Sendable {
  let client: IcareClient
  let groupID: Int
  let bot: String
  let campaign: String
  /// Users by name, as far as they were met.
  private(set) var users: [String: Int]

  /// - Throws: `.invalid` when the group is not there.
  init(_ access: IcareAccess, campaign: String) async throws(IcareError) {
    client = access.client
    self.campaign = campaign
    guard let group = try await client.group(named: access.group) else {
      throw .invalid("ICARE has no group \(access.group) that the token's user can see (ask a group admin)")
    }
    groupID = group.id
    bot = try await client.profile().username
    let members = try await client.members(ofGroup: group.id)
    users = Dictionary(members.map { ($0.username, $0.userID) }, uniquingKeysWith: { first, _ in first })
  }

  var usernames: Set<Username> { Set(users.keys.compactMap { Username($0) }) }

  // MARK: reading

  /// The shifts that matter to the roster: ours, and those at the same times.
  func reading(
    of roster: Roster, pushed: PushedRoster, now: Instant
  ) async throws(IcareError) -> IcareReading {
    // What began a day ago may still run; what is over stays as it is.
    let from = now - .hours(24)
    let window = TimeWindow(from, max(roster.window.end, now) + .hours(24 * 366))
    let spans = Set(roster.shifts.map { ShiftSpan(start: $0.window.start, end: $0.window.end) })
    var shifts: [Rosters.IcareShift] = []
    for row in try await client.shifts(ofGroup: groupID, in: window) {
      let span = ShiftSpan(start: row.start.instant, end: row.end.instant)
      let isOurs = ShiftKey.find(in: row.details)?.campaign == campaign || pushed.knows(row.id)
      guard isOurs || spans.contains(span), let shift = try await shift(row.id) else { continue }
      shifts.append(shift)
    }
    return IcareReading(shifts: shifts, from: from)
  }

  /// With people and comments. - Returns: nil when there is none.
  func shift(_ id: Int) async throws(IcareError) -> Rosters.IcareShift? {
    guard let row = try await client.shift(id) else { return nil }
    var people: [Rosters.IcareShift.Person] = []
    var strangers: [String] = []
    for user in row.users {
      if let name = Username(user.username) {
        people.append(.init(name, isAdmin: user.isAdmin, needsReplacement: user.needsReplacement))
      } else {
        strangers.append(user.username)
      }
    }
    let names = Dictionary(users.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
    let comments = try await client.comments(on: .shift(id)).map { comment in
      Rosters.IcareShift.Comment(
        author: comment.authorID.flatMap { names[$0] }.flatMap { Username($0) }, text: comment.text)
    }
    return Rosters.IcareShift(
      id: id, times: ShiftSpan(start: row.start.instant, end: row.end.instant),
      text: ShiftText(name: row.name, description: row.details, capacity: row.requiredUsers),
      people: people.sorted { $0.user < $1.user }, strangers: strangers.sorted(), comments: comments)
  }

  // MARK: acting

  /// Sends one request. - Throws: only `.tokenRejected`: nothing more can be sent.
  mutating func perform(_ action: SyncAction, on shift: Int?) async throws(IcareError) -> SyncOutcome {
    do throws(IcareError) {
      return .done(shift: try await send(action.step, on: shift))
    } catch {
      switch error {
      case .tokenRejected: throw error
      case .ambiguous(let why): return .ambiguous(why)
      case .unsent(let why, _), .unavailable(let why): return .unsent(why)
      case .invalid, .refused, .missingRight, .unexpected: return .refused(error.description)
      }
    }
  }

  private mutating func send(_ step: SyncAction.Step, on shift: Int?) async throws(IcareError) -> Int? {
    if case .create(let span, let text) = step {
      return try await client.createShift(
        NewShift(
          name: text.name, details: text.description, start: NaiveUTC(span.start), end: NaiveUTC(span.end),
          groupID: groupID, requiredUsers: text.capacity, adminIDs: []))
    }
    guard let shift else { throw .invalid("the shift it is for is not there") }
    switch step {
    case .create: break
    case .addMember(let user, let isAdmin, let asks):
      let id = try await id(of: user)
      try await client.addUser(id, toShift: shift, isAdmin: isAdmin)
      if asks { try await client.updateUser(id, ofShift: shift, isAdmin: isAdmin, needsReplacement: true) }
    case .removeMember(let user): try await client.removeUser(try await id(of: user), fromShift: shift)
    case .flagReplacement(let user, let isAdmin):
      try await client.updateUser(
        try await id(of: user), ofShift: shift, isAdmin: isAdmin, needsReplacement: true)
    case .comment(let text): _ = try await client.addComment(text, on: .shift(shift))
    case .update(let text, _):
      try await client.updateShift(
        shift, name: text.name, details: text.description, requiredUsers: text.capacity,
        liftsLimit: text.capacity == nil)
    case .delete: try await client.deleteShift(shift)
    }
    return nil
  }

  private mutating func id(of user: Username) async throws(IcareError) -> Int {
    if let known = users[user.text] { return known }
    guard let found = try await client.userID(named: user.text) else {
      throw .invalid("ICARE has no user \(user); check the name in the roster, or ask for an account")
    }
    users[user.text] = found
    return found
  }
}
