import HTTPTypes
import Hummingbird

/// One stable address per telescope and format, and one that never changes per plan.
struct PlanFileRoutes {
  let desk: any Desk

  func add(to router: Router<DashboardContext>) {
    router.get("/t/{slug}/{file}") { request, context in
      let file = try await desk.openQueues().currentFile(
        of: context.telescope(desk), name: context.part("file"), wishes: try wishes(request))
      return Answer.file(file, for: request)
    }
    router.get("/plans/{plan}/{file}") { request, context in
      let file = try await desk.openQueues().file(
        plan: context.part("plan"), name: context.part("file"), wishes: try wishes(request))
      return Answer.file(file, for: request)
    }
  }

  private func wishes(_ request: Request) throws -> FileWishes {
    var wishes = FileWishes()
    wishes.event = request.formValue("event")
    wishes.local = request.formValue("local")
    wishes.lineEnd = try word("eol", ["lf", "crlf"], request)
    wishes.coordinates = try word("coords", ["sexagesimal", "decimal"], request)
    if let text = request.formValue("cap_s") {
      guard let cap = Double(text), cap.isFinite, cap > 0 else {
        throw HTTPError(.badRequest, message: "cap_s is the longest exposure in seconds")
      }
      wishes.exposureCapS = cap
    }
    for pair in (request.formValue("filters") ?? "").split(separator: ",").prefix(50) {
      let names = pair.split(separator: ":", maxSplits: 1).map { String($0) }
      guard names.count == 2 else {
        throw HTTPError(.badRequest, message: "filters is like r:SDSS-r,g:SDSS-g")
      }
      wishes.filterNames[names[0]] = names[1]
    }
    return wishes
  }

  private func word(_ name: String, _ words: [String], _ request: Request) throws -> String? {
    guard let text = request.formValue(name) else { return nil }
    guard words.contains(text) else {
      throw HTTPError(.badRequest, message: "\(name) is \(words.joined(separator: " or "))")
    }
    return text
  }
}
