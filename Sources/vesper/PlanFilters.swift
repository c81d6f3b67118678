import ArgumentParser
import Foundation
import Observatories
import Planning
import Units

/// Several filters in every visit.
struct PlanFilters: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Filters of every visit, one after the other: g,r; with exposures g=2x60,r=120 (seconds); for telescopes of a role tiler:g,r. May be given again. A telescope observes in those it has, or as usual if it has none.",
      valueName: "filters"))
  var filters: [String] = []

  func apply(to request: inout PlanRequest) throws {
    guard !filters.isEmpty else { return }
    let choices = try filters.map { try Self.choice($0) }
    guard Set(choices.map(\.role)).count == choices.count else {
      throw Failure(.usage, "--filters: say it once for a role, and once for all others")
    }
    request.filters = FilterRecipe(choices)
  }

  private static func choice(_ text: String) throws -> FilterRecipe.Choice {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var role: Telescope.Role?
    if parts.count == 2 {
      role = Telescope.Role(rawValue: parts[0])
      guard role != nil else {
        throw Failure(
          .usage,
          "--filters \(text): no role is called \(parts[0]); there are "
            + Telescope.Role.allCases.map(\.rawValue).joined(separator: ", "))
      }
    }
    let steps = try (parts.last ?? "").split(separator: ",", omittingEmptySubsequences: false).map {
      try step($0.trimmingCharacters(in: .whitespaces), of: text)
    }
    guard Set(steps.map(\.filter)).count == steps.count else {
      throw Failure(.usage, "--filters \(text): names a filter twice; for more exposures write g=3x60")
    }
    return .init(steps, role: role)
  }

  private static func step(_ text: String, of all: String) throws -> FilterRecipe.Step {
    let wrong = Failure(.usage, "--filters \(all): write it like g,r or g=2x60,r=120 (seconds)")
    let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { throw wrong }
    guard parts.count == 2 else { return .init(name) }
    let numbers = parts[1].split(separator: "x", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(numbers.count), let seconds = numbers.last.flatMap({ Double($0) }),
      seconds > 0, seconds <= 36_000
    else { throw wrong }
    guard numbers.count == 2 else { return .init(name, exposure: .seconds(seconds)) }
    guard let count = Int(numbers[0]), (1...100).contains(count) else { throw wrong }
    return .init(name, count: count, exposure: .seconds(seconds))
  }
}
