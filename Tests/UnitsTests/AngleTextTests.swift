import Testing

@testable import Units

@Suite struct AngleTextTests {
  @Test(arguments: [
    ("300.25", Angle.LeadingPart.hours, 300.25), ("-12.5", .degrees, -12.5), (" 1e-3 ", .degrees, 0.001),
    ("20:00:00", .hours, 300), ("20 00 00", .hours, 300), ("20h00m00s", .hours, 300), ("20h", .degrees, 300),
    ("20h 00m 00.4s", .degrees, 300 + 0.4 / 240), ("+30:30:00", .degrees, 30.5), ("30d30m", .hours, 30.5),
    ("-00:30", .degrees, -0.5), ("\u{2212}00 30 36", .degrees, -0.51),
    ("+30\u{00B0}30'36\"", .degrees, 30.51),
    ("23:59:59.99", .hours, 359.9999583333), ("12 : 30", .degrees, 12.5),
  ])
  func isRead(_ text: String, _ part: Angle.LeadingPart, _ degrees: Double) throws {
    #expect(abs(try Angle(text: text, part).degrees - degrees) < 1e-9)
  }

  @Test(arguments: [
    "", " ", "nan", "inf", "1e400", "0x10", "twelve", "12::30", "12:30:00:00", ":12", "12:", "12:-30",
    "12:+30",
    "1 2 3 4", "20h30d", "12:60", "12:30:60", "12h-5m", "20h:30", String(repeating: "1", count: 100),
    "12,5", "\u{202E}12",
  ])
  func isRefused(_ text: String) {
    #expect(throws: AngleTextError.self) { try Angle(text: text, .degrees) }
    #expect(throws: AngleTextError.self) { try Angle(text: text, .hours) }
  }

  @Test func refusalsSayWhy() {
    #expect("\(AngleTextError.minutes("12:60"))".contains("0 to 59"))
    #expect(throws: AngleTextError.minutes("12:60")) { try Angle(text: "12:60", .hours) }
    #expect(throws: AngleTextError.noAngle("x")) { try Angle(text: "x", .hours) }
  }

  /// What we write, we read.
  @Test func roundTrip() throws {
    for i in 0..<360 {
      let angle = Angle.degrees(Double(i) + 0.123)
      let read = try Angle(text: angle.hoursMinutesSeconds, .hours)
      #expect(abs(read.degrees - angle.degrees) <= 0.5 * 0.01 / 240 + 1e-9)
      let dec = Angle.degrees(Double(i) / 2 - 90 + 0.01)
      #expect(abs(try Angle(text: dec.degreesMinutesSeconds, .degrees).degrees - dec.degrees) <= 0.06 / 3600)
    }
  }
}
