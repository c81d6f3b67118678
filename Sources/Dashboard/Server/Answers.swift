import HTTPTypes
import Hummingbird
import JSON

/// Answers in the forms that routes give.
enum Answer {
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    let tree = try JSONTreeEncoder.value(of: value, keys: .snakeCase)
    return text(JSONPrinter.text(tree, .rows) + "\n", "application/json", status: status)
  }

  static func text(_ text: String, _ mediaType: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: mediaType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  /// With an entity tag: who has the bytes already gets 304.
  static func file(_ file: FileView, for request: Request) -> Response {
    let tag = "\"\(file.sha256.prefix(32))\""
    var headers: HTTPFields = [
      .eTag: tag, .contentType: file.mediaType,
      .cacheControl: file.isImmutable ? "private, max-age=31536000, immutable" : "private, no-cache",
    ]
    let known = request.headers[.ifNoneMatch]?.split(separator: ",").map {
      $0.trimmingPrefix(" ").drop { $0 == " " }
    }
    if known?.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) ?? false {
      headers[.contentType] = nil
      return Response(status: .notModified, headers: headers)
    }
    return Response(
      status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}

extension Request {
  /// The first value of a form's field in the query: unlike in other addresses, `+` is a blank there
  /// (WHATWG URL, application/x-www-form-urlencoded). Broken UTF-8 becomes U+FFFD.
  func formValue(_ name: String) -> String? {
    Self.formPairs(uri.query ?? "").first { $0.0 == name }?.1
  }

  /// Names and values in their order; at most 200.
  static func formPairs(_ text: String) -> [(String, String)] {
    text.split(separator: "&").prefix(200).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (formDecoded(parts[0]), parts.count == 2 ? formDecoded(parts[1]) : "")
    }
  }

  static func formDecoded(_ text: Substring) -> String {
    let source = Array(text.utf8)
    var bytes: [UInt8] = []
    var i = 0
    while i < source.count {
      if source[i] == UInt8(ascii: "%"), i + 2 < source.count,
        let byte = UInt8(String(decoding: source[(i + 1)...(i + 2)], as: UTF8.self), radix: 16)
      {
        bytes.append(byte)
        i += 3
      } else {
        bytes.append(source[i] == UInt8(ascii: "+") ? UInt8(ascii: " ") : source[i])
        i += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A whole number of the query within bounds, or the default.
  func integer(_ name: String, in bounds: ClosedRange<Int>, default fallback: Int) throws -> Int {
    guard let text = uri.queryParameters.get(name) else { return fallback }
    guard let value = Int(text), bounds.contains(value) else {
      throw HTTPError(
        .badRequest,
        message: "\(name) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return value
  }
}

extension DashboardContext {
  /// A part of the address, decoded; at most 200 characters, without control characters and slashes.
  func part(_ name: String) throws -> String {
    let text = try parameters.require(name)
    let decoded = text.removingPercentEncoding ?? text
    let isControl = decoded.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    let isPath = decoded.contains("/") || decoded.contains("\\") || decoded.hasPrefix(".")
    guard !decoded.isEmpty, decoded.count <= 200, !isControl, !isPath else {
      throw HTTPError(.badRequest, message: "\(name): not a usable name")
    }
    return decoded
  }

  /// The telescope of the address by its slug, whichever of its names stands there; what nobody is called stays.
  func telescope(_ desk: any Desk) async throws -> String {
    let name = try part("slug")
    return await desk.slug(of: name) ?? name
  }
}
