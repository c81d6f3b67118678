import Campaigns
import Notices
import Store

/// Why an event is stepped.
struct StepCause {
  /// The notice that is handled with the step.
  var handled: NoticeID?
  var notice: Notice?
  /// Stored events that turned out to be this one.
  var merged: [String] = []
  /// All notices that belong to the event from now on, as far as they are new.
  var notices: [NoticeID] = []
  /// Names that the notice uses for events which are not known.
  var loose: [(notice: NoticeID, name: String)] = []
  /// Other events that the notice is about, too.
  var alsoAbout: [String] = []
  /// Timers that the step is the answer to.
  var timers: [String] = []
  /// What people said.
  var answers: [PersonalAnswer] = []

  /// Telescope teams have answered or reported.
  var isReported = false
  /// A person wants the proposed position to go to ICARE.
  var appliesCrossMatch = false
  /// A what-if that a person adopts.
  var adoption: Adoption?

  /// Nothing came in: a timer ran out.
  var isTimeOnly: Bool {
    handled == nil && merged.isEmpty && notices.isEmpty && answers.isEmpty && !isReported
      && !appliesCrossMatch && adoption == nil
  }
}

extension Question {
  /// As it is put to people.
  var text: String {
    switch self {
    case .reinstate:
      "The event was withdrawn and then announced again: a person must say whether it stands"
    case .reopen(let outcome):
      "A person had ended the campaign; the policy now says \(outcome.rawValue): reopen it?"
    case .contradiction(let keys):
      "Messages with one identifier say different things: \(keys.joined(separator: ", "))"
    }
  }
}
