import Foundation

/// What the command line says.
struct Options: Sendable {
  var vesper = ".build/release/vesper"
  var notices = 500
  var kills = 40
  var seed: UInt64 = 1
  /// Seconds given to everything that is still owed after the last kill.
  var drain = 200.0
  /// Share of calls that a far side spoils.
  var faults = 0.2
  var work: String?
  var keeps = false
  var verbose = false
  var telescopes = "telescopes"
  var fixtures = "Fixtures"
  var shared = "../shared/data/notices"

  static let help = """
    vesper-chaos: kills a running `vesper serve` again and again while notices stream in and the far sides
    misbehave, and checks that nothing was lost, sent twice or sent out of order.

      --vesper PATH     the program; its resource folders lie beside it (.build/release/vesper)
      --notices N       different notices to hand in (500); a tenth of them is handed in twice
      --kills N         kill -9, at least so many (40)
      --seed N          of the stream, the faults and the kills (1)
      --faults SHARE    of calls at a far side that go wrong (0.2)
      --drain SECONDS   given to what is owed after the last kill (200)
      --work DIR        where state, logs and histories go (a new folder in the temporary one)
      --keep            keeps that folder; it is kept anyway when something is wrong
      --shared DIR      recorded notices to mix in, if it is there (../shared/data/notices)
      --telescopes DIR  (telescopes)   --fixtures DIR  (Fixtures)   --verbose

    Exit status: 0 all well; 1 a violation; 2 the harness could not run.
    """

  /// - Returns: nil when help was asked for.
  static func parse(_ arguments: [String]) throws(ChaosError) -> Options? {
    var options = Options()
    var rest = arguments[...]
    while let name = rest.popFirst() {
      if ["--help", "-h"].contains(name) { return nil }
      if name == "--keep" {
        options.keeps = true
      } else if name == "--verbose" {
        options.verbose = true
      } else {
        guard let value = rest.popFirst() else { throw ChaosError("\(name) needs a value") }
        try options.set(name, value)
      }
    }
    return options
  }

  private mutating func set(_ name: String, _ value: String) throws(ChaosError) {
    switch name {
    case "--vesper": vesper = value
    case "--notices": notices = try Self.number(name, value, 20...100_000)
    case "--kills": kills = try Self.number(name, value, 0...100_000)
    case "--seed": seed = UInt64(try Self.number(name, value, 0...Int.max))
    case "--drain": drain = Double(try Self.number(name, value, 1...86_400))
    case "--faults":
      guard let share = Double(value), (0...0.9).contains(share) else {
        throw ChaosError("--faults \(value): give 0 to 0.9")
      }
      faults = share
    case "--work": work = value
    case "--shared": shared = value
    case "--telescopes": telescopes = value
    case "--fixtures": fixtures = value
    default: throw ChaosError("there is no option \(name)")
    }
  }

  private static func number(_ name: String, _ text: String, _ bounds: ClosedRange<Int>) throws(ChaosError)
    -> Int
  {
    guard let value = Int(text), bounds.contains(value) else {
      throw ChaosError("\(name) \(text): give \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return value
  }
}

struct ChaosError: Error, CustomStringConvertible {
  let description: String
  init(_ text: String) { description = text }
}
