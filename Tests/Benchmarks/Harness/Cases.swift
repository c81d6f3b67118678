import Ephemerides
import Formats
import Foundation
import Observatories
import Planning
import SkymapFiles
import Skymaps
import Targeting
import Units
import Visibility

/// Limits of the project's own, for information.
struct Target {
  var cpuSeconds: Double
  var peakMegabytes: Double?
}

/// One line of the table.
struct Case {
  /// How the parent names it to the child.
  let name: String
  let title: String
  var target: Target?
  /// What other programs took for the same work (`Published`).
  var peers = ""
  let run: (Inputs) throws -> Measurement
}

enum Cases {
  static func all(_ inputs: Inputs) -> [Case] {
    reading + regions(inputs) + [tiles(inputs), visibility(inputs)]
      + inputs.events.enumerated().flatMap { i, event in
        // One telescope has its target on the narrowed map, where there is one.
        let isLast = i == inputs.events.count - 1
        return plans(event, targets: i == 0 ? ["five", "registry"] : isLast ? ["tch"] : [])
      }
  }

  private static var reading: [Case] {
    [
      Case(
        name: "read-multiorder",
        title: "read a multi-order map, 19,200 rows with distance, from memory",
        target: Target(cpuSeconds: 0.001), peers: Published.readMultiOrder
      ) { inputs in
        let bytes = [UInt8](try Data(contentsOf: inputs.multiOrderFile))
        guard try SkymapFile.read(bytes: bytes).count == Inputs.rows else {
          throw BenchError("wrong number of rows")
        }
        return try measure { try SkymapFile.read(bytes: bytes) }
      },
      Case(
        name: "read-flat",
        title: "read a flat map, nside 1024, gzip, 12.6 million rows with distance",
        target: Target(cpuSeconds: 0.8), peers: Published.readFlat
      ) { inputs in
        try measure { try SkymapFile.read(contentsOf: inputs.flatFile) }
      },
    ]
  }

  private static func regions(_ inputs: Inputs) -> [Case] {
    [
      Case(
        name: "areas", title: "rank 19,200 cells; areas of the 50 % and 90 % regions",
        peers: Published.area
      ) { inputs in
        let map = try SkymapFile.read(contentsOf: inputs.multiOrderFile)
        return measure {
          let regions = CredibleRegions(of: map)
          return [0.5, 0.9].map { regions.area(at: Fraction(clamping: $0)).squareDegrees }
        }
      },
      Case(name: "volume", title: "90 % volume of 19,200 cells") { inputs in
        let map = try SkymapFile.read(contentsOf: inputs.multiOrderFile)
        return measure { DistancePosterior(of: map)?.credibleVolume(at: Fraction(clamping: 0.9)) }
      },
    ]
  }

  private static func tiles(_ inputs: Inputs) -> Case {
    Case(
      name: "tiles",
      title: "probabilities of 10,000 tiles of 1.9 deg on a 19,200-cell map, to 1e-6",
      peers: Published.tiles
    ) { inputs in
      let map = try SkymapFile.read(contentsOf: inputs.multiOrderFile)
      let field = FieldOfView.rectangle(
        width: .degrees(1.9), height: .degrees(1.9), rotation: .zero)
      let grid = TileGrid(field)
      // Evenly over the numbers, so over the sky.
      let centers = (0..<10_000).map { grid.center(of: 1 + $0 * grid.count / 10_000) }
      return measure {
        let tree = ProbabilityTree(map)
        return tree.probabilities(in: centers.flatMap { Footprint(field, at: $0).regions }).reduce(
          0, +)
      }
    }
  }

  private static func visibility(_ inputs: Inputs) -> Case {
    Case(
      name: "visibility",
      title: "start windows of 1,000 targets at every site of the registry, 24 h, edges to 0.01 s",
      peers: Published.visibility
    ) { inputs in
      let telescopes = try inputs.telescopes(inputs.registry)
      let start = Instant(iso8601: "2026-11-21T12:00:00Z")!
      let window = TimeWindow(start, start + .hours(24))
      let targets = (0..<1000).map { i in
        // A spiral: even over the sphere.
        Direction<ICRS>(
          ra: .degrees((Double(i) * 137.507_764).truncatingRemainder(dividingBy: 360)),
          dec: Angle(radians: asin(1 - (2 * Double(i) + 1) / 1000)))
      }
      return try measure {
        let ephemeris = try Ephemeris(covering: window)
        var count = 0
        var windows: [TimeWindow] = []
        for telescope in telescopes {
          let site = try SiteVisibility(telescope: telescope, window: window, ephemeris: ephemeris)
          for target in targets {
            windows.removeAll(keepingCapacity: true)
            site.appendStartWindows(for: target, exposure: .seconds(60), to: &windows)
            count += windows.count
          }
        }
        return count
      }
    }
  }

