import Units

/// Boxes around countries, for the coarsest check of a position.
enum Countries {
  /// South, north, west, east in degrees; half a degree of margin. Only countries that have or may have a
  /// GRANDMA telescope; parts overseas have boxes of their own.
  private static let boxes: [String: (Double, Double, Double, Double)] = [
    "Antarctica": (-90, -60, -180, 180), "Argentina": (-55.6, -21.3, -74.1, -53.1),
    "Australia": (-44.2, -9.7, 112.4, 154.2), "Azerbaijan": (37.9, 42.4, 44.2, 51.2),
    "Brazil": (-34.3, 5.8, -74.5, -34.3), "Bulgaria": (40.7, 44.7, 21.8, 29.1),
    "Chile": (-56.1, -17.0, -76.2, -66.0),
    "China": (17.7, 54.1, 73.0, 135.6), "Czechia": (48.0, 51.6, 11.6, 19.4),
    "Egypt": (21.5, 32.2, 24.2, 37.4),
    "France": (40.8, 51.6, -5.7, 10.1), "France (La Reunion)": (-21.9, -20.4, 54.7, 56.3),
    "France (New Caledonia)": (-23.3, -19.0, 163.0, 168.6), "Georgia": (40.5, 44.1, 39.5, 47.3),
    "Germany": (46.8, 55.6, 5.4, 15.6), "Greece": (34.3, 42.3, 18.9, 29.0), "India": (6.2, 36.0, 67.6, 97.9),
    "Italy": (35.0, 47.6, 6.1, 19.0), "Japan": (23.5, 46.1, 122.4, 146.4),
    "Mexico": (14.0, 33.2, -118.9, -86.2),
    "Morocco": (27.1, 36.4, -13.7, -0.5), "Poland": (48.5, 55.3, 13.6, 24.7),
    "Russia": (40.7, 82.4, 19.1, 180),
    "South Africa": (-35.4, -21.6, 15.9, 33.4), "South Korea": (32.6, 39.1, 124.1, 131.4),
    "Spain": (27.1, 44.3, -18.7, 4.8), "Switzerland": (45.3, 48.3, 5.4, 11.0),
    "Thailand": (5.1, 21.0, 96.8, 106.2),
    "USA": (24.0, 49.9, -125.3, -66.4), "USA (Hawaii)": (18.4, 22.7, -160.8, -154.3),
    "USA (US Virgin Islands)": (17.2, 18.9, -65.6, -64.0), "Ukraine": (43.9, 52.9, 21.6, 40.7),
    "United Kingdom": (49.3, 61.4, -8.7, 2.3), "Uzbekistan": (36.7, 46.1, 55.5, 73.7),
  ]

  /// The box of a country as files write it: a part in brackets that has no box of its own is ignored.
  private static func box(_ country: String) -> (Double, Double, Double, Double)? {
    boxes[country] ?? country.firstRange(of: " (").flatMap { boxes[String(country[..<$0.lowerBound])] }
  }

  static func known(_ country: String) -> Bool { box(country) != nil }

  static func contains(_ country: String, _ position: GeodeticPosition) -> Bool {
    guard let (south, north, west, east) = box(country) else { return false }
    let (latitude, longitude) = (position.latitude.degrees, position.longitude.degrees)
    return (south...north).contains(latitude) && (west...east).contains(longitude)
  }
}
