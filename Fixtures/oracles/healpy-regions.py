#!/usr/bin/env python3
"""Pixels whose centres lie in polygons and discs, by healpy.

Regenerate: python3 healpy-regions.py    (pip install healpy numpy)
"""
import json, platform
import healpy as hp, numpy as np

rng = np.random.default_rng(11)
out = []
for k in range(12):
    dec = [89.5, -88.0, 0.0, 41.8, -41.8, 60.0][k % 6]
    ra = float(rng.uniform(0, 360))
    size = [0.7, 3.0, 12.0, 35.0][k % 4]
    order = [7, 6, 5, 4][k % 4]
    c = np.array(hp.ang2vec(ra, dec, lonlat=True))
    e = np.cross([0, 0, 1], c); e /= np.linalg.norm(e)
    n = np.cross(c, e)
    roll = rng.uniform(0, 2 * np.pi)
    m = 3 + k % 4
    corners = []
    for i in range(m):
        a = roll + 2 * np.pi * i / m
        v = c + np.tan(np.radians(size / 2)) * (np.cos(a) * e + np.sin(a) * n)
        corners.append((v / np.linalg.norm(v)).tolist())
    pix = hp.query_polygon(2**order, np.array(corners), nest=False)
    pix = sorted(int(i) for i in hp.ring2nest(2**order, pix))
    disc = sorted(int(i) for i in hp.query_disc(2**order, c, np.radians(size / 2), nest=True))
    out.append({"order": order, "center": c.tolist(), "radiusDegrees": size / 2, "corners": corners, "polygon": pix, "disc": disc})
json.dump({"tool": "healpy " + hp.__version__, "numpy": np.__version__, "python": platform.python_version(),
           "command": "python3 healpy-regions.py", "cases": out}, open("healpy-regions.json", "w"), separators=(",", ":"))
