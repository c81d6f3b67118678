import Foundation
import TestSupport
import Testing
import Units

@testable import Galaxies

private func number(_ text: String) -> Double? {
  var text = text
  return text.withUTF8 { FieldText(bytes: UnsafeRawBufferPointer($0)).number }
}

@Suite struct ParserTests {
  @Test func numbersReadAsTheyAreWritten() {
    for text in ["0", "-1", "+2.5", "1e5", "1E-3", "123456.789", "-0.000123", "9007199254740993", ".5", "5."]
    {
      let expected = Double(text == "5." ? "5.0" : text == ".5" ? "0.5" : text)
      #expect(number(text) == expected, "\(text)")
    }
    for text in ["", "-", "nan", "inf", "1e", "1.2.3", "0x10", "1e99999", "12a", "null", "e5", ".", "1e400"] {
      #expect(number(text) == nil, "\(text)")
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<5000 {
      let value = Double.random(in: -1e6...1e6, using: &random)
      let got = number("\(value)") ?? .nan
      #expect(abs(got - value) <= 2 * value.ulp, "\(value)")
    }
  }

  @Test func everyFaultIsCounted() throws {
    let synthetic = try Synthetic()
    #expect(synthetic.rows.count == 1502)
    #expect(
      synthetic.faults == [
        .position: 2, .range: 2, .noDistance: 1, .distance: 2, .columns: 1,
      ])
    let first = synthetic.rows[0]
    #expect(first.name == "SYN 1" && abs(first.position.ra.degrees - 156.853426) < 1e-9)
    #expect(first.luminosity == 1.738685 && first.mass == 2.162282 && first.deviation.megaparsecs == 3.424)
  }

  @Test func headersAreChecked() {
    #expect(throws: CatalogError.missingColumn("distance_mpc", has: ["ra_deg", "dec_deg"])) {
      try CatalogParser(.csv, header: "ra_deg,dec_deg")
    }
    #expect(throws: CatalogError.self) { try CatalogParser(.nedLVS, header: nil) }
  }

  @Test func nedLocalVolumeSample() throws {
    let parser = try CatalogParser(
      .nedLVS, header: "objname,ra,dec,objtype,z,DistMpc,DistMpc_unc,DistMpc_method,ebv,Mstar,Mstar_unc")
    var line =
      "\"NGC 4993, the host\",197.44875,-23.38389,G,0.009727,41.7,3.1,zIndependent,0.106,5.2e10,1e9\r"
    line.withUTF8 { bytes in
      guard case .galaxy(let g) = parser.parse(UnsafeRawBufferPointer(bytes)) else {
        Issue.record("not read")
        return
      }
      #expect(g.name == "NGC 4993, the host" && g.distance.megaparsecs == 41.7)
      #expect(abs(g.mass - 5.2) < 1e-6 && g.luminosity.isNaN && g.deviation.megaparsecs == 3.1)
    }
  }
}
