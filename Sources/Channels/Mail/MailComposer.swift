import Units

/// Builds a whole mail (RFC 5322, MIME) from a payload: the same bytes every time.
struct MailComposer {
  let sender: MailAddress
  /// The right side of message ids.
  let host: String

  /// Made from the delivery's key, so that two copies of a mail are one to its readers.
  func messageID(_ key: String) -> String {
    "<\(SHA256.hexDigest(of: "vesper mail " + key).prefix(40))@\(host)>"
  }

  func compose(_ payload: MailPayload, key: String) -> [UInt8] {
    var head = date(payload)
    head += MailHeader.addresses("From", [sender])
    head +=
      payload.hidesRecipients
      ? "To: undisclosed-recipients:;\r\n" : MailHeader.addresses("To", payload.to)
    head += MailHeader.unstructured("Subject", payload.subject)
    head += "Message-ID: \(messageID(key))\r\n"
    if let thread = payload.thread, thread != key {
      head += "In-Reply-To: \(messageID(thread))\r\nReferences: \(messageID(thread))\r\n"
    }
    // RFC 3834: no holiday notes in answer.
    head += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
    let text =
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      + TransferEncoding.quotedPrintable(payload.body)
    guard !payload.attachments.isEmpty else { return Array((head + text).utf8) }
    // "=_" is neither in quoted-printable nor in base64: no part can contain the boundary.
    let boundary = "=_vesper_\(SHA256.hexDigest(of: key).prefix(24))"
    var whole = head + "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\r\n\r\n"
    // The line end before a boundary belongs to the boundary.
    whole += "--\(boundary)\r\n\(text)\r\n"
    for attachment in payload.attachments {
      whole += "--\(boundary)\r\n"
      whole += "Content-Type: \(attachment.contentType)\r\nContent-Transfer-Encoding: base64\r\n"
      whole += MailHeader.folded(
        "Content-Disposition", ["attachment;"] + MailHeader.filename(attachment.filename))
      whole += "\r\n" + TransferEncoding.base64(attachment.content)
    }
    return Array((whole + "--\(boundary)--\r\n").utf8)
  }

  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private func date(_ payload: MailPayload) -> String {
    guard let instant = Instant(iso8601: payload.date) else { return "" }
    let u = instant.utc
    // 2000-01-01, day zero of this count, was a Saturday.
    let day = Int((instant.mjdUTC - 51_544).rounded(.down))
    let name = Self.days[((day + 5) % 7 + 7) % 7]
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let clock = "\(two(u.hour)):\(two(u.minute)):\(two(u.second))"
    return "Date: \(name), \(u.day) \(Self.months[u.month - 1]) \(u.year) \(clock) +0000\r\n"
  }
}
