import ArgumentParser
import Checking
import Foundation
import Units

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Verify a plan independently: coverage, limits, slews, overlaps.",
    discussion: """
      PLAN is a plan.json or a network.csv. Nothing of the planner is used: every altitude, Sun, Moon and \
      footprint is computed anew by other means. Exit status 1 and a list when something is violated.
      """)

  @Argument(help: "plan.json or network.csv.")
  var plan: String

  @Option(help: "The sky map or notice of the plan; without it coverage is not checked.")
  var map: String?

  @OptionGroup var registry: RegistryOptions

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() throws {}
}
