import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONTests {
  private struct Sample: Codable {
    var name: String
    var missing: Int?
    var numbers: [Double]
    var nested: [String: Int]
    var small: Int8
    var big: UInt64
    var flag: Bool
  }

  @Test func writesDeclarationOrderAndNulls() throws {
    let sample = Sample(
      name: "a\"b\\c\n\t\u{1}é\u{1F52D}/", missing: nil, numbers: [120, 0.5, 1e-7, .nan, -0.0, 1e22],
      nested: ["k": 1],
      small: -3, big: .max, flag: true)
    let text = JSONPrinter.text(try JSONTreeEncoder.value(of: sample))
    #expect(
      text
        == "{\"name\":\"a\\\"b\\\\c\\n\\t\\u0001é\u{1F52D}/\",\"missing\":null,\"numbers\":[120,0.5,1e-07,null,0,1e+22],"
        + "\"nested\":{\"k\":1},\"small\":-3,\"big\":1.8446744073709552e+19,\"flag\":true}")
    let back = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(back["name"] as? String == sample.name)
  }

  private struct Containers: Encodable {
    enum Keys: String, CodingKey { case object, list, parent }
    func encode(to encoder: any Encoder) throws {
      var root = encoder.container(keyedBy: Keys.self)
      var list = root.nestedUnkeyedContainer(forKey: .list)
      var object = root.nestedContainer(keyedBy: Keys.self, forKey: .object)
      try list.encode(1)
      try object.encodeNil(forKey: .parent)
      var inner = list.nestedUnkeyedContainer()
      try inner.encode("x")
      var last = list.nestedContainer(keyedBy: Keys.self)
      try last.encode(2.5, forKey: .list)
      try 7.encode(to: root.superEncoder(forKey: .parent))
    }
  }

  /// Containers may be filled in any order.
  @Test func nestedContainers() throws {
    let text = JSONPrinter.text(try JSONTreeEncoder.value(of: Containers()))
    #expect(text == "{\"list\":[1,[\"x\"],{\"list\":2.5}],\"object\":{\"parent\":null},\"parent\":7}")
  }

  @Test func doublesReadBackExactly() throws {
    var random = SeededGenerator(seed: 14)
    let numbers = (0..<3000).map { _ in Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
    }
    .filter(\.isFinite)
    let text = JSONPrinter.text(.array(numbers.map { .number($0) }))
    let back = try JSONDecoder().decode([Double].self, from: Data(text.utf8))
    #expect(back == numbers.map { $0 == 0 ? 0 : $0 }, "seed 14")
  }

  private struct Names: Encodable {
    struct Inner: Encodable { var raDeg = 1.5 }
    var startUTC = "x"
    var area90Deg2: Double? = nil
    var inner = [Inner()]
  }

  @Test func snakeCaseNames() throws {
    let text = JSONPrinter.text(try JSONTreeEncoder.value(of: Names(), keys: .snakeCase))
    #expect(text == #"{"start_utc":"x","area90_deg2":null,"inner":[{"ra_deg":1.5}]}"#)
  }

  @Test func styles() {
    let value = JSONValue.object([
      ("list", .array([.integer(1), .number(2.5)])),
      ("rows", .array([.object([("a", .null)]), .object([])])),
      ("none", .array([])),
    ])
    #expect(JSONPrinter.text(value) == #"{"list":[1,2.5],"rows":[{"a":null},{}],"none":[]}"#)
    #expect(
      JSONPrinter.text(value, .rows)
        == "{\"list\":[1,2.5],\"rows\":[\n{\"a\":null},\n{}],\"none\":[]}")
    #expect(
      JSONPrinter.text(value, .indented) == """
        {
          "list": [1, 2.5],
          "rows": [
            {
              "a": null
            },
            {}
          ],
          "none": []
        }
        """)
  }
}
