import Foundation
import Healpix
import Units

/// A flat NESTED map in the layout of Fermi GBM: rows of 1024 single-precision PROBABILITY and
/// SIGNIFICANCE, the trigger in the primary header. Written byte by byte, apart from the reader.
struct GammaRayBurstMap {
  let center: Direction<ICRS>
  let sigma: Angle
  let trigger: Instant
  let order = 6

  func fits() -> [UInt8] {
    let probability = probabilities()
    var significance = [Double](repeating: 0, count: probability.count)
    var cumulative = 0.0
    for i in probability.indices.sorted(by: {
      probability[$0] != probability[$1] ? probability[$0] > probability[$1] : $0 < $1
    }) {
      cumulative += probability[i]
      significance[i] = min(cumulative, 1)
    }
    var data: [UInt8] = []
    for start in stride(from: 0, to: probability.count, by: 1024) {
      for column in [probability, significance] {
        for value in column[start..<start + 1024] {
          withUnsafeBytes(of: Float(value).bitPattern.bigEndian) { data += $0 }
        }
      }
    }
    return Self.header(primaryCards) + Self.header(tableCards(rows: probability.count / 1024))
      + Self.padded(data, with: 0)
  }

  private func probabilities() -> [Double] {
    let kappa = 1 / (sigma.radians * sigma.radians)
    let values = (0..<Cell.count(order: order)).map { index in
      exp(kappa * ((Cell(order: order, index: index).center * center.unit).sum() - 1))
    }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  private var primaryCards: [String] {
    let reference = Instant(utcYear: 2001, month: 1, day: 1)!
    return [
      "SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0",
      "EXTEND  =                    T", "CREATOR = 'make-fixtures'", "TELESCOP= 'MOCK    '",
      "INSTRUME= 'GBM     '", "OBJECT  = 'MOCKGRB260813'", "TIMESYS = 'TT      '",
      "MJDREFI =                51910", "MJDREFF = '7.428703703703703e-4'",
      "TRIGTIME= \(trigger.seconds(since: reference))",
    ]
  }

  private func tableCards(rows: Int) -> [String] {
    [
      "XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2",
      "NAXIS1  =                 8192", "NAXIS2  = \(rows)", "PCOUNT  =                    0",
      "GCOUNT  =                    1", "TFIELDS =                    2", "TTYPE1  = 'PROBABILITY'",
      "TFORM1  = '1024E   '", "TTYPE2  = 'SIGNIFICANCE'", "TFORM2  = '1024E   '", "PIXTYPE = 'HEALPIX '",
      "ORDERING= 'NESTED  '", "COORDSYS= 'C       '", "NSIDE   = \(1 << order)",
      "FIRSTPIX=                    0",
      "LASTPIX = \(rows * 1024 - 1)", "INDXSCHM= 'IMPLICIT'", "OBJECT  = 'FULLSKY '",
    ]
  }

  static func header(_ cards: [String]) -> [UInt8] {
    padded(
      (cards + ["END"]).flatMap { Array($0.utf8) + Array(repeating: 32, count: 80 - $0.utf8.count) }, with: 32
    )
  }

  static func padded(_ bytes: [UInt8], with filler: UInt8) -> [UInt8] {
    bytes + Array(repeating: filler, count: (2880 - bytes.count % 2880) % 2880)
  }
}
