import ArgumentParser
import Foundation
import Galaxies
import GalaxyFiles
import JSON
import Observatories
import Skymaps
import Targeting
import Units

struct GalaxiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "galaxies", abstract: "Galaxies that may host a source: build an index, rank, point.",
    subcommands: [Build.self, Rank.self])
}

extension GalaxiesCommand {
  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Build the index of a catalogue (GLADE+, NED-LVS or plain text).",
      discussion: """
        gladeplus: GLADE+ as published. nedlvs: NED-LVS, the published FITS table or comma-separated text with its column names. csv: \
        with a header: ra_deg, dec_deg, distance_mpc, and where known name, distance_error_mpc, abs_mag_b or \
        luminosity_b_1e10, mass_1e10 or log_mass. Rows that cannot be used are left out and counted.
        """)
    @Argument(help: "The catalogue.") var input: String
    @Option(help: "\(CatalogFormat.allCases.map(\.rawValue).joined(separator: ", ")).") var format:
      CatalogFormat
    @Option(help: "The index to write; an older one is replaced when the new one is whole.") var out: String
    @Flag(help: "Print no progress.") var quiet = false

    func run() throws {
      try reporting {
        guard FileManager.default.fileExists(atPath: input) else {
          throw Failure(.noInput, "\(input): no such file; check the name")
        }
        let progress = Progress(quiet: quiet)
        let report: GalaxyIndexBuilder.Report
        do {
          report = try GalaxyIndexBuilder.build(
            from: URL(filePath: input), format: format, to: URL(filePath: out)
          ) { progress("\($0 / 1_000_000) million rows") }
        } catch { throw Failure(.badData, "\(error)") }
        progress.done()
        print("\(report.kept) galaxies of \(report.read) rows written to \(out)")
        print(
          "with blue luminosity \(report.withLuminosity), with stellar mass \(report.withMass), ",
          terminator: "")
        print("without distance error \(report.withoutDistanceError)")
        for fault in RowFault.allCases {
          if let count = report.skipped[fault] { print("left out, \(fault.rawValue): \(count)") }
        }
      }
    }
  }

  struct Rank: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Rank the galaxies of a map, and merge neighbours into fields.")
    @Argument(help: "A sky map or a notice; - reads standard input.") var input: String
    @Option(help: "An index made by `galaxies build`.") var catalog: String
    @Option(help: "\(GalaxyRanking.Weighting.allCases.map(\.rawValue).joined(separator: ", ")).")
    var weight = GalaxyRanking.Weighting.luminosity
    @Option(help: "Credible region to search, per cent.") var level = 90.0
    @Option(help: "Lines to print.") var top = 30
    @Option(help: "Side of a square field in degrees: prints fields in place of galaxies.") var field: Double?
    @Option(help: "The field of this telescope.") var telescope: String?
    @OptionGroup var folder: RegistryFolder
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      try reporting {
        guard let fraction = Fraction(percent: level), fraction > .zero else {
          throw Failure(.usage, "--level \(level): give per cent above 0 and up to 100")
        }
        guard (1...1_000_000).contains(top) else { throw Failure(.usage, "--top \(top): give 1 to 1000000") }
        let shape = try wantedField()
        let index: GalaxyIndex
        do { index = try GalaxyIndex(at: URL(filePath: catalog)) } catch {
          throw Failure(.badData, "\(error)")
        }
        let map = try SkymapCommand.read(input).map
        let ranking = GalaxyRanking(
          index.table(for: .init(map, level: fraction)), in: map, weighting: weight)
        let sheet = GalaxySheet(ranking: ranking, index: index, map: map, top: top, field: shape)
        print(json ? sheet.json : sheet.text, terminator: "")
      }
    }

    private func wantedField() throws -> FieldOfView? {
      if let field {
        guard telescope == nil else { throw Failure(.usage, "give --field or --telescope, not both") }
        guard field > 0, field <= 20 else { throw Failure(.usage, "--field \(field): give degrees up to 20") }
        return .rectangle(width: .degrees(field), height: .degrees(field), rotation: .zero)
      }
      guard let telescope else { return nil }
      let found: Telescope
      do { found = try folder.load().registry.resolve(telescope) } catch let error as RegistryError {
        throw Failure(.usage, "\(error)")
      }
      guard let shape = found.field else { throw Failure(.usage, "the field of \(found.id) is not known") }
      return shape
    }
  }
}

extension CatalogFormat: ExpressibleByArgument {}
extension GalaxyRanking.Weighting: ExpressibleByArgument {}

/// A ranking as text and JSON.
struct GalaxySheet {
  let ranking: GalaxyRanking
  let index: GalaxyIndex
  let map: Skymap
  let top: Int
  let field: FieldOfView?

