import Foundation
import Store
import TestSupport
import Testing
import Units

@testable import Service

/// A robot that polls SkyPortal sees what it expects. The names are those of recorded exchanges with a real
/// server.
@Suite(.serialized) struct SkyPortalTests {
  private static func query(_ now: Instant) -> String {
    func naive(_ t: Instant) -> String { String(t.iso8601(.milliseconds).dropLast()) }
    return "/api/observation_plan?instrumentID=22&startDate=\(naive(now - .hours(24)))&endDate=\(naive(now))"
      + "&status=complete&includePlannedObservations=True"
  }

  /// The kinds of the members of an object, one level of lists looked into.
  private static func shape(_ value: Any, _ path: String = "") -> [String: String] {
    switch value {
    case let object as [String: Any]:
      return object.reduce(into: [path: "object"]) { all, member in
        all.merge(shape(member.value, "\(path).\(member.key)")) { first, _ in first }
      }
    case let list as [Any]:
      return (list.first.map { shape($0, path + "[]") } ?? [:]).merging([path: "list"]) { a, _ in a }
    case is NSNull: return [path: "null"]
    case is String: return [path: "string"]
    default: return [path: "number"]
    }
  }

  @Test func aListenerGetsItsPlans() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let token = try await q.token(["operator:\(slug)"])
    let plan = try #require(try await q.live())
    try await q.withSite(openReading: false) { site in
      let answer = try await site.send(.get, Self.query(q.now), token: token, scheme: "token")
      #expect(answer.status == 200, "\(answer.text.prefix(300))")
      #expect(answer.object["status"] as? String == "success")
      let data = answer.object["data"] as? [String: Any] ?? [:]
      let requests = data["requests"] as? [[String: Any]] ?? []
      #expect(requests.count == 1 && data["totalMatches"] as? Int == 1)
      let made = (requests.first?["observation_plans"] as? [[String: Any]])?.first ?? [:]
      let name = made["plan_name"] as? String ?? ""
      #expect(name.hasPrefix("MS260915a-") && name.contains(slug))
      let observations = made["planned_observations"] as? [[String: Any]] ?? []
      #expect(observations.count == (try await q.bench.store.queue(of: slug, after: q.now)).count)
      for o in observations {
        let field = o["field"] as? [String: Any] ?? [:]
        #expect(field["ra"] is Double && field["dec"] is Double && field["field_id"] is Int)
        #expect((o["weight"] as? Double ?? 0) > 0 && (o["exposure_time"] as? Int ?? 0) > 0)
        #expect((o["obstime"] as? String)?.hasSuffix("Z") == false)
      }
      // Plans of long ago and of other states are not listed; strangers are turned away in SkyPortal's words.
      let early = try await site.send(
        .get, "/api/observation_plan?endDate=2020-01-01T00:00:00", token: token, scheme: "token")
      #expect((early.object["data"] as? [String: Any])?["totalMatches"] as? Int == 0)
      let failed = try await site.send(
        .get, "/api/observation_plan?status=failed", token: token, scheme: "token")
      #expect((failed.object["data"] as? [String: Any])?["totalMatches"] as? Int == 0)
      #expect(try await site.send(.get, Self.query(q.now)).status == 401)
      let bad = try await site.send(
        .get, "/api/observation_plan?instrumentID=x", token: token, scheme: "token")
      #expect(bad.status == 400 && bad.object["status"] as? String == "error")
      let none = try await site.send(.get, "/api/followup_request", token: token, scheme: "token")
      #expect(none.status == 200)
      let dateobs = made["dateobs"] as? String ?? ""
      let event = try await site.send(.get, "/api/gcn_event/\(dateobs)", token: token, scheme: "token")
      let names = (event.object["data"] as? [String: Any])?["aliases"] as? [String]
      #expect(names == ["LVC#MS260915a"], "\(event.text)")
      let other = try await site.send(
        .get, "/api/gcn_event/2001-01-01T00:00:00", token: token, scheme: "token")
      #expect(other.status == 404)
      let id = observations.first?["id"] as? Int ?? 0
      for (status, code) in [("completed", 200), ("completed", 200), ("???", 400)] {
        let put = try await site.send(
          .put, "/api/followup_request/\(id)", token: token, scheme: "token", #"{"status": "\#(status)"}"#)
        #expect(put.status == code, "\(put.text)")
      }
      let missing = try await site.send(
        .put, "/api/followup_request/999999", token: token, scheme: "token", #"{"status": "completed"}"#)
      #expect(missing.status == 400)
    }
    let states = try await q.bench.store.assignments(of: plan.id).filter { $0.assignment.telescope == slug }
    #expect(states.filter { $0.state == .observed }.count == 1)
    #expect(states.filter { $0.state == .seen }.count == states.count - 1)
  }

  /// Every member of ours is one of SkyPortal's, of the same kind, in the recorded answers.
  @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
  func shapesAreThoseOfRecordedExchanges() async throws {
    let q = try await QueueBench.mock()
    let slug = try #require(try await q.busy().first)
    let token = try await q.token(["operator:\(slug)"])
    func recorded(_ name: String) throws -> [String: String] {
      let object = try JSONSerialization.jsonObject(with: Data(contentsOf: Shared.url("icare/\(name)")))
      return Self.shape((object as? [String: Any])?["response_body"] ?? [:])
    }
    // The list with observations, and one plan with them: between them all members occur.
    var known = try recorded("188_plan_list.json")
    let one = try recorded("210_plan_queue_ok.json")
    for (path, kind) in one where path.hasPrefix(".data") {
      known[".data.requests[]" + path.dropFirst(".data".count)] = kind
    }
    let ignored: Set<String> = [".data.requests[].payload.planner"]
    try await q.withSite { [known] site in
      let answer = try await site.send(.get, Self.query(q.now), token: token, scheme: "token")
      let ours = Self.shape(answer.object)
      #expect(ours.count > 30)
      for (path, kind) in ours where !ignored.contains(path) {
        #expect(known[path] == kind || known[path] == "null", "\(path): \(kind), there \(known[path] ?? "-")")
      }
      let refused = try await site.send(.get, Self.query(q.now), token: "x", scheme: "token")
      #expect(refused.status == 401)
    }
  }
}
