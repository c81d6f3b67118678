import Formats
import Planning

/// The files of a plan in a folder on disk, with the input beside them.
enum PlanFolder {
  /// Where the input is kept, so that the plan can be checked and made again.
  static let inputFolder = "input"

  static func write(_ plan: Plan, input: PlanInput, to path: String) throws {
    let folder = try OutputFolder(path)
    do {
      for file in PlanFiles.render(plan, on: input.map) { try folder.write(file.bytes, to: file.path) }
      try folder.write(input.bytes, to: "\(inputFolder)/\(input.fileName)")
      try folder.commit()
    } catch {
      folder.discard()
      throw error
    }
  }
}
