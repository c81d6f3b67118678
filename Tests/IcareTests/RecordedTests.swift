import FakeIcare
import Foundation
import Icare
import TestSupport
import Testing
import Units
import WebClient

/// One exchange with a real server.
struct Recording {
  let node: JSONNode

  init?(_ number: Int) {
    guard let folder = Recording.folder,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path),
      let name = names.first(where: {
        $0.hasPrefix(String(repeating: "0", count: 3 - String(number).count) + "\(number)_")
      }),
      let data = try? Data(contentsOf: folder.appending(path: name)),
      let node = JSONNode(parsing: Array(data))
    else { return nil }
    self.node = node
  }

  static var folder: URL? { Shared.root?.appending(path: "icare") }

  var status: Int { node["status"]?.int ?? 0 }
  /// Token ids were replaced in the recordings and long lists cut: ids look like ids again, and the
  /// remarks about cuts are taken out.
  var body: JSONNode { Self.restored(node["response_body"] ?? .null) }

  private static func restored(_ node: JSONNode) -> JSONNode {
    switch node {
    case .string(let text):
      return .string(
        text.replacing("<token:bot>", with: FakeIcare.token)
          .replacing("<token:limited>", with: "22222222-0000-4000-8000-000000000000"))
    case .array(let items):
      let isRemark = { (item: JSONNode) in item.text?.hasSuffix("cut from transcript") ?? false }
      return .array(items.filter { !isRemark($0) }.map(restored))
    case .object(let members): return .object(members.mapValues(restored))
    default: return node
    }
  }
  var data: JSONNode { body["data"] ?? .null }
  var path: [String] {
    (node["path"]?.text ?? "").split(separator: "/").dropFirst().map(String.init)
  }
}

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct RecordedTests {
  /// All files, against Foundation's reader.
  @Test func jsonAgreesWithFoundation() throws {
    let folder = try #require(Recording.folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".json")
    }
    #expect(names.count > 370)
    for name in names {
      let data = try Data(contentsOf: folder.appending(path: name))
      let node = try #require(JSONNode(parsing: Array(data)), "\(name)")
      let again = try JSONSerialization.jsonObject(with: Data(node.bytes), options: [.fragmentsAllowed])
      let original = try JSONSerialization.jsonObject(with: data)
      #expect((original as? NSDictionary) == (again as? NSDictionary), "\(name)")
    }
  }

  /// Servers stop when nobody holds them.
  private final class Keeper {
    var fakes: [FakeIcare] = []
  }
  private let keeper = Keeper()

  private func client(answering number: Int) throws -> IcareClient {
    let recording = try #require(Recording(number))
    let world = try World()
    keeper.fakes.append(world.fake)
    let bytes = recording.body.bytes
    let status = recording.status
    world.fake.setFaults { request in
      // The look at the profile after a 401 succeeds: the token is good there.
      request.path.first == "internal" && status == 401 && number > 5
        ? nil : .canned(status: status, body: bytes)
    }
    return try world.client()
  }

  @Test func identityRows() async throws {
    let profile = try await client(answering: 25).profile()
    #expect(profile.username == "grandma-planner" && profile.userID == 4)
    #expect(profile.permissions.contains("Manage GCNs"))
    #expect(profile.tokenName == "planner-token")
    #expect(profile.tokenRights?.contains("Manage observation plans") == true)
    let groups = try await client(answering: 26).ownGroups()
    #expect(groups.first?.name == "GRANDMA" && groups.first?.id == 8)
    #expect(try await client(answering: 27).group(named: "GRANDMA")?.id == 8)
    #expect(try await client(answering: 27).group(named: "GRAND") == nil)
    let members = try await client(answering: 28).members(ofGroup: 8)
    #expect(members.first { $0.username == "grandma-planner" }?.isAdmin == true)
    #expect(try await client(answering: 1).version() == "1.4.0")
    #expect(try await client(answering: 12).userID(named: "shifter1") == 6)
    #expect(try await client(answering: 12).userID(named: "shifter") == nil)
  }

  @Test func telescopeRows() async throws {
    let telescopes = try await client(answering: 37).telescopes()
    #expect(telescopes.map(\.name).contains("Observatoire TEST 1m"))
    #expect(telescopes.first?.latitude?.degrees == Angle.degrees(43.93).degrees)
    let instrument = try #require(try await client(answering: 50).instrument(named: "TST1-CAM"))
    #expect(instrument.filters == ["sdssg", "sdssr", "sdssi"] && instrument.numberOfFields == 4)
    #expect(instrument.followupAPI == "GENERICAPI" && instrument.planAPI == "MMAAPI" && instrument.hasRegion)
    let fields = try await client(answering: 51).fields(ofInstrument: 1)
    #expect(fields.map(\.number) == [1, 2, 3, 4])
    #expect(fields.first?.rightAscensionDegrees == 10 && fields.first?.declinationDegrees == 20)
    let allocations = try await client(answering: 60).allocations(instrumentID: 1)
    #expect(allocations.count == 2 && allocations.first?.instrument?.name == "TST1-CAM")
    #expect(allocations.first?.types == ["triggered", "observation_plan", "forced_photometry"])
    #expect(allocations.first?.validity.first?.start == at("2026-01-01"))
    let form = try #require(try await client(answering: 69).followupForms()[1])
    let good: JSONNode = [
      "observation_choices": ["sdssr"], "exposure_time": 120, "exposure_counts": 3, "maximum_airmass": 2.0,
      "minimum_lunar_distance": 30, "priority": 1, "start_date": "2026-11-21", "end_date": "2026-11-23",
      "planner_request_id": "x",
    ]
    #expect(form.complaints(about: good) == [])
    // The three refusals of the real server's schema.
    for (number, change) in [
      (251, ["observation_choices": ["ztfg"]] as JSONNode), (252, ["maximum_airmass": 9]),
    ] {
      #expect(Recording(number)?.status == 400)
      #expect(form.complaints(about: good.merging(change)).count == 1)
    }
    var members = try #require(good.members)
    members["priority"] = nil
    #expect(form.complaints(about: .object(members)) == ["payload: priority is missing"])
  }

  @Test func eventRows() async throws {
    let events = try await client(answering: 133).events(matching: "x")
    let event = try #require(events.first)
    #expect(event.id == 2 && event.time.text == "2026-11-20T10:20:30" && event.aliases == ["GRANDMA#TEST1"])
    #expect(event.localizations.first?.name == "150.30000_2.10000_1.50000" && event.tags == ["GRB"])
    let time = event.time
    let name = MapReference.cone(
      rightAscensionDegrees: 150.3, declinationDegrees: 2.1, errorDegrees: 1.5
    ).name
    #expect(name == event.localizations.first?.name)
    let map = try #require(try await client(answering: 165).map(named: name, of: time))
    let data = try #require(Recording(165)).data
    let digest = IcareMap.digest(
      uniq: data["uniq"]?.items?.compactMap(\.int) ?? [],
      density: data["probdensity"]?.items?.compactMap(\.double) ?? [])
    #expect(map.digest == digest && map.id == 1)
    #expect(try await client(answering: 166).map(named: "nope.fits", of: time) == nil)
    let comments = try await client(answering: 157).comments(on: .event(2))
    #expect(comments.contains { $0.text == "plan v1 published" && $0.authorID == 4 })
    #expect(try await client(answering: 172).triggered(event: time) == [1: false])
    #expect(try await client(answering: 152).addComment("plan v1 published", on: .event(2)) == 1)
    try await client(answering: 149).addAlias("S261120a", to: time)
    #expect(try await client(answering: 146).removeTag("GO GRANDMA", from: time) == false)
    let posted = try await client(answering: 304).postEvent(["dateobs": "2026-11-20T11:00:01"])
    #expect(posted.id == 5 && posted.time.text == "2026-11-20T11:00:00")
  }

  @Test func planRows() async throws {
    let time = try #require(NaiveUTC("2026-11-20T10:20:30"))
    let (requests, clock) = try await client(answering: 206).planRequests(event: time, instrumentID: 1)
    #expect(clock != nil)
    let first = try #require(requests.first)
    #expect(first.planName == "GRANDMA_S261120a_TST1_v1" && first.countedObservations == 2)
    #expect(first.observations?.map(\.field) == [5, 6] && first.observations?.first?.exposureSeconds == 120)
    #expect(first.payload["planner_plan_id"]?.text == "p-001")
    // What the refused uploads left: an orphan, and plans without observations.
    #expect(requests.filter { $0.planName == nil }.count >= 1)
    let burnt = requests.filter { $0.planName != nil && $0.countedObservations == nil }
    #expect(burnt.contains { $0.planName == "GRANDMA_badfilter" })
    #expect(burnt.allSatisfy { $0.observations == [] })
    #expect(requests.map(\.id) == [1, 2, 3, 4, 5, 8])  // in no order there
    #expect(try await client(answering: 191).planNameIsTaken("a") == true)
    #expect(try await client(answering: 192).planNameIsTaken("never") == false)
    #expect(try await client(answering: 210).queuePlan(1) == "submitted to telescope queue")
    #expect(try await client(answering: 212).planRequest(1)?.status == "submitted to telescope queue")
    #expect(try await client(answering: 173).postPlan([:]) == 1)
  }

  @Test func followupRows() async throws {
    let rows = try await client(answering: 254).followups(source: "GRB261120A_cand1", allocationID: 1)
    #expect(rows.map(\.state) == [.rejected, .submitted, .submitted, .failedToSubmit])
    #expect(rows.allSatisfy { $0.key == "req-001" })
    #expect(try await client(answering: 270).followup(3)?.state == .deleted)
    #expect(try await client(answering: 261).followup(9999) == nil)
    let refused = try await client(answering: 245).postFollowup([:])
    #expect(FollowupState(status: refused.status) == .rejected)
    await #expect(throws: IcareError.self) { try await client(answering: 249).postFollowup([:]) }
    let source = try #require(try await client(answering: 239).source("GRB261120A_cand1"))
    #expect(
      source.position.separation(from: Direction(ra: .degrees(150.31), dec: .degrees(2.12)))
        < .arcseconds(0.01))
    #expect(try await client(answering: 240).source("nope") == nil)
    let taxonomy = try #require(try await client(answering: 333).taxonomies().first)
    #expect(taxonomy.labels.contains("STOP GRANDMA") && taxonomy.id == 1)
    let labels = try await client(answering: 354).classifications(of: "GRB261121B")
    #expect(labels.map(\.label) == ["GO GRANDMA", "STOP GRANDMA"])
    try await client(answering: 352).postClassification(
      "GO GRANDMA", taxonomyID: 1, source: "x", groupIDs: [])
    let observations = try await client(answering: 229).observations(
      telescope: "a", instrument: "b", in: TimeWindow(at("2026-11-21"), at("2026-11-23")))
    #expect(observations.map(\.observationID) == [1001, 1002] && observations.map(\.field) == [5, 6])
    let day = TimeWindow(at("2026-11-22"), at("2026-11-23"))
    #expect(try await client(answering: 83).shifts(ofGroup: 8, in: day).contains { $0.requiredUsers == 2 })
    #expect(try await client(answering: 84).shift(1)?.users.first?.username == "grandma-planner")
    #expect(try await client(answering: 85).shift(9999) == nil)
  }

  /// What each refusal means, as icare.md 0.1 tells.
  @Test(arguments: [
    (4, "token"), (41, "right"), (80, "right"), (362, "token"), (373, "unavailable"), (374, "ambiguous"),
    (32, "refused 500"), (46, "refused 500"), (49, "refused 400"), (81, "refused 400"), (131, "refused 404"),
    (174, "refused 500"), (176, "refused 400"), (219, "refused 500"), (253, "refused 400"),
    (268, "refused 500"),
  ])
  func refusals(_ number: Int, _ meaning: String) async throws {
    let client = try client(answering: number)
    let isRead = Recording(number)?.node["method"] == "GET"
    do {
      if isRead { _ = try await client.telescopes() } else { _ = try await client.createTelescope([:]) }
      Issue.record("no error")
    } catch {
      let found: String =
        switch error {
        case .tokenRejected: "token"
        case .missingRight: "right"
        case .unavailable: "unavailable"
        case .ambiguous: "ambiguous"
        case .refused(let refusal): "refused \(refusal.status)"
        default: "\(error)"
        }
      #expect(found == meaning)
      for secret in [FakeIcare.token, "22222222"] {
        #expect(!error.description.contains(secret), "a token id is shown: \(error)")
      }
    }
  }
}
