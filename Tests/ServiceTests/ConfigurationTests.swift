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
      icare: {address: "https://icare.example", token: "env:T", group: GRANDMA, instruments: {tarot-tca: TCA}}
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
    #expect(c.webhooks.first?.readBack == "https://x/{key}")
    #expect(try ServiceConfiguration(yaml: "", file: "empty.yaml") == ServiceConfiguration())
  }

  /// Each says where and what to do.
  @Test(arguments: [
    ("stat: x", "stat is not a setting"), ("http: {port: 99999}", "http.port must be a whole number"),
    ("http: 5", "http must have keys"), ("spool: maybe", "spool must be true or false"),
    ("slack: {token: 'env:X'}", "slack.conversation is missing"),
    ("kafka: {security: none}", "may be oauth, plaintext"), ("webhooks: {}", "webhooks must be a list"),
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
