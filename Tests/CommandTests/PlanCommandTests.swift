import Foundation
import Testing

/// `vesper plan` and `vesper check` from outside: files, exit statuses, one line where something is wrong.
@Suite struct PlanCommandTests {
  private static let plan = ["plan", Shipped.twoDetectors, "--start", Shipped.start, "--only", "TCH,TRE"]

  /// Everything that is promised is there, and the verifier accepts it; a changed row it does not.
  @Test func aPlanIsWrittenWholeAndChecked() throws {
    let program = try Program()
    defer { program.close() }
    let made = try program.run(Self.plan + ["--hours", "24", "--out", "out"])
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.output.contains("network") && made.output.contains("no plan can exceed"))
    let files = program.files(in: "out")
    for name in ["plan.json", "network.csv", "skymap.svg", "night.svg"] { #expect(files.contains(name)) }
    let network = try program.text("out/network.csv").split(separator: "\n")
    #expect(network[0] == "tel,ra,dec,mjd,exp")
    let whole = try program.json(try program.text("out/plan.json"))
    let plans = try #require(whole["plans"] as? [[String: Any]])
    let slugs = plans.compactMap { ($0["telescope"] as? [String: Any])?["slug"] as? String }
    #expect(slugs.count == 2)
    let rows = plans.reduce(0) { $0 + (($1["rows"] as? [Any])?.count ?? 0) }
    #expect(rows == network.count - 1 && rows > 20)
    for slug in slugs {
      #expect(program.files(in: "out/\(slug)").isSuperset(of: ["plan.txt", "plan.csv", "plan.ecsv"]))
      #expect(try program.text("out/\(slug)/plan.txt").contains("# END"))
    }
    let check = ["check", "out/plan.json", "--map", Shipped.twoDetectors]
    let verdict = try program.run(check)
    #expect(verdict.status == 0, "\(verdict.output)\(verdict.errors)")
    // The same pointing twice, at one time.
    let changed = try program.text("out/network.csv").split(separator: "\n").map(String.init)
    let file = program.folder.appending(path: "twice.csv")
    try Data((changed + [changed[1]]).joined(separator: "\n").utf8).write(to: file)
    let refused = try program.run(["check", "twice.csv", "--map", Shipped.twoDetectors])
    #expect(refused.status == 1, "\(refused.output)\(refused.errors)")
  }

