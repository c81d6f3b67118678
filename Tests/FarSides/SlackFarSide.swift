import Foundation

/// Slack as far as Vesper uses it: `chat.postMessage`, `chat.update`, `conversations.history`,
/// `conversations.replies`, with metadata and pages.
public final class SlackFarSide: Sendable {
  public struct Message: Sendable {
    public var ts: String
    public var thread: String?
    public var text: String
    /// JSON, sorted keys.
    public var blocks: String
    /// JSON, sorted keys; of our own making.
    public var metadata: String
    public var broadcast: Bool
    public var isDeleted = false
    public var isFrozen = false
    public var updates = 0

    var payload: [String: Any] {
      let json = try? JSONSerialization.jsonObject(with: Data(metadata.utf8)) as? [String: Any]
      return json?["event_payload"] as? [String: Any] ?? [:]
    }
    public var key: String { payload["key"] as? String ?? "" }
    public var edit: String? { payload["edit"] as? String }
  }

  private struct State {
    var messages: [Message] = []
    var clock: Int
    /// An error code that every write gets instead of its effect.
    var refusal: String?
  }

  public let server: HTTPFarSide
  public let history: History
  private let state: Guarded<State>

  public var base: String { "http://127.0.0.1:\(server.port)/api" }
  public var messages: [Message] { state { $0.messages.filter { !$0.isDeleted } } }
  /// Root messages with their replies left out.
  public var roots: [Message] { messages.filter { $0.thread == nil } }

  /// - Parameters:
  ///   - conversation: the only one there is.
  ///   - pageSize: how many messages a page of a history has at most.
  ///   - now: unix seconds of the first message.
  public init(
    port: Int = 0, token: String, conversation: String, history: History, faults: FaultPlan = FaultPlan(),
    readFaults: FaultPlan = FaultPlan(), pageSize: Int = 100, now: Int = Int(Date().timeIntervalSince1970)
  ) throws {
    let state = Guarded(State(clock: now))
    self.state = state
    self.history = history
    server = try HTTPFarSide(port: port, faults: faults, readFaults: readFaults) { request in
      guard request.header("Authorization") == "Bearer \(token)" else {
        return .json(200, ["ok": false, "error": "invalid_auth"])
      }
      let channel = request.method == "GET" ? request.query["channel"] : request.json["channel"] as? String
      guard channel == conversation else { return .json(200, ["ok": false, "error": "channel_not_found"]) }
      return state { state in
        switch request.path {
        case "/api/chat.postMessage": Self.post(request.json, &state, history)
        case "/api/chat.update": Self.update(request.json, &state, history)
        case "/api/conversations.history": Self.read(request, nil, state, pageSize)
        case "/api/conversations.replies": Self.read(request, request.query["ts"], state, pageSize)
        default: .json(200, ["ok": false, "error": "unknown_method"])
        }
      }
    }
  }

  public func stop() { server.stop() }
  /// Every write is answered with this code; nil ends that.
  public func refuse(with code: String?) { state { $0.refusal = code } }
  /// Somebody deletes a message.
  public func delete(_ ts: String) { change(ts) { $0.isDeleted = true } }
  /// Its time for edits is over.
  public func freeze(_ ts: String) { change(ts) { $0.isFrozen = true } }
  private func change(_ ts: String, _ body: (inout Message) -> Void) {
    state { state in
      for i in state.messages.indices where state.messages[i].ts == ts { body(&state.messages[i]) }
    }
  }

  private static func text(_ value: Any?) -> String {
    guard let value, let data = try? JSONSerialization.data(withJSONObject: value, options: .sortedKeys)
    else {
      return ""
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static func refusal(_ json: [String: Any], _ state: State) -> FarAnswer? {
    if let code = state.refusal { return .json(200, ["ok": false, "error": code]) }
    guard let text = json["text"] as? String, !text.isEmpty, let blocks = json["blocks"] as? [[String: Any]],
      (1...50).contains(blocks.count)
    else { return .json(200, ["ok": false, "error": "invalid_blocks"]) }
    return nil
  }

  private static func post(_ json: [String: Any], _ state: inout State, _ history: History) -> FarAnswer {
    if let refusal = refusal(json, state) { return refusal }
    let thread = json["thread_ts"] as? String
    if let thread, !state.messages.contains(where: { $0.ts == thread && !$0.isDeleted }) {
      return .json(200, ["ok": false, "error": "thread_not_found"])
    }
    state.clock += 1
    let message = Message(
      ts: "\(state.clock).000100", thread: thread, text: json["text"] as? String ?? "",
      blocks: text(json["blocks"]), metadata: text(json["metadata"]),
      broadcast: json["reply_broadcast"] as? Bool ?? false)
    state.messages.append(message)
    history.record(
      "slack", "chat.postMessage", key: message.edit ?? message.key,
      ["ts": message.ts, "thread": thread ?? "", "text": message.text, "root": message.key])
    return .json(200, ["ok": true, "channel": json["channel"] ?? "", "ts": message.ts])
  }

  private static func update(_ json: [String: Any], _ state: inout State, _ history: History) -> FarAnswer {
    if let refusal = refusal(json, state) { return refusal }
    let ts = json["ts"] as? String ?? ""
    guard let index = state.messages.firstIndex(where: { $0.ts == ts && !$0.isDeleted }) else {
      return .json(200, ["ok": false, "error": "message_not_found"])
    }
    guard !state.messages[index].isFrozen else {
      return .json(200, ["ok": false, "error": "edit_window_closed"])
    }
    state.messages[index].text = json["text"] as? String ?? ""
    state.messages[index].blocks = text(json["blocks"])
    if json["metadata"] != nil { state.messages[index].metadata = text(json["metadata"]) }
    state.messages[index].updates += 1
    let message = state.messages[index]
    history.record(
      "slack", "chat.update", key: message.edit ?? "",
      ["ts": ts, "text": message.text, "root": message.key])
    return .json(200, ["ok": true, "channel": json["channel"] ?? "", "ts": ts])
  }

  private static func read(_ request: FarRequest, _ thread: String?, _ state: State, _ pageSize: Int)
    -> FarAnswer
  {
    if let thread, !state.messages.contains(where: { $0.ts == thread && !$0.isDeleted }) {
      return .json(200, ["ok": false, "error": "thread_not_found"])
    }
    let oldest = request.query["oldest"] ?? "0"
    let latest = request.query["latest"] ?? "9999999999.999999"
    let isInclusive = request.query["inclusive"] == "true"
    let all = state.messages.filter { message in
      let isThere =
        thread.map { message.thread == $0 || message.ts == $0 }
        ?? (message.thread == nil || message.broadcast)
      let inside =
        isInclusive
        ? message.ts >= oldest && message.ts <= latest : message.ts > oldest && message.ts < latest
      return isThere && inside && !message.isDeleted
    }.reversed()
    let start = Int(request.query["cursor"] ?? "0") ?? 0
    let size = min(pageSize, Int(request.query["limit"] ?? "100") ?? 100)
    let page = all.dropFirst(start).prefix(size)
    let withMetadata = request.query["include_all_metadata"] == "true"
    let shown = page.map { message -> [String: Any] in
      var json: [String: Any] = ["type": "message", "ts": message.ts, "text": message.text]
      if withMetadata, let metadata = try? JSONSerialization.jsonObject(with: Data(message.metadata.utf8)) {
        json["metadata"] = metadata
      }
      return json
    }
    let more = start + page.count < all.count
    return .json(
      200,
      [
        "ok": true, "messages": shown, "has_more": more,
        "response_metadata": ["next_cursor": more ? String(start + page.count) : ""],
      ])
  }
}
