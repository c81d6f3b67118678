/// One of several things a form offers, as pages show it.
struct FormOption: Sendable {
  let value: String
  let label: String
  var note: String?
  let isChosen: Bool
  /// Of its field, where the value is no name.
  var id = ""

  init(value: String, label: String, isChosen: Bool) {
    (self.value, self.label, self.isChosen) = (value, label, isChosen)
  }

  init(_ choice: FormChoice, isChosen: Bool) {
    (value, label, note, self.isChosen) = (choice.value, choice.label, choice.note, isChosen)
  }
}

/// Something that a form carries without showing it.
struct FormField: Sendable {
  let name: String
  let value: String
}

/// One of several buttons of a form.
struct FormButton: Sendable {
  let value: String
  let label: String
}
