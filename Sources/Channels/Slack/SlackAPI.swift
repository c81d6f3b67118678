import Deliveries
import Units
import WebClient

/// The four methods of Slack's web interface that Vesper calls.
struct SlackAPI: Sendable {
  let client: WebClient
  let base: WebURL
  let token: Secret
  let deadlines: Deadlines
  let redact: Redactor

  /// What a message says of itself, invisibly: `metadata` of Slack.
  struct Mark: Hashable, Sendable, Encodable {
    /// Of the delivery that made the message.
    let key: String
    /// Of the newest edit, and its number.
    let edit: String?
    let sequence: Int
  }

  private struct Metadata: Encodable {
    let event_type = "vesper_delivery"
    let event_payload: Mark
  }

  private struct Message: Encodable {
    let channel: String
    let ts: String?
    let thread_ts: String?
    let text: String
    let blocks: [SlackBlock]
    let reply_broadcast: Bool?
    let metadata: Metadata
    /// The defaults of `chat.update` would find links and mentions in the text.
    let parse = "none"
    let link_names = false
    let unfurl_links: Bool?
    let unfurl_media: Bool?
  }

  func post(
    _ payload: SlackPayload, to conversation: String, thread: String? = nil, mark: Mark, now: Instant
  ) async -> SlackAnswer {
    let message = Message(
      channel: conversation, ts: nil, thread_ts: thread, text: payload.text, blocks: payload.blocks,
      reply_broadcast: thread != nil && payload.broadcast ? true : nil,
      metadata: Metadata(event_payload: mark), unfurl_links: false, unfurl_media: false)
    return await call("chat.postMessage", message, now: now)
  }

  func update(_ payload: SlackPayload, at place: SlackPlace, mark: Mark, now: Instant) async -> SlackAnswer {
    let message = Message(
      channel: place.conversation, ts: place.ts, thread_ts: nil, text: payload.text, blocks: payload.blocks,
      reply_broadcast: nil, metadata: Metadata(event_payload: mark), unfurl_links: nil, unfurl_media: nil)
    return await call("chat.update", message, now: now)
  }

  private func call(_ method: String, _ body: some Encodable, now: Instant) async -> SlackAnswer {
    do throws(WebError) {
      let request = WebRequest(
        .post, try base.appending(path: [method]), headers: ["Accept": "application/json"],
        secretHeaders: [.authorization("Bearer", token)],
        body: WebBody(try WebBody.json(body).bytes, contentType: "application/json; charset=utf-8"),
        deadlines: deadlines)
      return SlackAnswer(try await client.send(request), redact, now: now)
    } catch {
      return .no(SendOutcome(error, redact, now: now))
    }
  }

  /// A message with a mark of ours.
  struct Found: Hashable, Sendable {
    let ts: String
    let key: String
    let edit: String?
    let sequence: Int
  }

  enum Reading: Sendable {
    /// Everything of ours in the stretch, oldest first.
    case whole([Found])
    case failed(ReadBack)
  }

  /// Reads a conversation, or a thread of it.
  /// - Parameters:
  ///   - oldest: where to begin, seconds of POSIX time as Slack writes them.
  ///   - only: one message alone.
  func read(
    _ conversation: String, thread: String? = nil, oldest: String, only: Bool = false, now: Instant
  ) async -> Reading {
    var found: [Found] = []
    var cursor: String?
    for _ in 0..<Self.maxPages {
      var query = [("channel", conversation), ("oldest", oldest), ("inclusive", "true")]
      if let thread { query.append(("ts", thread)) }
      if only { query.append(("latest", oldest)) }
      query += [("limit", only ? "1" : "200"), ("include_all_metadata", "true")]
      if let cursor { query.append(("cursor", cursor)) }
      let method = thread == nil ? "conversations.history" : "conversations.replies"
      switch await get(method, query, now: now) {
      case .failure(let readBack): return .failed(readBack)
      case .success(let answer):
        guard let messages = answer["messages"].elements else {
          return .failed(.unknown(reason: "an answer without messages", final: false))
        }
        found += messages.compactMap(Self.found)
        cursor = answer["response_metadata"]["next_cursor"].text
        if answer["has_more"].flag != true || cursor?.isEmpty != false {
          return .whole(found.sorted { $0.ts < $1.ts })
        }
      }
    }
    return .failed(.unknown(reason: "more messages than \(Self.maxPages) pages hold", final: false))
  }

  private static let maxPages = 20

  private static func found(_ message: JSONAnswer) -> Found? {
    let mark = message["metadata"]["event_payload"]
    guard let ts = message["ts"].text, SlackPlace.isTS(ts), let key = mark["key"].text else { return nil }
    return Found(ts: ts, key: key, edit: mark["edit"].text, sequence: mark["sequence"].integer ?? 0)
  }

  private enum Got { case success(JSONAnswer), failure(ReadBack) }

  private func get(_ method: String, _ query: [(String, String)], now: Instant) async -> Got {
    do throws(WebError) {
      let items = query.map { (name: $0.0, value: $0.1) }
      var request = WebRequest(
        .get, try base.appending(path: [method], query: items), headers: ["Accept": "application/json"],
        secretHeaders: [.authorization("Bearer", token)], deadlines: deadlines)
      request.acceptsGzip = true
      switch SlackAnswer(try await client.send(request), redact, now: now) {
      case .yes(let answer): return .success(answer)
      case .rootLost(let code): return .failure(.unknown(reason: "Slack says \(code)", final: true))
      case .no(.refused(let reason)), .no(.halted(let reason)):
        // Rights are mended by people, who then ask again by hand.
        return .failure(.unknown(reason: reason, final: true))
      case .no(.unsent(let reason, _)), .no(.ambiguous(let reason)):
        return .failure(.unknown(reason: reason, final: false))
      case .no(.confirmed): return .failure(.unknown(reason: "no answer", final: false))
      }
    } catch {
      return .failure(.unknown(reason: redact(error.description), final: false))
    }
  }
}
