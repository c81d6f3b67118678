import Ephemerides
import Units

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A target against a horizon mask at one time: seconds from the span's start, sine of the altitude,
/// azimuth in [0, 2 pi), and the sine less the mask's there.
private struct MaskPoint {
  let t: Double
  let sine: Double
  let azimuth: Double
  let mask: Double
  let margin: Double
}

/// A mask has corners, and may have walls: between two samples, the target is also looked at whenever
/// it passes a corner's azimuth, so that in every piece the mask is smooth. A turn of the azimuth
/// inside a step (stars near their greatest elongation) may pass a corner by 0.01 degrees unseen.
extension SiteVisibility {
  func keepAbove(
    _ mask: MaskProfile, _ target: Direction<ICRS>, _ span: DarkSpan, _ result: inout [TimeWindow],
    _ first: Int
  ) {
    let old = result.count
    for i in first..<old {
      let w = result[i]
      let start = w.start.seconds(since: span.window.start)
      let end = w.end.seconds(since: span.window.start)
      var walk = MaskWalk(visibility: self, mask: mask, target: target, span: span)
      walk.run(from: start, to: end)
      for (a, b) in walk.found {
        // Edges that were there before stay as they are.
        let (from, to) = (a == start ? 0 : a, b == end ? span.window.duration.seconds : b)
        if let inner = span.window.inner(from: from, to: to), let both = inner.intersection(w) {
          result.append(both)
        }
      }
    }
    result.removeSubrange(first..<old)
  }
}

private struct MaskWalk {
  let visibility: SiteVisibility
  let mask: MaskProfile
  let target: Direction<ICRS>
  let span: DarkSpan
  private let finder: IntervalFinder
  private var opened: Double?
  private(set) var found: [(Double, Double)] = []

  init(visibility: SiteVisibility, mask: MaskProfile, target: Direction<ICRS>, span: DarkSpan) {
    self.visibility = visibility
    self.mask = mask
    self.target = target
    self.span = span
    finder = span.finder(reach: SiteVisibility.sinePerSecond * span.step, error: 0)
  }

  /// Walks the grid's samples between two times and the times themselves.
  mutating func run(from start: Double, to end: Double) {
    var t = start
    var here: MaskPoint?
    // The first cell decides how it begins.
    let cell = Int(start / span.step)
    if isClear(cell) {
      opened = start
    } else {
      let p = point(start)
      if p.margin >= 0 { opened = start }
      here = p
    }
    var next = cell + 1
    while t < end {
      let u = min(Double(next) * span.step, end)
      if isClear(next - 1) {
        here = nil
      } else {
        let (p, q) = (here ?? point(t), point(u))
        cross(p, q, depth: 0)
        here = q
      }
      t = u
      next += 1
    }
    if let a = opened { found.append((a, end)) }
  }

  /// All of a grid cell lies above the highest point of the mask.
  private func isClear(_ cell: Int) -> Bool {
    let j = span.first + min(max(cell, 0), span.count - 2)
    let p = span.apparent(target.unit)
    let grid = visibility.grid
    func sine(_ k: Int) -> Double { grid.upX[k] * p.x + grid.upY[k] * p.y + grid.upZ[k] * p.z }
    let reach = SiteVisibility.sinePerSecond * span.step / 2 + span.error
    return min(sine(j), sine(j + 1)) - reach > mask.sinHighest
  }

  private func point(_ t: Double) -> MaskPoint {
    let frame = visibility.frame(at: span.instant(t))
    let a = frame.apparent(of: target).unit
    let (east, north, sine) = (dot(frame.east, a), dot(frame.north, a), dot(frame.up, a))
    let azimuth = Angle(radians: atan2(east, north)).normalized.radians
    let height = sin(mask.altitude(at: azimuth))
    return MaskPoint(t: t, sine: sine, azimuth: azimuth, mask: height, margin: sine - height)
  }

  private func margin(_ t: Double) -> Double { point(t).margin }

  /// One step: nothing to do far above or below the mask, else piece by piece between its corners.
  private mutating func cross(_ p: MaskPoint, _ q: MaskPoint, depth: Int) {
    let reach = SiteVisibility.sinePerSecond * (q.t - p.t)
    if min(p.sine, q.sine) - reach / 2 > mask.sinHighest { return }
    if max(p.sine, q.sine) + reach / 2 < mask.sinLowest { return }
    let turn = Angle(radians: q.azimuth - p.azimuth).wrapped.radians
    // Near the zenith the azimuth swings: halve until the way it went is clear.
    if abs(turn) > .pi / 4, depth < 12 {
      let middle = point((p.t + q.t) / 2)
      cross(p, middle, depth: depth + 1)
      cross(middle, q, depth: depth + 1)
      return
    }
    var here = p
    for corner in mask.corners(from: p.azimuth, turning: turn) {
      let at = point(passing(corner, here, q, turning: turn))
      smooth(here, at)
      here = at
    }
    smooth(here, q)
  }

  /// When the azimuth reaches a corner.
  private func passing(_ corner: Double, _ p: MaskPoint, _ q: MaskPoint, turning turn: Double) -> Double {
    let sign = turn >= 0 ? 1.0 : -1.0
    // The sine of the azimuth past the corner: negative before, positive after.
    func past(_ azimuth: Double) -> Double { sign * sin(azimuth - corner) }
    let (before, after) = (past(p.azimuth), past(q.azimuth))
    guard before < 0, after > 0 else { return before >= 0 ? p.t : q.t }
    return finder.root(q.t, after, p.t, before) { past(point($0).azimuth) }
  }

  /// A stretch in which the mask is linear in azimuth.
  private mutating func smooth(_ p: MaskPoint, _ q: MaskPoint) {
    guard q.t > p.t else { return }
    if (p.margin >= 0) != (q.margin >= 0) {
      if p.margin >= 0 {
        close(finder.root(p.t, p.margin, q.t, q.margin, margin))
      } else {
        opened = finder.root(q.t, q.margin, p.t, p.margin, margin)
      }
      return
    }
    // Neither altitude nor mask can have got across in between.
    let reach = SiteVisibility.sinePerSecond * (q.t - p.t) / 2
    if p.margin >= 0, min(p.sine, q.sine) - reach > max(p.mask, q.mask) { return }
    if p.margin < 0, max(p.sine, q.sine) + reach < min(p.mask, q.mask) { return }
    let middle = point((p.t + q.t) / 2)
    if (middle.margin >= 0) != (p.margin >= 0) {
      flip(p, (middle.t, middle.margin), q)
    } else if let there = finder.excursion(
      (p.t, p.margin), (q.t, q.margin), (middle.t, middle.margin), margin)
    {
      flip(p, there, q)
    }
  }

  /// The sign is another one at `there`, between two points where it is the same.
  private mutating func flip(_ p: MaskPoint, _ there: (t: Double, v: Double), _ q: MaskPoint) {
    if p.margin >= 0 {
      close(finder.root(p.t, p.margin, there.t, there.v, margin))
      opened = finder.root(q.t, q.margin, there.t, there.v, margin)
    } else {
      opened = finder.root(there.t, there.v, p.t, p.margin, margin)
      close(finder.root(there.t, there.v, q.t, q.margin, margin))
    }
  }

  private mutating func close(_ t: Double) {
    if let a = opened { found.append((a, t)) }
    opened = nil
  }
}
