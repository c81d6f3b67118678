import Foundation
import Testing
import Units

@testable import Observatories

@Suite struct RenderingTests {
  @Test func tableIsAligned() throws {
    let registry = try Shipped.registry()
    let text = TelescopeTable.text(registry)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.count == 1 + 75 + 8 + 3)
    let usable = try #require(lines[0].range(of: "usable for")).lowerBound
    let column = lines[0].distance(from: lines[0].startIndex, to: usable)
    for line in lines[1...83] {
      let characters = Array(line)
      #expect(characters[column - 1] == " " && characters[column] != " ", "\(line)")
      #expect(characters.last != " ", "\(line)")
    }
    #expect(
      lines.contains { $0.hasPrefix("TAROT-TCA ") && $0.hasSuffix("tiling") && $0.contains("1.86 deg  VF") })
    #expect(
      lines.contains {
        $0.hasPrefix("BJP-ALi50 ") && $0.hasSuffix("tiling, but out of service: broken, no access")
      })
    #expect(
      lines.contains {
        $0.hasPrefix("ASO ") && $0.hasSuffix("nothing: its position is not published; ask the team")
      })
    #expect(
      lines[lines.count - 2]
        == "83 telescopes: 46 for tiling, 29 for point sources only, 8 not usable; 9 of the usable ones are out of service"
    )
  }

  @Test func sheetNamesSourcesAndAssumptions() throws {
    let text = TelescopeSheet.text(try Shipped.telescope("TAROT-TCA"), file: "telescopes/tarot-tca.yaml")
    for part in [
      "TAROT-TCA: TAROT Calern", "position     43.75203 N, 6.92353 E, 1320 m  [GD, TR, GW]",
      "MPC code     010, 0.2 km away",
      "field        1.86 deg, 3.460 deg2  [TN (1.9 GW/GCN, 1.8 TR)]", "settle       2 s  [assumed]",
      "Assumed by class (up to 0.35 m, robotic, dark site)", "declination  -25...90 deg  [GW]",
      "file   telescopes/tarot-tca.yaml",
    ] { #expect(text.contains(part), "\(part)\n\(text)") }
    let southWest = TelescopeSheet.text(try Shipped.telescope("TAROT-TCH"))
    #expect(southWest.contains("29.25992 S, 70.73260 W"))
    // A telescope with everything optional, and one with nothing, both print.
    for t in try Shipped.registry().telescopes { #expect(TelescopeSheet.text(t).contains(t.digest)) }
  }

  private func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  @Test func listAsJSON() throws {
    let registry = try Shipped.registry()
    let root = try object(TelescopeTable.json(registry))
    let list = try #require(root["telescopes"] as? [[String: Any]])
    #expect(list.count == 75)
    #expect((root["not_usable"] as? [[String: Any]])?.count == 8)
    let hao = try #require(list.first { $0["id"] as? String == "HAO" })
    #expect(hao["field"] is NSNull && hao["usable_for"] as? String == "point_source")
    #expect((hao["site"] as? [String: Any])?["lat_deg"] as? Double == 31.20617)
    #expect(list.allSatisfy { Set($0.keys) == Set(hao.keys) })
  }

  @Test func sheetAsJSON() throws {
    let t = try Shipped.telescope("VIRT")
    let root = try object(TelescopeSheet.json(t, file: "virt.yaml"))
    #expect(root["slug"] as? String == t.slug && root["digest"] as? String == t.digest)
    #expect(root["file"] as? String == "virt.yaml")
    #expect(
      ((root["exclusions"] as? [[String: Any]])?.first?["requests_utc"] as? [String]) == ["10:00", "04:00"])
    #expect((root["assumed"] as? [[String: Any]])?.count == t.assumptions.count)
    #expect((root["timing"] as? [String: Any])?["slew_deg_per_s"] as? Double == 10)
  }

  /// The reader gets back what the file says, through radians and JSON.
  @Test func numbersSurvive() throws {
    let registry = try Shipped.registry()
    for t in registry.telescopes {
      let root = try object(TelescopeSheet.json(t))
      let site = try #require(root["site"] as? [String: Any])
      let yaml = try Shipped.yaml(t.id.lowercased())
      for key in ["lat_deg", "lon_deg"] {
        let value = try #require(site[key] as? Double)
        let written = try #require(yaml.range(of: #"\n  \#(key): [-0-9.]+"#, options: .regularExpression))
        #expect(Double(yaml[written].split(separator: " ").last!) == value, "\(t.id) \(key)")
      }
    }
  }

  @Test func lintReport() throws {
    let wrong = try Shipped.edited("trt-sbo", [("lat_deg: -31.28198", "lat_deg: 31.2733")])
    let findings = TelescopeLinter.check(wrong)
    let text = LintReport.text(findings, telescopes: 1)
    #expect(text.contains("error    TRT-SBO  site.lat_deg  hemisphere: the latitude has the wrong sign: 69"))
    #expect(text.hasSuffix("1 telescope: 2 errors, 1 warning\n"), "\(text)")
    #expect(LintReport.text([], telescopes: 3) == "3 telescopes: 0 errors, 0 warnings\n")
    let root = try object(LintReport.json(findings, telescopes: 1))
    #expect(root["errors"] as? Int == 2)
    #expect((root["findings"] as? [[String: Any]])?.first?["check"] as? String == "hemisphere")
  }

  @Test func textIsEscaped() throws {
    let strange = try Shipped.edited("kao", [("name: Kottamia 1.88 m", "name: \"a\\\"b\\\\c\\u0007\\td é\"")])
    let root = try object(TelescopeSheet.json(strange))
    #expect(root["name"] as? String == "a\"b\\c\u{7}\td é")
  }

  @Test func fixedDecimals() {
    #expect(Text.fixed(1.005, 1) == "1.0" && Text.fixed(-0.04, 1) == "0.0" && Text.fixed(-0.06, 1) == "-0.1")
    #expect(
      Text.fixed(0.05, 3) == "0.050" && Text.fixed(12, 0) == "12" && Text.fixed(-70.73255, 4) == "-70.7326")
    #expect(Text.fixed(.infinity, 1) == "inf" && Text.fixed(1e300, 1) == "1e+300")
  }

  /// The definition of the distance on short words, against exhaustive search being too slow to need.
  @Test(arguments: [
    ("", "abc", 3), ("kitten", "sitting", 3), ("abcd", "acbd", 1), ("readout", "raedout", 1), ("a", "a", 0),
    ("ab", "ba", 1),
  ])
  func editDistance(a: String, b: String, distance: Int) {
    #expect(Text.editDistance(a, b) == distance)
    #expect(Text.editDistance(b, a) == distance)
  }
}
