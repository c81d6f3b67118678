import Foundation
import Formats
import Testing
import Units

#if canImport(FoundationXML)
  import FoundationXML
#endif

@testable import Simulation

@Suite struct ReportTests {
  private static func night(_ i: Int, _ probability: Double, gap: Double? = nil, hours: Double = 1)
    -> SimulationRecord
  {
    var record = SimulationRecord(key: "n\(i)", event: "n\(i)", failure: "")
    record.failure = nil
    record.probability = probability
    record.reachable = min(1, probability + 0.1)
    record.gap = gap
    record.area90Deg2 = 10 * Double(i + 1)
    record.assignments = 4
    record.firstMinutes = 30
    record.openHours = hours
    record.shares = [
      .init(telescope: i % 2 == 0 ? "tca" : "tre, \"east\"", tiles: 4, openHours: hours, added: probability)
    ]
    return record
  }

  @Test func spreadOfAUniformRow() throws {
    // 0, 1, ..., 100: every percentile is its own number.
    let spread = try #require(SimulationSummary.Spread((0...100).reversed().map(Double.init)))
    #expect(spread.count == 101 && spread.mean == 50)
    #expect([spread.least, spread.p05, spread.p25, spread.median] == [0, 5, 25, 50])
    #expect([spread.p75, spread.p95, spread.most] == [75, 95, 100])
    #expect(SimulationSummary.Spread([]) == nil)
    #expect(SimulationSummary.Spread([3])?.p95 == 3)
  }

  @Test func costsAddUp() {
    let records =
      (0..<4).map { Self.night($0, 0.2, hours: Double($0)) }
      + [SimulationRecord(key: "bad", event: "bad", failure: "no map")]
    let summary = SimulationSummary(records)
    #expect(summary.nights == 5 && summary.failures == 1 && summary.idle == 0)
    #expect(summary.costs.map(\.telescope) == ["tre, \"east\"", "tca"])
    #expect(summary.costs.map(\.openHours) == [4, 2])
    #expect(summary.costs.map(\.nights) == [2, 2])
  }

  @Test func whatIsFoundIsCounted() throws {
    var records = (0..<5).map { Self.night($0, 0.2) }
    #expect(SimulationSummary(records).detection == nil)
    #expect(!SimulationText.render(SimulationSummary(records)).contains("detection"))
    for i in 0..<4 { (records[i].detection, records[i].source) = (0.1 * Double(i), "at2017gfo") }
    let summary = SimulationSummary(records)
    // Nights for which it is not known do not count.
    #expect(summary.detection?.count == 4 && abs(summary.detection!.mean - 0.15) < 1e-12)
    #expect(summary.source == "at2017gfo")
    #expect(SimulationText.render(summary).contains("of sources like at2017gfo, 15.00 % would be found"))
    #expect(SimulationTables.events(records).contains("\nn1,n1,,,,20.000,,0.200000,0.300000,,,0.100000,1,4,"))
    #expect(SimulationChartSVG.render(records).contains("the source is found"))
    let line = try JSONEncoder().encode(records[1])
    #expect(try JSONDecoder().decode(SimulationRecord.self, from: line) == records[1])
  }

  @Test func tablesKeepTheirColumns() {
    let records = [
      Self.night(1, 0.25), SimulationRecord(key: "=bad", event: "a,b", failure: "it \"broke\"\nhere"),
    ]
    let lines = SimulationTables.events(records)
    #expect(lines.hasPrefix("key,event,start_utc,"))
    #expect(lines.contains("\nn1,n1,,,,20.000,,0.250000,0.350000,,,,1,4,30.00,1.0000,\n"))
    #expect(lines.contains("\n'=bad,\"a,b\",") && lines.hasSuffix(",\"it \"\"broke\"\"\nhere\"\n"))
    #expect(
      SimulationTables.costs(SimulationSummary(records))
        == "telescope,nights,tiles,open_hours,mean_added\n\"tre, \"\"east\"\"\",1,4,1.000,0.250000\n")
  }

  @Test func recordsSurviveTheirLine() throws {
    let record = Self.night(5, 0.125, gap: 0.01)
    let data = try JSONEncoder().encode(record)
    #expect(try JSONDecoder().decode(SimulationRecord.self, from: data) == record)
    let json = try SimulationSummary([record]).json()
    #expect(json.contains("\"schema\": \"vesper.simulation/1\"") && json.contains("\"median\": 0.125"))
  }

  /// Well-formed for any records, none included.
  @Test(arguments: [0, 1, 40]) func chartIsXML(count: Int) throws {
    let records =
      (0..<count).map { Self.night($0, Double($0) / 40, gap: 0.01) }
      + [SimulationRecord(key: "<x>", event: "&", failure: "none")]
    let svg = SimulationChartSVG.render(records)
    let parser = XMLParser(data: Data(svg.utf8))
    #expect(parser.parse())
    #expect(svg.contains("Simulated campaign of \(count + 1) nights"))
    #expect(!svg.contains("nan") && !svg.contains("inf\""))
  }
}
