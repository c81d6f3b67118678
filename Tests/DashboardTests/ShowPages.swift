import Foundation
import Testing

@testable import Dashboard

/// Serves example pages for looking at: `VESPER_SHOW_PAGES=8099 VESPER_SHOW_SECONDS=60 swift test --filter
/// ShowPages`. `VESPER_SHOW_FILES` may name a folder with skymap.svg and night.svg; with
/// `VESPER_SHOW_BUSY` something happens each second.
@Suite struct ShowPages {
  private static let environment = ProcessInfo.processInfo.environment

  @Test(.enabled(if: ProcessInfo.processInfo.environment["VESPER_SHOW_PAGES"] != nil))
  func serve() async throws {
    let port = try #require(Self.environment["VESPER_SHOW_PAGES"].flatMap { Int($0) })
    let seconds = min(Self.environment["VESPER_SHOW_SECONDS"].flatMap { Int($0) } ?? 60, 900)
    var desk = PageDesk.night
    if let folder = Self.environment["VESPER_SHOW_FILES"].map({ URL(filePath: $0) }) {
      for name in ["skymap.svg", "night.svg"] {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
        desk.files[name] = FileView(bytes: bytes, mediaType: "image/svg+xml", isImmutable: true)
      }
    }
    if Self.environment["VESPER_SHOW_BUSY"] != nil { desk.busySince = .now }
    try await withServer(desk, port: port) { site in
      let board = try await site.send(.get, "/")
      #expect(board.status == 200)
      try await Task.sleep(for: .seconds(seconds))
    }
  }
}
