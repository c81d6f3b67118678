import ArgumentParser
import Campaigns
import Foundation
import Service
import SkymapFiles
import Units

struct DecideCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide", abstract: "Show what a policy says of a notice, clause by clause.")

  @Argument(help: "A notice; - reads standard input.")
  var input: String

  @Option(help: "Name of the policy.")
  var policy: String = PolicyLibrary.standardName

  @Option(help: "Folder of your own policies, which win over those shipped.")
  var policies: String?

  @Option(help: "The time to decide at, ISO 8601 UTC; default: when the notice was made.")
  var at: String?

  @Flag(help: "Print the decision as JSON.")
  var json = false

  func run() throws {
    try reporting {
      let bytes = try PlanInput.bytes(of: input)
      let now = try at.map { try parseTime($0, option: "--at") }
      let decision: Decision
      let findings: [String]
      do {
        (decision, findings) = try OneDecision.decide(
          bytes, policy: policy, policies: policies, at: now, otherwise: .now)
      } catch let error as PolicyError {
        throw Failure(.usage, "\(error)")
      } catch {
        throw Failure(.badData, "\(input): \(error)")
      }
      print(json ? try RecordJSON.text(decision) : DecisionCard(decision).text, terminator: json ? "\n" : "")
      if !json { for finding in findings { print("  notice     \(finding)") } }
    }
  }
}
