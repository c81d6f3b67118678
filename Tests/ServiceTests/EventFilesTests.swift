import Testing

@testable import Service

@Suite struct EventFilesTests {
  /// However many events there were, no more than so many are held with their notices; the last always is.
  @Test func memoryDoesNotGrowWithTheYears() {
    var files = EventFiles()
    let count = 3 * EventFiles.mostRemembered
    for i in 0..<count {
      files.remember([], of: "S\(i)")
      #expect(files.remembered(of: "S\(i)") != nil)
    }
    let held = (0..<count).count { files.remembered(of: "S\($0)") != nil }
    #expect(held <= EventFiles.mostRemembered && held > 0)
    // What is known already takes nobody's place.
    files.remember([], of: "S\(count - 1)")
    #expect((0..<count).count { files.remembered(of: "S\($0)") != nil } == held)
  }
}
