import Foundation
import Healpix
import Testing
import Units

@testable import Skymaps

/// The library aims at 1e-6 of the whole; cutting is exact to far below that.
private let promised = 1e-6
private let reached = 2e-8

@Suite struct FootprintTests {
  /// On a uniform map a region holds its share of the sphere, which Girard's theorem gives exactly.
  @Test func regionsHoldTheirAreaOfUniformSky() {
    var generator = SeededGenerator(seed: 1)
    for (order, depth) in [(0, 0), (0, 6), (2, 4), (4, 2)] {
      let tree = ProbabilityTree(uniformMap(randomTiling(&generator, order: order, depth: depth)))
      for k in 0..<60 {
        let side = [0.01, 0.3, 1.9, 8, 40, 80][k % 6]
        var center = generator.direction()
        if k % 4 == 0 {
          center = Direction(
            ra: center.ra, dec: .degrees((k % 8 == 0 ? 1 : -1) * (90 - 1.5 * side * generator.unit())))
        }
        let tile = square(
          center, side: .degrees(side), roll: .degrees(360 * generator.unit()),
          aspect: 0.4 + 0.6 * generator.unit())
        let cap = ConvexRegion(center: center, radius: .degrees(side))
        for region in [tile, cap] {
          let share = region.area.steradians / (4 * .pi)
          #expect(
            abs(tree.probability(in: region) - share) < reached, "order \(order) side \(side) at \(center)")
          #expect(
            abs(tree.probability(in: region, tolerance: 1e-10) - share) < 2e-11,
            "order \(order) side \(side) at \(center)")
        }
      }
    }
  }

  @Test func wholeSkyAndHemispheres() {
    var generator = SeededGenerator(seed: 2)
    let tree = ProbabilityTree(randomMap(&generator, order: 2, depth: 3))
    for _ in 0..<20 {
      let d = generator.direction()
      let opposite = Direction<ICRS>(unit: -d.unit)
      let radius = Angle.degrees(180 * generator.unit())
      let near = tree.probability(in: ConvexRegion(center: d, radius: radius))
      let far = tree.probability(in: ConvexRegion(center: opposite, radius: .radians(.pi) - radius))
      #expect(abs(near + far - 1) < reached)
    }
    #expect(
      abs(tree.probability(in: ConvexRegion(center: generator.direction(), radius: .degrees(180))) - 1)
        < reached)
  }

  @Test func tilesMatchAnIndependentIntegral() {
    var generator = SeededGenerator(seed: 3)
    let map = randomMap(&generator, order: 3, depth: 2)
    let tree = ProbabilityTree(map)
    for k in 0..<24 {
      let dec = [0.0, 41.81, -41.81, 85, -89.5, 60][k % 6]
      let center = Direction<ICRS>(ra: .degrees(360 * generator.unit()), dec: .degrees(dec))
      let tile = square(center, side: .degrees([2.0, 7, 20][k % 3]), roll: .degrees(90 * generator.unit()))
      var expected = 0.0
      for i in 0..<map.count { expected += map.density[i] * sphericalOverlap(map.cell(i), tile) }
      // 64 chords a side leave 2e-8 of the probability of the cells that the border crosses.
      #expect(abs(tree.probability(in: tile) - expected) < 3e-8, "tile \(k)")
    }
  }

  @Test func pairsObeyInclusionAndExclusion() {
    var generator = SeededGenerator(seed: 4)
    let map = randomMap(&generator, order: 3, depth: 1)
    let tree = ProbabilityTree(map)
    for k in 0..<10 {
      let a = square(generator.direction(), side: .degrees(12), roll: .degrees(90 * generator.unit()))
      let shifted = Direction<ICRS>(normalizing: a.boundingCenter.unit + 0.1 * generator.direction().unit)
      let b = square(shifted, side: .degrees(9), roll: .degrees(90 * generator.unit()))
      var both = 0.0
      for i in 0..<map.count { both += map.density[i] * sphericalOverlap(map.cell(i), a, b) }
      let union = tree.probability(inUnionOf: [a, b])
      let sum = tree.probability(in: a) + tree.probability(in: b)
      #expect(abs(union - (sum - both)) < 1e-7, "pair \(k)")
    }
  }

  @Test func marginalsAreDifferencesOfUnions() {
    var generator = SeededGenerator(seed: 5)
    let map = randomMap(&generator, order: 3, depth: 2)
    let tree = ProbabilityTree(map)
    let center = generator.direction()
    var footprints: [[ConvexRegion<ICRS>]] = (0..<14).map { k in
      let place = Direction<ICRS>(normalizing: center.unit + 0.25 * generator.direction().unit)
      let roll = Angle.degrees(90 * generator.unit())
      return k % 3 == 0
        ? [ConvexRegion(center: place, radius: .degrees(4))]
        : [square(place, side: .degrees(7), roll: roll)]
    }
    // A camera of two chips that overlap, a copy of an earlier field, and one inside another.
    footprints.append([footprints[1][0], square(center, side: .degrees(5))])
    footprints.append(footprints[2])
    footprints.append([square(footprints[4][0].boundingCenter, side: .degrees(1))])
    let result = tree.marginalProbabilities(of: footprints)
    var before = 0.0
    for k in footprints.indices {
      let union = tree.probability(inUnionOf: footprints[0...k].flatMap { $0 })
      #expect(abs(result.marginal[k] - (union - before)) < reached, "footprint \(k)")
      before = union
    }
    #expect(abs(result.union - before) < reached)
    #expect(abs(result.marginal[15]) < reached && abs(result.marginal[16]) < reached)
    // All at once, in three groups: the same, alone, in each group and together.
    let groups = footprints.indices.map { $0 % 3 }
    let shares = tree.shares(of: footprints, groups: groups)
    let own = footprints.map { tree.probabilities(in: $0).reduce(0, +) }
    for k in footprints.indices {
      #expect(abs(shares.own[k] - own[k]) < reached, "footprint \(k) alone")
      #expect(abs(shares.network.marginal[k] - result.marginal[k]) < reached, "footprint \(k)")
    }
    for group in 0..<3 {
      let members = footprints.indices.filter { groups[$0] == group }
      let expected = tree.marginalProbabilities(of: members.map { footprints[$0] }).marginal
      for (k, gain) in zip(members, expected) {
        #expect(abs(shares.inGroup[k] - gain) < reached, "footprint \(k) of group \(group)")
      }
    }
    let backward = tree.marginalProbabilities(of: footprints.reversed())
    #expect(abs(backward.union - result.union) < reached)
    #expect(result.errorEstimate < promised)
    // Coarse promises are kept too.
    for tolerance in [1e-2, 1e-4] {
      let rough = tree.marginalProbabilities(of: footprints, tolerance: tolerance)
      #expect(abs(rough.union - result.union) < tolerance)
    }
  }

  @Test func touchingTilesAddUp() {
    // A patch of 20 x 20 fields that share their sides: nothing counted twice, nothing lost.
    var generator = SeededGenerator(seed: 6)
    let tree = ProbabilityTree(randomMap(&generator, order: 3, depth: 2))
    func corner(_ i: Int, _ j: Int) -> Direction<ICRS> {
      Direction(normalizing: SIMD3(1, tan(Double(i - 10) * 0.02), tan(Double(j - 10) * 0.02)))
    }
    var tiles: [ConvexRegion<ICRS>] = []
    for i in 0..<20 {
      for j in 0..<20 {
        tiles.append(
          ConvexRegion(corners: [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)])!)
      }
    }
    let whole = ConvexRegion(corners: [corner(0, 0), corner(20, 0), corner(20, 20), corner(0, 20)])!
    let singles = tree.probabilities(in: tiles)
    let together = tree.marginalProbabilities(of: tiles.map { [$0] })
    let expected = tree.probability(in: whole)
    #expect(abs(singles.reduce(0, +) - expected) < reached)
    #expect(abs(together.union - expected) < reached)
    for (a, b) in zip(singles, together.marginal) { #expect(abs(a - b) < reached) }
    let area = ProbabilityTree.area(ofUnion: tiles)
    #expect(abs(area.steradians / whole.area.steradians - 1) < 1e-7)
  }

  @Test func framesTurnRegions() {
    var generator = SeededGenerator(seed: 7)
    let galactic = randomMap(&generator, order: 3, depth: 1, frame: .galactic)
    let own = Skymap(
      keys: galactic.keys, orders: galactic.orders, density: galactic.density, distance: nil, frame: .icrs,
      header: galactic.header, report: galactic.report)
    let rows = Rotation<ICRS, Galactic>.standard.rows
    let rotation = Rotation<ICRS, ICRS>(rows: rows.0, rows.1, rows.2)
    for _ in 0..<30 {
      let tile = square(generator.direction(), side: .degrees(5), roll: .degrees(30))
      let a = ProbabilityTree(galactic).probability(in: tile)
      let b = ProbabilityTree(own).probability(in: tile.rotated(by: rotation))
      #expect(abs(a - b) < 1e-12)
    }
  }

  @Test func mapsWithHolesAndExtremeCells() {
    // One cell of the finest order holds everything: 2e-18 sr.
    let tiny = Cell(order: 29, containing: SIMD3(0.3, -0.5, 0.7))
    let point = ProbabilityTree(map([Row(cell: tiny, density: 1 / tiny.area.steradians)]))
    let center = Direction<ICRS>(unit: tiny.center)
    #expect(abs(point.probability(in: ConvexRegion(center: center, radius: .degrees(1))) - 1) < 1e-12)
    #expect(abs(point.probability(in: square(center, side: .arcseconds(1))) - 1) < 1e-12)
    let away = Direction<ICRS>(normalizing: center.unit + SIMD3(0, 0, 0.01))
    #expect(point.probability(in: ConvexRegion(center: away, radius: .degrees(0.1))) == 0)
    // A map of one base cell: the rest of the sky holds nothing.
    let one = ProbabilityTree(map([Row(cell: Cell(order: 0, index: 4), density: 3 / .pi)]))
    let cap = ConvexRegion(center: Direction<ICRS>(ra: .zero, dec: .zero), radius: .degrees(5))
    #expect(abs(one.probability(in: cap) - cap.area.steradians * 3 / .pi) < reached)
    let other = ConvexRegion(center: Direction<ICRS>(ra: .degrees(180), dec: .zero), radius: .degrees(5))
    #expect(one.probability(in: other) == 0)
    #expect(one.marginalProbabilities(of: []).marginal.isEmpty)
    #expect(one.marginalProbabilities(of: [[], [cap], []]).marginal.map { $0 > 0 } == [false, true, false])
  }

  @Test func manySidedFootprintsWork() throws {
    // More sides than a machine word has bits.
    var generator = SeededGenerator(seed: 8)
    let tree = ProbabilityTree(uniformMap(randomTiling(&generator, order: 2, depth: 3)))
    for sides in [63, 64, 65, 150] {
      let c = generator.direction().unit
      let e = Direction<ICRS>(normalizing: cross(c, SIMD3(0.1, 0.2, 0.97))).unit
      let n = cross(c, e)
      let corners = (0..<sides).map { k -> Direction<ICRS> in
        let a = Angle.radians(2 * .pi * Double(k) / Double(sides))
        return Direction(normalizing: c + 0.07 * (a.cosine * e + a.sine * n))
      }
      let polygon = try #require(ConvexRegion(corners: corners))
      #expect(
        abs(tree.probability(in: polygon) - polygon.area.steradians / (4 * .pi)) < reached, "\(sides) sides")
    }
  }

  @Test func unionAreasMatchClosedForms() {
    let a = Direction<ICRS>(ra: .degrees(10), dec: .degrees(89))
    let b = Direction<ICRS>(ra: .degrees(190), dec: .degrees(-20))
    let caps = [ConvexRegion(center: a, radius: .degrees(3)), ConvexRegion(center: b, radius: .degrees(7))]
    let expected = caps[0].area.steradians + caps[1].area.steradians
    #expect(abs(ProbabilityTree.area(ofUnion: caps).steradians - expected) < 2e-8)
    let nested = [caps[1], ConvexRegion(center: b, radius: .degrees(2))]
    #expect(abs(ProbabilityTree.area(ofUnion: nested).steradians - caps[1].area.steradians) < 2e-8)
    let parts = ProbabilityTree.marginalAreas(of: [[nested[1]], [nested[0]]])
    #expect(abs(parts[1].steradians - (caps[1].area.steradians - nested[1].area.steradians)) < 2e-8)
  }
}
