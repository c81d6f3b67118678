import Foundation
import Observatories
import Testing
import Units

@testable import Formats
@testable import Planning

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a strict XML reader sees in a drawing.
final class DrawingReader: NSObject, XMLParserDelegate {
  var elements: [String: Int] = [:]
  var texts: [String] = []
  var paths: [String] = []
  var fontSizes: [Double] = []
  var isInText = false
  var current = ""

  static func read(_ svg: String) -> DrawingReader? {
    let reader = DrawingReader()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = reader
    return parser.parse() ? reader : nil
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
    if let d = attributes["d"] { paths.append(d) }
    if let size = attributes["font-size"].flatMap(Double.init) { fontSizes.append(size) }
    isInText = ["text", "title", "desc"].contains(name)
    current = ""
  }
  func parser(_ parser: XMLParser, foundCharacters string: String) { if isInText { current += string } }
  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    if isInText { texts.append(current) }
    isInText = false
  }
}

func checkedDrawing(_ svg: String, atMost bytes: Int) throws -> DrawingReader {
  let drawing = try #require(DrawingReader.read(svg), "not well-formed")
  #expect(svg.utf8.count <= bytes, "\(svg.utf8.count) bytes")
  #expect(drawing.elements["title"] == 1 && drawing.elements["desc"] == 1)
  #expect(
    drawing.elements["script"] == nil && drawing.elements["image"] == nil && drawing.elements["style"] == nil)
  #expect(drawing.fontSizes.allSatisfy { $0 >= 11 })
  for word in ["nan", "inf", "href", "javascript"] { #expect(!svg.lowercased().contains(word), "\(word)") }
  return drawing
}

/// As the README of the formats promises: 60 KB for a file, 25 KB for a page.
enum DrawingLimit {
  static let figure = 60_000
  static let page = 25_600
}

let banana = SyntheticSky.banana(310, 10, length: 110, width: 5)

func chart(_ sky: SyntheticSky, _ plan: Plan) -> SkyChart {
  var chart = SkyChart(NetworkPlanDocument(plan))
  chart.credibleLevel = { sky.level($0) }
  chart.sun = Direction(ra: .hours(15.7), dec: .degrees(-19.8))
  chart.moon = .init(
    direction: Direction(ra: .hours(1.2), dec: .degrees(8)), illumination: Fraction(clamping: 0.87))
  return chart
}
