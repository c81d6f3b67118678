import Foundation

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What one run of a case took.
struct Measurement {
  /// User and system time of all threads, per operation.
  let cpuSeconds: Double
  /// The most memory the process held, setup included.
  let peakMegabytes: Double

  /// As it goes from a child to its parent.
  var line: String { "measured \(cpuSeconds) \(peakMegabytes)" }

  init(cpuSeconds: Double, peakMegabytes: Double) {
    self.cpuSeconds = cpuSeconds
    self.peakMegabytes = peakMegabytes
  }

  init?(output: String) {
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "measured", let cpu = Double(words[1]),
        let peak = Double(words[2])
      else { continue }
      self.init(cpuSeconds: cpu, peakMegabytes: peak)
      return
    }
    return nil
  }
}

/// The resources a process has used.
struct Usage {
  let cpuSeconds: Double
  let peakMegabytes: Double

  static var own: Usage {
    let usage = Usage(Int32(RUSAGE_SELF.rawValue))
    return Usage(cpuSeconds: usage.cpuSeconds, peakMegabytes: ownPeak ?? usage.peakMegabytes)
  }
  static var children: Usage { Usage(Int32(RUSAGE_CHILDREN.rawValue)) }

  /// The kernel's other figure, `ru_maxrss`, starts at what the parent held when it made the process.
  private static var ownPeak: Double? {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map {
      $0 / 1024
    }
  }

  private init(cpuSeconds: Double, peakMegabytes: Double) {
    self.cpuSeconds = cpuSeconds
    self.peakMegabytes = peakMegabytes
  }

  private init(_ who: Int32) {
    var usage = rusage()
    getrusage(who, &usage)
    func seconds(_ t: timeval) -> Double { Double(t.tv_sec) + Double(t.tv_usec) * 1e-6 }
    cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    // Kilobytes on Linux.
    peakMegabytes = Double(usage.ru_maxrss) / 1024
  }
}

/// Measures an operation: once if it is long, else as many times as make 0.2 s.
///
/// What the first operation of a process pays more (pages, caches) is in the figure of a long one only:
/// short ones are done once before.
func measure<T>(_ work: () throws -> T) rethrows -> Measurement {
  let longEnough = 0.2
  var start = Usage.own.cpuSeconds
  keep(try work())
  var spent = Usage.own.cpuSeconds - start
  var count = 1
  if spent < longEnough / 4 {
    count = min(max(2, Int(longEnough / max(spent, 1e-6))), 100_000)
    start = Usage.own.cpuSeconds
    for _ in 0..<count { keep(try work()) }
    spent = Usage.own.cpuSeconds - start
  }
  return Measurement(cpuSeconds: spent / Double(count), peakMegabytes: Usage.own.peakMegabytes)
}

/// Keeps the optimizer from dropping a result.
@inline(never)
private func keep<T>(_ value: T) {
  withUnsafePointer(to: value) { pointer in
    if Int(bitPattern: pointer) == 1 { print(value) }
  }
}

/// Runs a program and returns what it printed.
@discardableResult
func launch(_ program: URL, _ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  let output = Pipe()
  process.standardOutput = output
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    let command = ([program.lastPathComponent] + arguments).joined(separator: " ")
    throw BenchError("\(command) ended with \(process.terminationStatus)")
  }
  return String(decoding: data, as: UTF8.self)
}
