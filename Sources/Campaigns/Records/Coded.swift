import Foundation
import Notices
import Units

/// A value of another module with its form in stored JSON.
public protocol JSONCoded: Hashable, Sendable {
  associatedtype Code: Codable & Hashable & Sendable
  var code: Code { get }
  /// Nil when the code stands for nothing.
  init?(code: Code)
}

/// Stores a property in the form that `JSONCoded` gives it; the other properties of a type stay as the
/// compiler encodes them. The value is rounded to what that form can hold as soon as it is set: what is read
/// back is equal to what was kept, and nothing looks changed after a restart.
@propertyWrapper public struct Coded<Value: JSONCoded>: Codable, Hashable, Sendable {
  private var value: Value
  public var wrappedValue: Value {
    get { value }
    set { value = Value(code: newValue.code) ?? newValue }
  }
  public init(wrappedValue: Value) { value = Value(code: wrappedValue.code) ?? wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let code = try container.decode(Value.Code.self)
    guard let value = Value(code: code) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(code) is no \(Value.self)")
    }
    self.value = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value.code)
  }
}

extension Optional: JSONCoded where Wrapped: JSONCoded {
  public var code: Wrapped.Code? { map(\.code) }
  public init?(code: Wrapped.Code?) {
    guard let code else {
      self = Self.none
      return
    }
    guard let value = Wrapped(code: code) else { return nil }
    self = value
  }
}

extension Array: JSONCoded where Element: JSONCoded {
  public var code: [Element.Code] { map(\.code) }
  public init?(code: [Element.Code]) {
    var values: [Element] = []
    for one in code {
      guard let value = Element(code: one) else { return nil }
      values.append(value)
    }
    self = values
  }
}

/// UTC with nine decimals, which is exact; outside the calendar of `Instant`, `tai:` and nanoseconds.
extension Instant: JSONCoded {
  public var code: String {
    let u = utc
    let nanoseconds = String(u.nanosecond)
    let fraction = String(repeating: "0", count: 9 - nanoseconds.count) + nanoseconds
    let second = Instant(
      utcYear: u.year, month: u.month, day: u.day, hour: u.hour, minute: u.minute, second: u.second)
    guard let second else { return "tai:\(tai)" }
    let text = second.iso8601().dropLast() + ".\(fraction)Z"
    return Instant(iso8601: text) == self ? String(text) : "tai:\(tai)"
  }
  public init?(code: String) {
    if code.hasPrefix("tai:") {
      guard let nanoseconds = Int64(code.dropFirst(4)) else { return nil }
      self.init(tai: nanoseconds)
    } else {
      self.init(iso8601: code)
    }
  }
}

/// Seconds, to the nanosecond.
extension Duration: JSONCoded {
  public var code: Double {
    let nanoseconds = (seconds * 1e9).rounded()
    return nanoseconds / 1e9
  }
  public init?(code: Double) {
    guard abs(code) < 9e9 else { return nil }
    self = .nanoseconds(Int64((code * 1e9).rounded()))
  }
}

extension Magnitude: JSONCoded {
  public var code: Double { value }
  public init?(code: Double) { self.init(code) }
}

extension Fraction: JSONCoded {
  public var code: Double { value }
  public init?(code: Double) { self.init(code) }
}

/// Degrees, to 4 microarcseconds: a grid on which reading and writing again changes nothing.
extension Angle: JSONCoded {
  public var code: Double { (degrees * 1e9).rounded() / 1e9 }
  public init?(code: Double) { self = .degrees(code) }
}

/// `lvk:S230518h`. Namespaces have no colon.
extension NativeID: JSONCoded {
  public var code: String { description }
  public init?(code: String) {
    guard let colon = code.firstIndex(of: ":") else { return nil }
    self.init(String(code[..<colon]), String(code[code.index(after: colon)...]))
  }
}

/// Right ascension and declination in degrees, ICRS.
extension Direction: JSONCoded where Frame == ICRS {
  public var code: [Double] {
    let degrees = ra.code
    return [degrees < 360 ? degrees : 0, dec.code]
  }
  public init?(code: [Double]) {
    guard code.count == 2, code.allSatisfy(\.isFinite), abs(code[1]) <= 90 else { return nil }
    self.init(ra: .degrees(code[0]), dec: .degrees(code[1]))
  }
}

extension NoticeStage: JSONCoded {
  public var code: String { name }
  public init?(code: String) {
    let known: [NoticeStage] = [
      .earlyWarning, .preliminary, .initial, .update, .subsequent, .retraction, .unspecified,
    ]
    self = known.first { $0.name == code } ?? .other(code)
  }
}

/// The stored form of what this module keeps: keys sorted, no blanks, equal values give equal bytes.
public enum RecordJSON {
  public static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  public static func value<T: Decodable>(_ type: T.Type = T.self, of text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
