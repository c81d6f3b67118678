import Units
import Yams

extension Policy {
  /// Larger files are refused unread.
  public static let byteLimit = 1 << 18

  /// Reads a policy strictly: what is not understood is an error, and all errors are reported.
  /// - Parameter include: gives the text of another policy by name.
  public init(
    yaml: String, file: String, include: (String) throws(PolicyError) -> PolicyFile = Policy.noInclude
  ) throws(PolicyError) {
    try self.init(yaml: yaml, file: file, depth: 0, include: include)
  }

  public static func noInclude(_ name: String) throws(PolicyError) -> PolicyFile {
    throw .unknownPolicy(name, suggestion: "no other policies are at hand here")
  }

  private init(
    yaml: String, file: String, depth: Int, include: (String) throws(PolicyError) -> PolicyFile
  ) throws(PolicyError) {
    let log = PolicyLog()
    let root = try PolicySection.document(yaml, file: file, log: log)
    let reader = PolicyReader(log: log)
    let name = root.text("policy", required: true) ?? ""
    let title = root.text("title", required: true) ?? ""
    let source = root.text("source", required: true) ?? ""
    let applies = root.value("applies_to").flatMap { reader.condition($0, "applies_to") }
    let cuts = reader.cuts(root)
    let names = root.words("include") ?? []
    let rules = reader.rules(root)
    if rules.isEmpty, names.isEmpty { log.add(nil, "rules", "is missing", "write at least one rule") }
    let otherwise = root.section("otherwise", required: true).map { reader.orders($0) }
    root.finish()
    if depth > 0, !names.isEmpty {
      log.add(root.line(of: "include"), "include", "stands in an included policy", "list them in one file")
    }
    guard log.problems.isEmpty, let otherwise else { throw .invalid(file: file, log.problems) }
    var included: [Policy] = []
    for other in names where depth == 0 {
      let found = try include(other)
      included.append(try Policy(yaml: found.text, file: found.path, depth: 1, include: include))
    }
    self.init(
      name: name, title: title, source: source, appliesTo: applies, rules: rules, otherwise: otherwise,
      included: included, scoreCuts: cuts, digest: SHA256.hexDigest(of: yaml), mentions: log.mentions)
  }
}

/// Turns sections into rules, conditions and orders.
struct PolicyReader {
  let log: PolicyLog

  func rules(_ root: PolicySection) -> [Policy.Rule] {
    var rules: [Policy.Rule] = []
    for section in root.sections("rules") {
      let name = section.text("name", required: true) ?? ""
      if rules.contains(where: { $0.name == name }) {
        log.add(section.line(of: "name"), section.full("name"), "`\(name)` is used twice", "rename one")
      }
      let when = section.value("when").flatMap { condition($0, section.full("when")) }
      if !section.has("when") {
        log.add(section.line, section.full("when"), "is missing", "write a condition")
      }
      let orders = section.section("then", required: true).map { self.orders($0) }
      section.finish()
      if let when, let orders {
        rules.append(.init(name: name, when: when, orders: orders, line: section.line))
      }
    }
    return rules
  }

  func condition(_ node: Node, _ path: String) -> Condition? {
    guard case .mapping(let mapping) = node, !mapping.isEmpty else {
      log.add(node.mark?.line, path, "is not a condition", "write `fact: {below: 1}`, or all, any, not")
      return nil
    }
    var parts: [Condition] = []
    for (keyNode, value) in mapping {
      let key = keyNode.scalar?.string ?? "<not a name>"
      if let part = part(key, keyNode.mark?.line, value, path + "." + key) { parts.append(part) }
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private func part(_ key: String, _ line: Int?, _ value: Node, _ path: String) -> Condition? {
    switch key {
    case "not": return condition(value, path).map { .not($0) }
    case "all", "any":
      guard case .sequence(let list) = value, !list.isEmpty else {
        log.add(line, path, "is not a list", "start each condition with `- `")
        return nil
      }
      let parts = list.enumerated().compactMap { condition($1, "\(path)[\($0)]") }
      return key == "all" ? .all(parts) : .any(parts)
    default:
      guard let fact = FactName(rawValue: key) else {
        let known = FactName.allCases.map(\.rawValue) + ["all", "any", "not"]
        log.add(line, path, "is not a known fact", Wording.suggestion(for: key, among: known))
        return nil
      }
      return ComparisonReader(log: log, fact: fact, path: path, line: line).condition(value)
    }
  }

  func cuts(_ root: PolicySection) -> ScoreCuts {
    guard let section = root.section("score_cuts") else { return ScoreCuts() }
    var cuts = ScoreCuts()
    if let p = section.number("p_bbh", in: 0...1) { cuts.bbhProbability = p }
    if let d = section.number("distance_mpc", in: 0...1e6) { cuts.distanceMpc = d }
    if let a = section.number("area_bbh_deg2", in: 0...41_253) { cuts.bbhAreaDeg2 = a }
    if let a = section.number("area_bns_nsbh_deg2", in: 0...41_253) { cuts.neutronStarAreaDeg2 = a }
    section.finish()
    return cuts
  }

  func orders(_ section: PolicySection) -> Orders {
    let words = Outcome.allCases.map(\.rawValue)
    let word = section.text("outcome", required: true)
    var orders = Orders(word.flatMap(Outcome.init(rawValue:)) ?? .no)
    if let word, !words.contains(word) {
      section.problem("outcome", "`\(word)` is not an outcome", Wording.suggestion(for: word, among: words))
    }
    orders.tags = section.words("tags") ?? []
    orders.priority = section.integer("priority", in: 1...5)
    orders.objective = section.text("objective")
    orders.telescopes = section.words("telescopes") ?? []
    orders.excluded = section.words("exclude_telescopes") ?? []
    if let recipe = section.section("exposures") {
      let count = recipe.integer("count", in: 1...1000, required: true) ?? 1
      let each = recipe.number("each_s", in: 0.001...86_400, required: true) ?? 1
      orders.exposures = ExposureRecipe(
        count: count, each: .seconds(each), filters: recipe.words("filters") ?? [])
      recipe.finish()
    }
    orders.validity = section.number("valid_h", in: 0.1...10_000).map { .hours($0) }
    orders.maximumAirmass = section.number("airmass_max", in: 1...40)
    orders.probability = section.number("probability", in: 0...1).flatMap { Fraction($0) }
    orders.fieldsPerNight = section.integer("fields_per_night", in: 1...10_000)
    if orders.outcome == .limited, orders.telescopes.isEmpty {
      section.problem("telescopes", "is missing, but the outcome is LIMITED", "name the telescopes")
    }
    for key in ["telescopes", "exclude_telescopes"] {
      for id in key == "telescopes" ? orders.telescopes : orders.excluded {
        log.mention(id, section.line(of: key))
      }
    }
    for both in orders.telescopes where orders.excluded.contains(both) {
      section.problem("exclude_telescopes", "`\(both)` is also allowed", "take it out of one list")
    }
    section.finish()
    return orders
  }
}
