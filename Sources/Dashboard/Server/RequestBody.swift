import Foundation
import HTTPTypes
import Hummingbird

extension Request {
  /// The whole body.
  /// - Throws: 413 beyond `limit` bytes, 400 without any.
  func bytes(upTo limit: Int) async throws -> [UInt8] {
    let buffer: ByteBuffer
    do { buffer = try await body.collect(upTo: limit) } catch {
      throw HTTPError(.contentTooLarge, message: "the body is larger than \(limit >> 10) KiB")
    }
    guard buffer.readableBytes > 0 else {
      throw HTTPError(.badRequest, message: "the request has no body")
    }
    return Array(buffer.readableBytesView)
  }

  /// The type of the body without its parameters, in lower case.
  var bodyType: String {
    (headers[.contentType] ?? "").split(separator: ";").first.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    } ?? ""
  }
}

enum BodyReader {
  /// - Throws: 400 that names the member.
  static func json<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
    do { return try JSONDecoder().decode(T.self, from: Data(bytes)) } catch let error as DecodingError {
      throw HTTPError(.badRequest, message: "the body is not as it should be: \(text(of: error))")
    } catch let error as DeskError {
      throw error
    } catch {
      throw HTTPError(.badRequest, message: "the body is no JSON")
    }
  }

  private static func text(of error: DecodingError) -> String {
    func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = context.codingPath + (last.map { [$0] } ?? [])
      return keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(path(context, key)) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(path(context)) is of another type"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "it is no JSON" : "\(path(context)) cannot be read"
    @unknown default: return "it cannot be read"
    }
  }

  /// Fields of a form (application/x-www-form-urlencoded); the first of each name counts.
  static func form(_ bytes: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in String(decoding: bytes, as: UTF8.self).split(separator: "&").prefix(100) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Request.formDecoded(parts[0])
      if fields[name] == nil { fields[name] = parts.count == 2 ? Request.formDecoded(parts[1]) : "" }
    }
    return fields
  }

  /// Rows of a CSV file (RFC 4180) under the names of its first line.
  /// - Throws: 400 for a quote that is not closed, a row of another length, or more than `limit` rows.
  static func csv(
    _ bytes: [UInt8], limit: Int
  ) throws -> (names: [String], rows: [[String: String]]) {
    let lines = try cells(bytes)
    guard let head = lines.first else { return ([], []) }
    let names = head.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    guard Set(names).count == names.count else {
      throw HTTPError(.badRequest, message: "two columns have the same name")
    }
    let rows = lines.dropFirst().filter { $0 != [""] }
    guard rows.count <= limit else {
      throw HTTPError(.contentTooLarge, message: "more than \(limit) rows: send them in parts")
    }
    let values = try rows.enumerated().map { i, row in
      guard row.count == names.count else {
        throw HTTPError(
          .badRequest, message: "row \(i + 1) has \(row.count) cells where the head has \(names.count)")
      }
      return Dictionary(uniqueKeysWithValues: zip(names, row)).filter { !$0.value.isEmpty }
    }
    return (names, values)
  }

  private static func cells(_ bytes: [UInt8]) throws -> [[String]] {
    var source = bytes[...]
    if source.starts(with: [0xEF, 0xBB, 0xBF]) { source = source.dropFirst(3) }
    var lines: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    func text() -> String { String(decoding: cell, as: UTF8.self) }
    var i = source.startIndex
    while i < source.endIndex {
      let byte = source[i]
      i += 1
      if isQuoted {
        guard byte == UInt8(ascii: "\"") else {
          cell.append(byte)
          continue
        }
        if i < source.endIndex, source[i] == UInt8(ascii: "\"") {
          cell.append(byte)
          i += 1
        } else {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\"") where cell.isEmpty: isQuoted = true
      case UInt8(ascii: ","):
        row.append(text())
        cell = []
      case 10:
        if cell.last == 13 { cell.removeLast() }
        lines.append(row + [text()])
        (row, cell) = ([], [])
      default: cell.append(byte)
      }
    }
    guard !isQuoted else { throw HTTPError(.badRequest, message: "a quoted cell is not closed") }
    if !cell.isEmpty || !row.isEmpty { lines.append(row + [text()]) }
    return lines
  }
}

/// An object without members that mean nothing: a misspelt `pointing` must not become the answer for a whole plan.
struct KnownMembers<Keys: CodingKey & CaseIterable>: Decodable {
  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  init(from decoder: any Decoder) throws {
    let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    guard let unknown = names.first(where: { Keys(stringValue: $0) == nil }) else { return }
    let shown = String(
      unknown.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(40).map(Character.init))
    throw DeskError.invalid(
      "there is no field \(shown); the fields are \(Keys.allCases.map(\.stringValue).joined(separator: ", "))"
    )
  }
}
