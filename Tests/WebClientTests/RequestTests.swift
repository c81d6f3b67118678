import Foundation
import Testing
import Units

@testable import WebClient

@Suite struct URLTests {
  @Test(arguments: [
    ("http://a.example", "http://a.example/"), ("HTTPS://A.Example:443/x", "https://a.example/x"),
    ("https://a.example:8443/p?q=1#f", "https://a.example:8443/p?q=1"),
    ("http://[::1]:8080/", "http://[::1]:8080/"), ("https://a.example/x%2Fy?", "https://a.example/x%2Fy"),
  ])
  func good(_ text: String, _ whole: String) throws {
    #expect(try WebURL(text).reveal() == whole)
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "ldap://a.example/", "scp://a.example/",
    "javascript:alert(1)", "data:,x", "smtp://a.example/",
  ])
  func otherSchemes(_ text: String) {
    let error = #expect(throws: WebError.self) { try WebURL(text) }
    switch error {
    case .unsupportedScheme, .invalidRequest: break
    default: Issue.record("\(String(describing: error))")
    }
  }

  @Test(arguments: [
    "", "/etc/passwd", "a.example/x", "http://", "http:///x", "http://user@a.example/",
    "http://u:p@a.example/", "http://a.example:99999/", "http://a.example:x/", "http://a b/", "http://a/ b",
    "http://a/\r\nHost: b", "http://a/\u{0}", "http://" + String(repeating: "a", count: 9000),
  ])
  func bad(_ text: String) {
    let error = #expect(throws: WebError.self) { try WebURL(text) }
    guard case .invalidRequest(let why) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!why.contains("u:p"))
  }

  @Test func partsAreEncodedWhole() throws {
    let base = try WebURL("https://a.example/api/?x=1")
    let url = try base.appending(
      path: ["telescope", "TAROT/TCA", "ünï", ""], query: [("name", "a&b=c+d"), ("e", "")])
    #expect(
      url.reveal()
        == "https://a.example/api/telescope/TAROT%2FTCA/%C3%BCn%C3%AF/?x=1&name=a%26b%3Dc%2Bd&e=")
    #expect(try WebURL(url.reveal()) == url)
    #expect(throws: WebError.self) { try base.appending(path: [".."]) }
    #expect(try base.appending() == base)
  }

  @Test func loopbackIsKnownByNameAndNumber() throws {
    for host in ["localhost", "127.0.0.1", "127.255.3.4", "[::1]", "LOCALHOST"] {
      #expect(try WebURL("http://\(host)/").isLoopback, "\(host)")
    }
    for host in ["127.0.0.1.example", "localhost.example", "128.0.0.1", "10.0.0.1", "a.example"] {
      #expect(try !WebURL("http://\(host)/").isLoopback, "\(host)")
    }
  }
}

@Suite struct SecrecyTests {
  static let canary = "canary-3f9a"

  /// Every way Swift has to turn a value into text.
  private func texts(_ value: Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    let children = Mirror(reflecting: value).children.map { "\($0.value)" }
    return ["\(value)", String(reflecting: value), String(describing: value), dumped] + children
  }

