import HTTPTypes
import Hummingbird
import JSON

/// One tap: signed links that work without a login and without script, and buttons in Slack.
struct AnswerRoutes {
  let desk: any Desk
  let pages: PageRoutes
  /// A link opens the answers, not the files.
  let openReading: Bool

  private static let longestForm = 16 << 10
  private static let longestAction = 256 << 10

  /// Addresses whose requests carry their own proof.
  static func isSigned(_ request: Request) -> Bool {
    let path = request.uri.path
    return path == "/api/slack/actions" || path.hasPrefix("/t/") && path.hasSuffix("/answer")
  }

  func add(to router: Router<DashboardContext>) {
    router.get("/t/{slug}/answer") { request, context in
      let slug = try await context.telescope(desk)
      let (link, answerer) = try await signed({ request.formValue($0) }, slug)
      let view = try await desk.openQueues().queue(of: slug, reader: answerer)
      var choice = AnswerPage.Choice()
      choice.answer = request.formValue("a")
      choice.plan = request.formValue("plan")
      choice.pointing = request.formValue("p").flatMap { Int64($0) }
      choice.said = request.formValue("said")
      choice.showsFiles = openReading
      return try await pages.answerPage(view, slug: slug, link: link, choice: choice, request)
    }
    router.post("/t/{slug}/answer") { request, context in
      let slug = try await context.telescope(desk)
      let fields = BodyReader.form(try await request.bytes(upTo: Self.longestForm))
      let (link, answerer) = try await signed({ fields[$0] }, slug)
      guard let word = fields["a"] else { throw DeskError.invalid("the form has no answer") }
      var form = AnswerForm(answer: word, plan: fields["plan"].flatMap { $0.isEmpty ? nil : $0 })
      form.pointing = fields["p"].flatMap { Int64($0) }
      form.reason = fields["reason"].flatMap { $0.isEmpty ? nil : $0 }
      let view = try await desk.openQueues().answer(form, for: slug, by: answerer)
      let said = view.isRepeat ? "again" : "\(view.answer)-\(view.changed.count)"
      return Response(
        status: .seeOther,
        headers: [
          .location: "/t/\(LocalPath.encoded(slug))/answer?\(link.text)&said=\(said)",
          .cacheControl: "no-store",
        ])
    }
    router.post("/api/slack/actions") { request, _ in
      let body = try await request.bytes(upTo: Self.longestAction)
      let reply = try await desk.openQueues().slackAction(
        body, timestamp: request.headers[HTTPField.Name("X-Slack-Request-Timestamp")!],
        signature: request.headers[HTTPField.Name("X-Slack-Signature")!])
      guard let reply else {
        throw HTTPError(.unauthorized, message: "the signature is missing, wrong, old or was used before")
      }
      return try Answer.json(["text": reply])
    }
  }

  private func signed(
    _ field: (String) -> String?, _ slug: String
  ) async throws -> (LinkQuery, Answerer) {
    guard let expires = field("e").flatMap({ Int64($0) }), let nonce = field("n"), let signature = field("s"),
      (1...64).contains(nonce.utf8.count), signature.utf8.count <= 128,
      nonce.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { throw HTTPError(.forbidden, message: "the link is not whole: copy all of it") }
    let link = LinkQuery(expires: expires, nonce: nonce, signature: signature)
    guard let answerer = try await desk.openQueues().answerer(of: link, for: slug) else {
      throw HTTPError(
        .forbidden, message: "the link is not valid, or not any more: ask the shift for a new one")
    }
    return (link, answerer)
  }
}
