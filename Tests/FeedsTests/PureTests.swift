import Foundation
import Testing
import Units
import WebClient

@testable import Feeds

struct TopicTests {
  @Test(arguments: [
    ("igwn.gwalert", "igwn.gwalert", true), ("igwn.gwalert", "igwn.gwalert2", false),
    ("igwn.gwalert", "xigwn.gwalert", false), ("gcn.notices.fermi.gbm*", "gcn.notices.fermi.gbm", true),
    ("gcn.notices.fermi.gbm*", "gcn.notices.fermi.gbm.trigger", true),
    ("gcn.notices.fermi.gbm*", "gcn.notices.fermi.lat", false), ("*", "anything", true),
    ("*", "__consumer_offsets", false), ("*.b*", "a.c.b", true), ("*.b*", "ab", false), ("a*a", "a", false),
    ("a*a", "aa", true), ("a*b*c", "axbxbxc", true), ("a.c", "abc", false),
  ])
  func patterns(_ pattern: String, _ topic: String, _ expected: Bool) throws {
    #expect(try #require(TopicPattern(pattern)).matches(topic) == expected)
  }

  @Test(arguments: ["", ".", "..", "a b", "^gcn.*$", "a/b", String(repeating: "a", count: 250), "é", "a\n"])
  func illegalNames(_ text: String) { #expect(TopicPattern(text) == nil) }

  @Test func theDefaultsAreWhole() {
    #expect(TopicPattern.gcnDefaults.count == 32)
    #expect(Set(TopicPattern.gcnDefaults).count == 32)
    #expect(TopicPattern.gcnDefaults.filter { !$0.isExact }.map(\.text) == ["gcn.notices.fermi.gbm*"])
    #expect(!TopicPattern.gcnDefaults.contains { $0.matches("gcn.heartbeat") })
  }

  @Test func whatAppearsLaterIsNew() {
    var watch = TopicWatch(wanted: ["a", "b", "f.*", "a"].compactMap(TopicPattern.init))
    func topic(_ name: String, _ count: Int = 1, _ error: String? = nil) -> ListedTopic {
      ListedTopic(name: name, partitions: (0..<Int32(count)).map { $0 }, error: error)
    }
    func partition(_ name: String, _ number: Int32 = 0) -> FeedPartition {
      .init(topic: name, partition: number)
    }
    let first = watch.update([topic("x"), topic("a"), topic("f.1", 1, "not allowed")])
    #expect(
      first == [
        .begin(partition("a"), afterMissing: false),
        .missing("b", reason: "the brokers do not list it"), .missing("f.*", reason: "not allowed"),
      ])
    #expect(watch.update([topic("x"), topic("a"), topic("f.1", 1, "not allowed")]) == [])
    #expect(watch.missingNames == ["b", "f.*"])
    // A new partition of a topic, a topic that was missing.
    #expect(
      watch.update([topic("a", 2), topic("b"), topic("f.1")]) == [
        .begin(partition("a", 1), afterMissing: true),
        .found("b", partitions: 1), .begin(partition("b"), afterMissing: true),
        .found("f.*", partitions: 1), .begin(partition("f.1"), afterMissing: true),
      ])
    // One more for the pattern, and one that goes.
    #expect(
      watch.update([topic("a", 2), topic("f.1"), topic("f.2")]) == [
        .end(partition("b")), .missing("b", reason: "the brokers do not list it"),
        .begin(partition("f.2"), afterMissing: true),
      ])
    #expect(
      watch.update([topic("a", 2), topic("b"), topic("f.1"), topic("f.2")]).last
        == .begin(partition("b"), afterMissing: true))
  }
}

struct FlowTests {
  @Test func continuity() {
    var flow = PartitionFlow(next: 10)
    #expect(flow.receive(offset: 10) == .deliver)
    #expect(flow.receive(offset: 10) == .stale)
    #expect(flow.receive(offset: 3) == .stale)
    #expect(flow.receive(offset: 11) == .deliver)
    // A jump is believed when it is seen twice from the same place.
    #expect(flow.receive(offset: 15) == .suspicious)
    #expect(flow.receive(offset: 12) == .deliver)
    #expect(flow.receive(offset: 15) == .suspicious)
    #expect(flow.next == 13)
    #expect(flow.receive(offset: 15) == .jump(13..<15))
    #expect(flow.receive(offset: 16) == .deliver)
    flow.resume(at: 2)
    #expect(flow.receive(offset: 2) == .deliver)
  }

