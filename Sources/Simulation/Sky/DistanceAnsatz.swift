import Foundation

/// Moments of N / (sqrt(2 pi) s) exp(-(r - mu)^2 / (2 s^2)) r^2 for mu well above zero
/// (Singer et al. 2016, ApJS 226, 10).
struct DistanceAnsatz {
  let mu: Double
  let sigma: Double
  let norm: Double
  let mean: Double
  let variance: Double

  init(mu: Double, sigma: Double) {
    self.mu = mu
    self.sigma = sigma
    let z = mu / sigma
    let q = erfc(-z / 2.0.squareRoot()) / 2
    let h = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
    let i2 = sigma * sigma * ((1 + z * z) * q + z * h)
    let i3 = sigma * sigma * sigma * (z * (3 + z * z) * q + (2 + z * z) * h)
    let i4 = pow(sigma, 4) * ((3 + 6 * z * z + pow(z, 4)) * q + z * (5 + z * z) * h)
    norm = 1 / i2
    mean = i3 / i2
    variance = i4 / i2 - mean * mean
  }
}
