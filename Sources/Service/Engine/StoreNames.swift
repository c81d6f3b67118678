import Store

/// A policy too has outcomes: here is the store's, by another name.
typealias StepOutcome = Outcome

/// So has a campaign withdrawals.
typealias TakenBack = Withdrawal
