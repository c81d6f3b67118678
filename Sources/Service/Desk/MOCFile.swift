import Dashboard
import Healpix

/// A coverage in the three forms of the IVOA standard.
enum MOCFile: String, CaseIterable {
  case fits = "moc.fits"
  case json = "moc.json"
  case text = "moc.txt"

  static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// - Parameters:
  ///   - order: the order it is written at; nil is the coarsest that loses nothing.
  ///   - cards: of the FITS form.
  func view(of coverage: Coverage, order: Int? = nil, cards: [Coverage.Card]) -> FileView {
    let (bytes, type) =
      switch self {
      case .fits: (coverage.mocFITS(maxOrder: order, cards: cards), "application/fits")
      case .json: (Array((coverage.mocJSON(maxOrder: order) + "\n").utf8), "application/json")
      case .text:
        (Array((coverage.mocASCII(maxOrder: order) + "\n").utf8), "text/plain; charset=utf-8")
      }
    return FileView(bytes: bytes, mediaType: type, isImmutable: false)
  }
}
