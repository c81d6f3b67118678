import ArgumentParser

@main
struct Vesper: AsyncParsableCommand {
  static let version = "0.1.0"
  static let configuration = CommandConfiguration(
    commandName: "vesper",
    abstract:
      "Plans the night of a telescope network from a sky map of gravitational waves, gamma-ray bursts or neutrinos.",
    discussion: """
      Exit status: 0 done; 1 the check found violations; 64 the command line is wrong; 65 an input cannot \
      be used (the message says what and why); 66 an input does not exist; 73 the output cannot be written.
      """,
    version: version,
    subcommands: [
      PlanCommand.self, CheckCommand.self, SimulateCommand.self, SkymapCommand.self, TelescopesCommand.self,
      DecideCommand.self, FollowupCommand.self, GalaxiesCommand.self, ServeCommand.self, QueueCommand.self,
      AckCommand.self, LinkCommand.self,
      OverrideCommand.self, IngestCommand.self, StatusCommand.self, TokenCommand.self, ConfigCommand.self,
      DrillCommand.self, ReplayCommand.self, BackupCommand.self, RestoreCommand.self,
      IcareCommand.self, RosterCommand.self,
    ])
}
