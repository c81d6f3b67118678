import Foundation
import Notices
import SkymapFiles
import TestSupport
import Testing
import Units

@testable import Campaigns

/// Every notice of the shared collection from its bytes to a decision, with the maps it carries.
@Suite("shared notices to decisions", .enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct SharedNoticeTests {
  struct Outcomes {
    var byOutcome: [String: Int] = [:]
    var byStatus: [String: Int] = [:]
    var actions: [String: Int] = [:]
    var unexplained: [String] = []
  }

  static let files: [String] = rows(of: Shared.text("data/notices/manifest.tsv")).compactMap { $0["file"] }
    .filter {
      !$0.hasPrefix("archive/")
        && FileManager.default.fileExists(atPath: Shared.url("data/notices/" + $0).path)
    }

  /// One network life: everything arrives in the order of the manifest, an hour after it was made.
  @Test func everyNoticeGetsADecisionOrAReason() throws {
    let policy = try shipped("grandma")
    var book = EventBook()
    var campaigns: [String: Campaign] = [:]
    var maps: [String: MapSummary] = [:]
    var outcomes = Outcomes()
    var (read, rejected, unused, mapsRead, mapsRefused) = (0, 0, 0, 0, 0)
    for file in Self.files {
      let bytes = Array(try Data(contentsOf: Shared.url("data/notices/" + file)))
      let parsed: Notice
      do throws(NoticeRejection) { parsed = try NoticeParser.parse(bytes: bytes) } catch {
        rejected += 1
        continue
      }
      read += 1
      let (notice, held) = parsed.withMapsHeld()
      for map in held where maps[map.reference] == nil {
        do throws(SkymapFileError) {
          maps[map.reference] = MapSummary(of: try SkymapFile.read(bytes: map.bytes))
          mapsRead += 1
        } catch { mapsRefused += 1 }
      }
      guard let event = book.insert(notice) else {
        unused += 1
        continue
      }
      let key = "\(event.realm.rawValue) \(event.id)"
      var situation = Situation(
        event: event, policy: policy,
        now: (notice.created ?? notice.eventTime ?? time("2026-01-01T00:00:00Z")) + .hours(1))
      situation.maps = maps
      situation.telescopes = [TelescopeField(id: "TAROT-TCA", shortSide: .degrees(1.86))]
      let step = Lifecycle.step(from: campaigns[key], in: situation)
      campaigns[key] = step.campaign
      for name in step.actions.names {
        outcomes.actions[String(name.split(separator: " ")[0]), default: 0] += 1
      }
      // R19: a new notice yields an action or a reason; a repeated one nothing.
      if step.actions.isEmpty, event.notices.filter({ $0.duplicateKey == notice.duplicateKey }).count == 1,
        event.latest?.duplicateKey == notice.duplicateKey, event.notices.count == 1
      {
        outcomes.unexplained.append(file)
      }
      // Again, after a restart: nothing more.
      let kept: Campaign = try RecordJSON.value(of: RecordJSON.text(step.campaign))
      #expect(Lifecycle.step(from: kept, in: situation).actions.isEmpty, "\(file)")
      try checkRecords(of: event, step, file)
    }
    for event in book.events {
      outcomes.byStatus["\(event.realm.rawValue) \(event.status.rawValue)", default: 0] += 1
      guard let decision = campaigns["\(event.realm.rawValue) \(event.id)"]?.decision else { continue }
      outcomes.byOutcome["\(event.realm.rawValue) \(decision.outcome.rawValue)", default: 0] += 1
      #expect(event.status == .active || decision.outcome == .stop || decision.outcome == .watch)
    }
    print(
      """
      \(read) notices read, \(rejected) rejected, \(unused) about no event; maps: \(mapsRead) read, \(mapsRefused) refused
      \(book.events.count) events: \(Self.list(outcomes.byStatus))
      decisions: \(Self.list(outcomes.byOutcome))
      actions: \(Self.list(outcomes.actions))
      """)
    #expect(read >= 150)
    #expect(outcomes.unexplained.isEmpty, "\(outcomes.unexplained)")
    #expect(outcomes.byOutcome["real GO"] ?? 0 > 0)
    #expect(outcomes.byOutcome["mock STOP"] ?? 0 > 0)
  }

  private func checkRecords(of event: Event, _ step: CampaignStep, _ file: String) throws {
    let text = try RecordJSON.text(step.campaign)
    #expect(try RecordJSON.value(Campaign.self, of: text) == step.campaign, "\(file)")
    let record = try RecordJSON.text(EventRecord(event))
    #expect(try RecordJSON.text(RecordJSON.value(EventRecord.self, of: record)) == record, "\(file)")
  }

  static func list(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// A published sequence, once in its order and once with the retraction first.
  @Test func recordedSequenceEndsWithStop() throws {
    let names = ["early_warning", "PRELIMINARY", "INITIAL", "UPDATE", "RETRACTION"]
    let files = Self.files.filter { $0.contains("gtecs_MS181101ab2") }
    let sequence = try files.map { file in
      try NoticeParser.parse(bytes: Array(Data(contentsOf: Shared.url("data/notices/" + file))))
        .withMapsHeld().notice
    }
    #expect(sequence.count >= names.count - 1)
    let policy = try shipped("grandma")
    func final(_ list: [Notice]) throws -> (Event, Campaign?) {
      var book = EventBook()
      var campaign: Campaign?
      for notice in list {
        guard let event = book.insert(notice) else { continue }
        campaign =
          Lifecycle.step(
            from: campaign, in: Situation(event: event, policy: policy, now: notice.created!)
          ).campaign
      }
      return (book.events[0], campaign)
    }
    let (event, campaign) = try final(sequence)
    let (reversed, other) = try final(sequence.reversed())
    #expect(event == reversed)
    #expect(event.realm != .real)
    #expect(campaign?.decision?.outcome == other?.decision?.outcome)
    let hasRetraction = sequence.contains(where: \.isRetraction)
    #expect((campaign?.decision?.outcome == .stop) == hasRetraction)
    print(
      "\(event.name): \(event.revisions.map(\.stage.name).joined(separator: ", ")) -> \(campaign?.decision?.outcome.rawValue ?? "")"
    )
  }

  /// VOEvents of two months, every 60th: no maps, only what stands in them.
  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bzip2"), "bzip2 is not installed"))
  func archiveMonthsRunThrough() throws {
    let policy = try shipped("grandma")
    var (total, unused) = (0, 0)
    var book = EventBook()
    for name in ["2023-05.001.tar.bz2", "2023-12.001.tar.bz2"] {
      for bytes in try Self.members(name, stride: 60) {
        total += 1
        let notice = try NoticeParser.parse(bytes: bytes)
        if book.insert(notice) == nil { unused += 1 }
      }
    }
    var outcomes: [String: Int] = [:]
    for event in book.events {
      let last = event.notices.compactMap(\.created).max() ?? event.time ?? time("2024-01-01T00:00:00Z")
      let step = Lifecycle.step(
        from: nil, in: Situation(event: event, policy: policy, now: last + .minutes(1)))
      let decision = try #require(step.campaign.decision)
      outcomes["\(event.realm.rawValue) \(decision.outcome.rawValue)", default: 0] += 1
      #expect(step.actions.names.first?.hasPrefix("announce") == true || step.actions.names.first == "getMap")
    }
    print(
      "archive: \(total) notices, \(unused) about no event, \(book.events.count) events: \(Self.list(outcomes))"
    )
    #expect(total > 700)
    #expect(outcomes.values.reduce(0, +) == book.events.count)
  }

  /// Every so many files of a tar archive, decompressed by bzip2.
  static func members(_ name: String, stride: Int) throws -> [[UInt8]] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bzip2")
    process.arguments = ["-dc", Shared.url("data/notices/archive/" + name).path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let tar = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    var (result, offset, index): ([[UInt8]], Int, Int) = ([], 0, 0)
    while offset + 512 <= tar.count {
      // The size stands in octal digits at byte 124, the type (0: a file) at 156.
      let digits = tar[offset + 124..<offset + 135].filter { (48...55).contains($0) }
      guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8) else { break }
      if size > 0, tar[offset + 156] == 48 || tar[offset + 156] == 0 {
        index += 1
        if index % stride == 0 { result.append(Array(tar[offset + 512..<offset + 512 + size])) }
      }
      offset += 512 + (size + 511) / 512 * 512
    }
    return result
  }
}
