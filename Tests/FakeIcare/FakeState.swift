import Icare
import Units

/// Everything the server knows, as rows of named tables.
public struct FakeState: Sendable {
  public typealias Row = [String: JSONNode]

  /// Rows by table and id. Tables: user, token, group, telescope, instrument, field, allocation, event,
  /// map, tag, comment, taxonomy, classification, source, followup, planRequest, plan, planned,
  /// observation, shift, trigger.
  public var tables: [String: [Int: Row]] = [:]
  private var lastID: [String: Int] = [:]
  /// Rows that a background thread inserts later: (when, table, row).
  var pending: [(due: Instant, table: String, row: Row)] = []
  /// Calls that a facility received: the follow-up request and its payload at that time.
  public var facilityCalls: [(followup: Int, verb: String)] = []
  /// Plans that a telescope's queue received, by name.
  public var queuedPlans: [String] = []
  /// How long background threads take.
  public var backgroundDelay = Duration.zero
  /// What the facility answers; the text of a failure to raise one. By instrument id.
  public var facilityStatus: [Int: String] = [:]
  public var facilityFailure: [Int: String] = [:]
  /// By request: what the facility says of it when it is asked.
  public var facilityNews: [Int: String] = [:]
  /// ICARE refuses a repeated classification, plain SkyPortal does not.
  public var refusesRepeatedClassification = true
  /// The token ids whose events are someone else's (no right to alias or update).
  var now = Instant(tai: 0)

  public init() {}

  /// Rows of a table in order of id.
  public func rows(_ table: String) -> [Row] {
    (tables[table] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
  }
  public func row(_ table: String, _ id: Int) -> Row? { tables[table]?[id] }
  public func first(_ table: String, _ key: String, _ value: JSONNode) -> Row? {
    rows(table).first { $0[key] == value }
  }

  @discardableResult
  public mutating func insert(_ table: String, _ row: Row) -> Int {
    let id = (lastID[table] ?? 0) + 1
    lastID[table] = id
    var row = row
    row["id"] = .integer(id)
    let stamp = JSONNode.string(NaiveUTC(now).text)
    row["created_at"] = row["created_at"] ?? stamp
    row["modified"] = row["modified"] ?? stamp
    tables[table, default: [:]][id] = row
    return id
  }

  public mutating func update(_ table: String, _ id: Int, _ changes: Row) {
    tables[table]?[id]?.merge(changes, uniquingKeysWith: { $1 })
    tables[table]?[id]?["modified"] = .string(NaiveUTC(now).text)
  }

  public mutating func remove(_ table: String, _ id: Int) { tables[table]?[id] = nil }

  /// Lets background threads finish what is due.
  mutating func settle() {
    let due = pending.filter { $0.due <= now }
    pending.removeAll { $0.due <= now }
    for work in due { insertFromBackground(work.table, work.row) }
  }

  mutating func later(_ table: String, _ row: Row, delay: Duration) {
    pending.append((now + delay, table, row))
  }

  private mutating func insertFromBackground(_ table: String, _ row: Row) {
    switch table {
    case "field":
      let own = rows("field").filter { $0["instrument_id"] == row["instrument_id"] }
      if row["field_id"] == .integer(-1) {
        guard !own.contains(where: { $0["ra"] == row["ra"] && $0["dec"] == row["dec"] }) else { return }
        var row = row
        row["field_id"] = .integer((own.compactMap { $0["field_id"]?.int }.max() ?? 0) + 1)
        insert("field", row)
      } else if !own.contains(where: { $0["field_id"] == row["field_id"] }) {
        insert("field", row)
      }
    case "observation":
      let known = rows("observation").contains {
        $0["instrument_id"] == row["instrument_id"] && $0["observation_id"] == row["observation_id"]
      }
      if !known { insert("observation", row) }
    default: insert(table, row)
    }
  }

  /// The planner's user with its token, an administrator, and the group GRANDMA.
  mutating func seed() {
    let rights = [
      "Annotate", "Classify", "Comment", "Manage GCNs", "Manage allocations", "Manage instruments",
      "Manage observation plans", "Manage observing runs", "Manage shifts", "Manage telescopes",
      "Upload data",
    ]
    let bot = insert("user", ["username": "grandma-planner", "permissions": .texts(rights)])
    let admin = insert(
      "user", ["username": "admin", "permissions": .texts(rights + ["System admin", "Manage users"])])
    insert(
      "token",
      [
        "token": .string(FakeIcare.token), "user_id": .integer(bot), "name": "planner",
        "acls": .texts(rights),
      ])
    insert(
      "token",
      [
        "token": .string(FakeIcare.adminToken), "user_id": .integer(admin), "name": "admin",
        "acls": .texts(rights + ["System admin", "Manage users"]),
      ])
    insert(
      "group", ["name": "Sitewide Group", "members": .integers([bot, admin]), "admins": .integers([admin])])
    insert("group", ["name": "GRANDMA", "members": .integers([bot, admin]), "admins": .integers([bot])])
    insert(
      "taxonomy",
      [
        "name": "Grandma Campaign Source Observation", "isLatest": true,
        "hierarchy": [
          "class": "Grandma Campaign Source Observation",
          "subclasses": [
            ["class": "GO GRANDMA"], ["class": "STOP GRANDMA"], ["class": "GO GRANDMA (HIGH PRIORITY)"],
          ],
        ],
      ])
  }

  /// A telescope with one instrument, numbered fields and an allocation of the group.
  @discardableResult
  public mutating func addSite(
    telescope: String, instrument: String, filters: [String] = ["sdssg", "sdssr", "sdssi"],
    api: String = "GENERICAPI", fields: [(number: Int, ra: Double, dec: Double)] = [],
    group: Int = 2, queue: Bool = false
  ) -> (telescope: Int, instrument: Int, allocation: Int) {
    let t = insert(
      "telescope",
      [
        "name": .string(telescope), "nickname": .string(telescope), "lat": 43.93, "lon": 5.71,
        "elevation": 650.0, "diameter": 1.0, "robotic": true, "fixed_location": true,
      ])
    let i = insert(
      "instrument",
      [
        "name": .string(instrument), "type": "imager", "telescope_id": .integer(t),
        "filters": .texts(filters), "api_classname": .string(api), "api_classname_obsplan": "MMAAPI",
        "has_region": true,
      ])
    for field in fields {
      insert(
        "field",
        [
          "instrument_id": .integer(i), "field_id": .integer(field.number), "ra": .number(field.ra),
          "dec": .number(field.dec),
        ])
    }
    let a = insert(
      "allocation",
      [
        "instrument_id": .integer(i), "group_id": .integer(group), "proposal_id": "GRANDMA-1",
        "pi": "GRANDMA", "hours_allocated": 100.0, "users": .integers([1]),
        "types": .texts(["triggered", "observation_plan"]), "has_altdata": .bool(queue),
      ])
    return (t, i, a)
  }
}
