#!/usr/bin/env python3
"""Centres, corners, neighbours and index conversions of HEALPix cells by healpy.

Regenerate: python3 healpy-cells.py    (pip install healpy numpy)
"""
import json, platform
import healpy as hp, numpy as np

rng = np.random.default_rng(20260101)


def cells():
    chosen = []
    for order in range(0, 3):
        chosen += [(order, i) for i in range(12 * 4**order)]
    for order in (3, 4, 5, 7, 10, 16, 24, 29):
        n = 12 * 4**order
        per = 4**order
        # polar corners of the faces, their southern corners, and the middle of the faces' edges
        special = [f * per + k for f in range(12) for k in (0, per - 1, per // 3, 2 * (per // 3))]
        chosen += [(order, int(i)) for i in special]
        chosen += [(order, int(i)) for i in rng.integers(0, n, 8)]
    return chosen


out = []
for order, index in cells():
    nside = 2**order
    center = np.array(hp.pix2vec(nside, index, nest=True))
    corners = hp.boundaries(nside, index, step=1, nest=True).T  # north, west, south, east
    row = {"order": order, "index": index, "center": list(center), "corners": corners.tolist()}
    if order <= 10:
        theta, phi = hp.pix2ang(nside, index, nest=True)
        n = hp.get_all_neighbours(nside, theta, phi, nest=True)
        # SW, W, NW, N, NE, E, SE, S -> the four that share a side
        row["neighbors"] = {"southWest": int(n[0]), "northWest": int(n[2]), "northEast": int(n[4]), "southEast": int(n[6])}
    out.append(row)

points = []
for k in range(600):
    if k % 4 == 0:  # near a pole, down to 1e-6 rad, where healpy itself is exact
        r = 10 ** rng.uniform(-6, -0.5)
        a = rng.uniform(0, 2 * np.pi)
        v = np.array([np.sin(r) * np.cos(a), np.sin(r) * np.sin(a), np.cos(r) * (1 if k % 8 == 0 else -1)])
    else:
        v = rng.normal(size=3)
        v /= np.linalg.norm(v)
    order = int(rng.integers(0, 19))
    points.append({"vector": list(v), "order": order, "index": int(hp.vec2pix(2**order, *v, nest=True))})

ring = []
for order in range(0, 4):
    ring.append({"order": order, "nested": [int(i) for i in hp.ring2nest(2**order, np.arange(12 * 4**order))]})
big = []
for order in (7, 8, 11, 13):
    i = rng.integers(0, 12 * 4**order, 200)
    big.append({"order": order, "ring": [int(x) for x in i], "nested": [int(x) for x in hp.ring2nest(2**order, i)]})

radius = [{"order": o, "maxPixrad": float(hp.max_pixrad(2**o))} for o in range(0, 30)]

json.dump(
    {"tool": "healpy " + hp.__version__, "numpy": np.__version__, "python": platform.python_version(),
     "command": "python3 healpy-cells.py", "cells": out, "points": points, "ring": ring, "ringSamples": big,
     "maxPixelRadius": radius},
    open("healpy-cells.json", "w"), separators=(",", ":"))
