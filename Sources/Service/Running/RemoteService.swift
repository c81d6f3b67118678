import Channels
import Foundation
import JSON
import WebClient

/// A service that runs somewhere, as commands talk to it.
public struct RemoteService: Sendable {
  /// What proves that one may change something there.
  public struct Token: Sendable {
    let secret: Secret

    /// - Parameter reference: `env:NAME` or `file:PATH`.
    public init(_ reference: String, environment: [String: String]) throws {
      secret = try SecretReference(reference).load(environment: environment)
    }
  }

  /// The service's no, or that it cannot be reached.
  public struct Refusal: Error, CustomStringConvertible {
    public let description: String
    /// The command line asked for something that is not known there.
    public let isUsage: Bool
  }

  private let base: WebURL
  private let token: Token?

  public init(_ address: String, token: Token?) throws {
    do { base = try WebURL(address) } catch {
      throw Refusal(description: "\(address): \(error)", isUsage: true)
    }
    self.token = token
  }

  /// - Returns: what was recorded, for people.
  public func decide(
    on event: String, _ answer: String, role: String, reason: String, telescopes: [String]
  ) async throws -> String {
    let words = [
      "CONFIRM": "confirm_stop", "DECLINE": "decline_stop", "REOPEN": "reopen", "REINSTATE": "reinstate",
      "LIFT": "lift",
    ]
    let word = answer.uppercased()
    let action = words[word]
    let body = JSONValue.object([
      ("action", .string(action ?? "override")), ("outcome", action == nil ? .string(word) : .null),
      ("role", .string(role)), ("reason", .string(reason)), ("telescopes", .strings(telescopes)),
    ])
    let answer = try await send(
      .post, ["api", "events", event, "decision"],
      body: WebBody(Array(JSONPrinter.text(body).utf8), contentType: "application/json"))
    return Self.object(answer)["text"] as? String ?? ""
  }

  /// Hands a notice in.
  /// - Returns: its number there.
  public func submit(_ notice: [UInt8], name: String) async throws -> Int {
    let answer = try await send(
      .post, ["api", "notices"], query: [("name", name)],
      body: WebBody(notice, contentType: "application/octet-stream"))
    return Self.object(answer)["id"] as? Int ?? 0
  }

  /// A JSON object that can be read there.
  public func look(_ path: [String], query: [(name: String, value: String)] = []) async throws
    -> [String: Any]
  {
    Self.object(try await send(.get, path, query: query))
  }

  /// A text that can be read there.
  func text(_ path: [String]) async throws -> String {
    String(decoding: try await send(.get, path), as: UTF8.self)
  }

  private static func object(_ bytes: [UInt8]) -> [String: Any] {
    // What is no object has no members.
    (try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]) ?? [:]
  }

  private func send(
    _ method: WebRequest.Method, _ path: [String], query: [(name: String, value: String)] = [],
    body: WebBody? = nil
  ) async throws -> [UInt8] {
    let client = try WebClient()
    let response: WebResponse
    do {
      var request = WebRequest(
        method, try base.appending(path: path, query: query), headers: ["Accept": "application/json"],
        body: body)
      if let token { request.secretHeaders = [.authorization("Bearer", token.secret)] }
      response = try await client.send(request)
    } catch {
      await client.shutdown()
      throw Refusal(description: "no answer from \(base.origin): \(error)", isUsage: false)
    }
    await client.shutdown()
    guard response.isSuccess else {
      let words = Self.object(response.body)["error"] as? String ?? "status \(response.status)"
      throw Refusal(description: "\(base.origin): \(words)", isUsage: response.status == 400)
    }
    return response.body
  }
}
