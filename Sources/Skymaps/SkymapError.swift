import Healpix

/// Why columns or a stated position make no probability map. Each message names the fault and what to do.
public enum SkymapError: Error, Equatable, Sendable {
  /// No rows, or none that is a cell of the sky.
  case noCells
  /// A column with another number of rows than the cells.
  case columnLength(column: String, rows: Int, expected: Int)
  /// A UNIQ number outside 4..<16 * 4^29.
  case invalidUniq(row: Int, value: Int64)
  /// Two rows that claim the same sky and disagree, as UNIQ numbers.
  case overlap(UInt64, UInt64)
  /// A pixel number outside 0..<12 nside^2.
  case pixelOutOfRange(row: Int, pixel: Int64, nside: Int)
  /// An nside that does not exist in the ordering, or is too fine to be resampled.
  case unsupportedNside(Int, RawSkymap.Ordering)
  /// `pixels` values where the nside wants another number.
  case pixelCount(Int, nside: Int)
  /// How many values are infinite.
  case infiniteValues(Int)
  /// The values add up to nothing after `repaired` unusable ones were set to zero.
  case noProbability(repaired: Int)
  /// The values add up to a number that cannot be divided by.
  case total(Double)
  /// A circle or ellipse that describes no region.
  case shape(ShapeProblem)

  public enum ShapeProblem: Equatable, Sendable {
    /// Not above 0.05 arcsec, not below 180 degrees, or not a number.
    case radius(degrees: Double)
    /// Not strictly between 0 and 1.
    case containment(Double)
    /// Less probability than a uniform sky would put inside.
    case flatterThanUniform(degrees: Double, containment: Double)
    case declination(degrees: Double)
  }
}

extension SkymapError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noCells: "the map has no cells; ask the sender for the complete map"
    case .columnLength(let column, let rows, let expected):
      "column \(column) has \(rows) values for \(expected) cells; the file is inconsistent, get it again"
    case .invalidUniq(let row, let value):
      "row \(row + 1) has UNIQ \(value), which is no HEALPix cell (4 to 4611686018427387903);"
        + " the file is damaged, get it again"
    case .overlap(let a, let b):
      "cells \(Self.name(a)) and \(Self.name(b)) overlap with different values, so part of the sky would count"
        + " twice; ask the sender for a corrected map"
    case .pixelOutOfRange(let row, let pixel, let nside):
      "row \(row + 1) names pixel \(pixel), outside 0...\(12 * nside * nside - 1) of nside \(nside);"
        + " PIXEL or NSIDE is wrong, get the file again"
    case .unsupportedNside(let nside, let ordering):
      ordering == .nested
        ? "nside \(nside) is not a power of two up to 2^29, which NESTED needs; the ORDERING or NSIDE card is wrong"
        : "nside \(nside) cannot be read in RING order (powers of two up to 8192, others up to 1024);"
          + " regrid the map to a power of two"
    case .pixelCount(let pixels, let nside):
      "\(pixels) pixels do not fill nside \(nside), which has \(12 * nside * nside); the file is incomplete"
    case .infiniteValues(let count):
      "\(count) probabilities are infinite; the map is damaged, get it again"
    case .noProbability(let repaired):
      repaired == 0
        ? "every probability is zero; ask the sender for the map"
        : "no probability is left: \(repaired) values are negative or not numbers, the others zero;"
          + " ask the sender for the map"
    case .total(let sum): "the probabilities add up to \(sum), which cannot be normalised; the map is damaged"
    case .shape(let problem): problem.description
    }
  }

  private static func name(_ uniq: UInt64) -> String {
    Cell(uniq: uniq).map { "\(uniq) (order \($0.order))" } ?? String(uniq)
  }
}

extension SkymapError.ShapeProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .radius(let degrees):
      "an error radius of \(degrees) degrees localises nothing (0.05 arcsec to 180 degrees can be used)"
    case .containment(let value):
      "a containment of \(value) is not between 0 and 1; give the probability inside the radius"
    case .flatterThanUniform(let degrees, let containment):
      "\(containment) inside \(degrees) degrees is less than a uniform sky has there, so nothing is localised"
    case .declination(let degrees):
      "declination \(degrees) degrees is outside -90...90; the position is wrong"
    }
  }
}