  private static func plans(_ event: Inputs.Event, targets: Set<String>) -> [Case] {
    let groups:
      [(
        name: String, title: String, target: Target, peers: String, folder: KeyPath<Inputs, URL>,
        only: String?
      )] = [
        ("tch", "TAROT-Chile", Target(cpuSeconds: 0.1), Published.oneTelescope, \.network, "TCH"),
        (
          "five", "benchmark network of 5", Target(cpuSeconds: 0.5), Published.network, \.network,
          nil
        ),
        (
          "registry", "whole registry", Target(cpuSeconds: 1, peakMegabytes: 200), "", \.registry,
          nil
        ),
      ]
    return groups.flatMap { group -> [Case] in
      let map = event.url.lastPathComponent
      let isTarget = targets.contains(group.name)
      return [
        Case(
          name: "plan-\(group.name)-\(map)", title: "plan: \(group.title), \(event.label)",
          target: isTarget ? group.target : nil, peers: isTarget ? group.peers : ""
        ) { inputs in
          let request = try inputs.request(
            event, try inputs.telescopes(inputs[keyPath: group.folder], only: group.only))
          return try measure { try Planner.plan(request) }
        },
        Case(
          name: "first-\(group.name)-\(map)", title: "the same without refinement: the first plan",
          target: isTarget && group.name == "registry" ? Target(cpuSeconds: 0.3) : nil
        ) { inputs in
          var request = try inputs.request(
            event, try inputs.telescopes(inputs[keyPath: group.folder], only: group.only))
          request.effort = 0
          return try measure { try Planner.plan(request) }
        },
        Case(
          name: "replan-\(group.name)-\(map)", title: "the same when one telescope refuses a tile",
          target: isTarget && group.name == "registry" ? Target(cpuSeconds: 0.3) : nil
        ) { inputs in
          var request = try inputs.request(
            event, try inputs.telescopes(inputs[keyPath: group.folder], only: group.only))
          let plan = try Planner.plan(request)
          var before = NetworkPlanDocument(plan).standing(after: request.now)
          guard !before.pointings.isEmpty else { throw BenchError("nothing to refuse") }
          let refused = before.pointings.removeFirst()
          before.lost = [refused]
          request.refused = [RefusedTile(telescopeID: refused.telescopeID, center: refused.center)]
          return try measure { try Planner.replan(request, before: before) }
        },
        Case(
          name: "command-\(group.name)-\(map)", title: "the same as a command, all files written",
          target: isTarget ? group.target : nil
        ) { inputs in
          try command(event, inputs[keyPath: group.folder], only: group.only, inputs)
        },
      ]
    }
  }

  /// `vesper plan` from start to exit.
  private static func command(
    _ event: Inputs.Event, _ telescopes: URL, only: String?, _ inputs: Inputs
  ) throws -> Measurement {
    let own = URL(filePath: CommandLine.arguments[0])
    let vesper = own.deletingLastPathComponent().appending(path: "vesper")
    guard FileManager.default.isExecutableFile(atPath: vesper.path) else {
      throw BenchError("\(vesper.path) is not there; build it first: make build")
    }
    let out = inputs.scratch.appending(path: "out")
    try? FileManager.default.removeItem(at: out)
    try launch(
      vesper,
      [
        "plan", event.url.path, "--start", event.time, "--telescopes", telescopes.path, "--out",
        out.path, "--quiet",
      ] + (only.map { ["--only", $0] } ?? []))
    let usage = Usage.children
    return Measurement(cpuSeconds: usage.cpuSeconds, peakMegabytes: usage.peakMegabytes)
  }
}
