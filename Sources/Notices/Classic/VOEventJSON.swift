/// Fills a `VOEvent` from its JSON rendering (attributes as members, text as `#text`), which some
/// archives keep instead of the XML.
enum VOEventJSONReader {
  static func read(_ root: JSONObject) -> VOEvent {
    var event = VOEvent()
    event.ivorn = text(root["ivorn"])
    event.role = text(root["role"])
    event.date = text(root["Who"]?.object?["Date"])
    if let what = root["What"]?.object {
      parameters(of: what, group: "", into: &event)
      for group in objects(what["Group"]) {
        let type = text(group["type"])
        parameters(of: group, group: type.isEmpty ? text(group["name"]) : type, into: &event)
      }
    }
    readPlace(of: root, into: &event)
    for why in objects(root["Why"]) {
      if event.concept.isEmpty { event.concept = text(why["Concept"]) }
      for inference in objects(why["Inference"]) {
        if event.concept.isEmpty { event.concept = text(inference["Concept"]) }
        if event.sourceName.isEmpty { event.sourceName = text(inference["Name"]) }
      }
    }
    for citations in objects(root["Citations"]) {
      for cited in items(citations["EventIVORN"]) {
        event.citations.append(.init(relation: text(cited.object?["cite"]), ivorn: text(cited)))
      }
    }
    return event
  }

  private static func parameters(of container: JSONObject, group: String, into event: inout VOEvent) {
    for parameter in objects(container["Param"]) {
      event.parameters.append(
        .init(
          group: group, name: text(parameter["name"]), value: text(parameter["value"] ?? parameter["Value"]),
          unit: text(parameter["unit"])))
    }
  }

  private static func readPlace(of root: JSONObject, into event: inout VOEvent) {
    let observation = objects(root["WhereWhen"]).first
      .flatMap { objects($0["ObsDataLocation"]).first }
      .flatMap { objects($0["ObservationLocation"]).first }
    guard let coords = observation.flatMap({ objects($0["AstroCoords"]).first }) else { return }
    event.coordinateSystem = text(coords["coord_system_id"])
    event.time = text(
      objects(coords["Time"]).first.flatMap { objects($0["TimeInstant"]).first }?["ISOTime"])
    guard let position = objects(coords["Position2D"]).first else { return }
    event.positionUnit = text(position["unit"])
    event.name1 = text(position["Name1"])
    event.name2 = text(position["Name2"])
    event.errorRadius = text(position["Error2Radius"])
    guard let value = objects(position["Value2"]).first else { return }
    event.coordinate1 = text(value["C1"])
    event.coordinate2 = text(value["C2"])
  }

  private static func items(_ value: JSON?) -> [JSON] {
    switch value {
    case .array(let items): items
    case .none, .null: []
    case .some(let single): [single]
    }
  }

  private static func objects(_ value: JSON?) -> [JSONObject] { items(value).compactMap(\.object) }

  private static func text(_ value: JSON?) -> String {
    switch value {
    case .string(let text): trim(text)
    case .number(_, let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .object(let object):
      if case .string(let text) = object["#text"] { trim(text) } else { "" }
    default: ""
    }
  }
}