  @Test func backPressure() {
    var limits = QueueLimits()
    limits.messages = 4
    limits.bytes = 100
    limits.totalBytes = 1000
    var flow = PartitionFlow(next: 0)
    #expect(!flow.mustPause(limits, total: 5000))  // an empty queue may always get one
    flow.queue(bytes: 10)
    #expect(!flow.mustPause(limits, total: 10))
    #expect(flow.mustPause(limits, total: 1000))
    flow.queue(bytes: 90)
    #expect(flow.mustPause(limits, total: 100))
    #expect(!flow.mayResume(limits, total: 100))
    flow.settle(bytes: 90)
    #expect(flow.mayResume(limits, total: 10))
    #expect(!flow.mayResume(limits, total: 501))
    for _ in 0..<3 { flow.queue(bytes: 1) }
    #expect(flow.mustPause(limits, total: 13))
    #expect(!flow.mayResume(limits, total: 13))
    for _ in 0..<4 { flow.settle(bytes: 1) }
    #expect(flow.mayResume(limits, total: 5000))  // nothing queued: the others are not a reason to wait
  }

  @Test func waitsGrow() {
    let backoff = FeedBackoff(first: .milliseconds(100), limit: .seconds(5))
    #expect(backoff.delay(attempt: 1, jitter: 1) == .milliseconds(100))
    #expect(backoff.delay(attempt: 1, jitter: 0) == .milliseconds(50))
    #expect(backoff.delay(attempt: 3, jitter: 1) == .milliseconds(400))
    #expect(backoff.delay(attempt: 1000, jitter: 1) == .seconds(5))
    #expect(backoff.delay(attempt: -5, jitter: 1) == .milliseconds(100))
  }
}

struct ConfigurationTests {
  func credentials() throws -> OAuthCredentials {
    OAuthCredentials(
      clientID: Secret("canary-id"), clientSecret: Secret("canary-secret"),
      tokenEndpoint: try WebURL(OAuthCredentials.gcnTokenEndpoint))
  }

  @Test func secretsAreInNoSettingAndNoText() throws {
    let configuration = KafkaConfiguration.gcn(groupID: "g", credentials: try credentials())
    try configuration.check()
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in ["\(configuration.settings)", "\(configuration)", dumped, String(reflecting: configuration)] {
      #expect(!text.contains("canary"))
    }
    let settings = Dictionary(uniqueKeysWithValues: configuration.settings.map { ($0.name, $0.value) })
    #expect(settings["security.protocol"] == "sasl_ssl")
    #expect(settings["sasl.mechanisms"] == "OAUTHBEARER")
    #expect(settings["auto.offset.reset"] == "error")
    #expect(settings["enable.auto.commit"] == "false")
  }

  @Test func whatCannotWorkIsRefused() throws {
    let good = KafkaConfiguration(bootstrapServers: ["h:1"], groupID: "g", protection: .plaintext)
    try good.check()
    let spoils: [(inout KafkaConfiguration) -> Void] = [
      { $0.bootstrapServers = [] }, { $0.bootstrapServers = ["host"] }, { $0.bootstrapServers = ["host:0"] },
      { $0.bootstrapServers = ["a,b:1"] }, { $0.bootstrapServers = [":1"] }, { $0.topics = [] },
      { $0.groupID = "" }, { $0.clientID = "é" }, { $0.maxMessageBytes = 0 }, { $0.queue.messages = 0 },
      { $0.topicCheckInterval = .zero }, { $0.reconnectLimit = .seconds(1e9) },
      { $0.sinkBackoff = FeedBackoff(first: .zero, limit: .zero) },
      { $0.protection = .oauthWithoutTLS(try! credentials()) },
    ]
    for (number, spoil) in spoils.enumerated() {
      var bad = good
      spoil(&bad)
      #expect(throws: FeedError.self, "\(number)") { try bad.check() }
    }
  }