  /// What nobody can do is one line, its exit status, and no file.
  @Test(
    arguments: [
      (["plan", "nowhere.fits"], 66, "nowhere.fits"),
      (["plan", "words.fits"], 65, "words.fits"),
      (["plan", "half.fits"], 65, "half.fits"),
      (["plan", Shipped.twoDetectors, "--only", "NOSUCH"], 64, "NOSUCH"),
      (["plan", Shipped.twoDetectors, "--start", "tomorrow"], 64, "tomorrow"),
      (["plan", Shipped.twoDetectors, "--start", Shipped.start, "--hours", "0"], 64, "hours"),
      (["plan", Shipped.twoDetectors, "--source", "nosuch"], 64, "nosuch"),
      (["plan", Shipped.twoDetectors, "--objective", "detection"], 64, "--source"),
      (["plan", Shipped.twoDetectors, "--dust", "0.1"], 64, "--source"),
      (["plan", Shipped.twoDetectors, "--distance", "40"], 64, "--source"),
      (["plan", Shipped.twoDetectors, "--source", "at2017gfo", "--dust", "7"], 64, "--dust 7"),
      (["plan", Shipped.twoDetectors, "--weight", "TCH:0"], 64, "--weight TCH:0"),
      (["plan", Shipped.twoDetectors, "--weight", "TCH"], 64, "--weight TCH"),
      (["plan", Shipped.twoDetectors, "--weight", "NOSUCH:2"], 64, "NOSUCH"),
      (["plan", Shipped.twoDetectors, "--cloud", "TCH:late/early"], 64, "--cloud"),
      (["plan", Shipped.twoDetectors, "--previous", "nowhere.json"], 66, "nowhere.json"),
      (["plan", Shipped.twoDetectors, "--telescopes", "nowhere"], 66, "nowhere"),
      (["check", "nowhere.json"], 66, "nowhere.json"),
      (["check", "words.fits"], 65, "words.fits"),
      (["skymap", "info", "nowhere.fits"], 66, "nowhere.fits"),
      (["skymap", "info", "words.fits"], 65, "words.fits"),
      (["skymap", "at", Shipped.twoDetectors, "400", "0"], 64, "400"),
      (["telescopes", "show", "NOSUCH"], 64, "NOSUCH"),
    ] as [([String], Int32, String)])
  func whatIsWrongIsOneLine(_ arguments: [String], _ status: Int32, _ word: String) throws {
    let program = try Program()
    defer { program.close() }
    try Data("this is no map\n".utf8).write(to: program.folder.appending(path: "words.fits"))
    let whole = try Data(contentsOf: URL(filePath: Shipped.twoDetectors))
    try whole.prefix(whole.count / 2).write(to: program.folder.appending(path: "half.fits"))
    let before = program.files()
    let isPlan = arguments[0] == "plan"
    let run = try program.run(arguments + (isPlan ? ["--out", "out"] : []))
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.contains(word), "\(run.errors)")
    let line = try #require(run.errorLines.first)
    #expect(run.errorLines.count == 1 || line.hasPrefix("Error:"), "\(run.errors)")
    #expect(!run.errors.contains("Fatal error") && !run.errors.contains(".swift:"))
    #expect(program.files() == before, "\(program.files())")
  }

  /// A folder that is not ours stays as it is; a place where nothing can be made is said.
  @Test func nothingIsWrittenOverWhatIsNotOurs() throws {
    let program = try Program()
    defer { program.close() }
    let theirs = program.folder.appending(path: "theirs")
    try FileManager.default.createDirectory(at: theirs, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: theirs.appending(path: "notes.txt"))
    let refused = try program.run(Self.plan + ["--hours", "12", "--out", "theirs"])
    #expect(refused.status == 73 && refused.errorLines.count == 1, "\(refused.errors)")
    #expect(program.files(in: "theirs") == ["notes.txt"])
    let nowhere = try program.run(Self.plan + ["--hours", "12", "--out", "theirs/notes.txt/out"])
    #expect(nowhere.status == 73 && nowhere.errorLines.count == 1, "\(nowhere.errors)")
    #expect(program.files() == ["theirs"])
  }

  /// A plan with nothing in it is a plan, and says why.
  @Test func anEmptyPlanExplainsItself() throws {
    let program = try Program()
    defer { program.close() }
    let run = try program.run(
      [
        "plan", Shipped.twoDetectors, "--start", "2026-10-09T12:00:00Z", "--hours", "0.2", "--only",
        "TCA,OHP-T120",
      ]
        + ["--out", "out"])
    #expect(run.status == 0, "\(run.errors)")
    let whole = try program.json(try program.text("out/plan.json"))
    #expect((whole["plans"] as? [Any])?.isEmpty ?? false)
    let omissions = try #require(whole["omissions"] as? [[String: Any]])
    #expect(omissions.count == 2 && omissions.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
    #expect(run.output.contains("Sun never below"))
    #expect(try program.run(["check", "out/plan.json", "--map", Shipped.twoDetectors]).status == 0)
  }

  /// Who is favored goes first; what is assumed of a source is in the plan and in the summary.
  @Test func optionsReachThePlan() throws {
    let program = try Program()
    defer { program.close() }
    func prob(_ more: [String], _ name: String) throws -> [String: Double] {
      let run = try program.run(Self.plan + more + ["--hours", "24", "--out", name])
      #expect(run.status == 0, "\(run.errors)")
      let plans = try program.json(try program.text("\(name)/plan.json"))["plans"] as? [[String: Any]]
      return Dictionary(
        uniqueKeysWithValues: (plans ?? []).map { plan in
          (
            (plan["telescope"] as? [String: Any])?["name"] as? String ?? "",
            (plan["totals"] as? [String: Any])?["prob"] as? Double ?? 0
          )
        })
    }
    let less = try prob(["--weight", "TCH:0.02"], "less")
    let more = try prob(["--weight", "TCH:50"], "more")
    let name = try #require(more.keys.first { $0.contains("TCH") })
    #expect((more[name] ?? 0) > (less[name] ?? 0))
    let run = try program.run(
      Self.plan + [
        "--hours", "24", "--source", "at2017gfo", "--distance", "40", "--dust", "0.02", "--out", "found",
      ])
    #expect(run.status == 0 && run.output.contains("E(B-V) 0.02"), "\(run.output)\(run.errors)")
    let network = try program.json(try program.text("found/plan.json"))["network"] as? [String: Any]
    #expect((network?["source_terms"] as? String)?.contains("E(B-V) 0.02") ?? false)
    #expect(network?["source"] as? String == "at2017gfo")
  }
}

/// What others rely on: keys and exit statuses of `vesper skymap`.
@Suite struct SkymapCommandTests {
  @Test func infoHasEveryKey() throws {
    let program = try Program()
    defer { program.close() }
    for (map, hasDistance) in [(Shipped.twoDetectors, true), (Shipped.cone, false)] {
      let run = try program.run(["skymap", "info", map, "--json"])
      #expect(run.status == 0, "\(run.errors)")
      let facts = try program.json(run.output)
      #expect(
        Set(facts.keys) == [
          "kind", "max_order", "cells", "area50_deg2", "area90_deg2", "peak", "distance_mean_mpc",
          "distance_std_mpc", "distance_missing_probability", "volume90_mpc3", "t0", "instruments",
          "sum_before_normalisation", "warnings",
        ])
      #expect((facts["distance_mean_mpc"] is Double) == hasDistance)
      #expect(hasDistance || facts["distance_mean_mpc"] is NSNull)
      let peak = try #require(facts["peak"] as? [String: Any])
      let (ra, dec) = (try #require(peak["ra_deg"] as? Double), try #require(peak["dec_deg"] as? Double))
      let at = try program.run(
        ["skymap", "at", map, "\(ra)", "\(dec)", "--json"] + (hasDistance ? ["--distance", "120"] : []))
      #expect(at.status == 0, "\(at.errors)")
      let place = try program.json(at.output)
      #expect(place.values.contains { ($0 as? Double).map { $0 > 0 } ?? false })
      // A negative declination is no option.
      #expect(try program.run(["skymap", "at", map, "10", "-20.5", "--json"]).status == 0)
    }
  }
}
