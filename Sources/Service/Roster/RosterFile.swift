import Foundation
import Rosters
import Units

/// A roster as a file, with what lies outside of it: time zones, and what was pushed of it.
public struct RosterFile: Sendable {
  public let path: String
  public var roster: Roster
  /// What was read differently from how it is written, one line each.
  public let notes: [String]

  /// - Parameter template: for a table exported by a spreadsheet (`.csv`, `.tsv`): the roster that holds
  ///   everything but the schedule.
  /// - Throws: `RosterError`, or `ConfigurationError` when a file cannot be read.
  public init(_ path: String, template: String? = nil) throws {
    self.path = path
    let isTable = path.hasSuffix(".csv") || path.hasSuffix(".tsv")
    let reading: RosterReading
    if isTable {
      guard let template else {
        throw ConfigurationError("\(path): a table holds only the schedule; name the rest with --template")
      }
      let rest = try RosterReading(yaml: try Self.text(template), file: template).roster
      reading = try RosterReading(csv: try Self.text(path), file: path, template: rest)
    } else {
      reading = try RosterReading(yaml: try Self.text(path), file: path)
    }
    roster = reading.roster
    notes = reading.notes.map { note in
      "\(path)\(note.line.map { ":\($0)" } ?? ""): \(note.key): \(note.what)"
    }
  }

  private static func text(_ path: String) throws -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw ConfigurationError("\(path): cannot be read; check its name and permissions")
    }
  }

  /// The zones the roster names, from the system's time-zone database; those it does not have are left out,
  /// and the checks then say so.
  /// - Parameter folder: default `$TZDIR`, else `/usr/share/zoneinfo`.
  public static func zones(of roster: Roster, folder: String? = nil) -> [String: LocalZone] {
    let root =
      folder ?? ProcessInfo.processInfo.environment["TZDIR"] ?? "/usr/share/zoneinfo"
    var zones: [String: LocalZone] = [:]
    for name in Set(roster.members.compactMap(\.zone)) {
      if let zone = zone(named: name, root: root) { zones[name] = zone }
    }
    return zones
  }

  public static func zone(named name: String, root: String = "/usr/share/zoneinfo") -> LocalZone? {
    guard LocalZone.isPlausible(name: name) else { return nil }
    // A zone that is not there or cannot be read is reported by the checks.
    guard let data = try? Data(contentsOf: URL(filePath: root).appending(path: name)) else { return nil }
    return try? LocalZone(name: name, file: [UInt8](data))
  }

  /// The checks with all that is known here.
  public static func check(_ roster: Roster, knownUsers: Set<Username>? = nil) -> RosterCheck {
    RosterCheck(knownUsers: knownUsers, zones: zones(of: roster))
  }
}

/// Who is on duty by a roster file, which is read again when it was changed.
public final class DutyRoster: Sendable {
  private struct Held {
    var modified: Date?
    var roster: Roster?
    var trouble: String?
  }
  private let path: String
  private let held = Guard(Held())

  public init(path: String) { self.path = path }

  /// User names, the week's coordinator last and marked; empty when nobody is, or the file cannot be read.
  func names(at now: Instant) -> [String] {
    refresh()
    guard let roster = held.withLock({ $0.roster }) else { return [] }
    let duty = OnDuty(roster, at: now)
    let names = duty.people.map(\.text)
    return names + (duty.coordinator.map { ["\($0) (coordinator)"] } ?? [])
  }

  /// Why the file cannot be used; the roster read before stays in use.
  var trouble: String? {
    refresh()
    return held.withLock { $0.trouble }
  }

  private func refresh() {
    let modified = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    guard held.withLock({ $0.modified != modified || modified == nil }) else { return }
    do {
      let roster = try RosterFile(path).roster
      held.withLock { $0 = Held(modified: modified, roster: roster, trouble: nil) }
    } catch {
      let text = "\(error)"
      held.withLock { ($0.modified, $0.trouble) = (modified, text) }
    }
  }
}

/// What was pushed of a roster, kept in the state folder: `rosters/<key>.json`.
public struct PushedRosterFile: Sendable {
  let path: String

  public init(state: String, key: String) throws {
    let folder = URL(filePath: state).appending(path: "rosters")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ConfigurationError("\(folder.path): cannot be made: \(error.localizedDescription)")
    }
    path = folder.appending(path: "\(key).json").path
  }

  /// Empty before the first push.
  /// - Throws: when there is one that cannot be read: pushing without it would undo what people did.
  func load() throws -> PushedRoster {
    guard FileManager.default.fileExists(atPath: path) else { return PushedRoster() }
    do {
      return try JSONDecoder().decode(PushedRoster.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ConfigurationError(
        "\(path): cannot be read; restore it from a backup, or remove it and compare with `vesper roster diff`"
      )
    }
  }

  /// Whole or not at all.
  func save(_ pushed: PushedRoster) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    do { try encoder.encode(pushed).write(to: URL(filePath: path), options: .atomic) } catch {
      throw ConfigurationError("\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