  @Test func nothingShowsASecret() async throws {
    let secret = Secret(Self.canary)
    let header = SecretHeader.authorization("token", secret)
    let hidden = try WebURL("https://hooks.example/services/\(Self.canary)", pathIsSecret: true)
    let query = try WebURL("https://a.example/x?token=\(Self.canary)")
    let body = WebBody.form([], secrets: [("client_secret", secret)])
    #expect(String(decoding: body.bytes, as: UTF8.self) == "client_secret=\(Self.canary)")
    let requests = [hidden, query].map { WebRequest(.post, $0, secretHeaders: [header], body: body) }
    let server = MailServer(
      host: "mail.example", port: 465, security: .implicitTLS, user: Self.canary, password: secret)
    let values: [Any] = [
      secret, [secret], ["x": secret], [Secret?.some(secret)], header, hidden, query, body, requests, server,
    ]
    for text in values.flatMap(texts) { #expect(!text.contains(Self.canary), "\(text)") }
    #expect("\(secret)" == "«secret»")
    #expect(hidden.description == "https://hooks.example/…")
    #expect(secret.reveal() == Self.canary)
  }

  @Test func errorsAndAnswersDoNotShowASecret() async throws {
    let (server, log) = try LoopbackServer.http { request in
      request.target.hasPrefix("/ok")
        ? Answer(200, headers: ["Set-Cookie: \(Self.canary)"], Self.canary) : nil
    }
    let client = try WebClient()
    let header = SecretHeader.authorization("token", Secret(Self.canary))
    for path in ["/ok", "/drop"] {
      let url = try WebURL(
        try server.url("\(path)/\(Self.canary)?q=\(Self.canary)").reveal(), pathIsSecret: true)
      let request = patientRequest(.get, url, secretHeaders: [header])
      do {
        let response = try await client.send(request)
        for text in texts(response) { #expect(!text.contains(Self.canary), "\(text)") }
        #expect(response.text == Self.canary)
      } catch {
        for text in texts(error) + [error.localizedDescription] {
          #expect(!text.contains(Self.canary), "\(text)")
        }
      }
    }
    #expect(log.all.allSatisfy { $0.header("authorization") == "token \(Self.canary)" })
    #expect(log.count >= 2)
  }

  @Test func scrubbingTakesSecretsControlsAndLength() {
    let secrets = [Secret("key"), Secret("")]
    #expect(Secret.scrub("a key\r\n\u{1b}[31m", of: secrets) == "a «secret»   [31m")
    #expect(Secret.scrub("a key\u{301}", of: secrets).contains("key") == false)
    #expect(Secret.scrub(String(repeating: "x", count: 1000), of: secrets).count == 300)
  }
}

@Suite struct RequestCheckTests {
  private let url = try! WebURL("https://a.example/")

  @Test(arguments: [
    ("X-A\r\nX-B", "c"), ("X A", "c"), ("", "c"), ("X:A", "c"), ("X-A", "c\r\nX-B: d"), ("X-A", "c\0"),
    ("Authorization", "token x"), ("cookie", "a=b"), ("Proxy-Authorization", "x"), ("Host", "b.example"),
    ("content-length", "5"), ("Transfer-Encoding", "chunked"), ("Expect", "100-continue"),
    ("Content-Type", "a/b"), ("Connection", "close"), ("X-Ä", "c"),
  ])
  func headersThatMustNotLeave(_ name: String, _ value: String) {
    var request = WebRequest(.get, url)
    request.headers.add(name, value)
    #expect(throws: WebError.self) { try request.check() }
  }

  @Test(arguments: [("X-Key", "a\nb"), ("X Key", "a"), ("Host", "a"), ("X-Key", "a\0b")])
  func secretHeadersThatMustNotLeave(_ name: String, _ value: String) {
    let request = WebRequest(.get, url, secretHeaders: [SecretHeader(name, Secret(value))])
    #expect(throws: WebError.self) { try request.check() }
  }

  @Test func goodOnesPass() throws {
    var request = WebRequest(
      .post, url, headers: ["Accept": "application/json", "X-Word": "é"],
      secretHeaders: [.authorization("Bearer", Secret("x"))], body: WebBody([], contentType: "a/b"))
    try request.check()
    request.deadlines.stall = Deadlines.Stall(bytesPerSecond: 1, window: .milliseconds(1))
    try request.check()
  }

  @Test func secretsNeedTLSOrThisMachine() throws {
    let header = SecretHeader.authorization("token", Secret("x"))
    let far = WebRequest(.get, try WebURL("http://a.example/"), secretHeaders: [header])
    #expect(throws: WebError.self) { try far.check() }
    var allowed = far
    allowed.allowsSecretsOverPlainHTTP = true
    try allowed.check()
    try WebRequest(.get, try WebURL("http://localhost:5000/"), secretHeaders: [header]).check()
  }

  @Test func impossibleRequestsAreRefused() throws {
    let body = WebBody([1], contentType: "a/b")
    #expect(throws: WebError.self) { try WebRequest(.get, url, body: body).check() }
    #expect(throws: WebError.self) { try WebRequest(.head, url, body: body).check() }
    let broken = WebBody([1], contentType: "a\r\nb")
    #expect(throws: WebError.self) { try WebRequest(.post, url, body: broken).check() }
    for deadlines in [
      Deadlines(connect: .zero), Deadlines(total: .seconds(-1)),
      Deadlines(stall: .init(bytesPerSecond: 0, window: .seconds(1))),
      Deadlines(stall: .init(bytesPerSecond: 1, window: .zero)),
    ] {
      #expect(throws: WebError.self) { try WebRequest(.get, url, deadlines: deadlines).check() }
    }
    var request = WebRequest(.get, url)
    request.maxResponseBytes = -1
    #expect(throws: WebError.self) { try request.check() }
  }

  @Test func deadlinesOfAnySizeFitTheLibrary() {
    #expect(Duration.seconds(1e15).wholeMilliseconds == Int(Int32.max))
    #expect(Duration.nanoseconds(1).wholeMilliseconds == 1)
    #expect(Duration.milliseconds(1500).wholeSeconds == 2)
    #expect(Duration.seconds(Int64.max).clampedNanoseconds == 3_200_000_000_000_000_000)
    #expect(Duration.seconds(-5).clampedNanoseconds == 0)
  }

  @Test func configurationsThatCannotWorkAreRefused() {
    var configuration = WebClient.Configuration(version: "1\r\nX: y")
    #expect(throws: WebError.self) { try WebClient(configuration) }
    configuration = WebClient.Configuration()
    configuration.maxConnectionsPerHost = 0
    #expect(throws: WebError.self) { try WebClient(configuration) }
    configuration = WebClient.Configuration()
    configuration.testCABundlePath = "/nowhere/ca.pem"
    #expect(throws: WebError.file(path: "/nowhere/ca.pem", operation: "read", errno: ENOENT)) {
      try WebClient(configuration)
    }
  }
}

@Suite struct BodyTests {
  @Test func jsonIsTheSameEveryTime() throws {
    let body = try WebBody.json(["b": "x/y", "a": "é"])
    #expect(String(decoding: body.bytes, as: UTF8.self) == #"{"a":"é","b":"x/y"}"#)
    #expect(body.contentType == "application/json")
    #expect(throws: WebError.self) { try WebBody.json(["a": Double.nan]) }
  }

