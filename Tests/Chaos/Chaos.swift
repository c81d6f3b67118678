import Foundation
import Glibc

@main
enum Chaos {
  static func main() async {
    do {
      guard let options = try Options.parse(Array(CommandLine.arguments.dropFirst())) else {
        return say(Options.help)
      }
      exit(try await run(options) ? 0 : 1)
    } catch {
      FileHandle.standardError.write(Data("vesper-chaos: \(error)\n".utf8))
      exit(2)
    }
  }

  private static func run(_ options: Options) async throws -> Bool {
    guard FileManager.default.isExecutableFile(atPath: options.vesper) else {
      throw ChaosError(
        "\(options.vesper) is no program; build it with `swift build -c release --product vesper`")
    }
    let folder =
      options.work.map { URL(filePath: $0) }
      ?? FileManager.default.temporaryDirectory.appending(path: "vesper-chaos-\(getpid())")
    let rig = try Rig(options, work: folder.absoluteURL.path)
    let watch = endWithUs(rig)
    defer { for source in watch { source.cancel() } }
    defer { rig.killAll() }
    var maker = try StreamMaker(options)
    let report = try await torment(rig, with: try maker.make())
    say(report.text())
    rig.sides.stop()
    await rig.client.shutdown()
    let isClean = report.verdict.isClean
    if isClean, !options.keeps {
      // A leftover in the temporary folder harms nobody.
      try? FileManager.default.removeItem(atPath: rig.work)
    } else {
      say("\nkept: \(rig.work)")
    }
    say(isClean ? "\nchaos: all well" : "\nchaos: VIOLATIONS; repeat with --seed \(options.seed)")
    return isClean
  }

  /// Hands in, kills, lets it come to rest, and looks at what is left.
  private static func torment(_ rig: Rig, with stream: Stream) async throws -> Report {
    let options = rig.options
    let begun = steadySeconds()
    say("chaos: \(stream.items.count) notices, \(options.kills) kills, seed \(options.seed), in \(rig.work)")
    let feeder = Feeder(rig, token: try await rig.issueToken())
    var monkey = Monkey(rig, feeder, seed: options.seed)
    let feeding = Task { try await feeder.run(stream.items) }
    try await monkey.run(kills: options.kills)
    say("chaos: killed \(monkey.tally.kills) times; the rest of the stream, then rest")
    try await feeding.value
    let killing = steadySeconds() - begun
    let drained = await drain(rig, options)
    let endings = await endGracefully(rig)
    var checks = Checks(rig, stream)
    checks.add("the two doors gave the right answers", of: feeder.handedIn, feeder.wrongAnswers)
    checks.add("processes end only when they are ended", of: rig.startedCount, rig.unexpectedEnds)
    checks.add("standby and graceful end", of: monkey.tally.standbys + 1, monkey.tally.faults + endings)
    checks.run()
    return Report(
      rig: rig, stream: stream, monkey: monkey.tally, feeder: feeder, verdict: checks.verdict,
      seconds: [
        ("killing and feeding", killing), ("to rest after it", drained),
        ("all in all", steadySeconds() - begun),
      ])
  }

  /// Until nothing is owed, for a while; faults go on for the first minute of it.
  private static func drain(_ rig: Rig, _ options: Options) async -> Double {
    let begun = steadySeconds()
    let store = StoreReader(path: rig.store)
    var quiet = 0
    var isCalm = false
    while steadySeconds() - begun < options.drain, quiet < 4 {
      await pause(0.5)
      // The service may be in the middle of a write; the next look will do.
      guard let owed = try? store.owed() else { continue }
      quiet = owed.isNothing && hasEmptySpool(rig) ? quiet + 1 : 0
      if !isCalm, steadySeconds() - begun > min(60, options.drain / 2) {
        isCalm = true
        rig.sides.calm()
      }
      if options.verbose { say("chaos: owed \(owed)") }
      if rig.lives.isEmpty { _ = try? rig.start() }
    }
    return steadySeconds() - begun
  }

  private static func hasEmptySpool(_ rig: Rig) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: rig.spool)) ?? []
    return names.allSatisfy { ["done", "failed"].contains($0) }
  }

  private static func endGracefully(_ rig: Rig) async -> [String] {
    var wrong: [String] = []
    for life in rig.lives {
      guard let end = await rig.terminate(life) else {
        wrong.append("life \(life.number) did not end on SIGTERM within 20 s")
        continue
      }
      if end.status != 0 { wrong.append("life \(life.number) ended on SIGTERM with status \(end.status)") }
    }
    return wrong
  }

  /// No child outlives the harness.
  private static func endWithUs(_ rig: Rig) -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        rig.killAll()
        exit(130)
      }
      source.resume()
      return source
    }
  }
}
