import Foundation
import Notices
import Planning
import SkymapFiles
import Skymaps
import Units

/// A sky map with what is known of its event, from a file or from standard input.
struct PlanInput {
  let map: Skymap
  /// As they came.
  let bytes: [UInt8]
  /// A name to keep them under.
  let fileName: String
  let event: Plan.Event
  var digest: String { SHA256.hexDigest(of: bytes) }

  /// - Parameters:
  ///   - path: a file name; `-` is standard input.
  ///   - name: overrides the name of the event.
  init(reading path: String, event name: String?) throws {
    bytes = try Self.bytes(of: path)
    fileName = path == "-" ? "input" : URL(filePath: path).lastPathComponent
    let localized: SkymapFile.Localized
    do { localized = try SkymapFile.open(bytes: bytes) } catch {
      throw Failure(.badData, "\(path == "-" ? "standard input" : path): \(error)")
    }
    map = localized.map
    let stem = path == "-" ? "event" : Self.stem(fileName)
    var event = localized.notice.map { Plan.Event($0, otherwise: stem) } ?? Plan.Event(id: stem)
    event.time = event.time ?? map.header.eventTime
    if let name { event.id = name }
    guard Self.isUsableName(event.id) else {
      throw Failure(
        .usage,
        "the event name \"\(event.id.prefix(40))\" is not usable; give one with --event, such as S230518h")
    }
    self.event = event
  }

  /// `S230518h-Initial_alert.multiorder.fits` -> `S230518h`.
  private static func stem(_ fileName: String) -> String {
    String(fileName.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) })
  }

  private static func isUsableName(_ name: String) -> Bool {
    !name.isEmpty && name.count <= 64
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) }
  }

  static func bytes(of path: String) throws -> [UInt8] {
    if path == "-" {
      return try read(.standardInput, label: "standard input")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Failure(.noInput, "\(path): no such file; check the name")
    }
    guard !isFolder.boolValue else {
      throw Failure(.noInput, "\(path): is a folder; name the sky map or notice inside it")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Failure(.noInput, "\(path): cannot be read; check its permissions")
    }
    return try read(handle, label: path)
  }

  private static func read(_ handle: FileHandle, label: String) throws -> [UInt8] {
    let limit = SkymapFile.Limits.standard.file
    do {
      // One byte more than allowed tells a file that is too large from one that just fits.
      let data = try handle.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else {
        throw Failure(
          .badData, "\(label): larger than \(limit >> 20) MB; sky maps are smaller: check the file")
      }
      return [UInt8](data)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.noInput, "\(label): cannot be read (\(error.localizedDescription))")
    }
  }
}

extension Plan.Event {
  fileprivate init(_ notice: Notice, otherwise name: String) {
    self.init(
      id: notice.eventName ?? name,
      alert: notice.stage == .unspecified ? nil : notice.stage.name.uppercased(),
      revision: notice.revision ?? 1, time: notice.eventTime,
      classification: (notice.wave?.classification ?? []).map { ($0.name, $0.probability.value) }
        .sorted { $0.1 > $1.1 })
  }
}
