import Foundation
import Store
import Units

/// Copies of the store, and putting one back.
public struct BackupDesk {
  private let configuration: ServiceConfiguration
  private let clock: ServiceClock

  public init(_ configuration: ServiceConfiguration, clock: ServiceClock = .system) {
    self.configuration = configuration
    self.clock = clock
  }

  /// Also while a service runs.
  /// - Parameter destination: a file, or a folder in which one with the time in its name is made.
  /// - Returns: what it holds, for people.
  public func backup(to destination: String) async throws -> String {
    let source = configuration.storePath
    guard FileManager.default.fileExists(atPath: source) else {
      throw ConfigurationError("\(source): there is no store; set `state` to the folder of the service")
    }
    var isFolder: ObjCBool = false
    var path = destination
    if FileManager.default.fileExists(atPath: destination, isDirectory: &isFolder), isFolder.boolValue {
      let time = clock.now().iso8601().filter { $0.isNumber || $0 == "T" || $0 == "Z" }
      path = URL(filePath: destination).appending(path: "vesper-\(time).sqlite").path
    }
    let store = try Store(path: source)
    defer { try? store.close() }  // it was only read
    return Self.text(try await store.backup(to: path))
  }

  /// A restore drill: opens the copy, checks its integrity, its references and the chain of its log.
  public static func check(_ file: String) throws -> String { text(try Store.verify(backup: file)) }

  /// Puts a copy in the place of the store.
  public func restore(_ file: String, replacing: Bool) throws -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: configuration.state, withIntermediateDirectories: true)
    } catch {
      throw ConfigurationError("\(configuration.state): cannot be made: \(error.localizedDescription)")
    }
    let path = configuration.storePath
    let lock = try InstanceLock(path: path + ".leader")
    guard lock.take() else { throw ConfigurationError("\(path): a service runs on it; stop it first") }
    defer { lock.release() }
    let report = try Store.restore(
      file, to: path, replacing: replacing, actor: "command line", at: clock.now())
    return Self.text(report) + "\nrestored to \(path); what it owed is asked for before it is sent again"
  }

  private static func text(_ report: BackupReport) -> String {
    "\(report.path): good, \(report.bytes) bytes, \(report.notices) notices, \(report.events) events, "
      + "\(report.deliveries) deliveries, log to \(report.logSequence)"
  }
}
