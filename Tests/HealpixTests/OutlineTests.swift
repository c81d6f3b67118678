import Foundation
import Healpix
import Testing
import Units

@Suite struct OutlineTests {
  /// Signed area to the left of closed rings, modulo the sphere, by fans of triangles from an axis.
  private func enclosedArea(_ rings: [[SIMD3<Double>]]) -> Double {
    let axis = SIMD3(0.36, 0.48, 0.8)
    var sum = 0.0
    for ring in rings {
      for (i, a) in ring.enumerated() {
        let b = ring[(i + 1) % ring.count]
        let triple = (axis * cross(a, b)).sum()
        sum += 2 * atan2(triple, 1 + (axis * a).sum() + (a * b).sum() + (b * axis).sum())
      }
    }
    let turns = 4 * Double.pi
    let reduced = sum.truncatingRemainder(dividingBy: turns)
    return reduced < 0 ? reduced + turns : reduced
  }

  @Test func ringsEncloseTheArea() {
    for seed in UInt64(1)...40 {
      var generator = SeededGenerator(seed: seed)
      let orders = seed % 2 == 0 ? 1...3 : 2...6
      let map = Coverage(cells: (0..<20).map { _ in generator.cell(orders: orders) })
      let rings = map.outline(spacing: .degrees(0.1))
      // Chords against curves: 0.1 degree steps leave under 1e-5 sr over a few hundred degrees.
      let difference = abs(enclosedArea(rings) - map.area.steradians)
      #expect(min(difference, 4 * .pi - difference) < 3e-5, "seed \(seed)")
      for ring in rings { #expect(ring.count >= 4) }
    }
  }

  @Test func theSetIsOnTheLeft() {
    var generator = SeededGenerator(seed: 5)
    let map = Coverage(cells: (0..<30).map { _ in generator.cell(orders: 2...4) })
    for ring in map.outline(spacing: .degrees(0.5)) {
      for (i, a) in ring.enumerated() {
        let b = ring[(i + 1) % ring.count]
        let step = b - a
        guard (step * step).sum() > 1e-8 else { continue }
        let middle = 0.5 * (a + b)
        let left = cross(middle, step)
        let nudge = left * (0.02 * (step * step).sum().squareRoot() / (left * left).sum().squareRoot())
        // The curve bulges off its chord by less than the nudge except near the poles.
        guard abs(middle.z) < 0.95 else { continue }
        #expect(map.contains(key: Cell.key(of: middle + nudge)))
        #expect(!map.contains(key: Cell.key(of: middle - nudge)))
      }
    }
  }

  @Test func wholeFacesAndNothing() {
    #expect(Coverage.empty.outline().isEmpty)
    #expect(Coverage.all.outline().isEmpty)
    let oneCell = Coverage(cells: [Cell(order: 3, index: 100)]).outline(spacing: .degrees(10))
    #expect(oneCell.count == 1)
    let polar = Coverage(cells: (0..<4).map { Cell(order: 0, index: $0) }).outline()
    #expect(polar.count == 1)
    // A hole has its own ring.
    let ring = Coverage(cells: [Cell(order: 1, index: 20)]).subtracting(
      Coverage(cells: [Cell(order: 3, index: 20 * 16 + 3)]))
    #expect(ring.outline().count == 2)
  }
}
