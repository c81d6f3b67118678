import Ephemerides
import Units

/// The moving limits in the order they are applied: the cheapest and most selective first.
enum MovingLimit: CaseIterable { case floor, moon, hourAngle, mask }

extension SiteVisibility {
  /// When an exposure of `target` may start: at every such instant t, each constraint holds from t to
  /// t + `exposure` without a break, all of it in one dark window.
  ///
  /// In order and disjoint; the end of each is a permitted start too. About 1 microsecond a night for
  /// altitude, airmass and Moon, twice that with an hour-angle limit, 10 with a horizon mask.
  ///
  /// - Parameter exposure: open-shutter time; a negative one counts as zero.
  public func startWindows(for target: Direction<ICRS>, exposure: Duration) -> [TimeWindow] {
    var result: [TimeWindow] = []
    appendStartWindows(for: target, exposure: exposure, to: &result)
    return result
  }

  /// The same at the end of an array that keeps its storage from target to target: no allocation.
  public func appendStartWindows(
    for target: Direction<ICRS>, exposure: Duration, to result: inout [TimeWindow]
  ) {
    guard limits.allowFixed(target.unit) else { return }
    let nanoseconds = (max(0, exposure.seconds) * 1e9).rounded(.up)
    guard nanoseconds < 9e17 else { return }
    let length = Int64(nanoseconds)
    for i in spans.indices where spans[i].window.lasts(length) {
      let first = result.count
      for limit in MovingLimit.allCases {
        apply(limit, to: target, in: spans[i], &result, from: first)
        if result.count == first { break }
      }
      shorten(&result, from: first, by: length)
    }
  }

  /// Windows in which `target` satisfies the first `count` moving limits, whatever an exposure takes.
  func windows(for target: Direction<ICRS>, limits count: Int) -> [TimeWindow] {
    var result: [TimeWindow] = []
    for span in spans {
      let first = result.count
      if count == 0 { result.append(span.window) }
      for limit in MovingLimit.allCases.prefix(count) {
        apply(limit, to: target, in: span, &result, from: first)
        if result.count == first { break }
      }
    }
    return result
  }

  /// Turns windows of good time into windows of starts.
  @inline(__always)
  private func shorten(_ result: inout [TimeWindow], from first: Int, by nanoseconds: Int64) {
    var kept = first
    for i in first..<result.count where result[i].lasts(nanoseconds) {
      result[kept] = TimeWindow(result[i].start, Instant(tai: result[i].end.tai - nanoseconds))
      kept += 1
    }
    result.removeLast(result.count - kept)
  }

  /// `floor` appends its windows; the others keep what they allow of those from `first` on.
  @inline(__always)
  private func apply(
    _ limit: MovingLimit, to target: Direction<ICRS>, in span: DarkSpan, _ result: inout [TimeWindow],
    from first: Int
  ) {
    switch limit {
    case .floor: appendAboveFloor(target, span, &result)
    case .moon: keepAwayFromMoon(target, span, &result, first)
    case .hourAngle:
      if let cosine = limits.cosHourAngle { keepNearMeridian(cosine, target, span, &result, first) }
    case .mask:
      for mask in limits.masks { keepAbove(mask, target, span, &result, first) }
    }
  }

  /// Fastest change of a sine of altitude or of a cosine toward the meridian, with a margin for the
  /// motion of aberration.
  static let sinePerSecond = 7.32e-5
  /// The Moon's fastest motion among the stars for an observer, radians per second: 0.65 degrees an
  /// hour of its own and 0.3 of parallax.
  static let moonPerSecond = 5e-6

  private func appendAboveFloor(
    _ target: Direction<ICRS>, _ span: DarkSpan, _ result: inout [TimeWindow]
  ) {
    guard limits.floor != nil else {
      result.append(span.window)
      return
    }
    let p = span.apparent(target.unit)
    let (floor, first) = (limits.sinFloor, span.first)
    let finder = span.finder(reach: Self.sinePerSecond * span.step, error: span.error)
    finder.forEachInterval(
      sample: { i in
        let k = first + i
        return grid.upX[k] * p.x + grid.upY[k] * p.y + grid.upZ[k] * p.z - floor
      },
      exact: { frame(at: span.instant($0)).exactSinAltitude(of: target) - floor },
      body: { a, b in if let w = span.window.inner(from: a, to: b) { result.append(w) } })
  }

  private func keepAwayFromMoon(
    _ target: Direction<ICRS>, _ span: DarkSpan, _ result: inout [TimeWindow], _ first: Int
  ) {
    let p = span.apparent(target.unit)
    // Nothing in a night brings the Moon near.
    if limits.cosMoon > 1 || dot(p, span.moonCenter) < span.cosMoonClear { return }
    let (limit, start) = (limits.cosMoon, span.first)
    let finder = span.finder(reach: Self.moonPerSecond * span.step, error: span.error)
    keep(
      &result, first, span, finder,
      sample: { i in
        let k = start + i
        return limit - (grid.moonX[k] * p.x + grid.moonY[k] * p.y + grid.moonZ[k] * p.z)
      },
      exact: { t in
        let frame = frame(at: span.instant(t))
        return limit - dot(frame.apparent(of: target).unit, ephemeris.apparent(of: .moon, in: frame).unit)
      })
  }

  /// |hour angle| <= H where m . p >= cos H cos(declination), m toward meridian and equator.
  private func keepNearMeridian(
    _ cosine: Double, _ target: Direction<ICRS>, _ span: DarkSpan, _ result: inout [TimeWindow], _ first: Int
  ) {
    let p = span.apparent(target.unit)
    let threshold = cosine * max(0, 1 - dot(p, span.pole) * dot(p, span.pole)).squareRoot()
    let start = span.first
    let finder = span.finder(reach: Self.sinePerSecond * span.step, error: 3 * span.error)
    keep(
      &result, first, span, finder,
      sample: { i in
        let k = start + i
        return grid.meridianX[k] * p.x + grid.meridianY[k] * p.y + grid.meridianZ[k] * p.z - threshold
      },
      exact: { t in
        let frame = frame(at: span.instant(t))
        let a = frame.apparent(of: target).unit
        let (m, e) = (dot(frame.meridian, a), dot(frame.east, a))
        return m - cosine * (m * m + e * e).squareRoot()
      })
  }

  /// Keeps of the windows from `first` on what lies where a function is not negative.
  @inline(__always)
  private func keep(
    _ result: inout [TimeWindow], _ first: Int, _ span: DarkSpan, _ finder: IntervalFinder,
    sample: (Int) -> Double, exact: (Double) -> Double
  ) {
    let old = result.count
    finder.forEachInterval(sample: sample, exact: exact) { a, b in
      guard let w = span.window.inner(from: a, to: b) else { return }
      for i in first..<old {
        if let both = result[i].intersection(w) { result.append(both) }
      }
    }
    result.removeSubrange(first..<old)
  }
}

extension TimeWindow {
  /// Longer than so many nanoseconds.
  @inline(__always)
  func lasts(_ nanoseconds: Int64) -> Bool {
    let (length, overflow) = end.tai.subtractingReportingOverflow(start.tai)
    return overflow || length > nanoseconds
  }
}
