import Foundation

/// Payloads as bytes: sorted keys, no spaces, so that equal payloads give equal digests.
enum PayloadJSON {
  static func encode(_ value: some Encodable) throws(ChannelError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw .payload("\(type(of: value)) cannot be written as JSON")
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(ChannelError) -> Value
  {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw .payload("not a \(type)")
    }
  }
}

/// A JSON answer of a far side, of which only a few members matter and none can be relied on.
struct JSONAnswer: Sendable {
  private indirect enum Value: Decodable, Sendable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([Value])
    case object([String: Value])

    init(from decoder: any Decoder) throws {
      let c = try decoder.singleValueContainer()
      if let text = try? c.decode(String.self) {
        self = .text(text)
      } else if let number = try? c.decode(Double.self) {
        self = .number(number)
      } else if let flag = try? c.decode(Bool.self) {
        self = .flag(flag)
      } else if c.decodeNil() {
        self = .null
      } else if let list = try? c.decode([Value].self) {
        self = .list(list)
      } else {
        self = .object(try c.decode([String: Value].self))
      }
    }
  }

  private let value: Value

  /// nil if the bytes are not JSON.
  init?(_ bytes: [UInt8]) {
    // What is wrong with it does not matter: it is no answer.
    guard let value = try? JSONDecoder().decode(Value.self, from: Data(bytes)) else { return nil }
    self.value = value
  }

  private init(_ value: Value) { self.value = value }

  subscript(_ key: String) -> JSONAnswer {
    if case .object(let members) = value { JSONAnswer(members[key] ?? .null) } else { JSONAnswer(.null) }
  }
  var isObject: Bool { if case .object = value { true } else { false } }
  var text: String? { if case .text(let text) = value { text } else { nil } }
  var flag: Bool? { if case .flag(let flag) = value { flag } else { nil } }
  var number: Double? { if case .number(let number) = value { number } else { nil } }
  var integer: Int? { number.flatMap { abs($0) < 9e15 ? Int($0) : nil } }
  var elements: [JSONAnswer]? { if case .list(let list) = value { list.map { JSONAnswer($0) } } else { nil } }
  /// Every text in it, however deep, the members of objects by name.
  var texts: [String] {
    switch value {
    case .text(let text): [text]
    case .list(let list): list.flatMap { JSONAnswer($0).texts }
    case .object(let members): members.sorted { $0.key < $1.key }.flatMap { JSONAnswer($0.value).texts }
    case .null, .flag, .number: []
    }
  }
}
