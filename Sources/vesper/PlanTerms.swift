import ArgumentParser
import Campaigns
import Foundation
import Observatories
import Planning
import Service
import Units

/// On what terms telescopes are asked: their rules, allocations, and what a policy orders.
struct PlanTerms: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Telescopes, exposures, airmass, probability and fields as a policy orders them: its name, such as grandma-r8, or a YAML file; :rule takes the orders of that rule.",
      valueName: "policy[:rule]"))
  var recipe: String?

  @Option(help: "With --recipe: folder of your own policies, which win over those shipped.")
  var policies: String?

  @Flag(help: "Let allocations choose fields where they say how (TAROT: at most 20 a night, 3 x 200 s).")
  var tilingRules = false

  @Flag(help: "Ask no telescope for more than its usage level says (VF 3 h a day, ... VR once a semester).")
  var usageLevels = false

  @Option(
    help: ArgumentHelp(
      "CSV of what was used of allocations: telescope, and any of hours_tonight, hours_semester, hours_event, fields_tonight, fields_event, quota_left_h, requests (times, separated by blanks).",
      valueName: "used.csv"))
  var used: String?

  @Option(
    help: ArgumentHelp(
      "The most for this event: TRE:1.5h or TRE:20 (fields); may be given again.",
      valueName: "telescope:most"))
  var cap: [String] = []

  @Flag(help: "Keep to the telescopes' own rules; the options below imply it.")
  var rules = false
  @Option(help: "Mission or instrument that the event came from, such as SVOM.") var stream: String?
  @Option(help: "The brightness expected of the source, mag.") var magnitude: Double?
  @Option(help: "Telescopes whose people agreed, separated by commas.") var approved: String?
  @Option(help: "Telescopes whose night was agreed on before.") var planned: String?
  @Flag(help: "The counterpart has been detected by somebody.") var detected = false

  private var asksRules: Bool {
    rules || stream != nil || magnitude != nil || approved != nil || planned != nil || detected
  }

  /// - Returns: what the plan is to be described with.
  func apply(to request: inout PlanRequest) throws -> (Plan) -> Plan {
    let registry = Registry(request.telescopes)
    func id(_ name: String, _ option: String) throws -> String {
      do { return try registry.resolve(name.trimmingCharacters(in: .whitespaces)).id } catch {
        throw Failure(.usage, "\(option): \(error)")
      }
    }
    request.followsTilingRules = tilingRules
    request.keepsUsageLevels = usageLevels
    if asksRules {
      if let magnitude, !magnitude.isFinite {
        throw Failure(.usage, "--magnitude \(magnitude): not a number")
      }
      request.circumstances = .init(
        stream: stream, expectedMagnitude: magnitude.map { Magnitude($0) }, requested: request.now,
        permissions: detected ? [.detected] : [])
    }
    for (list, permission) in [(approved, Telescope.Exclusion.Permission.approved), (planned, .planned)] {
      for name in (list ?? "").split(separator: ",") {
        request.permissions[try id(String(name), "--\(permission.rawValue)"), default: []].insert(permission)
      }
    }
    if let used { request.used = try UsedFile(used) { try id($0, $1) }.use }
    for text in cap { try Self.cap(text, id, &request) }
    return try applyRecipe(to: &request)
  }

  private static func cap(
    _ text: String, _ id: (String, String) throws -> String, _ request: inout PlanRequest
  ) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let wrong = Failure(.usage, "--cap \(text): write it like TRE:1.5h (hours) or TRE:20 (fields)")
    guard parts.count == 2 else { throw wrong }
    let name = try id(parts[0], "--cap")
    guard let i = request.telescopes.firstIndex(where: { $0.id == name }) else { throw wrong }
    var terms = request.telescopes[i].allocation ?? .init()
    if parts[1].hasSuffix("h"), let hours = Double(parts[1].dropLast()), hours.isFinite, hours >= 0 {
      terms.hoursPerEvent = min(terms.hoursPerEvent ?? hours, hours)
    } else if let fields = Int(parts[1]), fields >= 0 {
      terms.fieldsPerEvent = min(terms.fieldsPerEvent ?? fields, fields)
    } else {
      throw wrong
    }
    request.telescopes[i].allocation = terms
    request.telescopeDigests[name] = request.telescopes[i].digest
  }

  private func applyRecipe(to request: inout PlanRequest) throws -> (Plan) -> Plan {
    guard let orders = try orders() else { return { $0 } }
    let all = request.telescopes
    let recipe = ObservingRecipe(orders, filters: request.filters)
    request.filters = recipe.filters
    request.telescopes = all.filter { orders.allows($0.id) }.map(recipe.applied)
    request.telescopeDigests = Dictionary(
      uniqueKeysWithValues: request.telescopes.map { ($0.id, $0.digest) })
    request.named.formUnion(Set(orders.telescopes).intersection(request.telescopes.map(\.id)))
    request.recipe = recipe.fields(for: request.telescopes)
    return { recipe.described($0, telescopes: all) }
  }

  private func orders() throws -> Orders? {
    guard let recipe else { return nil }
    let parts = recipe.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first else { throw Failure(.usage, "--recipe: name a policy, such as grandma-r8") }
    let policy: Policy
    do throws(PolicyError) {
      var own: [PolicyFile] = []
      if let policies { own = try PolicyFolder.files(in: URL(filePath: policies)) }
      var called = name
      if name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        let file = try PolicyFolder.file(at: URL(filePath: name))
        own.insert(file, at: 0)
        called = file.name
      }
      policy = try PolicyLibrary(own, try PolicyFolder.shipped()).policy(named: called)
    } catch { throw Failure(.usage, "--recipe \(recipe): \(error)") }
    let able = policy.rules.filter { $0.orders.outcome.isFollowUp }
    guard let rule = parts.count > 1 ? able.first(where: { $0.name == parts[1] }) : able.first else {
      throw Failure(
        .usage,
        "--recipe \(recipe): no such rule that moves telescopes; there are: "
          + able.map(\.name).joined(separator: "; "))
    }
    return rule.orders
  }
}

