import Testing
import WebClient

@testable import Dashboard

/// Swap requests on the page of the roster: who sees which buttons, and who may say what.
@Suite struct SwapPageTests {
  private static func page(_ site: Site, _ name: String?) async throws -> ParsedPage {
    let answer = try await site.send(
      .get, "/roster", headers: [("Accept", "text/html")], cookie: name.map { "session=s-\($0)" })
    #expect(answer.status == 200)
    return ParsedPage(answer.body)
  }

  private static func post(
    _ site: Site, _ path: String, _ name: String, _ fields: String
  ) async throws -> WebResponse {
    let session = Session(
      secret: "s-\(name)", identity: Identity(name: "", scopes: []), expires: .init(tai: 0))
    return try await site.send(
      .post, path, type: "application/x-www-form-urlencoded", headers: [("Accept", "text/html")],
      cookie: "session=s-\(name)", "form_token=\(session.formToken)&" + fields)
  }

  private static func buttons(_ page: ParsedPage) -> [String] {
    page.all("button").filter { $0.attributes["name"] == "answer" }.map(\.text)
  }

  @Test func oneAsksAnotherAnswers() async throws {
    try await withServer { site in
      let stranger = try await Self.page(site, nil)
      #expect(stranger.all("select").isEmpty && stranger.text.contains("Sign in to ask for a swap"))
      let bo = try await Self.page(site, "bo")
      #expect(bo.all("select").isEmpty && bo.text.contains("bo is on no shift"))
      let ana = try await Self.page(site, "ana")
      #expect(ana.all("option").map { $0.attributes["value"] } == ["ana 2023-05-18/1", "ana", "bo"])
      let asked = try await Self.post(site, "/roster/swap", "ana", "give=ana+2023-05-18%2F1&to=bo")
      #expect(asked.status == 303 && asked.headers["Location"] == "/roster?said=asked#swaps")
      #expect(Self.buttons(try await Self.page(site, nil)).isEmpty)
      #expect(Self.buttons(try await Self.page(site, "ana")) == ["Withdraw"])
      #expect(Self.buttons(try await Self.page(site, "bo")) == ["Accept", "Decline"])
      #expect(Self.buttons(try await Self.page(site, "leader")) == ["Accept", "Decline", "Withdraw"])
      // Only who is asked accepts, only who asked withdraws.
      for (name, word) in [
        ("ana", "accepted"), ("bo", "withdrawn"), ("viewer", "declined"), ("mimic", "withdrawn"),
      ] {
        let refused = try await Self.post(site, "/roster/swap/1", name, "answer=\(word)")
        #expect(refused.status == 400 && refused.text.contains("or a lead to say"), "\(name)")
      }
      #expect(try await Self.post(site, "/roster/swap/1", "bo", "answer=accepted").status == 303)
      let late = try await Self.post(site, "/roster/swap/1", "leader", "answer=declined")
      #expect(late.status == 409 && late.text.contains("somebody answered already"))
      let after = try await Self.page(site, "bo")
      #expect(after.text.contains("▲ accepted ana gives 2023-05-18/1 to bo"))
      #expect(after.text.contains("answered by bo") && Self.buttons(after).isEmpty)
    }
  }

  @Test func nobodyGivesAwayWhatIsNotTheirs() async throws {
    try await withServer { site in
      // Called ana, and not ana.
      let called = try await Self.page(site, "mimic")
      #expect(called.all("select").isEmpty && called.text.contains("a token that names no person"))
      let mimicked = try await Self.post(site, "/roster/swap", "mimic", "give=ana+2023-05-18%2F1&to=bo")
      #expect(mimicked.status == 400 && mimicked.text.contains("this token is nobody"))
      let stolen = try await Self.post(site, "/roster/swap", "bo", "give=ana+2023-05-18%2F1&to=bo")
      #expect(stolen.status == 400 && stolen.text.contains("bo may give away shifts of bo"))
      // What was chosen stays chosen, also when it is not offered any more.
      let gone = try await Self.post(
        site, "/roster/swap", "ana", "give=ana+2023-05-20%2F2&to=bo+2023-05-21%2F1")
      #expect(gone.status == 409 && gone.text.contains("ana does not do 2023-05-20/2"))
      let chosen = ParsedPage(gone.body).all("option").filter { $0.attributes["selected"] != nil }
      #expect(chosen.map { $0.attributes["value"] } == ["ana 2023-05-20/2", "bo 2023-05-21/1"])
      let lead = try await Self.post(site, "/roster/swap", "leader", "give=ana+2023-05-18%2F1&to=bo")
      #expect(lead.status == 303)
      #expect(try await Self.post(site, "/roster/swap/2", "leader", "answer=accepted").status == 404)
      #expect(try await Self.post(site, "/roster/swap/x", "leader", "answer=accepted").status == 400)
      #expect(try await Self.post(site, "/roster/swap/1", "leader", "answer=maybe").status == 400)
    }
  }
}
