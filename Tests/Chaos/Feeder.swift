import Foundation
import Glibc
import WebClient

/// Hands the stream in, at the pace at which the killing goes on, through two doors.
final class Feeder: Sendable {
  private let rig: Rig
  private let token: Secret
  private struct State {
    var progress = 0.0
    var retries = 0
    var handedIn = 0
    var wrongAnswers: [String] = []
  }
  private let state = Locked(State())

  init(_ rig: Rig, token: String) {
    self.rig = rig
    self.token = Secret(token)
  }

  /// Up to which share of the stream may be handed in by now.
  func allow(_ share: Double) { state { $0.progress = max($0.progress, share) } }
  var retries: Int { state { $0.retries } }
  var handedIn: Int { state { $0.handedIn } }
  var wrongAnswers: [String] { state { $0.wrongAnswers } }

  func run(_ items: [HandIn]) async throws {
    let (queue, door) = AsyncStream<HandIn>.makeStream()
    async let posted: Void = post(queue)
    defer { door.finish() }
    for (i, item) in items.enumerated() {
      while Double(i) > state({ $0.progress }) * Double(items.count) { await pause(0.02) }
      switch item.door {
      case .spool:
        try spool(item, number: i)
        state { $0.handedIn += 1 }
      case .http: door.yield(item)
      }
      await pause(0.01)
    }
    door.finish()
    await posted
  }

  /// Whole or not at all: written under another name, then renamed.
  private func spool(_ item: HandIn, number: Int) throws {
    let name = String(format: "%06d-%@", number, item.name)
    let part = "\(rig.spool)/.\(name).part"
    try Data(item.bytes).write(to: URL(filePath: part))
    guard rename(part, "\(rig.spool)/\(name)") == 0 else { throw ChaosError("\(part) cannot be renamed") }
  }

  private func post(_ queue: AsyncStream<HandIn>) async {
    // Several at a time, so that answers come in another order than questions.
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<3 {
        tasks.addTask { for await item in queue { await self.insist(on: item) } }
      }
    }
  }

  /// Until it was told that the notice is kept: a dead service keeps no promises it did not make.
  private func insist(on item: HandIn) async {
    var attempt = 0
    while !Task.isCancelled {
      if attempt > 0 {
        state { $0.retries += 1 }
        await pause(0.05)
      }
      attempt += 1
      guard let port = rig.lives.lazy.compactMap(\.port).first,
        let url = try? WebURL("http://127.0.0.1:\(port)/api/notices?name=\(item.name.prefix(60))")
      else { continue }
      let request = WebRequest(
        .post, url, secretHeaders: [.authorization("Bearer", token)],
        body: WebBody(item.bytes, contentType: "application/octet-stream"),
        deadlines: Deadlines(connect: .seconds(1), total: .seconds(4)))
      guard let answer = try? await rig.client.send(request) else { continue }
      guard answer.status == 202, answer.text.contains(item.digest) else {
        state { if $0.wrongAnswers.count < 50 { $0.wrongAnswers.append("\(item.name): \(answer.status)") } }
        if (400..<500).contains(answer.status), answer.status != 429 { return }
        continue
      }
      state { $0.handedIn += 1 }
      return
    }
  }
}
