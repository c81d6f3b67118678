import FakeIcare
import Foundation
#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif
import Icare
import TestSupport
import Testing
import Units

/// The recorded requests, sent to the fake in their order, must be answered with the recorded statuses.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct FidelityTests {
  private static let limited = "22222222-0000-4000-8000-000000000000"

  /// The state of the real server before the recordings: ids are theirs.
  private func prepared() throws -> World {
    let world = try World("2026-11-21T08:20:00")
    world.fake.edit { state in
      state.insert("user", ["username": "shifter1", "permissions": ["Comment"]])
      state.insert(
        "token", ["token": .string(Self.limited), "user_id": 3, "name": "limited", "acls": ["Comment"]])
      let group: FakeState.Row = [
        "id": 8, "name": "GRANDMA", "members": [1, 2, 3], "admins": [1],
      ]
      state.tables["group"]?[8] = group
      state.insert("telescope", ["name": "Scratch", "nickname": "SCR", "diameter": 1.0])
      state.addSite(
        telescope: "Observatoire TEST 1m", instrument: "TST1-CAM",
        fields: (1...6).map { (number: $0, ra: Double(9 + $0), dec: 20.0) }, group: 8)
      state.update(
        "allocation", 1,
        [
          "users": [],
          "validity_ranges": [["start_date": "2026-01-01T00:00:00", "end_date": "2027-12-31T00:00:00"]],
        ])
    }
    return world
  }

  private func replay(_ numbers: [Int], _ world: World, before: (Int) -> Void = { _ in }) async throws {
    for number in numbers {
      before(number)
      let recording = try #require(Recording(number))
      let status = try await send(recording, to: world)
      #expect(status == recording.status, "recording \(number): \(recording.node["name"] ?? .null)")
    }
  }

  /// Not by the client under test: any status is an answer.
  private func send(_ recording: Recording, to world: World) async throws -> Int {
    let token =
      recording.node["request_headers"]?["Authorization"]?.text == "token <limited>"
      ? Self.limited : FakeIcare.token
    let request = RawRequest(
      method: recording.node["method"]?.text ?? "GET",
      target: (recording.node["path"]?.text ?? "")
        + ((recording.node["query"]?.members ?? [:]).isEmpty ? "" : "?")
        + (recording.node["query"]?.members ?? [:]).map { key, value in
          "\(key)=\((value.identifier ?? "").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&"),
      token: token, body: recording.node["request_body"].map { $0.text.map { Array($0.utf8) } ?? $0.bytes })
    return try await request.send(port: world.fake.port)
  }

  @Test func telescopes() async throws {
    let world = try prepared()
    world.fake.edit { $0.remove("telescope", 2) }
    try await replay([31, 32, 33, 34, 42, 29], world)
  }

  @Test func events() async throws {
    let world = try prepared()
    try await replay(
      Array(123...128) + [129, 130, 131, 132, 133, 135] + Array(137...140) + Array(142...152) + [156]
        + [157, 159, 161, 162, 163, 166], world)
    world.fake.edit { $0.update("allocation", 1, ["users": [1]]) }
    try await replay([170, 171, 172], world)
  }

  @Test func plans() async throws {
    let world = try prepared()
    world.fake.edit { state in
      state.insert("event", ["dateobs": "2026-11-19T00:00:00", "aliases": []])
      state.insert("event", ["dateobs": "2026-11-20T10:20:30", "aliases": []])
      state.insert(
        "map", ["dateobs": "2026-11-20T10:20:30", "localization_name": "150.30000_2.10000_1.50000"])
    }
    try await replay(Array(173...192) + [196, 200, 203, 205, 206, 207, 208], world)
    // The same requests with the same ids as the real server had.
    let names = world.fake.state.rows("planRequest").map { $0["id"]?.int ?? 0 }
    #expect(names == [1, 3, 4, 5, 6, 7, 8])
    world.fake.edit { $0.update("allocation", 1, ["has_altdata": true]) }
    try await replay([210, 211, 213], world)
  }

  @Test func followups() async throws {
    let world = try prepared()
    try await replay(Array(231...234) + [235, 236, 238, 239, 240, 243], world)
    #expect(world.fake.state.rows("source").first?["spoilt"] == true)
    try await replay([245] + Array(247...254) + [255, 256, 257, 258, 259, 260, 261, 262], world) { number in
      let status = number == 245 ? "rejected: no valid altdata configuration found." : nil
      world.fake.edit { $0.facilityStatus[1] = status }
    }
    let states = world.fake.state.rows("followup").map { FollowupState(status: $0["status"]?.text ?? "") }
    #expect(states == [.rejected, .submitted, .submitted, .failedToSubmit])
    try await replay([263, 264, 265, 266, 267, 268, 269, 270, 271], world)
  }

  @Test func observations() async throws {
    let world = try prepared()
    world.fake.edit { $0.backgroundDelay = .zero }
    try await replay(Array(222...229), world)
    // Two rows, once: what came without a limit or for an unknown field is lost without a word.
    #expect(world.fake.state.rows("observation").count == 2)
  }
}

/// A request as recorded, by another client than ours.
struct RawRequest {
  let method: String
  let target: String
  let token: String
  let body: [UInt8]?

  func send(port: Int) async throws -> Int {
    var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(target)")!)
    request.httpMethod = method
    request.setValue("token \(token)", forHTTPHeaderField: "Authorization")
    if method != "GET" {
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
      request.httpBody = body.map { Data($0) }
    }
    let (_, response) = try await URLSession.shared.data(for: request)
    return (response as? HTTPURLResponse)?.statusCode ?? 0
  }
}
