import Units

@testable import Dashboard

/// Queues that say the same to everybody.
struct FakeQueues: QueueDesk {
  static let outage = OutageView(
    number: 3, kind: "weather", filter: nil, event: nil, startUTC: "2023-05-18T14:00:00Z",
    endUTC: "2023-05-18T18:00:00Z", reason: "wind", actor: "robot", way: "api",
    recordedUTC: "2023-05-18T13:59:00Z", isInForce: true)
  static let view = QueueView(
    telescope: "TAROT-TCA", name: "TAROT <Calern>", status: "GO", message: "1 to observe",
    nowUTC: "2023-05-18T14:00:00Z",
    pointings: [
      .init(
        id: 7, event: "S230518h", plan: "S230518h-r1-0123abcd", tile: "t:g1:12", state: "sent", reason: nil,
        sinceUTC: "2023-05-18T14:00:00Z", startUTC: "2023-05-18T20:00:00Z", endUTC: "2023-05-18T20:01:00Z",
        raDeg: 10, decDeg: -20, filter: nil, exposureS: 60)
    ],
    record: [
      .init(
        number: 1, state: "sent", pointing: nil, plan: "S230518h-r1-0123abcd", reason: nil, actor: "vesper",
        way: "service", atUTC: "2023-05-18T14:00:00Z")
    ], outages: [outage])

  func queue(of slug: String, reader: Answerer?) async throws(DeskError) -> QueueView { Self.view }
  func answer(_ form: AnswerForm, for slug: String, by answerer: Answerer) async throws(DeskError)
    -> AnswerView
  { AnswerView(answer: form.answer, changed: [7], isRepeat: false) }
  func report(_ reports: [ReportForm], for slug: String, by answerer: Answerer) async throws(DeskError)
    -> [ReportView]
  { reports.indices.map { ReportView(row: $0 + 1, result: "recorded", pointing: 7) } }
  func outages(of slug: String) async throws(DeskError) -> [OutageView] { [Self.outage] }
  func add(_ form: OutageForm, for slug: String, by answerer: Answerer) async throws(DeskError) -> OutageView
  { Self.outage }
  func endOutage(_ number: Int64, for slug: String, by answerer: Answerer) async throws(DeskError)
    -> OutageView
  { Self.outage }
  func currentFile(of slug: String, name: String, wishes: FileWishes) async throws(DeskError) -> FileView {
    FileView(bytes: Array("\(slug) \(name) \(wishes)".utf8), mediaType: "text/plain", isImmutable: false)
  }
  func file(plan: String, name: String, wishes: FileWishes) async throws(DeskError) -> FileView {
    FileView(bytes: Array("\(plan) \(name)".utf8), mediaType: "text/plain", isImmutable: true)
  }
  func coverage(of event: String) async throws(DeskError) -> CoverageView {
    CoverageView(
      event: event, observations: 1, withoutLimit: 0, accepted: 0.2, observed: 0.1, depthWeighted: 0.05,
      remaining: 0.5, areaDeg2: 3, referenceMag: nil)
  }
  func coverageFile(of event: String, name: String) async throws(DeskError) -> FileView {
    FileView(bytes: Array(name.utf8), mediaType: "text/plain", isImmutable: false)
  }
  func answerer(of link: LinkQuery, for slug: String) async throws(DeskError) -> Answerer? {
    link.signature == "good" ? Answerer(name: "link", way: "link") : nil
  }
  func slackAction(_ body: [UInt8], timestamp: String?, signature: String?) async throws(DeskError) -> String?
  { signature == nil ? nil : "ok" }
  func observationPlans(_ query: SkyPortalQuery, for slugs: [String], reader: Answerer)
    async throws(DeskError) -> [SkyPortalPlan]
  { [] }
  func followupRequests(_ query: SkyPortalQuery, for slugs: [String], reader: Answerer)
    async throws(DeskError) -> [SkyPortalFollowup]
  { [] }
  func setFollowup(_ number: Int64, status: String, for slugs: [String], by answerer: Answerer)
    async throws(DeskError)
  {}
  func skyPortalEvent(_ dateobs: String) async throws(DeskError) -> SkyPortalEvent? { nil }
  func slugs() async -> [String] { ["TAROT-TCA"] }
}
