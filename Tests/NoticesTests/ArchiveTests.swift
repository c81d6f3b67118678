import Foundation
import TestSupport
import Testing
import Units

@testable import Notices

/// Two months of real VOEvents: 44,360 documents, read without a crash and counted by outcome.
///
/// An optimised build reads all of them and compares the counts with
/// `Fixtures/oracles/notices-archive.json`; a debug build reads every 20th, to stay short.
@Suite("archive months", .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct ArchiveTests {
  struct Oracle: Decodable {
    let types: [String: [String: Int]]
  }

  #if DEBUG
    static let stride = 20
  #else
    static let stride = 1
  #endif

  /// Members of the archive, decompressed by bzip2.
  static func documents(_ name: String) throws -> [[UInt8]] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["bzip2", "-dc", Shared.url("data/notices/archive/" + name).path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let tar = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    var result: [[UInt8]] = []
    var offset = 0
    var index = 0
    while offset + 512 <= tar.count {
      let header = tar[tar.startIndex + offset..<tar.startIndex + offset + 512]
      let digits = header.dropFirst(124).prefix(11).filter { (48...55).contains($0) }
      guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8) else { break }
      let type = header[header.startIndex + 156]
      if type == 48 || type == 0, size > 0 {
        index += 1
        if index % stride == 0 {
          result.append(Array(tar[tar.startIndex + offset + 512..<tar.startIndex + offset + 512 + size]))
        }
      }
      offset += 512 + (size + 511) / 512 * 512
    }
    return result
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/bin/bzip2")
        || FileManager.default.isExecutableFile(atPath: "/usr/bin/bzip2"), "bzip2 is not installed"))
  func everyNoticeIsRead() throws {
    var tally: [String: [String: Int]] = [:]
    var outcomes: [String: Int] = [:]
    var total = 0
    var bytes = 0
    var elapsed = Duration.zero
    for name in ["2023-05.001.tar.bz2", "2023-12.001.tar.bz2"] {
      let documents = try Self.documents(name)
      var notices: [(Notice?, NoticeRejection?)] = []
      notices.reserveCapacity(documents.count)
      elapsed += ContinuousClock().measure {
        for document in documents {
          do throws(NoticeRejection) {
            notices.append((try NoticeParser.parse(bytes: document), nil))
          } catch {
            notices.append((nil, error))
          }
        }
      }
      total += documents.count
      bytes += documents.reduce(0) { $0 + $1.count }
      for (notice, rejection) in notices { count(notice, rejection, &tally, &outcomes) }
    }
    report(outcomes, total: total, bytes: bytes, elapsed: elapsed)
    #expect(outcomes.keys.allSatisfy { !$0.hasPrefix("rejected") })
    #expect(total >= 44_360 / Self.stride - 2)
    if Self.stride == 1 { try compare(tally) }
  }

  private func count(
    _ notice: Notice?, _ rejection: NoticeRejection?, _ tally: inout [String: [String: Int]],
    _ outcomes: inout [String: Int]
  ) {
    guard let notice else {
      outcomes["rejected \(rejection?.code ?? "")", default: 0] += 1
      return
    }
    let standing =
      switch notice.standing {
      case .candidate: "candidate"
      case .notAstrophysical: "not astrophysical"
      case .unreliable: "unreliable"
      case .knownSource: "known source"
      case .auxiliary: "auxiliary"
      }
    let place =
      switch notice.localization {
      case .none(let why): "none: \(why.rawValue)"
      case .region: "region"
      case .embeddedMap: "embedded map"
      case .remoteMap: "remote map"
      }
    outcomes["\(notice.kind.rawValue) / \(notice.role.rawValue) / \(standing) / \(place)", default: 0] += 1
    for finding in notice.findings { outcomes["finding \(finding.code.rawValue)", default: 0] += 1 }
    let type = notice.extra.first { $0.name == "Packet_Type" }?.value ?? "?"
    tally[type, default: [:]]["total", default: 0] += 1
    let role = notice.role == .mock ? NoticeRole.test : notice.role
    tally[type, default: [:]]["role " + role.rawValue, default: 0] += 1
    if notice.localization.region != nil { tally[type, default: [:]]["usable", default: 0] += 1 }
    if case .remoteMap = notice.localization, notice.links.contains(where: { $0.name == "skymap_fits" }) {
      tally[type, default: [:]]["map", default: 0] += 1
    }
    if notice.wave?.coincidence?.combinedMap != nil {
      tally[type, default: [:]]["joint map", default: 0] += 1
    }
  }

  private func compare(_ tally: [String: [String: Int]]) throws {
    let oracle = try JSONDecoder().decode(
      Oracle.self, from: Data(contentsOf: fixture("oracles/notices-archive.json")))
    #expect(tally.keys.sorted() == oracle.types.keys.sorted())
    for (type, wanted) in oracle.types { #expect(tally[type] == wanted, "Packet_Type \(type)") }
  }

  private func report(_ outcomes: [String: Int], total: Int, bytes: Int, elapsed: Duration) {
    for (name, count) in outcomes.sorted(by: { $0.value > $1.value }) { print(count, name) }
    let seconds = elapsed.seconds
    print(
      "archive: \(total) notices, \(bytes / 1_000_000) MB in \(seconds) s, \(Int(Double(total) / seconds)) notices/s, "
        + "\(Int(Double(bytes) / seconds / 1e6)) MB/s")
  }
}
