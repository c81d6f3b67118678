import Units

/// What was found out about ICARE, the token and its user.
public struct IcareFacts: Hashable, Sendable {
  /// Nil when ICARE does not answer.
  public var version: String?
  /// Why there is no profile.
  public var tokenProblem: String?
  public var profile: IcareProfile?
  public var groups: [IcareGroup] = []
  /// Members of the group asked about.
  public var members: [IcareMember] = []
  public var allocations: [IcareAllocation] = []
  public var instruments: [IcareInstrument] = []
  public var taxonomies: [IcareTaxonomy] = []
  /// Our clock minus the server's, at least; zero when none need be wrong, nil when it does not tell.
  public var clockOffset: Duration?
  /// What could not be asked.
  public var unread: [String] = []

  public init() {}

  /// Asks ICARE. Reads only; what does not answer is left out and named in `unread`.
  /// - Parameter now: our clock, called when the answer has come.
  public static func gather(
    from client: IcareClient, group: String, now: @Sendable () -> Instant
  ) async -> IcareFacts {
    var facts = IcareFacts()
    func read<T>(_ what: String, _ body: () async throws(IcareError) -> T) async -> T? {
      do throws(IcareError) { return try await body() } catch {
        facts.unread.append("\(what): \(error)")
        return nil
      }
    }
    facts.version = await read("version") { () async throws(IcareError) in try await client.version() }
    guard facts.version != nil else { return facts }
    do throws(IcareError) {
      let before = now()
      let (profile, time) = try await client.profileAndClock()
      facts.profile = profile
      // ICARE looked at its clock somewhere between: how long the answer took is nobody's wrong clock.
      facts.clockOffset = time.map { max(before - $0, .zero) + min(now() - $0, .zero) }
    } catch {
      facts.tokenProblem = error.description
      return facts
    }
    facts.groups = await read("groups") { () async throws(IcareError) in try await client.ownGroups() } ?? []
    if let id = facts.groups.first(where: { $0.name == group })?.id {
      facts.members =
        await read("members") { () async throws(IcareError) in try await client.members(ofGroup: id) } ?? []
    }
    facts.allocations =
      await read("allocations") { () async throws(IcareError) in try await client.allocations() } ?? []
    facts.instruments =
      await read("instruments") { () async throws(IcareError) in try await client.instruments() } ?? []
    facts.taxonomies =
      await read("taxonomies") { () async throws(IcareError) in try await client.taxonomies() } ?? []
    return facts
  }
}

/// One line of the doctor's report.
public struct IcareFinding: Hashable, Sendable, CustomStringConvertible {
  public enum Grade: String, Hashable, Sendable, Comparable {
    case good, warning, missing
    public static func < (a: Self, b: Self) -> Bool {
      let order: [Grade] = [.good, .warning, .missing]
      return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
  }

  public let grade: Grade
  public let text: String
  /// A role, never a person.
  public let ask: String?

  public var description: String {
    "\(grade.rawValue): \(text)" + (ask.map { " (ask \($0))" } ?? "")
  }
}

/// Says in plain words what Vesper lacks in ICARE, and whom to ask. Pure.
public enum IcareDoctor {
  static let administrator = "an ICARE administrator (a user with Manage users)"
  static let groupAdmin = "an admin of the group"

  /// Without them nothing works: what each is for.
  static let needed: [(right: String, use: String)] = [
    ("Upload data", "sources, follow-up requests and executed observations"),
    ("Comment", "comments on events"),
    ("Classify", "GO and STOP GRANDMA"),
    ("Manage observation plans", "plans"),
    ("Manage shifts", "rosters"),
  ]
  /// Without them a part does not work.
  static let wanted: [(right: String, use: String)] = [
    ("Manage GCNs", "names and tags of events that ICARE took in itself"),
    ("Manage allocations", "trigger decisions and new allocations"),
    ("Manage instruments", "fields for galaxies and single tiles"),
    ("Manage telescopes", "corrections of telescopes"),
  ]
  /// The version whose answers were recorded.
  static let knownVersion = "1.4"
  /// More would spoil the ages of rows and the times of plans.
  static let clockLimit = Duration.seconds(5)

  /// - Parameters:
  ///   - group: the group that plans and requests belong to.
  ///   - instruments: names in ICARE of the instruments that are planned for.
  ///   - requests: the interface, such as `TAROTAPI` or `TRTAPI:SRO`, by instrument of those that are asked.
  public static func report(
    _ facts: IcareFacts, group: String, instruments: [String], requests: [String: String] = [:]
  ) -> [IcareFinding] {
    func finding(_ grade: IcareFinding.Grade, _ text: String, _ ask: String? = nil) -> IcareFinding {
      IcareFinding(grade: grade, text: text, ask: ask)
    }
    guard let version = facts.version else {
      return [finding(.missing, "ICARE does not answer", "whoever runs the ICARE server")]
    }
    var found: [IcareFinding] = []
    found.append(
      version.hasPrefix(knownVersion + ".") || version == knownVersion
        ? finding(.good, "ICARE answers, version \(version)")
        : finding(.warning, "ICARE has version \(version); its behaviour is known for \(knownVersion)"))
    guard let profile = facts.profile else {
      let why = facts.tokenProblem ?? "no profile"
      found.append(
        finding(
          .missing, "the token is not accepted: \(why)", "whoever holds the bot's account for a new token"))
      return found
    }
    found.append(finding(.good, "the token is \(profile.username)'s"))
    found += rights(profile, finding)
    found += membership(facts, profile, group, finding)
    found += resources(facts, profile, group, instruments, finding)
    found += interfaces(facts, group, requests, finding)
    if let offset = facts.clockOffset, max(offset, .zero - offset) > clockLimit {
      let seconds = Int(min(max(offset.seconds, -1e9), 1e9).rounded())
      let text = "this machine's clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") ICARE's"
      found.append(finding(.warning, text, "whoever runs the machine whose clock is wrong"))
    }
    found += facts.unread.map { finding(.warning, "could not be read: \($0)") }
    return found
  }

