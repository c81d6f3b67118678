import HTTPTypes
import Hummingbird
import Units

/// `/t/{slug}/answer`: a team's queue with buttons, for a phone and without script.
struct AnswerPage: Sendable {
  /// What the address asks for.
  struct Choice: Sendable {
    var answer: String?
    var plan: String?
    var pointing: Int64?
    /// What was just said.
    var said: String?
    /// Whether files can be had without a token.
    var showsFiles = false
  }
  struct Button: Sendable {
    let word: String
    let label: String
    let asksReason: Bool
    let fields: [FormField]
  }
  struct Row: Sendable {
    let id: Int64
    let start: PageTime
    let position: String
    let filter: String
    let exposure: String
    let state: String
    let event: String
    let buttons: [Button]
  }
  struct Plan: Sendable {
    let id: String
    let event: String
    let countText: String
    /// What the team said of it, if it is one answer.
    let said: String?
    let files: [EventPage.FileLink]
    let hasFiles: Bool
    let buttons: [Button]
  }

  let head: PageHead
  let name: String
  let mark: Mark
  let message: String
  let said: String?
  let action: String
  /// One question instead of the whole queue.
  let question: Button?
  let questionText: String?
  let allHref: String
  let plans: [Plan]
  let rows: [Row]
  let hasRows: Bool

  private static let mostRows = 60

  init(head: PageHead, view: QueueView, slug: String, link: LinkQuery, choice: Choice, now: Instant?) {
    self.head = head
    name = view.name
    mark = .telescope(view.status)
    message = view.message
    action = "/t/\(LocalPath.encoded(slug))/answer"
    allHref = "\(action)?\(link.text)"
    said = choice.said.map(Self.saidText)
    let proof = [
      FormField(name: "e", value: "\(link.expires)"), FormField(name: "n", value: link.nonce),
      FormField(name: "s", value: link.signature),
    ]
    func button(_ word: String, _ label: String, _ about: [FormField]) -> Button {
      Button(
        word: word, label: label, asksReason: word == "refused",
        fields: proof + about + [FormField(name: "a", value: word)])
    }
    let asked = choice.answer.flatMap { Self.labels[$0] }
    if let asked, choice.plan != nil || choice.pointing != nil {
      let about =
        choice.pointing.map { [FormField(name: "p", value: "\($0)")] }
        ?? [FormField(name: "plan", value: choice.plan ?? "")]
      question = button(asked.word, asked.label, about)
      questionText = choice.pointing.map { "Pointing \($0)" } ?? "Plan \(choice.plan ?? "")"
    } else {
      (question, questionText) = (nil, nil)
    }
    let open = view.pointings.filter { ["sent", "seen", "accepted", "started"].contains($0.state) }
    var ids: [String] = []
    for p in open where !ids.contains(p.plan) { ids.append(p.plan) }
    let files = Self.files(slug)
    plans = ids.map { id in
      let own = open.filter { $0.plan == id }
      return Plan(
        id: id, event: own.first?.event ?? "", countText: Figure.count(own.count, "pointing"),
        said: Self.state(of: own), files: files, hasFiles: choice.showsFiles,
        buttons: [
          button("accepted", "We observe", [FormField(name: "plan", value: id)]),
          button("refused", "We cannot", [FormField(name: "plan", value: id)]),
        ])
    }
    rows = open.prefix(Self.mostRows).map { p in
      Row(
        id: p.id, start: PageTime(p.startUTC, now: now),
        position: Angle.degrees(p.raDeg).hoursMinutesSeconds + " "
          + Angle.degrees(p.decDeg).degreesMinutesSeconds,
        filter: p.filter ?? "-", exposure: Figure.number(p.exposureS, unit: "s"),
        state: Figure.words(p.state),
        event: p.event,
        buttons: [
          button("observed", "Observed", [FormField(name: "p", value: "\(p.id)")]),
          button("refused", "Not this one", [FormField(name: "p", value: "\(p.id)")]),
        ])
    }
    hasRows = !rows.isEmpty
  }

  private static func state(of own: [QueueView.Pointing]) -> String? {
    guard let first = own.first?.state, own.allSatisfy({ $0.state == first }), first != "sent",
      first != "seen"
    else { return nil }
    return Figure.words(first)
  }

  /// The whole list, without login.
  private static func files(_ slug: String) -> [EventPage.FileLink] {
    ["txt", "csv", "json"].map {
      .init(name: $0, href: "/t/\(LocalPath.encoded(slug))/plan.\($0)")
    }
  }

  private static let labels: [String: (word: String, label: String)] = [
    "accepted": ("accepted", "We observe"), "accept": ("accepted", "We observe"),
    "refused": ("refused", "We cannot"), "refuse": ("refused", "We cannot"),
    "cannot": ("refused", "We cannot"),
    "started": ("started", "We have begun"), "observed": ("observed", "Observed"),
  ]

  /// Only words of ours come back from the address.
  static func saidText(_ said: String) -> String {
    let parts = said.split(separator: "-")
    guard parts.count == 2, let count = Int(parts[1]), count >= 0, count < 100_000,
      labels[String(parts[0])] != nil || ["seen", "data", "photometry"].contains(parts[0])
    else { return "It was known already: nothing changed." }
    return "Thank you. On record: \(parts[0]), \(Figure.count(count, "pointing"))."
  }
}

extension PageRoutes {
  func answerPage(
    _ view: QueueView, slug: String, link: LinkQuery, choice: AnswerPage.Choice, _ request: Request
  ) async throws -> Response {
    let library = try library.get()
    let health = await desk.health()
    let page = AnswerPage(
      head: head("Answer for \(view.name)", .none, request, nil, health, library), view: view, slug: slug,
      link: link, choice: choice, now: Instant(iso8601: health.nowUTC))
    let file = try library.render(page, "answer")
    return Response(
      status: .ok, headers: [.contentType: file.mediaType, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}
