#!/usr/bin/env python3
"""Prints the land of the Earth as SVG path data on a grid of half degrees (x east of -180, y south of +90).

Source: Natural Earth 1:110m (public domain), as shipped with geopandas 0.14.4 in
geopandas/datasets/naturalearth_lowres. Needs: pip install shapely geopandas==0.14.4

    world-outline.py naturalearth_lowres.shp
"""
import struct
import sys

from shapely.geometry import Polygon
from shapely.ops import unary_union

data = open(sys.argv[1], "rb").read()
at, polygons = 100, []
while at < len(data):
    (length,) = struct.unpack(">i", data[at + 4 : at + 8])
    body = data[at + 8 : at + 8 + 2 * length]
    at += 8 + 2 * length
    (kind,) = struct.unpack("<i", body[:4])
    if kind != 5:
        continue
    parts, points = struct.unpack("<ii", body[36:44])
    starts = list(struct.unpack(f"<{parts}i", body[44 : 44 + 4 * parts])) + [points]
    flat = struct.unpack(f"<{2 * points}d", body[44 + 4 * parts :])
    for a, b in zip(starts, starts[1:]):
        polygons.append(Polygon([(flat[2 * i], flat[2 * i + 1]) for i in range(a, b)]).buffer(0))
land = unary_union(polygons).buffer(0.02).simplify(0.5)
text = ""
for part in sorted(getattr(land, "geoms", [land]), key=lambda p: -p.area):
    if part.area < 4:
        continue
    # Closed straits leave seas as holes: even-odd filling keeps them open.
    for ring in [part.exterior] + [r for r in part.interiors if Polygon(r).area > 4]:
        grid = [(round((x + 180) * 2), round((90 - y) * 2)) for x, y in ring.coords]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(grid, grid[1:])]
        steps = [s for s in steps if s != (0, 0)][:-1]
        text += f"M{grid[0][0]} {grid[0][1]}l"
        text += " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-") + "z"
print(text)
