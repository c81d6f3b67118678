import HTTPTypes

/// What a browser gets instead of a page, in words and with a way on.
struct FailurePage: Sendable {
  let head: PageHead
  let code: String
  let heading: String
  let text: String
  /// What somebody had typed into a form that was refused.
  let typed: String?

  init(head: PageHead, status: HTTPResponse.Status, text: String, typed: String? = nil) {
    self.typed = typed
    self.head = head
    self.text = text
    code = "\(status.code)"
    heading =
      switch status.code {
      case 400: "This address makes no sense here"
      case 401, 403: "This is not open to you"
      case 404: "There is nothing here"
      case 503: "Not now"
      default: "Something went wrong"
      }
  }
}