  @Test func formsAreEncoded() {
    let body = WebBody.form([("a b", "1&2=3"), ("c", "ü")])
    #expect(String(decoding: body.bytes, as: UTF8.self) == "a%20b=1%262%3D3&c=%C3%BC")
  }

  @Test func multipartBytes() async throws {
    var form = MultipartForm()
    form.add("plan \"x\"\r\n", "two\r\nlines")
    form.add("file", filename: "mäp\".fits", contentType: "application/fits", bytes: [0, 13, 10, 255])
    let body = try form.body()
    let expected =
      Array(
        """
        --vesper-boundary-0\r
        Content-Disposition: form-data; name="plan %22x%22%0D%0A"\r
        \r
        two\r
        lines\r
        --vesper-boundary-0\r
        Content-Disposition: form-data; name="file"; filename="mäp%22.fits"\r
        Content-Type: application/fits\r
        \r\n
        """.utf8) + [0, 13, 10, 255] + Array("\r\n--vesper-boundary-0--\r\n".utf8)
    #expect(body.bytes == expected)
    #expect(body.contentType == "multipart/form-data; boundary=vesper-boundary-0")
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "") }
    let client = try WebClient()
    _ = try await client.send(patientRequest(.post, try server.url("/"), body: body))
    #expect(log.all.map(\.body) == [expected])
    #expect(log.all.first?.header("content-type") == body.contentType)
  }

  @Test func theBoundaryIsNeverInAPart() throws {
    var form = MultipartForm()
    form.add("a", "vesper-boundary-12 --vesper-boundary-0")
    form.add("b", filename: "b", bytes: Array("vesper-boundary-2".utf8))
    // 12 begins with 1.
    #expect(try form.body().contentType == "multipart/form-data; boundary=vesper-boundary-3")
  }

  @Test func brokenFormsAreRefused() {
    #expect(throws: WebError.self) { try MultipartForm().body() }
    var form = MultipartForm()
    form.add("a", filename: "b", contentType: "x\r\ny", bytes: [])
    #expect(throws: WebError.self) { try form.body() }
  }
}

