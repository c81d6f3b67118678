import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The galaxies that a plan points at, on the map: a diamond each, the likeliest hosts with their names.
enum SkyGalaxies {
  /// More would hide the map, and one another.
  private static let drawn = 300
  private static let named = 6
  static let color = "#a3195b"

  static func symbol(at p: SIMD2<Double>) -> String {
    "<path d=\"M\(p.x.trimmed(1)) \(p.y.trimmed(1))m0-4.5l4.5 4.5-4.5 4.5-4.5-4.5z\" fill=\"#fff\" stroke=\"\(color)\" stroke-width=\"1.6\"/>"
  }

  /// - Parameter reach: galaxies farther than this from the centre of a close-up are left out.
  static func draw(
    _ chart: SkyChart, on view: SkyView, within reach: Angle?, placer: inout LabelPlacer,
    into svg: inout SVGWriter
  ) {
    let visible = chart.galaxies.prefix(drawn).filter { galaxy in
      reach.map { view.local(galaxy.direction).x > cos($0.radians) } ?? true
    }
    guard !visible.isEmpty else { return }
    var places = SVGPath(unitsPerPixel: 1)
    var taken: Set<SIMD2<Int>> = []
    for galaxy in visible {
      let p = view.pixel(galaxy.direction)
      // Those on one pixel are one symbol.
      guard taken.insert(places.grid(p)).inserted else { continue }
      places.add([SIMD2(0, -4), SIMD2(4, 0), SIMD2(0, 4), SIMD2(-4, 0)].map { p + $0 }, closed: true)
    }
    svg.path(
      places, "class=\"galaxies\" fill=\"#fff\" fill-opacity=\".75\" stroke=\"\(color)\" stroke-width=\"1.5\""
    )
    for galaxy in visible.prefix(named) {
      placer.reserve(center: view.pixel(galaxy.direction), size: SIMD2(9, 9))
    }
    svg.raw("<g font-size=\"12\" text-anchor=\"middle\" fill=\"\(color)\" \(SkySymbols.halo)>")
    for galaxy in visible.prefix(named) {
      let text = SkyLegend.shortened(galaxy.name, to: 22)
      let size = LabelPlacer.size(text, font: 12)
      let anchor = view.pixel(galaxy.direction)
      // A name that fits nowhere near is in the table beside the map.
      guard let spot = placer.place(size: size, near: anchor, rings: [12 + size.x / 2, 24 + size.x / 2])
      else {
        continue
      }
      svg.label(text, spot.x, spot.y + 4)
    }
    svg.raw("</g>")
  }
}
