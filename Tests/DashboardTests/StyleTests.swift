import Foundation
import Testing

@testable import Dashboard

/// The colours of the style sheet, by the formulas of WCAG 2.2.
@Suite struct StyleTests {
  /// WCAG 2.2: 1.4.3 for text, 1.4.11 for what is no text.
  private static let textContrast = 4.5
  private static let shapeContrast = 3.0

  private static func sheet() throws -> String {
    let library = try PageLibrary.installed()
    return String(decoding: try #require(library.assets["style.css"]).bytes, as: UTF8.self)
  }

  /// The first block of declarations behind a selector, by name.
  private static func colours(_ selector: String) throws -> [String: SIMD3<Double>] {
    let sheet = try sheet()
    let start = try #require(sheet.range(of: "\n" + selector + " {"))
    let block = sheet[start.upperBound...].prefix { $0 != "}" }
    var result: [String: SIMD3<Double>] = [:]
    for declaration in block.split(separator: ";") {
      let parts = declaration.split(separator: ":").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      guard parts.count == 2, parts[0].hasPrefix("--"), parts[1].count == 7,
        let value = UInt32(parts[1].dropFirst(), radix: 16)
      else { continue }
      result[parts[0]] =
        SIMD3(Double(value >> 16), Double(value >> 8 & 255), Double(value & 255)) / 255
    }
    return result
  }

  private static func luminance(_ c: SIMD3<Double>) -> Double {
    func linear(_ v: Double) -> Double { v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4) }
    return 0.2126 * linear(c.x) + 0.7152 * linear(c.y) + 0.0722 * linear(c.z)
  }
  private static func contrast(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let (x, y) = (luminance(a), luminance(b))
    return (max(x, y) + 0.05) / (min(x, y) + 0.05)
  }

  @Test func theFormulaIsRight() {
    #expect(abs(Self.contrast([0, 0, 0], [1, 1, 1]) - 21) < 1e-9)
    // Pure red on black, as WCAG's own figures give it.
    #expect(abs(Self.contrast([1, 0, 0], [0, 0, 0]) - 5.252) < 1e-3)
  }

  @Test(arguments: [":root", ".dark", ".red", "  .automatic"])
  func everythingCanBeRead(_ theme: String) throws {
    let colours = try Self.colours(theme)
    #expect(colours.count == 12)
    for ground in ["--bg", "--panel"] {
      let back = try #require(colours[ground])
      for (name, colour) in colours where !["--bg", "--panel"].contains(name) {
        let least = name == "--line" ? Self.shapeContrast : Self.textContrast
        let found = Self.contrast(colour, back)
        #expect(found >= least, "\(theme) \(name) on \(ground): \(found)")
      }
    }
  }

  @Test func darkAndAutomaticDarkAreOne() throws {
    #expect(try Self.colours(".dark") == Self.colours("  .automatic"))
  }

  @Test func redHasNoGreenAndNoBlue() throws {
    for (name, colour) in try Self.colours(".red") { #expect(colour.y == 0 && colour.z == 0, "\(name)") }
  }

  /// Outside the themes and the printed page no colour is named, but where pictures become red.
  @Test func coloursComeFromTheThemes() throws {
    let sheet = try Self.sheet()
    let screen = try sheet[..<(#require(sheet.range(of: "@media print")).lowerBound)]
    let named = screen.split(separator: "\n").filter { $0.contains("#") && !$0.contains("--") }
    #expect(named.allSatisfy { $0.contains("img {") || $0.contains(".red figure a") }, "\(named)")
    // Nothing comes from elsewhere.
    #expect(!sheet.contains("url(") && !sheet.contains("@import") && !sheet.contains("@font-face"))
  }
}
