import Campaigns

/// The store too has outcomes: here is the policy's, by another name.
typealias PolicyOutcome = Outcome