  private var completeness: (share: Double, measure: CatalogCensus.Measure)? {
    let census = index.census
    // In what the ranking weighs with, where the catalogue knows it at all.
    let measure: CatalogCensus.Measure =
      switch ranking.weighting {
      case .luminosity where census.luminosities.contains { $0 > 0 }: .blueLight
      case .mass where census.masses.contains { $0 > 0 }: .stellarMass
      default: census.measure
      }
    return DistancePosterior(of: map).map { (census.completeness(over: $0, measure).value, measure) }
  }

  private var pointings: [GalaxyPointing] {
    var options = GalaxyTargets.Options()
    options.most = top
    return field.map { GalaxyTargets.pointings(of: ranking, field: $0, options: options) } ?? []
  }

  private func fixed(_ value: Double, _ decimals: Int) -> String {
    value.isFinite ? String(format: "%.\(decimals)f", value) : "-"
  }

  var text: String {
    var lines = [
      "\(ranking.entries.count) galaxies of \(index.title), weighted by \(ranking.weighting.rawValue)"
    ]
    if let (share, measure) = completeness {
      lines.append(
        "the catalogue holds \(fixed(100 * share, 0)) % of the \(measure.rawValue) expected along the map's distances"
      )
    } else {
      lines.append("the map has no distance: near and far galaxies count alike")
    }
    if ranking.entries.isEmpty {
      lines.append("no galaxy of the catalogue lies in the region at a likely distance")
    }
    if ranking.withoutQuantity > 0 {
      lines.append("\(ranking.withoutQuantity) lack the quantity and take the median of the others")
    }
    lines.append("")
    if field == nil {
      lines.append("rank  weight    cumulative  RA         Dec        Mpc      name")
      var sum = 0.0
      for (i, e) in ranking.entries.prefix(top).enumerated() {
        sum += e.weight
        lines.append(
          row(i + 1, e.weight, sum, e.position) + "  " + pad(fixed(e.distance.megaparsecs, 1), 7) + "  "
            + index.name(ofRow: e.row))
      }
    } else {
      lines.append("rank  weight    cumulative  RA         Dec        galaxies")
      var sum = 0.0
      for (i, p) in pointings.enumerated() {
        sum += p.weight
        let names = p.members.prefix(3).map { index.name(ofRow: ranking.entries[$0].row) }.joined(
          separator: ", ")
        let more = p.members.count > 3 ? " and \(p.members.count - 3) more" : ""
        lines.append(row(i + 1, p.weight, sum, p.center) + "  " + names + more)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func row(_ rank: Int, _ weight: Double, _ sum: Double, _ at: Direction<ICRS>) -> String {
    [
      pad("\(rank)", 4), pad(fixed(weight, 6), 8), pad(fixed(sum, 6), 10), pad(fixed(at.ra.degrees, 5), 9),
      pad(fixed(at.dec.degrees, 5), 9),
    ].joined(separator: "  ")
  }

  var json: String {
    func number(_ value: Double, _ scale: Double) -> JSONValue {
      value.isFinite ? .number((value * scale).rounded() / scale) : .null
    }
    let galaxies = ranking.entries.prefix(top).map { e in
      JSONValue.object([
        ("name", .string(index.name(ofRow: e.row))), ("ra_deg", number(e.position.ra.degrees, 1e7)),
        ("dec_deg", number(e.position.dec.degrees, 1e7)),
        ("distance_mpc", number(e.distance.megaparsecs, 1e4)),
        ("distance_error_mpc", number(e.deviation.megaparsecs, 1e4)), ("weight", number(e.weight, 1e12)),
        ("luminosity_b_1e10", number(Double(e.luminosity), 1e6)), ("mass_1e10", number(Double(e.mass), 1e6)),
      ])
    }
    let fields = pointings.map { p in
      JSONValue.object([
        ("ra_deg", number(p.center.ra.degrees, 1e7)), ("dec_deg", number(p.center.dec.degrees, 1e7)),
        ("weight", number(p.weight, 1e12)),
        ("galaxies", .strings(p.members.map { index.name(ofRow: ranking.entries[$0].row) })),
      ])
    }
    let whole = completeness
    return JSONPrinter.text(
      .object([
        ("catalog", .string(index.title)), ("weighting", .string(ranking.weighting.rawValue)),
        ("ranked", .integer(ranking.entries.count)), ("uses_distance", .bool(ranking.usesDistance)),
        ("without_quantity", .integer(ranking.withoutQuantity)),
        ("completeness", whole.map { number($0.share, 1e4) } ?? .null),
        ("completeness_in", .text(whole?.measure.rawValue)), ("galaxies", .array(Array(galaxies))),
        ("fields", field == nil ? .null : .array(fields)),
      ]), .indented) + "\n"
  }
}
