import Foundation
import Healpix
import SkymapFiles
import Skymaps
import TestSupport
import Testing
import Units

@testable import Dashboard
@testable import Service

/// Credible regions of an event's map, at addresses that stay.
@Suite struct RegionTests {
  @Test func regionsAreWhatTheMapSays() async throws {
    let q = try await QueueBench.mock()
    q.state.works(q.bench.engine)
    let map = try SkymapFile.open(bytes: [UInt8](try Data(contentsOf: fixture(EngineTests.mock)))).map
    try await q.withSite { site in
      for level in [50, 90] {
        let wanted = CredibleRegions(of: map).coverage(at: Fraction(clamping: Double(level) / 100))
        let root = "/api/events/MS260915a/region/\(level).moc."
        let fits = try await site.send(.get, root + "fits")
        #expect(fits.status == 200 && fits.headers["Content-Type"] == "application/fits")
        #expect(try CoverageFile.read(bytes: [UInt8](fits.body)).coverage == wanted)
        #expect(try Coverage(mocJSON: try await site.send(.get, root + "json").text) == wanted)
        #expect(try Coverage(mocASCII: try await site.send(.get, root + "txt").text) == wanted)
        let tag = try #require(fits.headers["ETag"])
        let again = try await site.send(.get, root + "fits", headers: [("If-None-Match", tag)])
        #expect(again.status == 304 && again.body.isEmpty)
      }
      let page = try await site.send(.get, "/events/MS260915a", headers: [("Accept", "text/html")]).text
      for file in ["50.moc.fits", "50.moc.json", "90.moc.fits", "90.moc.json"] {
        #expect(page.contains("href=\"/api/events/MS260915a/region/\(file)\""), "\(file)")
      }
      for file in ["60.moc.fits", "90.moc.png", "90", "..%2F90.moc.fits", "090.moc.fits"] {
        let status = try await site.send(.get, "/api/events/MS260915a/region/\(file)").status
        #expect([400, 404].contains(status), "\(file): \(status)")
      }
      #expect(try await site.send(.get, "/api/events/S0/region/90.moc.fits").status == 404)
    }
  }

  /// What a standing-by instance knows is old: it sends people to the other.
  @Test func whoStandsByDoesNotGuess() async throws {
    let q = try await QueueBench.mock()
    try await q.withSite { site in
      let answer = try await site.send(.get, "/api/events/MS260915a/region/90.moc.fits")
      #expect(answer.status == 503)
    }
  }
}
