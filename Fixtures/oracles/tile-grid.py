#!/usr/bin/env python3
"""Field numbers of the tile grid, computed from its published rule (docstring of Sources/Targeting/TileGrid.swift)
with the standard library alone. Writes tile-grid.json."""
import json, math, platform, os

def grid(width_deg, height_deg):
    w, h = math.radians(width_deg), math.radians(height_deg)
    limit = max(0, math.ceil((math.pi / 2 - h / 2) / h))
    numbers, first = {}, 1
    for row in range(-limit, limit + 1):
        dec = row * h
        if abs(dec) >= math.pi / 2:
            n = 1
        else:
            n = max(1, math.ceil(math.pi / math.atan(math.tan(w / 2) / (math.cos(abs(dec)) + math.tan(h / 2) * math.sin(abs(dec))))))
        for c in range(n):
            numbers[first + c] = (360.0 * c / n, max(-90.0, min(90.0, math.degrees(dec))))
        first += n
    return numbers

out = {"python": platform.python_version(), "cases": []}
for w, h in [(1.86, 1.86), (4.2, 4.2), (0.158, 0.146), (7.0, 7.0)]:
    g = grid(w, h)
    picks = sorted({1, 2, len(g), len(g) // 2, len(g) // 3, len(g) // 7, 5 * len(g) // 8})
    out["cases"].append({"width_deg": w, "height_deg": h, "count": len(g),
                         "tiles": [{"number": p, "ra_deg": g[p][0], "dec_deg": g[p][1]} for p in picks]})
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tile-grid.json"), "w"), indent=1)
