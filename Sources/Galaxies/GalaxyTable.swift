import Healpix
import Units

/// One galaxy as a catalogue gives it.
public struct GalaxyRow: Sendable, Hashable {
  public var position: Direction<ICRS>
  /// Luminosity distance.
  public var distance: Distance
  /// Standard deviation; zero where the catalogue has none.
  public var deviation: Distance
  /// Blue luminosity, 10^10 solar; NaN: not known.
  public var luminosity: Float
  /// Stellar mass, 10^10 solar; NaN: not known.
  public var mass: Float
  /// Running number in its catalogue, from 1; 0: none.
  public var number: UInt32
  public var name: String?

  public init(
    position: Direction<ICRS>, distance: Distance, deviation: Distance = .megaparsecs(0),
    luminosity: Float = .nan, mass: Float = .nan, number: UInt32 = 0, name: String? = nil
  ) {
    self.position = position
    self.distance = distance
    self.deviation = deviation
    self.luminosity = luminosity
    self.mass = mass
    self.number = number
    self.name = name
  }
}

/// Galaxies as parallel columns, by position: what rankings work on.
public struct GalaxyTable: Sendable {
  /// NESTED cells of order 29: the position, to 0.4 milliarcseconds.
  public private(set) var keys: ContiguousArray<UInt64> = []
  /// Mpc.
  public private(set) var distances: ContiguousArray<Float> = []
  /// Mpc; 0 where the catalogue has none.
  public private(set) var deviations: ContiguousArray<Float> = []
  /// Blue luminosity and stellar mass, 10^10 solar; NaN: not known.
  public private(set) var luminosities: ContiguousArray<Float> = []
  public private(set) var masses: ContiguousArray<Float> = []
  /// Rows of the catalogue file they come from.
  public private(set) var rows: ContiguousArray<UInt32> = []
  public var count: Int { keys.count }

  public init() {}

  /// Rows of a list; `rows` are its indices.
  public init(_ list: [GalaxyRow]) {
    for (i, g) in list.enumerated() {
      append(
        key: Cell.key(of: g.position.unit), distance: Float(g.distance.megaparsecs),
        deviation: Float(g.deviation.megaparsecs), luminosity: g.luminosity, mass: g.mass,
        row: UInt32(truncatingIfNeeded: i))
    }
  }

  public mutating func append(
    key: UInt64, distance: Float, deviation: Float, luminosity: Float, mass: Float, row: UInt32
  ) {
    keys.append(key)
    distances.append(distance)
    deviations.append(deviation)
    luminosities.append(luminosity)
    masses.append(mass)
    rows.append(row)
  }

  public func position(_ i: Int) -> Direction<ICRS> {
    Direction(unit: Cell(order: Cell.maxOrder, key: keys[i]).center)
  }
}
