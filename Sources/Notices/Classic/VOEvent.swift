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
  var description = ""
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
  var references: [String] = []

  /// The first value of a parameter, in any group unless one is named.
  func value(_ name: String, group: String? = nil) -> String? {
    for parameter in parameters where parameter.name == name {
      if let group, parameter.group != group { continue }
      let value = trim(parameter.value)
      return value.isEmpty ? nil : value
    }
    return nil
  }

  func unit(_ name: String) -> String? {
    parameters.first { $0.name == name }.map(\.unit)
  }

  func number(_ name: String, _ notes: inout Notes) -> Double? {
    guard let text = value(name) else { return nil }
    if let number = decimal(text) { return number }
    notes.add(.invalidNumber, "What/\(name)", "\"\(text.clipped())\" is not a number; ignored")
    return nil
  }

  func integer(_ name: String) -> Int? { value(name).flatMap { Notices.integer($0) } }

  func flag(_ name: String, group: String? = nil) -> Bool? {
    value(name, group: group).flatMap { boolean($0) }
  }
}
