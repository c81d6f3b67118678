import CCFITSIO
import Foundation
import Healpix
import SkymapFiles
import Skymaps
import TestSupport
import Testing

/// Rows decoded here against rows read by CFITSIO from the same (complete) file.
@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.reason)))
struct ReferenceDecodingTests {
  static func column(_ name: String, of url: URL) -> [Double] {
    var file: UnsafeMutablePointer<fitsfile>?
    var status: Int32 = 0
    // By disk name alone: no extended file-name syntax.
    ffdkopn(&file, url.path, READONLY, &status)
    defer {
      var close: Int32 = 0
      ffclos(file, &close)
    }
    var type: Int32 = 0
    ffmahd(file, 2, &type, &status)
    var rows = 0
    ffgnrw(file, &rows, &status)
    var number: Int32 = 0
    var template = name.utf8CString.map { $0 }
    ffgcno(file, 0, &template, &number, &status)
    var values = [Double](repeating: 0, count: rows)
    var anyNull: Int32 = 0
    ffgcvd(file, number, 1, 1, Int64(rows), .nan, &values, &anyNull, &status)
    return status == 0 ? values : []
  }

  @Test(arguments: [
    "S230518h-Initial_alert", "S230520ae-Initial_alert", "lfa_S1234-2-initial", "lfa_S2376-1-preliminary",
    "MS181101ab-ext-update-combined", "gwcelery_swift_skymap",
  ])
  func multiOrderRows(_ name: String) throws {
    let url = Shared.url("data/skymaps/\(name).multiorder.fits")
    let map = try SkymapFile.read(contentsOf: url)
    let uniq = Self.column("UNIQ", of: url)
    let density = Self.column("PROBDENSITY", of: url)
    #expect(uniq.count == map.count)
    let layers = ["DISTMU", "DISTSIGMA", "DISTNORM"].map { Self.column($0, of: url) }
    #expect(layers[0].isEmpty == (map.distance == nil))
    for row in uniq.indices {
      let cell = Cell(uniq: UInt64(uniq[row]))!
      let i = map.firstIndex(atOrAfter: cell.firstKey)
      #expect(map.cell(i) == cell)
      // Divided by the sum. CFITSIO gives zero for numbers below the normal range, which do occur.
      let error = abs(map.density[i] * map.report.sumBeforeNormalisation - density[row])
      #expect(error <= 1e-12 * density[row] + 0x1p-1022)
      if let d = map.distance, layers[2][row] > 0 {
        #expect(d.mu[i] == layers[0][row] && d.sigma[i] == layers[1][row] && d.norm[i] == layers[2][row])
      }
    }
  }
}
