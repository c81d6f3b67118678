/// Builds SVG text: escaped, without scripts, styles from outside, or references to other hosts.
package struct SVGWriter {
  package private(set) var text = ""

  /// - Parameters: `title` and `description` are what a screen reader says.
  package init(width: Int, height: Int, title: String, description: String) {
    text =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\""
      + " height=\"\(height)\" role=\"img\" aria-labelledby=\"t d\""
      + " font-family=\"Helvetica,Arial,'DejaVu Sans',sans-serif\" font-size=\"13\" fill=\"#1a1a1a\">\n"
      + "<title id=\"t\">\(Self.escaped(title))</title>\n<desc id=\"d\">\(Self.escaped(description))</desc>\n"
      + "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#fff\"/>\n"
  }

  /// Fragments without a root, to measure or to insert.
  package init() {}

  package mutating func raw(_ fragment: String) {
    text += fragment
    text += "\n"
  }

  package mutating func label(_ content: String, _ x: Double, _ y: Double, _ attributes: String = "") {
    raw(
      "<text x=\"\(x.trimmed(1))\" y=\"\(y.trimmed(1))\"\(attributes.isEmpty ? "" : " " + attributes)>"
        + Self.escaped(content) + "</text>")
  }

  package mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ attributes: String) {
    raw("<path d=\"M\(x1.trimmed(1)) \(y1.trimmed(1))L\(x2.trimmed(1)) \(y2.trimmed(1))\" \(attributes)/>")
  }

  package mutating func rect(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ attributes: String
  ) {
    raw(
      "<rect x=\"\(x.trimmed(1))\" y=\"\(y.trimmed(1))\" width=\"\(width.trimmed(1))\""
        + " height=\"\(height.trimmed(1))\" \(attributes)/>")
  }

  /// Draws nothing for an empty path.
  package mutating func path(_ path: SVGPath, _ attributes: String) {
    guard !path.isEmpty else { return }
    let scale = path.unitsPerPixel == 1 ? "" : " transform=\"scale(\((1 / path.unitsPerPixel).trimmed(4)))\""
    raw("<path d=\"\(path.text)\"\(scale) \(attributes)/>")
  }

  package mutating func finish() -> String {
    raw("</svg>")
    return text
  }

  /// Text for content and for attributes in double quotes. Control characters, which XML 1.0 does not
  /// allow, become spaces.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        let isForbidden =
          scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0xFFFE || scalar.value == 0xFFFF
        result.unicodeScalars.append(isForbidden ? " " : scalar)
      }
    }
    return result
  }
}

/// Path data on an integer grid, in relative steps: about five bytes a corner.
///
/// Stroke widths and dashes of the element scale with the grid: multiply them by `unitsPerPixel`, or set
/// `vector-effect` where the reader knows it.
package struct SVGPath {
  package let unitsPerPixel: Double
  package private(set) var text = ""
  private var current = SIMD2<Int>(0, 0)
  private var subpathStart = SIMD2<Int>(0, 0)
  /// The command the next number pair would continue.
  private var command: Character = " "

  package init(unitsPerPixel: Double = 1) { self.unitsPerPixel = unitsPerPixel }
  package var isEmpty: Bool { text.isEmpty }

  package mutating func move(to point: SIMD2<Double>) {
    let target = grid(point)
    // The first relative move counts from the origin; number pairs after any of them are relative lines.
    command = " "
    write("m", target &- current)
    command = "l"
    current = target
    subpathStart = target
  }

  /// Steps that stay on the same grid point are left out.
  package mutating func line(to point: SIMD2<Double>) {
    let target = grid(point)
    guard target != current else { return }
    let step = target &- current
    if step.y == 0 {
      write("h", step.x)
    } else if step.x == 0 {
      write("v", step.y)
    } else {
      write("l", step)
    }
    current = target
  }

  /// A line of length zero: with round caps, a dot.
  package mutating func dot(at point: SIMD2<Double>) {
    move(to: point)
    text += "h0"
    command = "h"
  }

  package mutating func close() {
    text += "z"
    command = " "
    current = subpathStart
  }

  package mutating func add(_ points: [SIMD2<Double>], closed: Bool) {
    guard let first = points.first else { return }
    move(to: first)
    for point in points.dropFirst() { line(to: point) }
    if closed { close() }
  }

  package func grid(_ point: SIMD2<Double>) -> SIMD2<Int> {
    // Drawings are a few thousand pixels: the clamp only keeps hostile numbers from trapping.
    func whole(_ x: Double) -> Int { Int(Swift.min(Swift.max((x * unitsPerPixel).rounded(), -1e6), 1e6)) }
    return SIMD2(whole(point.x.isNaN ? 0 : point.x), whole(point.y.isNaN ? 0 : point.y))
  }

  private mutating func write(_ name: Character, _ step: SIMD2<Int>) {
    number(name, step.x)
    text += step.y < 0 ? "\(step.y)" : " \(step.y)"
  }
  private mutating func write(_ name: Character, _ value: Int) { number(name, value) }
  private mutating func number(_ name: Character, _ value: Int) {
    if command == name {
      text += value < 0 ? "\(value)" : " \(value)"
    } else {
      text.append(name)
      text += "\(value)"
      command = name
    }
  }
}
