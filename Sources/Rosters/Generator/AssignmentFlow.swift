/// The assignment without rest between weeks and without the cost of consecutive weeks is a minimum-cost flow
/// from members over (member, week) to blocks; its cost is a lower bound of the full problem.
///
/// Successive shortest paths with Bellman-Ford queues (Ahuja, Magnanti & Orlin 1993, section 9.7): exact for
/// convex load costs. O(places * edges) in practice.
struct AssignmentFlow {
  private struct Edge {
    let to: Int
    var room: Int
    let cost: Int
  }
  /// Edge 2k and its reverse 2k+1.
  private var edges: [Edge] = []
  private var outgoing: [[Int]]
  private let problem: AssignmentProblem
  /// Edge of (member, block), to read the solution.
  private var choices: [(edge: Int, member: Int, block: Int)] = []

  /// Cost and, per block, its members. The cost includes what fixed blocks cost in load.
  static func solve(_ problem: AssignmentProblem) -> (cost: Int, members: [[Int]]) {
    var flow = AssignmentFlow(problem)
    let cost = flow.run()
    var members = [[Int]](repeating: [], count: problem.blocks.count)
    for choice in flow.choices where flow.edges[choice.edge].room == 0 {
      members[choice.block].append(choice.member)
    }
    return (cost, members)
  }

  private init(_ problem: AssignmentProblem) {
    self.problem = problem
    let (m, w, b) = (problem.members.count, problem.weekCount, problem.blocks.count)
    outgoing = [[Int]](repeating: [], count: 2 + m + m * w + b)
    let blockNode = 2 + m + m * w
    for member in 0..<m {
      let held = (0..<w).filter { problem.fixed[member * w + $0] >= 0 }.count
      let row = member * (w + 1)
      for k in held..<w where problem.loadCost[row + k] < .max && problem.loadCost[row + k + 1] < .max {
        add(0, 2 + member, room: 1, cost: problem.loadCost[row + k + 1] - problem.loadCost[row + k])
      }
      for week in 0..<w where problem.fixed[member * w + week] < 0 {
        add(2 + member, 2 + m + member * w + week, room: 1, cost: 0)
      }
    }
    for (i, block) in problem.blocks.enumerated() {
      for member in 0..<m where problem.eligible[i * m + member] && problem.fixed[member * w + block.week] < 0
      {
        choices.append((edges.count, member, i))
        add(2 + m + member * w + block.week, blockNode + i, room: 1, cost: problem.cost[i * m + member])
      }
      add(0, blockNode + i, room: block.places, cost: problem.unfilledCost)
      add(blockNode + i, 1, room: block.places, cost: 0)
    }
  }

  private mutating func add(_ from: Int, _ to: Int, room: Int, cost: Int) {
    outgoing[from].append(edges.count)
    edges.append(Edge(to: to, room: room, cost: cost))
    outgoing[to].append(edges.count)
    edges.append(Edge(to: from, room: 0, cost: -cost))
  }

  private mutating func run() -> Int {
    var total = problem.fixedLoadCost
    let places = problem.blocks.reduce(0) { $0 + $1.places }
    for _ in 0..<places {
      guard let path = shortestPath() else { break }
      for edge in path {
        edges[edge].room -= 1
        edges[edge ^ 1].room += 1
        total += edges[edge].cost
      }
    }
    return total
  }

  /// Edges of a cheapest path from source 0 to sink 1.
  private func shortestPath() -> [Int]? {
    let unreached = Int.max / 4
    var distance = [Int](repeating: unreached, count: outgoing.count)
    var arrival = [Int](repeating: -1, count: outgoing.count)
    var queued = [Bool](repeating: false, count: outgoing.count)
    var queue = [0]
    var head = 0
    distance[0] = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      queued[node] = false
      for edge in outgoing[node] where edges[edge].room > 0 {
        let (to, length) = (edges[edge].to, distance[node] + edges[edge].cost)
        guard length < distance[to] else { continue }
        (distance[to], arrival[to]) = (length, edge)
        if !queued[to] {
          queued[to] = true
          queue.append(to)
        }
      }
    }
    guard distance[1] < unreached else { return nil }
    var path: [Int] = []
    var node = 1
    while node != 0 {
      path.append(arrival[node])
      node = edges[arrival[node] ^ 1].to
    }
    return path
  }
}

extension AssignmentProblem {
  /// Load cost of what members hold before anything is assigned. A member who already exceeds what they want
  /// at most costs what their wish allows.
  var fixedLoadCost: Int {
    members.indices.reduce(0) { sum, m in
      let held = (0..<weekCount).filter { fixed[m * weekCount + $0] >= 0 }.count
      return sum + loadCostClamped(m, held)
    }
  }

  func loadCostClamped(_ member: Int, _ count: Int) -> Int {
    var k = count
    while k > 0, loadCost[member * (weekCount + 1) + k] == .max { k -= 1 }
    return loadCost[member * (weekCount + 1) + k]
  }
}
