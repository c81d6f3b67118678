import Foundation
import Yams

extension ServiceConfiguration {
  /// Reads a YAML file. Keys that mean nothing here are errors: a misspelt one would be silently without
  /// effect.
  public init(contentsOf path: String) throws(ConfigurationError) {
    let text: String
    do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw ConfigurationError("\(path): cannot be read; check its name and permissions")
    }
    try self.init(yaml: text, file: path)
  }

  public init(yaml text: String, file: String) throws(ConfigurationError) {
    guard text.utf8.count <= 1 << 20 else { throw ConfigurationError("\(file): larger than 1 MB") }
    self.init()
    do {
      guard let node = try Yams.compose(yaml: text) else { return }
      guard case .mapping(let root) = node else {
        throw ConfigurationError("\(file): not a list of keys and values")
      }
      try read(Section(root, file: file, path: ""))
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw ConfigurationError("\(file): \(error)")
    }
  }

  private mutating func read(_ s: Section) throws(ConfigurationError) {
    try s.allow(
      "state", "telescopes", "policy", "policies", "http", "spool", "maps", "kafka", "files", "slack", "mail",
      "webhooks", "icare", "links", "treasure_map", "roles", "roster", "teams", "drops", "oidc",
      "galaxies")
    try s.text("state", &state)
    try s.text("telescopes", &telescopes)
    try s.text("policy", &policy)
    try s.optional("policies", &policies)
    try s.optional("roster", &roster)
    try s.optional("galaxies", &galaxies)
    try s.flag("spool", &spool)
    try s.list("roles", &roles)
    try s.table("teams", &teams)
    if let part = try s.section("http") {
      try part.allow("host", "port", "open_reading")
      try part.text("host", &http.host)
      try part.integer("port", in: 0...65_535, &http.port)
      try part.flag("open_reading", &http.openReading)
    }
    if let part = try s.section("maps") {
      try part.allow("fetch", "largest_mb", "private_addresses")
      try part.flag("fetch", &maps.fetch)
      try part.integer("largest_mb", in: 1...512, &maps.largestMB)
      try part.flag("private_addresses", &maps.isLax)
    }
    if let part = try s.section("kafka") {
      var new = Kafka()
      try part.allow("brokers", "topics", "group", "token_endpoint", "security", "heartbeat")
      try part.list("brokers", &new.brokers)
      try part.list("topics", &new.topics)
      try part.text("group", &new.group)
      try part.optional("token_endpoint", &new.tokenEndpoint)
      try part.word("security", ["oauth", "plaintext"], &new.security)
      try part.optional("heartbeat", &new.heartbeat)
      kafka = new
    }
    if let part = try s.section("files") {
      try part.allow("enabled", "root", "mocks")
      try part.flag("enabled", &files.enabled)
      try part.optional("root", &files.root)
      try part.flag("mocks", &files.mocks)
    }
    try readPeople(s)
  }

  private mutating func readPeople(_ s: Section) throws(ConfigurationError) {
    if let part = try s.section("slack") {
      try part.allow("conversation", "token", "base", "calls_everybody", "mocks", "signing_secret")
      var new = Slack(conversation: try part.need("conversation"), token: try part.need("token"))
      try part.optional("base", &new.base)
      try part.flag("calls_everybody", &new.callsEverybody)
      try part.flag("mocks", &new.mocks)
      try part.optional("signing_secret", &new.signingSecret)
      slack = new
    }
    if let part = try s.section("links") {
      try part.allow("secret", "base")
      var new = Links(secret: try part.need("secret"))
      try part.optional("base", &new.base)
      links = new
    }
    if let part = try s.section("oidc") {
      try part.allow("issuer", "client_id", "client_secret", "base", "claim", "roles")
      var new = OpenIDConnect(issuer: try part.need("issuer"), clientID: try part.need("client_id"))
      try part.optional("client_secret", &new.clientSecret)
      try part.optional("base", &new.base)
      try part.text("claim", &new.claim)
      try part.table("roles", &new.roles)
      oidc = new
    }
    if let part = try s.section("mail") {
      try part.allow("host", "port", "security", "user", "password", "sender", "to", "mocks")
      var new = Mail(host: try part.need("host"), port: 587, sender: try part.need("sender"), to: [])
      try part.integer("port", in: 1...65_535, &new.port)
      try part.word("security", ["tls", "starttls", "none"], &new.security)
      try part.optional("user", &new.user)
      try part.optional("password", &new.password)
      try part.list("to", &new.to)
      try part.flag("mocks", &new.mocks)
      mail = new
    }
    if let part = try s.section("icare") {
      try part.allow(
        "address", "token", "group", "instruments", "filters", "requests", "cross_match", "create_after_s",
        "send", "triggers", "mocks", "plain_http")
      var new = Icare(
        address: try part.need("address"), token: try part.need("token"), group: try part.need("group"))
      try part.table("instruments", &new.instruments)
      try part.table("filters", &new.filters)
      try part.table("requests", &new.requests)
      try part.integer("create_after_s", in: 0...86_400, &new.createAfterSeconds)
      try part.word("cross_match", ["propose", "apply"], &new.crossMatch)
      try part.list("send", &new.send)
      try part.flag("triggers", &new.triggers)
      try part.flag("mocks", &new.mocks)
      try part.flag("plain_http", &new.plainHTTP)
      icare = new
    }
    if let part = try s.section("treasure_map") {
      try part.allow("token", "base", "instruments", "mocks")
      var new = TreasureMap(token: try part.need("token"))
      try part.optional("base", &new.base)
      try part.numbers("instruments", &new.instruments)
      try part.flag("mocks", &new.mocks)
      treasureMap = new
    }
    for (slug, part) in try s.named("drops") {
      try part.allow("folder", "format", "mocks")
      var new = Drop(folder: try part.need("folder"))
      try part.word("format", DropOptions.formats.keys.sorted(), &new.format)
      try part.flag("mocks", &new.mocks)
      drops[slug] = new
    }
    for part in try s.sections("webhooks") {
      try part.allow("name", "address", "secret", "read_back", "mocks")
      var new = Webhook(
        name: try part.need("name"), address: try part.need("address"), secret: try part.need("secret"))
      try part.optional("read_back", &new.readBack)
      try part.flag("mocks", &new.mocks)
      webhooks.append(new)
    }
  }
}

