import Foundation
import Healpix
import Testing
import Units

private struct MOCOracle: Decodable {
  struct Map: Decodable {
    let ranges: [[UInt64]]
    let ascii: String
    let json: [String: [UInt64]]
  }
  struct Degraded: Decodable {
    let order: Int
    let ranges: [[UInt64]]
  }
  struct Header: Decodable {
    let order: Int
    enum CodingKeys: String, CodingKey { case order = "MOCORD_S" }
  }
  struct FITS: Decodable {
    let column: [UInt64]
    let header: Header
  }
  struct Case: Decodable {
    let order: Int
    let a: Map
    let b: Map
    let union: [[UInt64]]
    let intersection: [[UInt64]]
    let difference: [[UInt64]]
    let complement: [[UInt64]]
    let degraded: Degraded
    let skyFraction: Double
    let fits: FITS
  }
  let cases: [Case]
}

private func coverage(_ ranges: [[UInt64]]) -> Coverage { Coverage(ranges.map { $0[0]..<$0[1] }) }

private func random(_ generator: inout SeededGenerator, cells: Int, orders: ClosedRange<Int>) -> Coverage {
  Coverage(cells: (0..<cells).map { _ in generator.cell(orders: orders) })
}

@Suite struct CoverageTests {
  @Test func algebraHolds() {
    for seed in UInt64(1)...60 {
      var generator = SeededGenerator(seed: seed)
      let a = random(&generator, cells: 40, orders: 0...6)
      let b = random(&generator, cells: 40, orders: 1...29)
      let c = random(&generator, cells: 3, orders: 2...3)
      let name = Comment(rawValue: "seed \(seed)")
      #expect(a.union(b) == b.union(a), name)
      #expect(a.intersection(b) == b.intersection(a), name)
      #expect(a.union(b).complement == a.complement.intersection(b.complement), name)
      #expect(a.intersection(b.union(c)) == a.intersection(b).union(a.intersection(c)), name)
      #expect(a.complement.complement == a, name)
      #expect(a.subtracting(b).union(a.intersection(b)) == a, name)
      #expect(a.subtracting(a) == .empty && a.union(a.complement) == .all, name)
      let sum = a.area.steradians + b.area.steradians
      #expect(abs(a.union(b).area.steradians + a.intersection(b).area.steradians - sum) < 1e-13, name)
      for map in [a, b, c, a.union(b), a.intersection(b), a.complement] {
        for (one, next) in zip(map.ranges, map.ranges.dropFirst()) {
          #expect(one.upperBound < next.lowerBound, name)
        }
        #expect(Coverage(cells: map.cells) == map, name)
        #expect(Coverage(map.ranges.shuffled(using: &generator)) == map, name)
      }
    }
  }

  @Test func cellsAreTheFewest() {
    for seed in UInt64(1)...20 {
      var generator = SeededGenerator(seed: seed)
      let map = random(&generator, cells: 60, orders: 2...5)
      let cells = map.cells
      let set = Set(cells)
      for cell in cells where cell.order > 0 {
        // Four siblings would have been their parent.
        #expect((0..<4).contains { !set.contains(cell.parent.child($0)) })
      }
      #expect(cells == cells.sorted { $0.firstKey < $1.firstKey })
    }
    #expect(Coverage.all.cells == (0..<12).map { Cell(order: 0, index: $0) })
    #expect(Coverage.all.order == 0 && Coverage.empty.order == 0)
  }

  @Test func membershipAgreesWithTheRanges() {
    var generator = SeededGenerator(seed: 9)
    let map = random(&generator, cells: 300, orders: 3...6)
    for _ in 0..<3000 {
      let cell = generator.cell(orders: 0...8)
      let held = map.intersection(Coverage(cells: [cell]))
      let expected: Overlap = held.isEmpty ? .outside : (held == Coverage(cells: [cell]) ? .inside : .partial)
      #expect(map.relation(to: cell) == expected)
      #expect(map.contains(key: cell.firstKey) == map.ranges.contains { $0.contains(cell.firstKey) })
    }
  }

  @Test func badRangesAreClamped() {
    #expect(Coverage([5..<5, 7..<7]) == .empty)
    #expect(Coverage([0..<UInt64.max]) == .all)
    #expect(Coverage([3..<9, 4..<5, 9..<12, 0..<1]).ranges == [0..<1, 3..<12])
    #expect(Coverage([Cell.keyEnd..<UInt64.max]).isEmpty)
  }

  @Test func setOperationsMatchMocpy() throws {
    for c in try oracle("mocpy-moc", as: MOCOracle.self).cases {
      let (a, b) = (coverage(c.a.ranges), coverage(c.b.ranges))
      #expect(a.union(b) == coverage(c.union))
      #expect(a.intersection(b) == coverage(c.intersection))
      #expect(a.subtracting(b) == coverage(c.difference))
      #expect(a.complement == coverage(c.complement))
      #expect(a.degraded(to: c.degraded.order) == coverage(c.degraded.ranges))
      #expect(abs(a.area.steradians / (4 * .pi) - c.skyFraction) < 1e-15)
    }
  }

