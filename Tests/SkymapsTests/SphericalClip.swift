import Foundation
import Healpix
import Units

/// The area of a cell within all of some polygons by another way than the library's: the cell as a polygon of
/// many great-circle sides, cut on the sphere (Sutherland & Hodgman 1974) by great circles, its area by
/// spherical triangles (Van Oosterom & Strackee 1983). Slow; good to the chords of the cell's sides.
func sphericalOverlap(_ cell: Cell, _ regions: ConvexRegion<ICRS>..., piecesPerSide: Int = 64) -> Double {
  let center = Direction<ICRS>(unit: cell.center)
  for region in regions {
    let reach = region.boundingRadius + Cell.boundingRadius(order: cell.order)
    if region.boundingCenter.separation(from: center) > reach { return 0 }
  }
  var polygon: [SIMD3<Double>] = []
  for side in Cell.Side.allCases {
    for k in 0..<piecesPerSide {
      let t = Double(k) / Double(piecesPerSide)
      switch side {
      case .southEast: polygon.append(cell.point(t, 0))
      case .northEast: polygon.append(cell.point(1, t))
      case .northWest: polygon.append(cell.point(1 - t, 1))
      case .southWest: polygon.append(cell.point(0, 1 - t))
      }
    }
  }
  for side in regions.flatMap(\.halfSpaces) {
    var cut: [SIMD3<Double>] = []
    for (i, a) in polygon.enumerated() {
      let b = polygon[(i + 1) % polygon.count]
      let (fa, fb) = (side.value(a), side.value(b))
      if fa >= 0 { cut.append(a) }
      if (fa >= 0) != (fb >= 0) {
        cut.append(Direction<ICRS>(normalizing: a * fb - b * fa).unit * (fb > fa ? 1 : -1))
      }
    }
    polygon = cut
    if polygon.isEmpty { return 0 }
  }
  var area = 0.0
  for i in 1..<max(1, polygon.count - 1) {
    let (a, b, c) = (polygon[0], polygon[i], polygon[i + 1])
    area += 2 * atan2((a * cross(b, c)).sum(), 1 + (a * b).sum() + (b * c).sum() + (c * a).sum())
  }
  return area
}
