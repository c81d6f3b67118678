import Foundation
import Simulation
import Skymaps
import Units

/// The nights of a simulation: known by name before any map is made or read.
struct SimulatedNights: Sendable {
  struct Key: Sendable {
    let name: String
    let event: String
    fileprivate let index: Int
    fileprivate let start: Int
  }
  struct Night {
    let event: String
    let map: Skymap
    /// When the event is taken to happen.
    let start: Instant
  }

  let keys: [Key]
  /// What the nights depend on, in one line.
  let identity: String
  private let source: Source
  private let epoch: Instant
  private let starts: Int

  private enum Source {
    case drawn(EventSimulator)
    case files([URL])
  }

  init(_ options: SimulateCommand.Run) throws(Failure) {
    guard let epoch = Instant(iso8601: options.epoch) else {
      throw Failure(.usage, "--epoch \(options.epoch): not a time; write it like 2026-01-01T00:00:00Z")
    }
    self.epoch = epoch
    starts = options.starts
    let names: [String]
    if let folder = options.maps {
      let files = try Self.files(in: folder)
      source = .files(files)
      names = files.map(\.lastPathComponent)
      identity = "files \(names.joined(separator: "|")) \(options.starts) \(options.epoch)"
    } else {
      let simulator = EventSimulator(epoch: epoch, seed: options.seed)
      source = .drawn(simulator)
      names = (0..<options.events).map { simulator.name(of: $0) }
      // More events of the same seed may be asked for later: their number is no setting.
      identity = "drawn \(options.seed) \(options.starts) \(options.epoch)"
    }
    let count = options.starts
    keys = names.enumerated().flatMap { index, name in
      (0..<count).map {
        Key(name: count == 1 ? name : "\(name)@\($0 + 1)", event: name, index: index, start: $0)
      }
    }
  }

  private static func files(in folder: String) throws(Failure) -> [URL] {
    let all: [URL]
    do {
      all = try FileManager.default.contentsOfDirectory(
        at: URL(filePath: folder), includingPropertiesForKeys: nil)
    } catch {
      throw Failure(.noInput, "\(folder): cannot be listed; name a folder of sky maps")
    }
    let endings = [".fits", ".fits.gz", ".fit", ".fit.gz", ".json", ".xml"]
    let maps = all.filter { url in endings.contains { url.lastPathComponent.hasSuffix($0) } }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    guard !maps.isEmpty else {
      throw Failure(.noInput, "\(folder): holds no \(endings.joined(separator: ", ")) files")
    }
    return maps
  }

  func night(_ key: Key) throws -> Night {
    let (map, time): (Skymap, Instant)
    switch source {
    case .drawn(let simulator):
      let event = try simulator.event(key.index)
      (map, time) = (event.map, event.time)
    case .files(let files):
      let input = try PlanInput(reading: files[key.index].path, event: key.event)
      (map, time) = (input.map, input.event.time ?? epoch)
    }
    // A year in equal parts: 365.25 days leave another hour of the night each time.
    let later = 365.25 * 86_400 * Double(key.start) / Double(starts)
    return Night(event: key.event, map: map, start: time + .seconds(later))
  }
}