/// What was used of allocations, from a file.
private struct UsedFile {
  var use: [String: AllocationUse] = [:]

  init(_ path: String, id: (String, String) throws -> String) throws {
    let lines = String(decoding: try PlanInput.bytes(of: path), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
          .map { $0.trimmingCharacters(in: .whitespaces) }
      }
    let known: Set = [
      "telescope", "hours_tonight", "hours_semester", "hours_event", "fields_tonight", "fields_event",
      "quota_left_h", "requests",
    ]
    guard let head = lines.first, head.contains("telescope"), Set(head).isSubset(of: known) else {
      throw Failure(
        .badData,
        "\(path): the first line must name the column telescope and any of "
          + known.subtracting(["telescope"]).sorted().joined(separator: ", "))
    }
    for (i, cells) in lines.dropFirst().enumerated() {
      let place = "\(path), line \(i + 2)"
      guard cells.count == head.count else {
        throw Failure(.badData, "\(place): has \(cells.count) cells, not \(head.count)")
      }
      let row = Dictionary(zip(head, cells), uniquingKeysWith: { first, _ in first })
      func number(_ key: String) throws -> Double? {
        guard let text = row[key], !text.isEmpty else { return nil }
        guard let value = Double(text), value >= 0, value < 1e6 else {
          throw Failure(.badData, "\(place): \(key) \(text) must be a number from 0 to a million")
        }
        return value
      }
      var one = AllocationUse()
      one.hoursTonight = try number("hours_tonight") ?? 0
      one.hoursThisSemester = try number("hours_semester") ?? 0
      one.hoursForEvent = try number("hours_event") ?? 0
      one.fieldsTonight = Int(try number("fields_tonight") ?? 0)
      one.fieldsForEvent = Int(try number("fields_event") ?? 0)
      one.quotaLeftHours = try number("quota_left_h")
      one.requests = try (row["requests"] ?? "").split(separator: " ").map {
        try parseTime(String($0), option: "\(place): requests")
      }
      use[try id(row["telescope"] ?? "", place)] = one
    }
  }
}
