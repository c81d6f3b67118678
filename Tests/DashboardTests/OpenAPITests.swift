import Foundation
import Hummingbird
import Testing
import Yams

@testable import Dashboard

/// The description is held against the router and against real answers.
@Suite struct OpenAPITests {
  private static func document() throws -> [String: Any] {
    try #require(try Yams.load(yaml: OpenAPIFile.text()) as? [String: Any])
  }

  @Test func everyRouteIsDescribed() throws {
    let paths = try #require(try Self.document()["paths"] as? [String: [String: Any]])
    let verbs: Set<String> = ["get", "post", "put", "delete", "patch"]
    let described = paths.flatMap { path, item in
      item.keys.filter { verbs.contains($0) }.map { "\($0) \(path)" }
    }
    let router = DashboardServer.router(FakeDesk(), options: DashboardOptions())
    try router.validate()
    let routes = router.routes.map { "\($0.method.rawValue.lowercased()) \($0.path)" }
    // Pages for people are no API; each of them exists.
    let pages = PageRoutes.paths.union(FollowupRoutes.paths).map { "get \($0)" }
    #expect(Set(pages).isSubset(of: routes))
    let forms = SignInRoutes.forms.union(FollowupRoutes.forms).map { "post \($0)" }
    #expect(Set(forms).isSubset(of: routes))
    #expect(Set(described) == Set(routes).subtracting(pages).subtracting(forms))
  }

  /// Addresses that answer with JSON, and what they are described to answer.
  static let answers = [
    ("/readyz", "/readyz"), ("/api/events", "/api/events"), ("/api/events/S230518h", "/api/events/{id}"),
    ("/api/events/S230518h/plans", "/api/events/{id}/plans"), ("/api/telescopes", "/api/telescopes"),
    ("/api/network", "/api/network"), ("/api/texts/log", "/api/texts/{kind}"), ("/api/roster", "/api/roster"),
    ("/api/events/S230518h/plan", "/api/events/{id}/plan"),
    ("/api/telescopes/TAROT-TCA", "/api/telescopes/{slug}"), ("/api/notices", "/api/notices"),
    ("/api/telescopes/TAROT-TCA/queue", "/api/telescopes/{slug}/queue"),
    ("/api/telescopes/TAROT-TCA/outages", "/api/telescopes/{slug}/outages"),
    ("/api/events/S230518h/coverage", "/api/events/{id}/coverage"),
    ("/api/followups", "/api/followups"), ("/api/followups/GRB-f1", "/api/followups/{id}"),
    ("/api/events/S230518h/unanswered", "/api/events/{id}/unanswered"),
  ]

  @Test(arguments: answers)
  func answersFitTheirSchema(_ address: String, _ path: String) async throws {
    let desk = FakeDesk()
    desk.log("a line")
    try await withServer(desk) { site in
      _ = try await site.send(.post, "/api/notices", token: "robot", body: [1, 2, 3])
      let response = try await site.send(.get, address)
      #expect(response.status == 200)
      let value = try JSONSerialization.jsonObject(with: Data(response.body))
      let document = try Self.document()
      let schema = try #require(
        SchemaCheck.look(
          document, ["paths", path, "get", "responses", "200", "content", "application/json", "schema"]))
      #expect(SchemaCheck(document).faults(of: value, schema, at: "$") == [])
    }
  }

  @Test func theCheckFindsFaults() throws {
    let check = SchemaCheck(try Self.document())
    let schema: [String: Any] = ["$ref": "#/components/schemas/Plan"]
    #expect(!check.faults(of: ["id": "x"], schema, at: "$").isEmpty)
    #expect(!check.faults(of: [String: Any](), schema, at: "$").isEmpty)
  }
}

/// As much of JSON Schema as the description uses; members that are not described are faults too.
struct SchemaCheck {
  private let document: [String: Any]
  init(_ document: [String: Any]) { self.document = document }

  static func look(_ document: [String: Any], _ path: [String]) -> [String: Any]? {
    var place: Any? = document
    for key in path { place = (place as? [String: Any])?[key] }
    return place as? [String: Any]
  }

  func faults(of value: Any, _ schema: [String: Any], at path: String) -> [String] {
    if let reference = schema["$ref"] as? String {
      let parts = reference.dropFirst(2).split(separator: "/").map { String($0) }
      guard let target = Self.look(document, parts) else { return ["\(path): no \(reference)"] }
      return faults(of: value, target, at: path)
    }
    if value is NSNull { return schema["nullable"] as? Bool == true ? [] : ["\(path): null"] }
    if let all = schema["allOf"] as? [[String: Any]] {
      return all.flatMap { faults(of: value, $0, at: path) }
    }
    if let words = schema["enum"] as? [Any], !words.contains(where: { "\($0)" == "\(value)" }) {
      return ["\(path): \(value) is none of \(words)"]
    }
    switch schema["type"] as? String {
    case "object":
      guard let object = value as? [String: Any] else { return ["\(path): no object"] }
      let members = schema["properties"] as? [String: [String: Any]] ?? [:]
      let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
      return missing.map { "\(path).\($0) is missing" }
        + object.flatMap { key, part in
          members[key].map { faults(of: part, $0, at: "\(path).\(key)") }
            ?? (members.isEmpty ? [] : ["\(path).\(key) is not described"])
        }
    case "array":
      guard let array = value as? [Any], let items = schema["items"] as? [String: Any] else {
        return ["\(path): no array"]
      }
      return array.enumerated().flatMap { faults(of: $1, items, at: "\(path)[\($0)]") }
    case "string": return value is String ? [] : ["\(path): no string"]
    case "integer", "number", "boolean": return value is NSNumber ? [] : ["\(path): no number"]
    default: return ["\(path): a schema without a type"]
    }
  }
}