  @Test func aMissingCertificateFileIsSaidAtTheStart() async throws {
    var configuration = KafkaConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "g", protection: .tls)
    configuration.caBundlePath = "/nonexistent/ca.pem"
    let running = try RunningFeed(configuration, Disk())
    await #expect(throws: FeedError.self) { try await running.ended() }
  }

  @Test func credentialsFromTheEnvironmentAndFromFiles() throws {
    let endpoint = try WebURL(OAuthCredentials.gcnTokenEndpoint)
    func load(_ environment: [String: String]) throws(FeedError) -> OAuthCredentials? {
      try OAuthCredentials.load(from: environment, tokenEndpoint: endpoint)
    }
    #expect(try load([:]) == nil)
    #expect(try load(["VESPER_GCN_CLIENT_ID": ""]) == nil)
    let direct = try #require(try load(["VESPER_GCN_CLIENT_ID": "i", "VESPER_GCN_CLIENT_SECRET": "s"]))
    #expect(direct.clientID.reveal() == "i" && direct.clientSecret.reveal() == "s")
    #expect(throws: FeedError.self) { try load(["VESPER_GCN_CLIENT_ID": "i"]) }
    #expect(throws: FeedError.self) { try load(["VESPER_GCN_CLIENT_SECRET": "s"]) }
    #expect(throws: FeedError.self) {
      try load(["VESPER_GCN_CLIENT_ID": "a:b", "VESPER_GCN_CLIENT_SECRET": "s"])
    }
    #expect(throws: FeedError.self) {
      try load(["VESPER_GCN_CLIENT_ID": "a b", "VESPER_GCN_CLIENT_SECRET": "s"])
    }

    let file = FileManager.default.temporaryDirectory.appending(path: "vesper-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("canary-secret\n".utf8).write(to: file)
    chmod(file.path, 0o600)
    let environment = ["VESPER_GCN_CLIENT_ID": "i", "VESPER_GCN_CLIENT_SECRET_FILE": file.path]
    #expect(try load(environment)?.clientSecret.reveal() == "canary-secret")
    chmod(file.path, 0o644)
    let error = #expect(throws: FeedError.self) { try load(environment) }
    #expect(error.map { "\($0)".contains("0600") && !"\($0)".contains("canary") } == true)
    #expect(throws: FeedError.self) {
      try load(environment.merging(["VESPER_GCN_CLIENT_SECRET": "s"]) { a, _ in a })
    }
    #expect(throws: FeedError.self) {
      try load(["VESPER_GCN_CLIENT_ID": "i", "VESPER_GCN_CLIENT_SECRET_FILE": "/nonexistent"])
    }
  }

  @Test func answersOfTokenServers() throws {
    func read(_ status: Int, _ text: String) -> Result<Duration, TokenFailure> {
      Result { () throws(TokenFailure) in try TokenRequest.read(status: status, body: Array(text.utf8)).life }
    }
    #expect(read(200, #"{"access_token":"t","expires_in":3600}"#) == .success(.seconds(3600)))
    #expect(read(200, #"{"access_token":"t","expires_in":"60"}"#) == .success(.seconds(60)))
    #expect(read(200, #"{"access_token":"t"}"#) == .success(TokenRequest.unstatedLife))
    #expect(read(200, #"{"access_token":"t","expires_in":1e300}"#) == .success(.seconds(86_400)))
    for bad in [
      "", "[]", "{}", #"{"access_token":""}"#, #"{"access_token":"a b"}"#, #"{"access_token":5}"#,
      #"{"access_token":"t","expires_in":0}"#, #"{"access_token":"t","expires_in":-1}"#,
      #"{"access_token":"t","expires_in":"soon"}"#, #"{"access_token":"t","expires_in":null}"#,
    ] {
      guard case .failure(let failure) = read(200, bad) else {
        Issue.record("accepted: \(bad)")
        continue
      }
      #expect(!failure.isRefusal)
    }
    #expect(
      read(400, #"{"error":"invalid_client"}"#)
        == .failure(TokenFailure(reason: "the token server answered 400: invalid_client", isRefusal: true)))
    #expect(
      read(403, "no") == .failure(TokenFailure(reason: "the token server answered 403", isRefusal: true)))
    #expect(
      read(400, #"{"error":"canary"}"#)
        == .failure(TokenFailure(reason: "the token server answered 400", isRefusal: false)))
    #expect(
      read(503, "") == .failure(TokenFailure(reason: "the token server answered 503", isRefusal: false)))
  }

  @Test func whatTheLibrarySaysIsRedacted() {
    let context = KafkaContext(logger: quietLogger(), secrets: [Secret("canary")], wantsToken: {})
    for number in 0..<6 { context.add(Secret("token-\(number)"), keeping: 1) }
    #expect(context.redact("a canary\nand token-5, token-4") == "a «secret» and «secret», «secret»")
    #expect(context.redact("token-0") == "token-0")  // long expired
    #expect(context.redact(String(repeating: "x", count: 1000)).count == 400)
  }

  @Test func credentialsThatLieIdleAreWarnedOf() async throws {
    var configuration = KafkaConfiguration(
      bootstrapServers: ["127.0.0.1:1"], groupID: "g", protection: .oauth(try credentials()))
    configuration.protection = .oauthWithoutTLS(
      OAuthCredentials(
        clientID: Secret("i"), clientSecret: Secret("s"),
        tokenEndpoint: try WebURL("http://127.0.0.1:\(try LoopbackServer.closedPort())/")))
    configuration.credentialsLastUsed = FeedClock.system.now().advanced(bySeconds: -21 * 86_400)
    let running = try RunningFeed(configuration, Disk())
    try await running.event("the warning") { if case .credentialUnused = $0 { true } else { false } }
    #expect((running.feed.status.credentialUnused?.seconds ?? 0) > 20.9 * 86_400)
    try await running.event("no token") { if case .tokenRefused(_, false) = $0 { true } else { false } }
    try await running.stop()
  }

  @Test func kafkaTimes() {
    #expect(Instant(unixMilliseconds: 1_700_000_000_123) == Instant(iso8601: "2023-11-14T22:13:20.123Z"))
    #expect(Instant(unixMilliseconds: 0) == nil)
    #expect(Instant(unixMilliseconds: -1) == nil)
    #expect(Instant(unixMilliseconds: .max) == nil)
    #expect(Instant(unixNanoseconds: 1_483_228_800_000_000_000) == Instant(iso8601: "2017-01-01T00:00:00Z"))
  }
}
