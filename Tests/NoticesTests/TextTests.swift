import Testing
import Units

@testable import Notices

@Suite("formats")
struct TextTests {
  private func json(_ text: String) throws -> (JSON, Notes) {
    var parser = JSONParser(Array(text.utf8))
    let value = try parser.document()
    return (value, parser.notes)
  }

  @Test func values() throws {
    let (value, notes) = try json(
      #" {"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83d\ude00\"/"], "b": {}, "big": 169298436534304771} "#)
    let object = try #require(value.object)
    let list = try #require(object["a"]?.array)
    #expect(list.count == 5)
    if case .number(let v, let text) = list[1] { #expect(v == -2500 && text == "-2.5e3") }
    if case .string(let text) = list[4] { #expect(text == "x\n\u{e9}\u{1F600}\"/") }
    // Identifiers longer than a double keep their digits.
    if case .number(_, let text) = object["big"] { #expect(text == "169298436534304771") }
    #expect(notes.findings.isEmpty)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "[1 2]", "01", "1.", "1e", "-", "+1", ".5", "tru",
    "\"abc",
    "\"\\x\"", "\"\\u12g4\"", "[1]]", "{} {}", "\"\\ud83d", "nul", "'a'", "[", "{\"a\":", "-Inf",
  ])
  func malformedJSON(text: String) {
    #expect(throws: NoticeRejection.self) { _ = try json(text) }
  }

  @Test func placeOfAFault() {
    let r = rejection("{\"superevent_id\": \"S310203ab\",\n  \"event\": {,}}")
    guard case .malformed(_, let place) = r else {
      Issue.record("\(String(describing: r))")
      return
    }
    #expect((place.line, place.column) == (2, 13))
  }

  @Test func tolerated() throws {
    let (value, notes) = try json(
      "{\"a\": NaN, \"b\": -Infinity, \"c\": \"x\ty\", \"a\": 2, \"d\": \"\\ud800\"}")
    #expect(notes.findings.map(\.code) == [.notJSONNumber, .notJSONNumber, .controlCharacter, .duplicateKey])
    #expect(notes.findings.last?.field == "a")
    if case .number(let v, _) = value.object?["a"] {
      #expect(v == 2)
    } else {
      Issue.record("last value lost")
    }
    if case .string(let text) = value.object?["d"] { #expect(text == "\u{FFFD}") }
  }

  @Test func depthAndSize() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(throws: Never.self) { _ = try json(deep) }
    #expect(rejection("{\"a\":" + String(repeating: "[", count: 100_000))?.code == "too-deep")
    #expect(rejection("[" + String(repeating: "1,", count: 250_000) + "1]")?.code == "too-many-values")
    let elements = String(repeating: "<a>", count: 70)
    #expect(rejection("<VOEvent>" + elements)?.code == "too-deep")
    #expect(
      rejection("<VOEvent>" + String(repeating: "<a/>", count: 100_001) + "</VOEvent>")?.code
        == "too-many-values")
    #expect(rejection([UInt8](repeating: 32, count: NoticeParser.byteLimit + 1))?.code == "too-large")
  }

  @Test(arguments: [
    ("<?xml version='1.0'?><!DOCTYPE v [<!ENTITY a 'aaaa'>]><VOEvent>&a;</VOEvent>", "forbidden-markup"),
    ("<!DOCTYPE v SYSTEM 'file:///etc/passwd'><VOEvent/>", "forbidden-markup"),
    ("<VOEvent><![INCLUDE[x]]></VOEvent>", "forbidden-markup"),
    ("<VOEvent ivorn='&xxe;'/>", "forbidden-markup"),
    ("<VOEvent><Who><Date>&xxe;</Date></Who></VOEvent>", "forbidden-markup"), ("<VOEvent>", "malformed"),
    ("<VOEvent></Who>", "malformed"), ("<VOEvent a=1/>", "malformed"), ("<VOEvent a='1'b='2'/>", "malformed"),
    ("<VOEvent a='<'/>", "malformed"), ("<VOEvent/><VOEvent/>", "malformed"), ("<VOEvent/>text", "malformed"),
    ("<VOEvent><!-- never closed</VOEvent>", "malformed"), ("<VOEvent a='1", "malformed"), ("<", "malformed"),
    ("<VOEvent><Date>a & b</Date></VOEvent>", "malformed"), ("<rss><item/></rss>", "foreign.otherXML"),
    ("<!doctype HTML><html></html>", "foreign.html"), ("<html><body>502</body></html>", "foreign.html"),
    ("<?xml version='1.0' encoding='UTF-7'?><VOEvent a='\u{e9}'/>", "encoding"), ("</VOEvent>", "malformed"),
    ("<!-- only a comment -->", "malformed"),
  ])
  func refusedXML(text: String, code: String) {
    #expect(rejection(text)?.code == code)
  }

  @Test func characters() throws {
    let n = try parse(
      """
      <!-- c --><v:VOEvent xmlns:v="x" ivorn='ivo://nasa.gsfc.gcn/&#88;&amp;&#x59;'><What><?pi?>
      <Description><![CDATA[<b> & ]]>tail &lt;</Description>
      <Param name="A&quot;B" value="1 &gt; 0"/><Param name="C"><Value> <![CDATA[5 <]]> 6&lt;</Value></Param></What>
      <Why><Inference><Concept>
        process.variation.burst;em.gamma </Concept></Inference></Why></v:VOEvent>

      """)
    #expect(n.source.ivorn == "ivo://nasa.gsfc.gcn/X&Y")
    #expect(n.extra.map(\.name) == ["A\"B", "C"])
    #expect(n.extra.map(\.value) == ["1 > 0", "5 < 6<"])
    #expect(n.kind == .gammaRayBurst)
  }

  @Test func latin1() throws {
    var bytes = Array(
      "<?xml version='1.0' encoding='ISO-8859-1'?><VOEvent ivorn='ivo://x'><What><Param name='A' value='Sw"
        .utf8)
    bytes.append(0xEF)
    bytes += Array("ft'/></What></VOEvent>".utf8)
    let n = try NoticeParser.parse(bytes: bytes)
    #expect(n.extra.first?.value == "Swïft")
    #expect(n.has(.transcoded))
    // The same bytes without the declaration are not UTF-8.
    let undeclared = Array(bytes.dropFirst(43))
    #expect(try NoticeParser.parse(bytes: undeclared).has(.repairedText))
  }

  @Test(
    arguments: [
      ([], "empty"), (Array(" \n\t".utf8), "empty"), ([0, 0, 0], "foreign.binary"),
      ([0x1F, 0x8B, 8], "foreign.compressed"),
      ([0xFF, 0xFE, 60, 0], "foreign.utf16"), (Array("Obj\u{1}x".utf8), "foreign.avro"),
      (fitsStart, "foreign.skymapFile"),
      (Array("TITLE:           GCN/FERMI NOTICE\nNOTICE_DATE: x".utf8), "foreign.classicText"),
      (
        Array("Subscribed topic not available: gcn.x: Broker: Unknown topic or partition".utf8),
        "foreign.brokerMessage"
      ),
      (Array("hello".utf8), "foreign.unknownText"), (Array("{\"a\":1}".utf8), "foreign.otherJSON"),
      (Array("[]".utf8), "foreign.otherJSON"),
      (Array("[{\"superevent_id\":1},{}]".utf8), "foreign.otherJSON"),
      (Array("{}".utf8), "foreign.otherJSON"),
      ([UInt8](repeating: 0, count: 3) + [61] + [UInt8](repeating: 1, count: 156), "foreign.classicBinary"),
    ] as [([UInt8], String)])
  func foreign(bytes: [UInt8], code: String) {
    let r = rejection(bytes)
    #expect(r?.code == code)
    #expect(r.map { !$0.description.isEmpty && !$0.description.contains("\n") } == true)
  }

  @Test func byteOrderMark() throws {
    #expect(try parse("\u{FEFF}" + gwAlert()).kind == .gravitationalWave)
    #expect(try parse("\u{FEFF}" + classic(type: 61, parameters: [("TrigID", "7")])).source.mission == .swift)
  }

  @Test func jsonRenderingOfAVOEvent() throws {
    let n = try parse(
      """
      {"ivorn":"ivo://nasa.gsfc.gcn/SWIFT#1","role":"observation","Who":{"Date":"2031-01-01T00:01:00"},
       "What":{"Param":[{"name":"Packet_Type","value":"61"},{"name":"TrigID","value":"7"}],
               "Group":[{"name":"Solution_Status","Param":{"name":"StarTrack_Lost_Lock","value":"true"}}]},
       "WhereWhen":{"ObsDataLocation":{"ObservationLocation":{"AstroCoords":{"coord_system_id":"UTC-FK5-GEO",
         "Time":{"TimeInstant":{"ISOTime":"2031-01-01T00:00:00"}},
         "Position2D":{"unit":"deg","Value2":{"C1":"10.5","C2":"-20.25"},"Error2Radius":"0.05"}}}}},
       "Citations":{"EventIVORN":[{"cite":"supersedes","#text":"ivo://a"}]}}
      """)
    #expect(n.source.format == .voEventJSON)
    #expect(n.ids == [NativeID("swift", "7")])
    #expect(isClose(n.localization.region!.center, direction(10.5, -20.25)))
    #expect(n.supersedes == ["ivo://a"])
    if case .unreliable = n.standing {} else { Issue.record("flags in a group were not read") }
  }

  @Test func base64() throws {
    #expect(try Base64.decode("") == [])
    #expect(try Base64.decode("Zg==") == Array("f".utf8))
    #expect(try Base64.decode("Zm8=") == Array("fo".utf8))
    #expect(try Base64.decode("Zm9v\r\n YmFy") == Array("foobar".utf8))
    #expect(try Base64.decode("Zm8") == Array("fo".utf8))
    for bad in ["Z", "Zm9v=", "Zg=", "Zg==Zg==", "Zm-v", "Z===", "=", "Zm9\u{e9}"] {
      #expect(throws: Base64.Failure.self) { try Base64.decode(bad) }
    }
  }

  @Test func numbers() {
    #expect(decimal(" +1.5e-3 ") == 0.0015)
    for bad in ["", "inf", "nan", "0x1p3", "1e999", "1,5", "12h", "--1", "1 2"] {
      #expect(decimal(bad) == nil)
    }
    #expect(integer(9.1e15) == nil)
    #expect(integer(Double.nan) == nil)
    #expect(integer(3.5) == nil)
    #expect(integer("99999999999999999999") == nil)
    #expect(Duration(checkedSeconds: 1e300) == nil)
    #expect(Duration(checkedSeconds: .nan) == nil)
  }
}
