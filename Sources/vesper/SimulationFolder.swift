import Foundation
import JSON
import Simulation
import Synchronization

/// `runs.jsonl` with one line a night, and the reports made from it.
final class SimulationFolder: Sendable {
  static let reports = ["events.csv", "telescopes.csv", "summary.json", "distributions.svg"]

  /// The digest of what all its nights have in common.
  let settings: String
  private let root: URL
  private let handle: FileHandle?
  private let kept: Mutex<[SimulationRecord]>

  private static let settingsName = "settings.sha256"
  private static let runsName = "runs.jsonl"

  /// Opens a folder to go on in, or makes it.
  init(_ path: String, settings: String) throws(Failure) {
    let root = URL(filePath: path)
    let files = FileManager.default
    let mark = root.appending(path: Self.settingsName)
    if files.fileExists(atPath: mark.path) {
      guard try Self.settings(in: root) == settings else {
        throw Failure(
          .usage,
          "\(path): holds a simulation with other settings, telescopes or version; choose another --out"
        )
      }
    } else {
      do {
        try files.createDirectory(at: root, withIntermediateDirectories: true)
        guard try files.contentsOfDirectory(atPath: path).isEmpty else {
          throw Failure(.cannotWrite, "\(path): holds other files; choose another --out")
        }
        try Data(settings.utf8).write(to: mark, options: .atomic)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.cannotWrite, "\(path): cannot be made or written; choose another --out")
      }
    }
    self.root = root
    self.settings = settings
    let (records, whole) = try Self.records(in: root)
    kept = Mutex(records)
    handle = try Self.appending(to: root.appending(path: Self.runsName), after: whole)
  }

  /// Opens a folder to read.
  init(existing path: String) throws(Failure) {
    root = URL(filePath: path)
    settings = try Self.settings(in: root)
    kept = Mutex(try Self.records(in: root).records)
    handle = nil
  }

  /// By name of the night, so that the order of finishing does not matter.
  var records: [SimulationRecord] {
    kept.withLock { $0 }.sorted {
      $0.key.compare($1.key, options: .numeric) == .orderedAscending
    }
  }

  private static func settings(in root: URL) throws(Failure) -> String {
    do { return try String(contentsOf: root.appending(path: settingsName), encoding: .utf8) } catch {
      throw Failure(.noInput, "\(root.path): is no folder of a simulation (no \(settingsName))")
    }
  }

  /// The whole lines; a last one that was cut short by a kill does not count.
  private static func records(in root: URL) throws(Failure) -> (records: [SimulationRecord], bytes: UInt64) {
    let url = root.appending(path: runsName)
    guard FileManager.default.fileExists(atPath: url.path) else { return ([], 0) }
    guard let data = FileManager.default.contents(atPath: url.path) else {
      throw Failure(.noInput, "\(url.path): cannot be read")
    }
    let end = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    var records: [SimulationRecord] = []
    for (number, line) in data[..<end].split(separator: UInt8(ascii: "\n")).enumerated() {
      do { records.append(try JSONDecoder().decode(SimulationRecord.self, from: line)) } catch {
        throw Failure(.badData, "\(url.path), line \(number + 1): is no record of a night; remove the line")
      }
    }
    return (records, UInt64(end))
  }

  private static func appending(to url: URL, after bytes: UInt64) throws(Failure) -> FileHandle {
    if !FileManager.default.fileExists(atPath: url.path) {
      guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
        throw Failure(.cannotWrite, "\(url.path): cannot be written")
      }
    }
    do {
      let handle = try FileHandle(forUpdating: url)
      try handle.truncate(atOffset: bytes)
      try handle.seekToEnd()
      return handle
    } catch {
      throw Failure(.cannotWrite, "\(url.path): cannot be written")
    }
  }

  /// One whole line; from any thread.
  func append(_ record: SimulationRecord) throws(Failure) {
    do {
      let line = JSONPrinter.text(try JSONTreeEncoder.value(of: record)) + "\n"
      try kept.withLock {
        try handle?.write(contentsOf: Data(line.utf8))
        $0.append(record)
      }
    } catch {
      throw Failure(.cannotWrite, "\(root.path)/\(Self.runsName): cannot be written: is the disk full?")
    }
  }

  func report() throws(Failure) {
    let records = records
    let summary = SimulationSummary(records)
    do {
      let texts = [
        SimulationTables.events(records), SimulationTables.costs(summary), try summary.json(),
        SimulationChartSVG.render(records),
      ]
      for (name, text) in zip(Self.reports, texts) {
        try Data(text.utf8).write(to: root.appending(path: name), options: .atomic)
      }
    } catch {
      throw Failure(.cannotWrite, "\(root.path): the reports cannot be written")
    }
  }
}
