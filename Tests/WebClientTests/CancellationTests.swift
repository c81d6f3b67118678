import Foundation
import Testing

@testable import WebClient

@Suite struct CancellationTests {
  @Test func cancelledBeforeItStarts() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    let client = try WebClient()
    let request = WebRequest(.post, try server.url("/"))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await client.send(request)
    }
    await #expect(throws: WebError.cancelled(sent: false)) { try await task.value }
    #expect(log.count == 0)
    #expect(server.connections == 0)
  }

  @Test func cancelledOnItsWay() async throws {
    let (received, gone) = (Signal(), Signal())
    let server = try LoopbackServer { peer in
      _ = peer.readRequest()
      received.fire()
      peer.awaitClose()
      gone.fire()
    }
    let client = try WebClient()
    let request = WebRequest(.post, try server.url("/"), deadlines: patientDeadline)
    let task = Task { try await client.send(request) }
    await received.wait()
    task.cancel()
    await #expect(throws: WebError.cancelled(sent: true)) { try await task.value }
    await gone.wait()
  }

  @Test func cancelledWhileWaitingForTheRateLimit() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    var configuration = WebClient.Configuration()
    configuration.rateLimits = ["127.0.0.1": try #require(RateLimit(capacity: 1, perSecond: 0.02))]
    let client = try WebClient(configuration)
    let request = WebRequest(.post, try server.url("/"), deadlines: patientDeadline)
    _ = try await client.send(request)
    let task = Task { try await client.send(request) }
    for _ in 0..<20 { await Task.yield() }
    task.cancel()
    await #expect(throws: WebError.cancelled(sent: false)) { try await task.value }
    #expect(log.count == 1)
  }

  @Test func shutdownFailsWhatIsPending() async throws {
    let received = Signal()
    let server = try LoopbackServer { peer in
      _ = peer.readRequest()
      received.fire()
      peer.awaitClose()
    }
    let client = try WebClient()
    let request = WebRequest(.post, try server.url("/"), deadlines: patientDeadline)
    let tasks = (0..<20).map { _ in Task { try await client.send(request) } }
    await received.wait(20)
    await client.shutdown()
    for task in tasks {
      let error = await #expect(throws: WebError.self) { try await task.value }
      #expect(ambiguous(error) == .shutdown)
    }
    let late = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(notSent(late) == .shutdown)
    await client.shutdown()
  }

  @Test func aClientThatIsLetGoClosesItsConnections() async throws {
    let gone = Signal()
    let server = try LoopbackServer { peer in
      while peer.readRequest() != nil { peer.send(Answer(200, "").bytes) }
      gone.fire()
    }
    do {
      let client = try WebClient()
      _ = try await client.send(WebRequest(.get, try server.url("/")))
    }
    await gone.wait()
  }

  /// Requests cancelled at any moment, with a shutdown in between: each ends exactly once, and no
  /// request that says it was not sent was seen by the server.
  @Test(arguments: [1, 2, 3, 4])
  func cancellationStorm(_ seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    let (server, log) = try LoopbackServer.http { request in Answer(200, request.target) }
    var configuration = WebClient.Configuration()
    configuration.maxConnectionsPerHost = 4
    let client = try WebClient(configuration)
    var tasks: [(target: String, task: Task<WebResponse, any Error>, delay: UInt64)] = []
    for number in 0..<150 {
      let method: WebRequest.Method = random.next() % 2 == 0 ? .get : .post
      let request = WebRequest(method, try server.url("/\(number)"), deadlines: patientDeadline)
      let task = Task { try await client.send(request) }
      tasks.append(("/\(number)", task, random.next() % 20_000))
    }
    await withTaskGroup(of: Void.self) { group in
      for (_, task, delay) in tasks where delay % 3 != 0 {
        group.addTask {
          for _ in 0..<(delay / 100) { await Task.yield() }
          task.cancel()
        }
      }
      group.addTask {
        for _ in 0..<400 { await Task.yield() }
        if seed % 2 == 0 { await client.shutdown() }
      }
    }
    var unsent: Set<String> = []
    for (target, task, _) in tasks {
      switch await task.result {
      case .success(let response): #expect(response.text == target)
      case .failure(let error as WebError):
        if !error.mayHaveReachedPeer { unsent.insert(target) }
        if case .cancelled = error { continue }
        #expect(notSent(error) == .shutdown || ambiguous(error) == .shutdown)
      case .failure(let error): Issue.record(error)
      }
    }
    await client.shutdown()
    #expect(unsent.isDisjoint(with: log.all.map(\.target)), "seed \(seed)")
    #expect(Set(log.all.map(\.target)).count == log.count, "seed \(seed)")
  }
}

/// A small generator with a seed (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
