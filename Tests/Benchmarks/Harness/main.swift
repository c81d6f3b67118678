// Measures CPU seconds and peak memory of the work Vesper does, and prints a Markdown table.
//
//     vesper-bench [--runs N] [--only TEXT]
//     vesper-bench scaling
//     vesper-bench optimum [--out FOLDER] [--only TEXT]
//
// Run it in the root of the repository. Every run of every case is a process of its own, so that no case
// profits or suffers from another one. Nothing here passes or fails: the marks are information.
import CMalloc
import Foundation

// As `vesper plan` does.
keepFreedMemory()
do {
  var arguments = Array(CommandLine.arguments.dropFirst())
  if arguments == ["scaling"] {
    print(try Scaling.table())
  } else if arguments.first == "optimum" {
    var optimum = Optimum()
    var rest = arguments.dropFirst()
    while rest.count >= 2, let option = rest.popFirst(), let value = rest.popFirst() {
      switch option {
      case "--out": optimum.output = URL(filePath: value)
      case "--only": optimum.only = value
      default: throw BenchError("\(option) is not an option; use --out FOLDER or --only TEXT")
      }
    }
    guard rest.isEmpty else { throw BenchError("\(rest.first ?? "") needs a value") }
    try optimum.table()
  } else if arguments.first == "case", arguments.count == 3 {
    // A child: measure one case once and print it as numbers.
    let inputs = try Inputs(scratch: URL(filePath: arguments[2]))
    if arguments[1] == Inputs.making {
      try inputs.makeFiles()
      exit(0)
    }
    guard let work = Cases.all(inputs).first(where: { $0.name == arguments[1] }) else {
      throw BenchError("no case is called \(arguments[1])")
    }
    print(try work.run(inputs).line)
  } else {
    var report = Report()
    while let option = arguments.first {
      guard arguments.count >= 2 else { throw BenchError("\(option) needs a value") }
      switch option {
      case "--runs":
        guard let n = Int(arguments[1]), (1...99).contains(n) else {
          throw BenchError("--runs: give 1 to 99")
        }
        report.runs = n
      case "--only": report.only = arguments[1]
      default: throw BenchError("\(option) is not an option; use --runs N or --only TEXT")
      }
      arguments.removeFirst(2)
    }
    try report.make()
  }
} catch {
  FileHandle.standardError.write(Data("vesper-bench: \(error)\n".utf8))
  exit(1)
}
