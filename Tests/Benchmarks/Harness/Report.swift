import Foundation

/// Runs the cases and prints the table.
struct Report {
  var runs = 5
  /// Only cases whose name or title has this in it.
  var only: String?

  func make() throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "vesper-bench-\(getpid())")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let inputs = try Inputs(scratch: scratch)
    let cases = Cases.all(inputs).filter {
      only == nil || $0.name.contains(only!) || $0.title.contains(only!)
    }
    guard !cases.isEmpty else { throw BenchError("no case has \(only ?? "") in its name") }
    progress("making the maps")
    try launch(Self.own, ["case", Inputs.making, scratch.path])

    print("| work | CPU | peak memory | target | other programs |")
    print("|---|---|---|---|---|")
    for work in cases {
      progress(work.title)
      print(try row(work, scratch))
      fflush(nil)
    }
    print(
      "\nMedian CPU time (user and system, all threads) of \(runs) processes, in brackets the least, and the most "
        + "memory of any of them. Targets are compared with the median.")
    print(Published.machine)
  }

  private static var own: URL { URL(filePath: "/proc/self/exe").resolvingSymlinksInPath() }

  private func row(_ work: Case, _ scratch: URL) throws -> String {
    let measured = try (0..<runs).map { _ in
      guard let one = Measurement(output: try launch(Self.own, ["case", work.name, scratch.path]))
      else {
        throw BenchError("\(work.name) printed no measurement")
      }
      return one
    }
    let sorted = measured.map(\.cpuSeconds).sorted()
    let cpu = sorted[runs / 2]
    let peak = measured.map(\.peakMegabytes).max()!
    return
      "| \(work.title) | \(seconds(cpu)) (\(seconds(sorted[0]))) | \(Int(peak.rounded())) MB | "
      + "\(work.target.map { verdict($0, cpu, peak) } ?? "") | \(work.peers) |"
  }

  private func verdict(_ target: Target, _ cpu: Double, _ peak: Double) -> String {
    let met = cpu <= target.cpuSeconds && peak <= target.peakMegabytes ?? .infinity
    let limits =
      ["\(seconds(target.cpuSeconds))"] + (target.peakMegabytes.map { ["\(Int($0)) MB"] } ?? [])
    return "\(limits.joined(separator: ", ")): \(met ? "met" : "**missed**")"
  }

  private func seconds(_ t: Double) -> String {
    switch t {
    case ..<1e-3: String(format: "%.3g us", t * 1e6)
    case ..<1: String(format: "%.3g ms", t * 1e3)
    default: String(format: "%.3g s", t)
    }
  }

  private func progress(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }
}
