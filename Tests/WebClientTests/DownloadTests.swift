import Foundation
import Testing

@testable import WebClient

@Suite final class DownloadTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "vesper-web-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    // A leftover in the temporary folder harms nothing.
    try? FileManager.default.removeItem(at: folder)
  }

  private var target: String { folder.appending(path: "map.fits.gz").path }
  private var listing: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
  }
  private func contents() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: target))) }

  private func map(_ server: LoopbackServer, limit: Int = 64 << 20) throws -> WebRequest {
    var request = WebRequest(.get, try server.url("/map.fits.gz"), deadlines: .download)
    request.maxResponseBytes = limit
    return request
  }

  @Test(arguments: [0, 1, 5_000_000])
  func theFileIsTheBody(_ size: Int) async throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    // The encoding a server adds for .gz files must not change what is stored.
    let (server, _) = try LoopbackServer.http { _ in
      Answer(200, headers: ["Content-Encoding: x-gzip"], body: bytes)
    }
    let client = try WebClient()
    let response = try await client.download(try map(server), to: target)
    #expect(response.status == 200)
    #expect(response.body.isEmpty)
    #expect(response.bodyBytes == size)
    #expect(try contents() == bytes)
    #expect(try listing == ["map.fits.gz"])
  }

  @Test func anOldFileIsReplacedWhole() async throws {
    try Data("old".utf8).write(to: URL(filePath: target))
    let (server, _) = try LoopbackServer.http { request in
      request.target == "/map.fits.gz" ? Answer(302, headers: ["Location: /v2"], "moved") : Answer(200, "new")
    }
    let client = try WebClient()
    let response = try await client.download(try map(server), to: target)
    #expect(response.url.description.hasSuffix("/v2"))
    #expect(try contents() == Array("new".utf8))
    #expect(try listing == ["map.fits.gz"])
  }

  @Test(arguments: [404, 500, 206, 204])
  func anyOtherStatusLeavesTheFileAlone(_ status: Int) async throws {
    try Data("old".utf8).write(to: URL(filePath: target))
    let page = String(repeating: "no such map ", count: 10_000)
    let (server, _) = try LoopbackServer.http { _ in Answer(status, status == 204 ? "" : page) }
    let client = try WebClient()
    let response = try await client.download(try map(server), to: target)
    #expect(response.status == status)
    #expect(response.text == (status == 204 ? "" : String(page.prefix(64 << 10))))
    #expect(try contents() == Array("old".utf8))
    #expect(try listing == ["map.fits.gz"])
  }

  @Test func aTruncatedMapLeavesNothing() async throws {
    let target = target
    try Data("old".utf8).write(to: URL(filePath: target))
    let server = try LoopbackServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    }
    let client = try WebClient()
    let request = try map(server)
    let error = await #expect(throws: WebError.self) {
      try await client.download(request, to: target)
    }
    #expect(ambiguous(error) == .truncated)
    #expect(try contents() == Array("old".utf8))
    #expect(try listing == ["map.fits.gz"])
  }

  @Test func aMapBeyondTheCapLeavesNothing() async throws {
    let target = target
    let server = try LoopbackServer { peer in
      _ = peer.readRequest()
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 0, count: 4096) + Array("\r\n".utf8)
      while peer.send(chunk) {}
    }
    let client = try WebClient()
    let request = try map(server, limit: 1 << 20)
    await #expect(throws: WebError.tooLarge(.body, limit: 1 << 20, status: 200)) {
      try await client.download(request, to: target)
    }
    #expect(try listing.isEmpty)
  }

  @Test func aPlaceThatCannotBeWrittenIsFoundBeforeAsking() async throws {
    let (server, log) = try LoopbackServer.http { _ in Answer(200, "map") }
    let client = try WebClient()
    let request = try map(server)
    let path = folder.appending(path: "missing/map.fits").path
    await #expect(throws: WebError.file(path: path, operation: "create", errno: ENOENT)) {
      try await client.download(request, to: path)
    }
    #expect(log.count == 0)
  }

  @Test func aFolderInThePlaceIsLeftAlone() async throws {
    let path = folder.appending(path: "taken").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let (server, _) = try LoopbackServer.http { _ in Answer(200, "map") }
    let client = try WebClient()
    let request = try map(server)
    await #expect(throws: WebError.file(path: path, operation: "rename", errno: EISDIR)) {
      try await client.download(request, to: path)
    }
    #expect(try listing == ["taken"])
  }

  @Test func aFailedWriteIsReported() throws {
    let readOnly = open("/dev/null", O_RDONLY)
    defer { close(readOnly) }
    #expect([1, 2, 3].withUnsafeBytes { writeAll($0, to: readOnly) } == EBADF)
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect([1, 2, 3].withUnsafeBytes { writeAll($0, to: full) } == ENOSPC)
  }

  @Test func aFullDiskFailsTheRequestNotTheClient() async throws {
    let (server, _) = try LoopbackServer.http { _ in Answer(200, "map") }
    let engine = try #require(CurlEngine(maxConnectionsPerHost: 1))
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    let work = HTTPWork(
      request: try map(server), userAgent: "test", caBundlePath: nil, addresses: .any,
      deadline: Monotonic.now + 60_000_000_000, sink: full)
    guard case .failure(.file(_, "write", ENOSPC)) = await engine.perform(work) else {
      Issue.record("no ENOSPC")
      return
    }
    await engine.shutdown()
  }

  @Test func onlyGetDownloads() async throws {
    let target = target
    let client = try WebClient()
    let request = WebRequest(.post, try WebURL("http://127.0.0.1:1/"))
    await #expect(throws: WebError.invalidRequest("a download is a GET")) {
      try await client.download(request, to: target)
    }
  }
}
