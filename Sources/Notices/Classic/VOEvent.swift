/// The parts of a VOEvent (IVOA 2.0, and the 1.1 that GECAM claims) that notices are made from, all as
/// text.
struct VOEvent {
  struct Parameter {
    let group: String
    let name: String
    var value: String
    let unit: String
    var path: String { group.isEmpty ? "What/\(name)" : "What/\(group)/\(name)" }
  }
  struct Citation {
    var relation: String
    var ivorn: String
  }

  var ivorn = ""
  var role = ""
  var date = ""
  var parameters: [Parameter] = []
  /// `UTC-FK5-GEO` and the like.
  var coordinateSystem = ""
  var time = ""
  var positionUnit = ""
  var name1 = ""
  var name2 = ""
  var coordinate1 = ""
  var coordinate2 = ""
  var errorRadius = ""
  var concept = ""
  var sourceName = ""
  var citations: [Citation] = []

  /// Place of the first parameter of each name; filled once the event is complete.
  private var index: [String: Int] = [:]

  mutating func finish() {
    index.reserveCapacity(parameters.count)
    for (i, parameter) in parameters.enumerated() where index[parameter.name] == nil {
      index[parameter.name] = i
    }
  }

  /// The first value of a parameter, in whatever group.
  func value(_ name: String) -> String? {
    guard let i = index[name] else { return nil }
    let value = trim(parameters[i].value)
    return value.isEmpty ? nil : value
  }

  func unit(_ name: String) -> String? { index[name].map { parameters[$0].unit } }

  func number(_ name: String, _ notes: inout Notes) -> Double? {
    guard let text = value(name) else { return nil }
    if let number = decimal(text) { return number }
    notes.add(.invalidNumber, "What/\(name)", "\"\(text.clipped())\" is not a number; ignored")
    return nil
  }

  func integer(_ name: String) -> Int? { value(name).flatMap { Notices.integer($0) } }

  func flag(_ name: String) -> Bool? { value(name).flatMap { boolean($0) } }
}
