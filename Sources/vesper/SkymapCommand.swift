import ArgumentParser
import Foundation
import Healpix
import SkymapFiles
import Skymaps
import Units

struct SkymapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "skymap", abstract: "Read a sky map and say what is in it.",
    subcommands: [Info.self, At.self, MOC.self])

  /// Reads a map or a notice that contains one.
  static func read(_ path: String) throws -> SkymapFile.Localized {
    let bytes = try PlanInput.bytes(of: path)
    do {
      return try SkymapFile.open(bytes: bytes)
    } catch {
      throw Failure(.badData, "\(path == "-" ? "standard input" : path): \(error)")
    }
  }
}

extension SkymapCommand {
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Kind, areas, distance, volume, warnings.")

    @Argument(help: "A sky map or a notice; - reads standard input.")
    var input: String
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      try reporting {
        let localized = try SkymapCommand.read(input)
        let facts = SkymapFacts(localized.map)
        print(json ? facts.json : facts.text)
      }
    }
  }

  struct At: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Density, searched probability and distance at a position.",
      discussion: "A negative declination needs no quotes: vesper skymap at map.fits 197.4 -23.4")

    @Argument(help: "A sky map or a notice; - reads standard input.")
    var input: String
    @Argument(parsing: .allUnrecognized, help: "Right ascension and declination, degrees ICRS.")
    var position: [String] = []
    @Option(help: "Luminosity distance in Mpc.")
    var distance: Double?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      try reporting {
        guard position.count == 2, let ra = Double(position[0]), let dec = Double(position[1]) else {
          throw Failure(.usage, "give one RA and one DEC in degrees, such as 197.45 -23.38")
        }
        guard ra.isFinite, (-360...360).contains(ra), dec.isFinite, (-90...90).contains(dec) else {
          throw Failure(.usage, "RA \(ra) DEC \(dec): RA must lie in -360..360 and DEC in -90..90 degrees")
        }
        if let distance, !(distance > 0 && distance.isFinite) {
          throw Failure(.usage, "--distance \(distance): give a distance above 0 Mpc")
        }
        let map = try SkymapCommand.read(input).map
        let facts = PointFacts(
          map, at: Direction(ra: .degrees(ra), dec: .degrees(dec)),
          distance: distance.map { .megaparsecs($0) })
        print(json ? facts.json : facts.text)
      }
    }
  }

  struct MOC: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "moc", abstract: "The credible region as a MOC (multi-order coverage).")

    enum Format: String, CaseIterable, ExpressibleByArgument { case ascii, json, fits }

    @Argument(help: "A sky map or a notice; - reads standard input.")
    var input: String
    @Option(help: "Credible level in per cent, above 0 and up to 100.")
    var level: Double = 90
    @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: Format = .ascii
    @Option(help: "File to write; default: standard output.")
    var out: String?

    func run() throws {
      try reporting {
        guard let fraction = Fraction(percent: level), fraction > .zero else {
          throw Failure(.usage, "--level \(level): give per cent above 0 and up to 100")
        }
        let map = try SkymapCommand.read(input).map
        let coverage = CredibleRegions(of: map).coverageInICRS(at: fraction)
        let bytes: [UInt8] =
          switch format {
          case .ascii: Array((coverage.mocASCII() + "\n").utf8)
          case .json: Array((coverage.mocJSON() + "\n").utf8)
          case .fits: coverage.mocFITS()
          }
        if let out {
          do { try Data(bytes).write(to: URL(filePath: out), options: .atomic) } catch {
            throw Failure(.cannotWrite, "\(out): cannot be written; choose another --out")
          }
        } else {
          FileHandle.standardOutput.write(Data(bytes))
        }
      }
    }
  }
}