/// One mapping of the file.
private struct Section {
  private let mapping: Node.Mapping
  private let file: String
  private let path: String

  init(_ mapping: Node.Mapping, file: String, path: String) {
    self.mapping = mapping
    self.file = file
    self.path = path
  }

  private func fault(_ node: Node?, _ key: String, _ what: String) -> ConfigurationError {
    let line = node?.mark.map { ":\($0.line)" } ?? ""
    return ConfigurationError("\(file)\(line): \(path)\(key) \(what)")
  }

  func allow(_ keys: String...) throws(ConfigurationError) {
    for (key, _) in mapping {
      let name = key.string ?? ""
      guard keys.contains(name) else {
        throw fault(key, name, "is not a setting; there are \(keys.joined(separator: ", "))")
      }
    }
  }

  func text(_ key: String, _ value: inout String) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
      throw fault(node, key, "must be a text")
    }
    value = scalar.string
  }

  func optional(_ key: String, _ value: inout String?) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    if node.null != nil {
      value = nil
      return
    }
    var text = ""
    try self.text(key, &text)
    value = text
  }

  func need(_ key: String) throws(ConfigurationError) -> String {
    var value = ""
    try text(key, &value)
    guard !value.isEmpty else { throw fault(nil, key, "is missing") }
    return value
  }

  func word(_ key: String, _ words: [String], _ value: inout String) throws(ConfigurationError) {
    try text(key, &value)
    guard words.contains(value) else {
      throw fault(mapping[key], key, "is `\(value)`; it may be \(words.joined(separator: ", "))")
    }
  }

  func flag(_ key: String, _ value: inout Bool) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    guard let found = node.bool else { throw fault(node, key, "must be true or false") }
    value = found
  }

  func integer(_ key: String, in bounds: ClosedRange<Int>, _ value: inout Int) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    guard let found = node.int, bounds.contains(found) else {
      throw fault(node, key, "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    value = found
  }

  func list(_ key: String, _ value: inout [String]) throws(ConfigurationError) {
    guard let node = mapping[key] else { return }
    guard case .sequence(let sequence) = node else { throw fault(node, key, "must be a list") }
    value = []
    for item in sequence {
      guard case .scalar(let scalar) = item, !scalar.string.isEmpty else {
        throw fault(item, key, "must be a list of texts")
      }
      value.append(scalar.string)
    }
  }

  func table(_ key: String, _ value: inout [String: String]) throws(ConfigurationError) {
    guard let part = try section(key) else { return }
    for (name, node) in part.mapping {
      guard let name = name.string, case .scalar(let scalar) = node, !scalar.string.isEmpty else {
        throw part.fault(node, name.string ?? "", "must be a text")
      }
      value[name] = scalar.string
    }
  }

  func numbers(_ key: String, _ value: inout [String: Int]) throws(ConfigurationError) {
    guard let part = try section(key) else { return }
    for (name, node) in part.mapping {
      guard let name = name.string, let number = node.int, number > 0 else {
        throw part.fault(node, name.string ?? "", "must be a whole number above zero")
      }
      value[name] = number
    }
  }

  func section(_ key: String) throws(ConfigurationError) -> Section? {
    guard let node = mapping[key], node.null == nil else { return nil }
    guard case .mapping(let inner) = node else { throw fault(node, key, "must have keys and values") }
    return Section(inner, file: file, path: "\(path)\(key).")
  }

  /// The sections within a section, by their keys.
  func named(_ key: String) throws(ConfigurationError) -> [(String, Section)] {
    guard let outer = try section(key) else { return [] }
    var list: [(String, Section)] = []
    for (name, node) in outer.mapping {
      guard let name = name.string, let inner = try outer.section(name) else {
        throw outer.fault(node, name.string ?? "", "must have keys and values")
      }
      list.append((name, inner))
    }
    return list
  }

  func sections(_ key: String) throws(ConfigurationError) -> [Section] {
    guard let node = mapping[key], node.null == nil else { return [] }
    guard case .sequence(let sequence) = node else { throw fault(node, key, "must be a list") }
    var list: [Section] = []
    for (i, item) in sequence.enumerated() {
      guard case .mapping(let inner) = item else {
        throw fault(item, key, "must be a list of keys and values")
      }
      list.append(Section(inner, file: file, path: "\(path)\(key)[\(i)]."))
    }
    return list
  }
}
