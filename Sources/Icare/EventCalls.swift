import Foundation
import Units

/// An alert event as ICARE lists it.
public struct IcareEvent: Hashable, Sendable {
  public struct Map: Hashable, Sendable {
    public let id: Int
    public let name: String
  }

  /// Used for comments, plans and their lists.
  public let id: Int
  /// Used in addresses.
  public let time: NaiveUTC
  public let triggerID: String?
  public let aliases: [String]
  public let tags: [String]
  /// Newest first.
  public let localizations: [Map]

  init(_ node: JSONNode) throws(IcareError) {
    id = try node.needInt("id")
    guard let time = node.moment("dateobs") else { throw .unexpected("an event without a legible time") }
    self.time = time
    triggerID = node["trigger_id"]?.identifier
    aliases = node.texts("aliases")
    tags = node.texts("tags")
    localizations = try (node["localizations"]?.items ?? []).map { map throws(IcareError) in
      Map(id: try map.needInt("id"), name: try map.needText("localization_name"))
    }
  }
}

/// The contents of a sky map as ICARE stores it: multi-order cells and their density.
public struct IcareMap: Hashable, Sendable {
  public let id: Int
  public let name: String
  /// SHA-256 over the cells, see `digest(uniq:density:)`.
  public let digest: String

  /// A fingerprint of a map: its cells in order of UNIQ, each with its density (per steradian) to six
  /// significant digits, so that a detour through decimal text does not change it.
  public static func digest(uniq: [Int], density: [Double]) -> String {
    var hash = SHA256()
    for (cell, value) in zip(uniq, density).sorted(by: { $0.0 < $1.0 }) {
      hash.update(Array("\(cell) \(rounded(value))\n".utf8))
    }
    return SHA256.hex(hash.finalized())
  }

  /// `mantissa e exponent` with a mantissa of six digits.
  private static func rounded(_ x: Double) -> String {
    guard x.isFinite, x > 0 else { return "0" }
    guard x.isNormal else { return "0" }
    var exponent = Int(log10(x).rounded(.down)) - 5
    var mantissa = Int((x / pow(10, Double(exponent))).rounded())
    if mantissa >= 1_000_000 {
      exponent += 1
      mantissa = Int((x / pow(10, Double(exponent))).rounded())
    }
    return "\(mantissa)e\(exponent)"
  }
}

/// A comment on an event or a source.
public struct IcareComment: Hashable, Sendable {
  public let id: Int
  public let text: String
  public let authorID: Int?
}

extension IcareClient {
  /// Events whose time lies in the window. The small form: the full one embeds all cells of all maps.
  public func events(in window: TimeWindow) async throws(IcareError) -> [IcareEvent] {
    let query = [
      (name: "startDate", value: NaiveUTC(window.start).text),
      (name: "endDate", value: NaiveUTC(window.end).text),
    ]
    return try await pages(["gcn_event"], query, rows: "events", pageSize: 500).rows
      .map { node throws(IcareError) in try IcareEvent(node) }
  }

  /// Candidates only: the server matches substrings of times and aliases, of any case.
  public func events(matching text: String) async throws(IcareError) -> [IcareEvent] {
    try await pages(["gcn_event"], [("partialdateobs", text)], rows: "events", pageSize: 500).rows
      .map { node throws(IcareError) in try IcareEvent(node) }
  }

  /// - Returns: id and time of the event, which is another's when the trigger id was known before.
  public func postEvent(_ body: JSONNode) async throws(IcareError) -> (id: Int, time: NaiveUTC) {
    let data = try await send(.post, ["gcn_event"], body, .long).data
    guard let time = data.moment("dateobs") else { throw .unexpected("an event without a legible time") }
    return (try data.needInt("gcnevent_id"), time)
  }

  public func addAlias(_ alias: String, to event: NaiveUTC) async throws(IcareError) {
    do throws(IcareError) {
      _ = try await send(.post, ["gcn_event", event.text, "alias"], ["alias": .string(alias)])
    } catch {
      guard case .refused(let refusal) = error, refusal.message.contains("already in") else { throw error }
    }
  }

  /// Adds a row each time it is called: look first.
  public func addTag(_ text: String, to event: NaiveUTC) async throws(IcareError) {
    let body: JSONNode = ["dateobs": .string(event.text), "text": .string(text)]
    _ = try await send(.post, ["gcn_event", "tags"], body)
  }

  /// Removes one row. - Returns: false when there was none (or none of ours).
  public func removeTag(_ text: String, from event: NaiveUTC) async throws(IcareError) -> Bool {
    do throws(IcareError) {
      _ = try await send(.delete, ["gcn_event", "tags", event.text], ["tag": .string(text)])
      return true
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 404 else { throw error }
      return false
    }
  }

  /// What a comment is on.
  public enum CommentTarget: Hashable, Sendable {
    case event(Int)
    case source(String)
    case shift(Int)

    var path: [String] {
      switch self {
      case .event(let id): ["gcn_event", String(id), "comments"]
      case .source(let id): ["sources", id, "comments"]
      case .shift(let id): ["shift", String(id), "comments"]
      }
    }
  }

  public func comments(on target: CommentTarget) async throws(IcareError) -> [IcareComment] {
    try (try await get(target.path, [], .slow).data.needItems()).map { node throws(IcareError) in
      IcareComment(
        id: try node.needInt("id"), text: try node.needText("text"), authorID: node["author_id"]?.int)
    }
  }

  /// The same text for the same groups by the same author is one comment, however often it is sent.
  public func addComment(
    _ text: String, on target: CommentTarget, groupIDs: [Int] = [],
    attachment: (name: String, dataURI: String)? = nil
  ) async throws(IcareError) -> Int {
    var body: JSONNode = ["text": .string(text)]
    if !groupIDs.isEmpty { body = body.merging(["group_ids": .integers(groupIDs)]) }
    if let attachment {
      let part: JSONNode = ["name": .string(attachment.name), "body": .string(attachment.dataURI)]
      body = body.merging(["attachment": part])
    }
    return try await send(.post, target.path, body, .slow).data.needInt("comment_id")
  }

  /// - Returns: nil when the event has no map of that name.
  public func map(named name: String, of event: NaiveUTC) async throws(IcareError) -> IcareMap? {
    do throws(IcareError) {
      let path = ["localization", event.text, "name", name]
      let data = try await get(path, [("include2DMap", "false")], .slow).data
      let digest = IcareMap.digest(
        uniq: data.ints("uniq"), density: (data["probdensity"]?.items ?? []).compactMap(\.double))
      return IcareMap(
        id: try data.needInt("id"), name: try data.needText("localization_name"), digest: digest)
    } catch {
      guard case .refused(let refusal) = error, refusal.status == 404 else { throw error }
      return nil
    }
  }

  /// Sets whether an allocation was triggered for an event; setting it again changes nothing.
  public func setTriggered(
    _ triggered: Bool, event: NaiveUTC, allocationID: Int
  ) async throws(IcareError) {
    let path = ["gcn_event", event.text, "triggered", String(allocationID)]
    _ = try await send(.put, path, ["triggered": .string(triggered ? "triggered" : "passed")])
  }

  /// Decisions by allocation id.
  public func triggered(event: NaiveUTC) async throws(IcareError) -> [Int: Bool] {
    var result: [Int: Bool] = [:]
    for row in try await get(["gcn_event", event.text, "triggered"]).data.needItems() {
      if let id = row["allocation_id"]?.int, let value = row["triggered"]?.flag { result[id] = value }
    }
    return result
  }
}
