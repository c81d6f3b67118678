/// A JSON value whose objects keep the order their members were written in.
public indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])

  /// Absent values are null.
  public static func text(_ value: String?) -> Self { value.map(Self.string) ?? .null }
  public static func optional(_ value: Double?) -> Self { value.map(Self.number) ?? .null }
  public static func integer(_ value: Int) -> Self { .integer(Int64(value)) }
  public static func strings(_ values: [String]) -> Self { .array(values.map(Self.string)) }

  var isPlain: Bool {
    switch self {
    case .object, .array: false
    default: true
    }
  }
}
