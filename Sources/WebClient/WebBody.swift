import Foundation

/// The bytes of a request and what they are. Equal contents give equal bytes, so a digest of them
/// identifies the request.
public struct WebBody: Sendable {
  public let bytes: [UInt8]
  public let contentType: String

  public init(_ bytes: [UInt8], contentType: String) {
    self.bytes = bytes
    self.contentType = contentType
  }

  /// JSON with sorted keys.
  /// - Throws: `.invalidRequest` if the value cannot be encoded (NaN, for one).
  public static func json(_ value: some Encodable) throws(WebError) -> WebBody {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return WebBody(Array(try encoder.encode(value)), contentType: "application/json")
    } catch {
      throw .invalidRequest("the body cannot be written as JSON (\(type(of: value)))")
    }
  }

  /// application/x-www-form-urlencoded, the secret fields after the others.
  public static func form(
    _ fields: [(name: String, value: String)], secrets: [(name: String, value: Secret)] = []
  ) -> WebBody {
    let all = fields + secrets.map { (name: $0.name, value: $0.value.reveal()) }
    let text = all.map {
      "\(WebURL.percentEncoded($0.name))=\(WebURL.percentEncoded($0.value))"
    }.joined(separator: "&")
    return WebBody(Array(text.utf8), contentType: "application/x-www-form-urlencoded")
  }
}

extension WebBody: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Never the contents: they may hold secrets.
  public var description: String { "\(bytes.count) bytes of \(contentType)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["body": description]) }
}

/// A multipart/form-data body (RFC 7578).
public struct MultipartForm: Sendable {
  private struct Part: Sendable {
    let name: String
    let filename: String?
    let contentType: String?
    let bytes: [UInt8]
  }
  private var parts: [Part] = []

  public init() {}

  public mutating func add(_ name: String, _ value: String) {
    parts.append(Part(name: name, filename: nil, contentType: nil, bytes: Array(value.utf8)))
  }

  public mutating func add(
    _ name: String, filename: String, contentType: String = "application/octet-stream",
    bytes: [UInt8]
  ) {
    parts.append(Part(name: name, filename: filename, contentType: contentType, bytes: bytes))
  }

  /// - Throws: `.invalidRequest` if a content type could break the header, or there is no part.
  public func body() throws(WebError) -> WebBody {
    guard !parts.isEmpty else { throw .invalidRequest("a multipart form without parts") }
    let boundary = unusedBoundary()
    var bytes: [UInt8] = []
    for part in parts {
      var head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(part.name))\""
      if let filename = part.filename { head += "; filename=\"\(Self.quoted(filename))\"" }
      if let type = part.contentType {
        guard WebHeaders.isValue(type) else { throw .invalidRequest("a part's content type") }
        head += "\r\nContent-Type: \(type)"
      }
      bytes += Array((head + "\r\n\r\n").utf8)
      bytes += part.bytes
      bytes += Array("\r\n".utf8)
    }
    bytes += Array("--\(boundary)--\r\n".utf8)
    return WebBody(bytes, contentType: "multipart/form-data; boundary=\(boundary)")
  }

  /// RFC 7578 4.2 names percent-encoding; browsers encode just these three, and servers expect that.
  private static func quoted(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "%22"
      case "\r": "%0D"
      case "\n": "%0A"
      default: String(scalar)
      }
    }.joined()
  }

  /// The first of vesper-boundary-0, -1, ... that no part contains: the same parts always get the same.
  private func unusedBoundary() -> String {
    let stem = Array("vesper-boundary-".utf8)
    var used: Set<Int> = []
    for part in parts {
      let bytes = part.bytes
      var start = 0
      while start + stem.count < bytes.count {
        defer { start += 1 }
        guard bytes[start] == stem[0], bytes[start..<start + stem.count].elementsEqual(stem) else {
          continue
        }
        // Every prefix of the digits is a boundary the text could be mistaken for.
        var value = 0
        for digit in bytes[(start + stem.count)...].prefix(18) {
          guard (48...57).contains(digit) else { break }
          value = value * 10 + Int(digit - 48)
          used.insert(value)
        }
      }
    }
    var number = 0
    while used.contains(number) { number += 1 }
    return "vesper-boundary-\(number)"
  }
}
