import Foundation
import Notices
import Planning
import SkymapFiles
import Skymaps
import Units

/// A sky map with what is known of its event, from a file or from standard input.
struct PlanInput {
  let map: Skymap
  /// SHA-256 of the bytes as they came.
  let digest: String
  let event: Plan.Event

  /// - Parameters:
  ///   - path: a file name; `-` is standard input.
  ///   - name: overrides the name of the event.
  init(reading path: String, event name: String?) throws {
    let bytes = try Self.bytes(of: path)
    digest = SHA256.hexDigest(of: bytes)
    let label = path == "-" ? "standard input" : path
    let source = try LocalizedEvent(bytes, label: label)
    map = source.map
    let stem = path == "-" ? "event" : Self.stem(URL(filePath: path).lastPathComponent)
    var event = source.event ?? Plan.Event(id: stem, time: map.header.eventTime)
    if let name { event.id = name }
    guard Self.isUsableName(event.id) else {
      throw Failure(.usage, "the event name \"\(event.id.prefix(40))\" is not usable; give one with --event, such as S230518h")
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
        throw Failure(.badData, "\(label): larger than \(limit >> 20) MB; sky maps are smaller: check the file")
      }
      return [UInt8](data)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.noInput, "\(label): cannot be read (\(error.localizedDescription))")
    }
  }
}
