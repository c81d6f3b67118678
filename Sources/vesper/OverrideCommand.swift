import ArgumentParser
import Foundation
import Service

struct OverrideCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "override",
    abstract: "Decide about an event in place of the policy; recorded with the role.",
    discussion: """
      The answer goes to a running service and takes effect within a second. What is kept is the role, never \
      a person. A decision stands until the policy itself says something else, or it is lifted.
        vesper override S230518h STOP --role "shift leader" --reason "counterpart found elsewhere"
        vesper override S230518h LIMITED --telescopes tca,tre --role "weekly coordinator" --reason "clouds"
        vesper override S230518h CONFIRM --role "shift leader" --reason "24 h without a counterpart"
      """)

  @Argument(help: "The event, as the board names it.")
  var event: String

  @Argument(
    help: """
      GO, LIMITED, WATCH, NO or STOP; CONFIRM or DECLINE a STOP that was proposed; REOPEN what a person had \
      ended; REINSTATE a withdrawn event; LIFT a decision, so that the policy's counts again.
      """)
  var answer: String

  @Option(help: "In which you decide, such as \"shift leader\"; no personal names.")
  var role: String

  @Option(help: "Why; everybody reads it.")
  var reason: String

  @Option(help: "For LIMITED: slugs of the telescopes, separated by commas.")
  var telescopes: String?

  @OptionGroup var service: ServiceAddress

  func run() async throws {
    try await reporting {
      let names = (telescopes ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      do {
        print(
          try await RemoteService(service.address, token: service.secret()).decide(
            on: event, answer, role: role, reason: reason, telescopes: names.filter { !$0.isEmpty }))
      } catch let error as RemoteService.Refusal {
        throw Failure(error.isUsage ? .usage : .badData, error.description)
      }
    }
  }
}

/// A running service, and what proves that one may change something there.
struct ServiceAddress: ParsableArguments {
  @Option(help: "Address of the running service.")
  var address = "http://127.0.0.1:8080"

  @Option(help: "Where the token lies: env:NAME or file:PATH; never the token itself.")
  var token = "env:VESPER_TOKEN"

  func secret() throws -> RemoteService.Token {
    do {
      return try RemoteService.Token(token, environment: ProcessInfo.processInfo.environment)
    } catch {
      throw Failure(.usage, "--token \(error); make one with `vesper token issue`")
    }
  }
}
