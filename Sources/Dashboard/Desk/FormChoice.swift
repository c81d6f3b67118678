/// Something that a form offers.
public struct FormChoice: Hashable, Sendable {
  /// What the form sends.
  public var value: String
  public var label: String
  /// What it means, how much it has, or why it is unusual.
  public var note: String?
  public init(value: String, label: String, note: String? = nil) {
    self.value = value
    self.label = label
    self.note = note
  }
}