  private typealias Maker = (IcareFinding.Grade, String, String?) -> IcareFinding

  private static func rights(_ profile: IcareProfile, _ finding: Maker) -> [IcareFinding] {
    guard let own = profile.tokenRights else {
      return [
        finding(.warning, "the token is not in its user's list, so its rights are not known", administrator)
      ]
    }
    var found: [IcareFinding] = []
    for (list, grade) in [(needed, IcareFinding.Grade.missing), (wanted, .warning)] {
      for (right, use) in list where !own.contains(right) {
        if profile.permissions.contains(right) {
          let text = "the token lacks \"\(right)\", which its user has: no \(use)"
          found.append(finding(grade, text, "whoever holds the bot's account for a token with it"))
        } else {
          found.append(
            finding(grade, "the user \(profile.username) lacks \"\(right)\": no \(use)", administrator))
        }
      }
    }
    if own.contains("System admin") {
      found.append(finding(.warning, "the token is a System admin's: more than is needed", administrator))
    }
    return found.isEmpty ? [finding(.good, "the token has all rights that are used", nil)] : found
  }

  private static func membership(
    _ facts: IcareFacts, _ profile: IcareProfile, _ group: String, _ finding: Maker
  ) -> [IcareFinding] {
    guard facts.groups.contains(where: { $0.name == group }) else {
      return [finding(.missing, "the user \(profile.username) is not in the group \(group)", groupAdmin)]
    }
    guard let own = facts.members.first(where: { $0.userID == profile.userID }) else {
      return [finding(.warning, "the members of \(group) could not be read", groupAdmin)]
    }
    var found: [IcareFinding] = []
    if !own.isAdmin {
      found.append(
        finding(
          .warning, "\(profile.username) is not an admin of \(group): shifts cannot be changed", groupAdmin))
    }
    if !own.canSave {
      found.append(finding(.missing, "\(profile.username) may not save sources to \(group)", groupAdmin))
    }
    return found.isEmpty ? [finding(.good, "\(profile.username) is an admin of \(group)", nil)] : found
  }

  /// What requests go through.
  private static func interfaces(
    _ facts: IcareFacts, _ group: String, _ requests: [String: String], _ finding: Maker
  ) -> [IcareFinding] {
    let groupID = facts.groups.first { $0.name == group }?.id
    var found: [IcareFinding] = []
    for (name, interface) in requests.sorted(by: { $0.key < $1.key }) {
      guard let instrument = facts.instruments.first(where: { $0.name == name }) else { continue }
      let api = String(interface.prefix { $0 != ":" })
      if instrument.followupAPI != api {
        let text = "\(name) takes \(instrument.followupAPI ?? "no") requests in ICARE, not \(api)"
        found.append(finding(.missing, text, "an instrument admin, or correct icare.requests"))
      }
      let own = facts.allocations.filter { $0.instrumentID == instrument.id && $0.groupID == groupID }
      if !own.isEmpty, !own.contains(where: { $0.types.contains("triggered") }) {
        found.append(finding(.missing, "no allocation on \(name) allows requests", "an allocation admin"))
      }
    }
    return found
  }

  private static func resources(
    _ facts: IcareFacts, _ profile: IcareProfile, _ group: String, _ instruments: [String], _ finding: Maker
  ) -> [IcareFinding] {
    var found: [IcareFinding] = []
    if !facts.taxonomies.contains(where: { $0.name == ClassificationPush.observationTaxonomy }) {
      let text = "the taxonomy \"\(ClassificationPush.observationTaxonomy)\" is not there: no GO GRANDMA"
      found.append(finding(.missing, text, "a user with Post taxonomy"))
    }
    let groupID = facts.groups.first { $0.name == group }?.id
    for name in instruments {
      guard let instrument = facts.instruments.first(where: { $0.name == name }) else {
        found.append(
          finding(
            .missing, "the instrument \(name) is not in ICARE",
            "an instrument admin, or run the synchronisation"))
        continue
      }
      let own = facts.allocations.filter { $0.instrumentID == instrument.id && $0.groupID == groupID }
      guard !own.isEmpty else {
        found.append(finding(.missing, "\(name) has no allocation for \(group)", "an allocation admin"))
        continue
      }
      if !own.contains(where: { $0.types.contains("observation_plan") }) {
        found.append(
          finding(.missing, "no allocation on \(name) allows observation plans", "an allocation admin"))
      }
      if !own.contains(where: { $0.userIDs.contains(profile.userID) }) {
        let text = "\(profile.username) is not a user of the allocation on \(name): no trigger decisions"
        found.append(finding(.warning, text, "an allocation admin"))
      }
      let doubles = Dictionary(grouping: own) { "\($0.proposal)/\($0.principalInvestigator)" }.filter {
        $0.value.count > 1
      }
      if !doubles.isEmpty {
        found.append(
          finding(.warning, "\(name) has the same allocation more than once", "an allocation admin"))
      }
    }
    return found
  }
}
