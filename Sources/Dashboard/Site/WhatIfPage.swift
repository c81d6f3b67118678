/// `/events/{id}/what-if`: a question, and its answer beside the plan in force.
struct WhatIfPage: Sendable {
  struct Row: Sendable {
    let name: String
    let href: String
    let before: String
    let after: String
    let note: String
  }
  struct Answer: Sendable {
    let assumptions: [String]
    let probabilityBefore: String
    let probabilityAfter: String
    let change: String
    let tilesBefore: String
    let tilesAfter: String
    let telescopesBefore: String
    let telescopesAfter: String
    let counts: String
    let lines: [String]
    let rows: [Row]
    let took: String
    /// Names and values for the form that adopts it.
    let fields: [FormField]
  }

  let head: PageHead
  let event: String
  let eventHref: String
  let action: String
  let formToken: String
  let planText: String
  let problem: String?
  let planned: [FormOption]
  let sites: [FormOption]
  let out: [FormOption]
  let until: String
  let start: String
  let answer: Answer?
  let adopted: [FormOption]
  let hasAdopted: Bool

  init(
    head: PageHead, event: String, form: WhatIfForm, options: WhatIfOptions, view: WhatIfView?,
    problem: String?
  ) {
    self.head = head
    self.event = event
    eventHref = "/events/\(LocalPath.encoded(event))"
    action = eventHref + "/what-if"
    formToken = head.formToken ?? ""
    let plan = options.plan
    planText =
      "The plan in force, \(plan.id): \(Figure.percent(plan.probability)) with "
      + Figure.count(plan.assignments, "tile") + " of " + Figure.count(plan.telescopes, "telescope") + "."
    self.problem = problem
    planned = options.planned.map {
      FormOption($0, isChosen: form.drop.contains($0.value))
    }
    sites =
      [FormOption(value: "", label: "none", isChosen: form.clouds.isEmpty)]
      + options.sites.map { site in
        FormOption(value: site, label: site, isChosen: form.clouds.contains { $0.site == site })
      }
    out = options.outOfService.map {
      FormOption($0, isChosen: form.add.contains($0.value))
    }
    until = form.clouds.first?.untilUTC ?? ""
    start = form.startUTC ?? ""
    answer = view.map { Answer($0, form) }
    adopted = options.adopted.enumerated().map { number, piece in
      var option = FormOption(piece, isChosen: false)
      option.id = "back-\(number)"
      return option
    }
    hasAdopted = !adopted.isEmpty
  }

  /// What the fields of the page ask.
  static func form(_ fields: FormBody) -> WhatIfForm {
    func text(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
    let clouds = text("cloud").map { [WhatIfForm.Cloud(site: $0, untilUTC: text("until") ?? "")] }
    return WhatIfForm(
      drop: fields.all("drop"), clouds: clouds ?? [], startUTC: text("start"), add: fields.all("add"),
      plan: text("plan"))
  }
}

extension WhatIfPage.Answer {
  init(_ view: WhatIfView, _ form: WhatIfForm) {
    assumptions = view.assumptions
    probabilityBefore = Figure.percent(view.before.probability)
    probabilityAfter = Figure.percent(view.after.probability)
    let points = (view.after.probability - view.before.probability) * 100
    change =
      abs(points) < 0.05
      ? "as before" : (points < 0 ? "" : "+") + Figure.number(points, decimals: 1, unit: "points")
    (tilesBefore, tilesAfter) = ("\(view.before.tiles)", "\(view.after.tiles)")
    (telescopesBefore, telescopesAfter) = ("\(view.before.telescopes)", "\(view.after.telescopes)")
    counts = "\(view.kept) kept, \(view.moved) moved, \(view.new) new, \(view.dropped) dropped"
    lines = view.lines
    rows = view.parts.map { part in
      WhatIfPage.Row(
        name: part.telescope, href: "/t/\(LocalPath.encoded(part.slug))", before: "\(part.tilesBefore)",
        after: "\(part.tilesAfter)", note: part.reason ?? "")
    }
    took = Figure.number(view.seconds, decimals: 2, unit: "s")
    var fields = form.drop.map { FormField(name: "drop", value: $0) }
    fields += form.add.map { .init(name: "add", value: $0) }
    for cloud in form.clouds {
      fields += [.init(name: "cloud", value: cloud.site), .init(name: "until", value: cloud.untilUTC)]
    }
    if let start = form.startUTC { fields.append(.init(name: "start", value: start)) }
    self.fields = fields + [.init(name: "plan", value: view.plan)]
  }
}
