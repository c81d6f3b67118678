/// The scalar product, written out: `(a * b).sum()` costs a shuffle per call.
@inlinable @inline(__always)
package func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
  a.x * b.x + a.y * b.y + a.z * b.z
}

@inlinable @inline(__always)
package func length(_ a: SIMD3<Double>) -> Double { dot(a, a).squareRoot() }
