import Dashboard
import Formats
import Healpix
import Observatories
import Planning
import Queues
import Store
import Units

extension StoreQueueDesk {
  func currentFile(
    of slug: String, name: String, wishes: FileWishes
  ) async throws(DeskError) -> FileView {
    guard let format = PlanFormat(fileName: name) else { throw Self.noFormat(name) }
    let telescope = try telescope(slug)
    let document = try await currentDocument(telescope, event: wishes.event)
    return file(document, format, try preferences(wishes, of: document), isImmutable: false)
  }

  func file(plan: String, name: String, wishes: FileWishes) async throws(DeskError) -> FileView {
    let formats = PlanFormat.allCases.sorted { $0.rawValue.count > $1.rawValue.count }
    guard let format = formats.first(where: { name.hasSuffix(".\($0.rawValue)") }) else {
      throw Self.noFormat(name)
    }
    let slug = String(name.dropLast(format.rawValue.count + 1))
    let document = try await document(plan)
    guard let share = document.plans.first(where: { $0.telescope.slug == slug }) else {
      throw .notFound("the plan \(plan) has nothing for \(slug)")
    }
    return file(share, format, try preferences(wishes, of: share), isImmutable: true)
  }

  private static func noFormat(_ name: String) -> DeskError {
    .notFound(
      "no file \(name.prefix(60)); there are \(PlanFormat.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  private func file(
    _ document: PlanDocument, _ format: PlanFormat, _ preferences: SitePreferences, isImmutable: Bool
  ) -> FileView {
    let key = Doors.FileKey(
      seal: document.sha256 ?? document.digest(), format: format, preferences: preferences,
      isImmutable: isImmutable)
    return state.doors.file(key) {
      FileView(
        bytes: format.render(document, preferences), mediaType: format.mediaType, isImmutable: isImmutable)
    }
  }

  /// A stored plan as it was written.
  func document(_ plan: String) async throws(DeskError) -> NetworkPlanDocument {
    if let known = state.doors.knows(plan) { return known }
    let (_, bytes) = try await asked { () async throws(StoreError) in try await store.plan(plan) }
    do { return try state.doors.document(plan, bytes) } catch {
      throw .unavailable("the plan \(plan) cannot be read: \(error)")
    }
  }

  /// What a telescope is to do now, under the word that its queue has for it: what is left of the plan with
  /// the next pointing; the plan that was taken back, without rows; or nothing.
  private func currentDocument(
    _ telescope: Telescope, event: String?
  ) async throws(DeskError) -> PlanDocument {
    let now = now
    let slug = telescope.slug
    let queue = try await current(slug, event: event)
    switch queue.status {
    case .go:
      // What is under way of a plan that was replaced is for the telescope's record, not for its list.
      let next = queue.open.first { $0.standing.state.isOpen } ?? queue.open.first
      guard let first = next, let share = try await share(of: first.plan, slug) else { break }
      let left = Set(queue.open.filter { $0.plan == first.plan }.map(\.tile))
      return state.doors.rest(of: share, left)
    case .stop:
      let back = try await withdrawal(of: slug, event: event)
      if let back, let share = try await share(of: back.plan, slug) { return share.stopped }
    case .wait:
      let latest: StoredPlan?
      if let event {
        latest = try await asked { () async throws(StoreError) in try await store.plans(of: event) }.last
      } else {
        latest = try await latestPlan(of: slug)
      }
      if let latest, let share = try await share(of: latest.id, slug) { return share.left { _ in false } }
    }
    return PlanDocument.waiting(telescope, at: now)
  }

  private func share(of plan: String, _ slug: String) async throws(DeskError) -> PlanDocument? {
    try await document(plan).plans.first { $0.telescope.slug == slug }
  }

  func coverageFile(of event: String, name: String) async throws(DeskError) -> FileView {
    _ = try await asked { () async throws(StoreError) in try await store.event(event) }
    let fields = ExecutedFields(store: store, telescopes: state.settings.telescopes)
    let now = now
    let taken = try await asked { () async throws(StoreError) in
      try await fields.taken(for: event, isPlanning: false, at: now)
    }
    // A cell is 1.7 arcmin: every one that an exposure touches is in.
    let order = 11
    let coverage = Coverage(unionOf: taken.flatMap(\.footprint.regions), order: order)
    guard let form = MOCFile(rawValue: name) else {
      throw .notFound("no file \(name.prefix(60)); there are \(MOCFile.names)")
    }
    return form.view(
      of: coverage, order: order,
      cards: [.init("EVENT", event), .init("ORIGIN", "GRANDMA"), .init("EXPOSURE", "\(taken.count)")])
  }

  private func preferences(
    _ wishes: FileWishes, of document: PlanDocument
  ) throws(DeskError) -> SitePreferences {
    do {
      let local = try wishes.local.map { wish throws(FormatError) in try document.localTime(wish, at: now) }
      if let local, local == nil {
        throw DeskError.invalid(
          "local is `site`, where the site's zone is known, or a zone such as Europe/Paris")
      }
      return try SitePreferences(
        filterNames: wishes.filterNames, exposureCap: wishes.exposureCapS.map { .seconds($0) },
        coordinates: wishes.coordinates == "decimal" ? .decimal : .sexagesimal,
        lineEnd: wishes.lineEnd.map { $0 == "crlf" ? .crlf : .lf }, localTime: local ?? nil)
    } catch let error as DeskError {
      throw error
    } catch {
      throw .invalid("\(error)")
    }
  }
}
