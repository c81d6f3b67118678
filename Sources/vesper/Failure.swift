import ArgumentParser
import Foundation

/// An error a person reads: one line, and the exit status that goes with it (sysexits.h).
struct Failure: Error, CustomStringConvertible {
  enum Status: Int32 {
    case violations = 1
    case usage = 64, badData = 65, noInput = 66, cannotWrite = 73
  }
  let status: Status
  let description: String

  init(_ status: Status, _ message: String) {
    self.status = status
    description = message
  }
}

extension ParsableCommand {
  /// Runs `body`; a `Failure` becomes one line on standard error and its exit status.
  func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let failure as Failure {
      printError("vesper: " + failure.description.split(whereSeparator: \.isNewline).joined(separator: " "))
      throw ExitCode(failure.status.rawValue)
    }
  }

  /// The same for a body that waits.
  func reporting(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let failure as Failure {
      printError("vesper: " + failure.description.split(whereSeparator: \.isNewline).joined(separator: " "))
      throw ExitCode(failure.status.rawValue)
    }
  }
}

func printError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// What is being done, for a person who waits; silent when standard error is not a terminal.
struct Progress {
  let isShown: Bool
  init(quiet: Bool) { isShown = !quiet && isatty(STDERR_FILENO) == 1 }
  func callAsFunction(_ step: String) {
    guard isShown else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(step)...".utf8))
  }
  func done() {
    guard isShown else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }
}
