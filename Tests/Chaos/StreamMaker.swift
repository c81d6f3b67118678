import Foundation

/// Mixes a stream of notices out of everything there is.
struct StreamMaker {
  let options: Options
  private var random: SeededRandom
  private var factory: NoticeFactory
  /// Where in the stream each notice goes, 0 to 1.
  private var placed: [(at: Double, item: HandIn)] = []
  private var scripts: [EventScript] = []

  init(_ options: Options) throws {
    self.options = options
    random = SeededRandom(options.seed)
    factory = try NoticeFactory(fixtures: options.fixtures, random: SeededRandom(options.seed &+ 1))
  }

  mutating func make() throws -> Stream {
    try placeEvents()
    try placePoison()
    placeRecorded()
    try placeRest()
    var stream = Stream(scripts: scripts)
    placed.sort { ($0.at, $0.item.name) < ($1.at, $1.item.name) }
    for (_, item) in placed {
      var item = item
      // HTTP refuses an empty body before anything is kept.
      item.door = item.bytes.isEmpty || random.chance(0.6) ? .spool : .http
      stream.items.append(item)
    }
    repeatSome(&stream)
    return stream
  }

  private mutating func place(_ script: EventScript) {
    scripts.append(script)
    var at = random.between(0, 0.75)
    for notice in script.notices {
      placed.append((at, notice))
      // Now and then the next one comes first.
      at += random.chance(0.15) ? -0.01 : random.between(0.005, 0.08)
    }
  }

  /// As many as the far sides' rates (one call of Slack a second) let through in some minutes.
  private mutating func placeEvents() throws {
    let scale = Double(options.notices) / 500
    func count(_ n: Double) -> Int { max(1, Int((n * scale).rounded())) }
    for i in 0..<count(8) { place(try factory.wave(isReal: true, isRetracted: i % 2 == 0)) }
    for _ in 0..<count(2) {
      place(try factory.wave(isReal: true, isRetracted: true, retractionFirst: true))
    }
    for i in 0..<count(12) { place(try factory.wave(isReal: false, isRetracted: i % 3 == 0)) }
    for i in 0..<count(6) { place(try factory.burst(isReal: true, isRetracted: i % 3 == 0)) }
    for i in 0..<count(14) { place(try factory.burst(isReal: false, isRetracted: i % 4 == 0)) }
  }

  private mutating func placePoison() throws {
    for i in 0..<max(8, options.notices / 10) {
      let kinds = NoticeFactory.Poison.allCases
      // There is only one empty notice.
      let kind = i == 0 ? .empty : kinds[i % (kinds.count - 1)]
      placed.append((random.unit(), try factory.poison(kind)))
    }
  }

  /// Real ones, if they are there: what they come to is for the tests of notices, that they stay for this.
  private mutating func placeRecorded() {
    let root = URL(filePath: options.shared)
    guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) else { return }
    let files = walk.compactMap { $0 as? URL }
      .filter { ["json", "xml"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
    for file in files.shuffled(using: &random).prefix(options.notices / 25) {
      guard let data = try? Data(contentsOf: file), (1...200_000).contains(data.count) else { continue }
      placed.append((random.unit(), HandIn("recorded-\(file.lastPathComponent)", Array(data), .either)))
    }
  }

  /// Circulars and notices that say again what was said.
  private mutating func placeRest() throws {
    let small = placed.filter { $0.item.bytes.count < 5000 && $0.item.expectation == .handled }
    for i in 0..<max(0, options.notices - placed.count) {
      if i % 2 == 0, !small.isEmpty {
        let original = small[Int(random.unit() * Double(small.count))]
        placed.append((min(1, original.at + random.between(0, 0.2)), factory.reworded(original.item)))
      } else {
        let script = random.chance(0.5) ? scripts.randomElement(using: &random) : nil
        placed.append((random.unit(), try factory.circular(about: script?.id)))
      }
    }
  }

  private mutating func repeatSome(_ stream: inout Stream) {
    let originals = stream.items
    for _ in 0..<options.notices / 10 {
      let i = Int(random.unit() * Double(originals.count))
      var copy = originals[i]
      if !copy.bytes.isEmpty { copy.door = copy.door == .spool ? .http : .spool }
      // After the original, or beside it.
      let place = i + Int(random.unit() * Double(stream.items.count - i))
      stream.items.insert(copy, at: min(place, stream.items.count))
      stream.repeats += 1
    }
  }
}
