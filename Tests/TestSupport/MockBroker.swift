import Foundation
import Glibc

/// A Kafka cluster in a process of its own: Tests/MockBroker, which says what it understands.
public final class MockBroker: Sendable {
  public let bootstrap: String
  private let process: Process
  private let input: FileHandle
  private let output: FileHandle
  /// Commands block: they are given on a thread that no task needs.
  private let queue = DispatchQueue(label: "mock-broker")

  public struct Failure: Error, CustomStringConvertible { public let description: String }

  public static let executable = builtExecutable("mock-broker")

  public init(brokers: Int = 1) throws {
    // A broker that is gone must fail a test, not end the process.
    signal(SIGPIPE, SIG_IGN)
    guard let executable = Self.executable else { throw Failure(description: "mock-broker is not built") }
    let (toBroker, fromBroker) = (Pipe(), Pipe())
    process = Process()
    process.executableURL = executable
    process.arguments = [String(brokers)]
    process.standardInput = toBroker
    process.standardOutput = fromBroker
    try process.run()
    input = toBroker.fileHandleForWriting
    output = fromBroker.fileHandleForReading
    let line = try Self.line(output)
    guard line.hasPrefix("ready ") else { throw Failure(description: line) }
    bootstrap = String(line.dropFirst(6))
  }

  private static func line(_ handle: FileHandle) throws -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = read(handle.fileDescriptor, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(description: "the broker is gone") }
      if byte == 10 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
  }

  /// Gives a command with the bytes that follow it.
  /// - Returns: what follows `ok` in the answer.
  @discardableResult
  public func command(_ text: String, _ payload: [UInt8] = []) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { [input, output] in
        continuation.resume(
          with: Result {
            try input.write(contentsOf: Data((text + "\n").utf8) + Data(payload))
            let answer = try Self.line(output)
            guard answer.hasPrefix("ok") else { throw Failure(description: "\(text): \(answer)") }
            return String(answer.dropFirst(3))
          })
      }
    }
  }

  /// - Returns: the offset.
  @discardableResult
  public func produce(_ topic: String, _ bytes: [UInt8]?, partition: Int = 0, key: String = "-") async throws
    -> Int64
  {
    let answer = try await command(
      "produce \(topic) \(partition) \(key) \(bytes?.count ?? -1)", bytes ?? [])
    guard let offset = Int64(answer) else { throw Failure(description: answer) }
    return offset
  }

  @discardableResult
  public func produce(_ topic: String, _ text: String) async throws -> Int64 {
    try await produce(topic, Array(text.utf8))
  }

  public func stop() async {
    // It may be gone already.
    _ = try? await command("quit")
    await withCheckedContinuation { continuation in
      queue.async { [process] in
        process.waitUntilExit()
        continuation.resume()
      }
    }
  }

  /// Stops the process without a word, as a power cut would.
  public func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

  deinit { if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) } }
}

/// Runs the body with a broker of its own.
public func withBroker(topics: [String: Int] = [:], _ body: (MockBroker) async throws -> Void) async throws {
  let broker = try MockBroker()
  do {
    for (name, partitions) in topics { try await broker.command("topic \(name) \(partitions)") }
    try await body(broker)
  } catch {
    await broker.stop()
    throw error
  }
  await broker.stop()
}

/// An executable of this package, beside the test bundle; nil if it is not built.
public func builtExecutable(_ name: String) -> URL? {
  // The tests are themselves an executable there, or are loaded by one that lies elsewhere.
  let candidates = [CommandLine.arguments[0], "/proc/self/exe"] + CommandLine.arguments.dropFirst()
  for path in candidates where path.hasPrefix("/") || path.contains("/") {
    let folder = URL(filePath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    let file = folder.appending(path: name)
    if FileManager.default.isExecutableFile(atPath: file.path) { return file }
  }
  return nil
}