  @Test func textFormsMatchMocpy() throws {
    for c in try oracle("mocpy-moc", as: MOCOracle.self).cases {
      for map in [c.a, c.b] {
        let expected = coverage(map.ranges)
        #expect(try Coverage(mocASCII: map.ascii) == expected)
        #expect(try cells(expected.mocASCII(maxOrder: c.order)) == cells(map.ascii))
        let json = try JSONDecoder().decode(
          [String: [UInt64]].self, from: Data(expected.mocJSON(maxOrder: c.order).utf8))
        #expect(json == map.json.filter { !$0.value.isEmpty || $0.key == "\(c.order)" })
        #expect(try Coverage(mocJSON: expected.mocJSON()) == expected)
        #expect(try Coverage(mocASCII: expected.mocASCII()) == expected)
      }
    }
  }

  /// The cells that a text names, and its last order.
  private func cells(_ text: String) throws -> [String: [UInt64]] {
    var order = ""
    var found: [String: [UInt64]] = [:]
    for token in text.split(whereSeparator: { $0 == " " || $0 == "/" ? false : $0.isWhitespace }).joined(
      separator: " "
    )
    .replacingOccurrences(of: "/", with: "/ ").split(separator: " ") {
      if token.hasSuffix("/") {
        order = String(token.dropLast())
        found[order] = []
      } else {
        let ends = token.split(separator: "-").compactMap { UInt64($0) }
        found[order, default: []] += Array(ends[0]...ends[ends.count - 1])
      }
    }
    return found
  }

  @Test func fitsFormMatchesMocpy() throws {
    for c in try oracle("mocpy-moc", as: MOCOracle.self).cases {
      let bytes = coverage(c.a.ranges).mocFITS(
        maxOrder: c.order, cards: [.init("EVENT", "S2301'01x"), .init("ORIGIN", "GRANDMA")])
      #expect(bytes.count % 2880 == 0)
      let cards = stride(from: 2880, to: 5760, by: 80).map {
        String(decoding: bytes[$0..<$0 + 80], as: UTF8.self)
      }
      func value(_ keyword: String) -> String? {
        cards.first { $0.hasPrefix(keyword.padding(toLength: 8, withPad: " ", startingAt: 0) + "= ") }
          .map { String($0.dropFirst(10).split(separator: "/")[0]).trimmingCharacters(in: .whitespaces) }
      }
      #expect(value("MOCORD_S") == "\(c.fits.header.order)")
      #expect(value("NAXIS2") == "\(c.fits.column.count)")
      #expect(value("EVENT") == "'S2301''01x'")
      #expect(value("ORDERING") == "'RANGE   '")
      #expect(cards.contains("END".padding(toLength: 80, withPad: " ", startingAt: 0)))
      let column = (0..<c.fits.column.count).map { row in
        bytes[(5760 + 8 * row)..<(5768 + 8 * row)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
      #expect(column == c.fits.column)
    }
  }

  @Test func odditiesOfTheTextFormsAreRead() throws {
    #expect(try Coverage(mocASCII: "") == .empty)
    #expect(try Coverage(mocASCII: "8/") == .empty)
    #expect(
      try Coverage(mocASCII: "s1/0-3,5 \n2/ 7")
        == Coverage(
          cells: (0...3).map { Cell(order: 1, index: $0) } + [
            .init(order: 1, index: 5), .init(order: 2, index: 7),
          ]))
    #expect(
      try Coverage(mocJSON: " { \"0\" : [ 1 , 2 ] , \"3\":[] } ")
        == Coverage(cells: [.init(order: 0, index: 1), .init(order: 0, index: 2)]))
    #expect(try Coverage(mocJSON: "{}") == .empty)
  }

  @Test(arguments: [
    ("5", MOCError.cellWithoutOrder(5)), ("30/1", .order(30)), ("0/12", .cellOutOfRange(order: 0, index: 12)),
    ("1/9-3", .rangeReversed(order: 1, first: 9, last: 3)), ("1/x", .unexpectedCharacter("x", position: 2)),
    ("1/3-", .truncated), ("29/99999999999999999999", .numberTooLarge(position: 3)),
    ("-1/3", .unexpectedCharacter("-", position: 0)),
  ])
  func badASCIIIsRefused(_ text: String, _ error: MOCError) {
    #expect(throws: error) { try Coverage(mocASCII: text) }
  }

  @Test(arguments: [
    ("", MOCError.truncated), ("{\"1\":[1", .truncated), ("{\"1\":[1]", .truncated),
    ("[1]", .unexpectedCharacter("[", position: 0)),
    ("{\"1\":[48]}", .cellOutOfRange(order: 1, index: 48)), ("{\"30\":[]}", .order(30)),
    ("{\"1\":[-1]}", .unexpectedCharacter("-", position: 6)),
    ("{} x", .unexpectedCharacter("x", position: 3)),
    ("{\"1\":[1.5]}", .unexpectedCharacter(".", position: 7)),
  ])
  func badJSONIsRefused(_ text: String, _ error: MOCError) {
    #expect(throws: error) { try Coverage(mocJSON: text) }
  }
}