@Suite struct ResponseTests {
  private func retryAfter(_ value: String?) -> Duration? {
    var headers = WebHeaders()
    headers["Retry-After"] = value
    let zero = WebResponse.Timings(
      nameLookup: .zero, connect: .zero, tls: .zero, firstByte: .zero, total: .zero)
    let response = WebResponse(
      status: 429, headers: headers, body: [], bodyBytes: 0, timings: zero,
      url: try! WebURL("https://a.example/"))
    return response.retryAfter(now: Instant(iso8601: "1994-11-06T08:49:30Z")!)
  }

  @Test func retryAfterInBothForms() {
    #expect(retryAfter("120") == .seconds(120))
    #expect(retryAfter("0") == .zero)
    #expect(retryAfter("Sun, 06 Nov 1994 08:49:37 GMT") == .seconds(7))
    #expect(retryAfter("Sun, 06 Nov 1994 08:00:00 GMT") == .zero)
  }

  @Test(arguments: [
    nil, "", "-1", "soon", "1.5", "99999999999", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
  ])
  func retryAfterThatSaysNothing(_ value: String?) {
    #expect(retryAfter(value) == nil)
  }

  @Test func headersCompareWithoutCase() {
    var headers: WebHeaders = ["A": "1", "b": "2"]
    headers.add("a", "3")
    #expect(headers["a"] == "1")
    #expect(headers.all("A") == ["1", "3"])
    headers["a"] = "4"
    #expect(headers.fields.map(\.value) == ["2", "4"])
    headers["B"] = nil
    #expect(headers["b"] == nil)
  }
}

@Suite struct AddressTests {
  private func address(_ text: String) throws -> PeerAddress {
    if text.contains(":") {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      try #require(inet_pton(AF_INET6, text, &address.sin6_addr) == 1)
      return try #require(
        withUnsafeBytes(of: &address) {
          PeerAddress($0.baseAddress!, family: AF_INET6, length: $0.count)
        })
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    try #require(inet_pton(AF_INET, text, &address.sin_addr) == 1)
    return try #require(
      withUnsafeBytes(of: &address) { PeerAddress($0.baseAddress!, family: AF_INET, length: $0.count) })
  }

  @Test(arguments: [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.9.9", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
    "::ffff:8.8.8.8", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::",
    "3fff::1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "100::1", "::8.8.8.8",
  ])
  func notPublic(_ text: String) throws {
    #expect(try !address(text).isPublic)
  }

  @Test(arguments: [
    "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1",
    "198.17.0.1", "198.20.0.1", "223.255.255.255", "2600::1", "2a00:1450::1", "2001:4860::1",
    "64:ff9b::8.8.8.8",
  ])
  func isPublic(_ text: String) throws {
    #expect(try address(text).isPublic)
  }

  @Test func shortStructuresAreNotRead() {
    var byte: UInt8 = 0
    #expect(PeerAddress(&byte, family: AF_INET, length: 1) == nil)
    #expect(PeerAddress(&byte, family: AF_INET6, length: 16) == nil)
    #expect(PeerAddress(&byte, family: AF_UNIX, length: 110) == nil)
  }

  @Test(arguments: [
    "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1",
  ])
  func aPublicClientDoesNotReachThisMachine(_ host: String) async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "inside") }
    var configuration = WebClient.Configuration()
    configuration.addresses = .publicOnly
    let client = try WebClient(configuration)
    let request = patientRequest(.get, try WebURL("http://\(host):\(server.port)/"))
    let error = await #expect(throws: WebError.self) { try await client.send(request) }
    #expect(notSent(error) == .forbiddenAddress)
    #expect(log.count == 0)
    #expect(server.connections == 0)
  }
}
