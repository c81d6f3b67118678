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
        filters: {clear: "ps1::w"}, requests: {tarot-tca: TAROTAPI}, cross_match: apply, create_after_s: 60}
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
    #expect(c.roster == "/etc/vesper/winter.yaml")
    #expect(
      c.teams == ["kao": "a@b.c, d@e.f"] && c.drops["tca"]?.format == "acp" && c.drops["tca"]?.mocks == false)
    #expect(c.drops["tre"]?.format == "plain" && c.drops["tre"]?.mocks == true)
    #expect(c.webhooks.first?.readBack == "https://x/{key}")
    #expect(try ServiceConfiguration(yaml: "", file: "empty.yaml") == ServiceConfiguration())
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
