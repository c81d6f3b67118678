import Foundation
import TelescopeFiles
import TestSupport
import Testing

@testable import Service

@Suite struct ConfigurationTests {
  @Test func everyKeyIsRead() throws {
    let text = """
      state: /var/lib/vesper
      telescopes: /usr/share/vesper/telescopes
      policy: grandma-r8
      policies: /etc/vesper/policies
      spool: false
      http: {host: 0.0.0.0, port: 80, open_reading: false}
      kafka: {brokers: ["a:1", "b:2"], topics: [igwn.gwalert], group: g, security: plaintext, heartbeat: ~}
      files: {enabled: true, root: /srv/plans, mocks: false}
      slack: {conversation: C1, token: "env:SLACK", base: "http://127.0.0.1:9/api", calls_everybody: true, mocks: true}
      mail: {host: m, port: 25, security: none, user: u, password: "file:/p", sender: a@b.c, to: [d@e.f]}
      webhooks:
        - {name: one, address: "https://x/y", secret: "env:S", read_back: "https://x/{key}", mocks: true}
      maps: {fetch: true, largest_mb: 20, private_addresses: true}
      treasure_map: {token: "env:TM", base: "http://127.0.0.1:1/api", instruments: {tre: 93}, mocks: true}
      roles: [shift leader]
      icare: {address: "https://icare.example", token: "env:T", group: GRANDMA, instruments: {tarot-tca: TCA},
        filters: {clear: "ps1::w"}, requests: {tarot-tca: TAROTAPI}, cross_match: apply, create_after_s: 60,
        send: [tarot-tca], triggers: true}
      roster: /etc/vesper/winter.yaml
      teams: {kao: "a@b.c, d@e.f"}
      drops: {tca: {folder: /srv/acp, format: acp}, tre: {folder: /srv/tre, mocks: true}}
      """
    let c = try ServiceConfiguration(yaml: text, file: "c.yaml")
    #expect(c.state == "/var/lib/vesper" && c.policy == "grandma-r8" && c.policies == "/etc/vesper/policies")
    #expect(!c.spool && c.http.port == 80 && !c.http.openReading && c.http.host == "0.0.0.0")
    #expect(
      c.kafka?.brokers == ["a:1", "b:2"] && c.kafka?.heartbeat == nil && c.kafka?.security == "plaintext")
    #expect(c.files.root == "/srv/plans" && !c.files.mocks)
    #expect(c.slack?.callsEverybody == true && c.slack?.mocks == true && c.slack?.token == "env:SLACK")
    #expect(c.mail?.to == ["d@e.f"] && c.mail?.security == "none" && c.mail?.port == 25)
    #expect(
      c.icare?.instruments == ["tarot-tca": "TCA"] && c.icare?.group == "GRANDMA" && c.icare?.mocks == false)
    #expect(c.maps.largestMB == 20 && c.maps.isLax && c.maps.fetching?.largest == 20 << 20)
    #expect(c.treasureMap?.instruments == ["tre": 93] && c.treasureMap?.mocks == true)
    #expect(c.treasureMap?.base == "http://127.0.0.1:1/api" && c.roles == ["shift leader"])
    #expect(c.icare?.filters == ["clear": "ps1::w"] && c.icare?.requests == ["tarot-tca": "TAROTAPI"])
    #expect(c.icare?.crossMatch == "apply" && c.icare?.createAfterSeconds == 60)
    #expect(c.icare?.send == ["tarot-tca"] && c.icare?.triggers == true)
    #expect(c.roster == "/etc/vesper/winter.yaml")
    #expect(
      c.teams == ["kao": "a@b.c, d@e.f"] && c.drops["tca"]?.format == "acp" && c.drops["tca"]?.mocks == false)
    #expect(c.drops["tre"]?.format == "plain" && c.drops["tre"]?.mocks == true)
    #expect(c.webhooks.first?.readBack == "https://x/{key}")
    #expect(try ServiceConfiguration(yaml: "", file: "empty.yaml") == ServiceConfiguration())
  }

  /// What the README lists, as it stands there, and the words of the reader, section by section.
  private struct Documented {
    let yaml: String
    let source: String
    init() throws {
      func text(_ path: String) throws -> String {
        try String(contentsOf: packageRoot.appending(path: path), encoding: .utf8)
      }
      let block = try text("README.md").split(separator: "All settings, with the values").last ?? ""
      yaml = String(
        try #require(block.split(separator: "```yaml\n").dropFirst().first?.split(separator: "```").first))
      source = try text("Sources/Service/Configuration/ConfigurationReader.swift")
    }

    /// The lines of one setting of the highest level.
    func lines(of section: String) -> String {
      var found = ""
      var isInside = false
      for line in yaml.split(separator: "\n", omittingEmptySubsequences: false) {
        if let first = line.first, first.isLetter { isInside = line.hasPrefix("\(section):") }
        // What stands in a comment is no key.
        if isInside { found += (line.components(separatedBy: " # ").first ?? "") + "\n" }
      }
      return found
    }

    /// Section (empty for the highest level), the keys it may have, and the code that reads them.
    var readers: [(section: String, keys: [String], code: String)] {
      let start = try? Regex(#"(?:section|named|sections)\("(\w+)"\) \{|func read\(_ s: Section\)"#)
      guard let start else { return [] }
      let marks = source.matches(of: start)
      return marks.indices.compactMap { i in
        let end = i + 1 < marks.count ? marks[i + 1].range.lowerBound : source.endIndex
        let code = String(source[marks[i].range.upperBound..<end])
        guard let call = code.firstRange(of: ".allow("),
          let close = code[call.upperBound...].firstIndex(of: ")")
        else { return nil }
        let keys = code[call.upperBound..<close].split(separator: "\"").filter {
          $0.allSatisfy { $0.isLetter || $0 == "_" }
        }
        let section = marks[i].output[1].substring.map(String.init) ?? ""
        return (section, keys.map(String.init), String(code[close...]))
      }
    }
  }

  /// An undocumented key is of use to nobody, a documented one that is not read misleads.
  @Test func readmeAndReaderKnowTheSameKeys() throws {
    let documented = try Documented()
    let readers = documented.readers
    #expect(readers.count >= 13, "\(readers.map(\.section))")
    let top = try #require(readers.first { $0.section.isEmpty })
    #expect(top.keys.count >= 20)
    for key in top.keys {
      #expect(!documented.lines(of: key).isEmpty, "\(key) is not in the README")
      let isRead = readers.contains { $0.section == key } || top.code.contains("\"\(key)\"")
      #expect(isRead, "\(key) is not read")
    }
    for reader in readers where !reader.section.isEmpty {
      let text = documented.lines(of: reader.section)
      for key in reader.keys {
        #expect(text.contains("\(key):"), "\(reader.section).\(key) is not in the README")
        #expect(reader.code.contains("\"\(key)\""), "\(reader.section).\(key) is not read")
      }
    }
  }

  /// The list is a configuration by itself, its telescopes are ours, and its values are those when left out.
  @Test func theListInTheReadmeIsAConfiguration() throws {
    let documented = try Documented()
    let c = try ServiceConfiguration(yaml: documented.yaml, file: "README.md")
    let telescopes = try TelescopeFiles.load(packageRoot.appending(path: "telescopes")).registry.telescopes
    let slugs = Set(telescopes.map(\.slug))
    let icare = try #require(c.icare)
    let named =
      Array(c.drops.keys) + Array(c.teams.keys) + Array(icare.instruments.keys) + Array(icare.requests.keys)
      + Array(try #require(c.treasureMap).instruments.keys)
    #expect(Set(named).subtracting(slugs) == [])
    let plain = ServiceConfiguration()
    #expect(c.state == plain.state && c.policy == plain.policy && c.spool == plain.spool)
    #expect(c.http == plain.http && c.maps == plain.maps && c.files == plain.files && c.roles == plain.roles)
    #expect(c.kafka == ServiceConfiguration.Kafka())
    let least = ServiceConfiguration.Icare(address: icare.address, token: icare.token, group: icare.group)
    #expect(icare.createAfterSeconds == least.createAfterSeconds && icare.crossMatch == least.crossMatch)
    #expect(icare.mocks == least.mocks && icare.triggers == least.triggers && icare.send == least.send)
  }

  /// Found when the configuration is checked, not when the first request is refused.
  @Test(arguments: ["TAROTAPY", "TRTAPI", "TRTAPI:XXX"])
  func interfacesThatAreNone(_ name: String) throws {
    let c = try ServiceConfiguration(
      yaml: """
        telescopes: \(packageRoot.path)/telescopes
        files: {enabled: false}
        icare: {address: "https://icare.example", token: "env:T", group: G, instruments: {trt-sro: S},
          requests: {trt-sro: "\(name)"}}
        """, file: "c.yaml")
    let error = #expect(throws: ConfigurationError.self) { try c.checked(environment: ["T": "x"]) }
    #expect(error?.description.contains("icare.requests: trt-sro: \(name)") ?? false)
  }

  /// Each says where and what to do.
  @Test(arguments: [
    ("stat: x", "stat is not a setting"), ("http: {port: 99999}", "http.port must be a whole number"),
    ("http: 5", "http must have keys"), ("spool: maybe", "spool must be true or false"),
    ("icare: {address: a, token: b, group: c, cross_match: maybe}", "may be propose, apply"),
    ("slack: {token: 'env:X'}", "slack.conversation is missing"),
    ("kafka: {security: none}", "may be oauth, plaintext"), ("webhooks: {}", "webhooks must be a list"),
    ("maps: {largest_mb: 0}", "maps.largest_mb must be a whole number from 1"),
    ("treasure_map: {instruments: {tre: 1}}", "treasure_map.token is missing"),
    ("treasure_map: {token: 'env:A', instruments: {tre: none}}", "must be a whole number above zero"),
    ("drops: {tca: {format: acp}}", "drops.tca.folder is missing"), ("drops: {tca: /srv}", "must have keys"),
    ("drops: {tca: {folder: /a, format: fits}}", "may be acp, csv, json, nina, plain, rts2"),
    ("webhooks: [{name: a, address: b}]", "webhooks[0].secret is missing"), ("- a", "not a list of keys"),
    ("mail: {host: h, sender: a@b.c, to: d}", "mail.to must be a list"), ("a: [", "c.yaml"),
  ])
  func faultsSayWhere(_ text: String, _ expected: String) {
    do {
      _ = try ServiceConfiguration(yaml: text, file: "c.yaml")
      Issue.record("accepted: \(text)")
    } catch {
      #expect("\(error)".contains(expected), "\(error)")
      #expect("\(error)".contains("c.yaml"))
    }
  }
}
