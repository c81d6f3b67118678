#!/usr/bin/env python3
"""Pixel positions of the projections of the sky charts, from astropy's WCS (wcslib).

pip install astropy numpy
usage: formats-projections.py > formats-projections.json

Mollweide (MOL) with the reference meridian in the middle, zenithal equal-area (ZEA) around a centre.
Plane coordinates are native degrees: x toward decreasing right ascension is positive here, as on the
page, y is up. A chart with `scale` pixels a radian draws the point at x * pi / 180 * scale.
"""
import json
import sys

import astropy
import numpy as np
from astropy.wcs import WCS


def plane(kind, center, points):
    w = WCS(naxis=2)
    w.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    w.wcs.crval = center
    w.wcs.crpix = [0, 0]
    w.wcs.cdelt = [-1, 1]
    w.wcs.set()
    return w.wcs_world2pix(np.array(points), 0) + 1


rng = np.random.default_rng(20261121)
cases = []
for ra0 in (0.0, 95.0, 180.0, 345.0):
    ra = rng.uniform(0, 360, 40)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, 40)))
    # Near the poles, where Mollweide's equation is hardest.
    dec[:4] = [89.999, -89.999, 89.5, -88.0]
    points = np.column_stack([ra, dec])
    for (a, d), (x, y) in zip(points, plane("MOL", [ra0, 0.0], points)):
        cases.append(dict(kind="mollweide", center=[ra0, 0.0], ra_deg=a, dec_deg=d, x_deg=x, y_deg=y))
for ra0, dec0 in ((10.0, 20.0), (200.0, -85.0), (359.9, 0.0), (77.0, 89.5)):
    bearing = rng.uniform(0, 2 * np.pi, 25)
    radius = np.radians(rng.uniform(0, 60, 25))
    d0 = np.radians(dec0)
    dec = np.arcsin(np.sin(d0) * np.cos(radius) + np.cos(d0) * np.sin(radius) * np.cos(bearing))
    ra = np.radians(ra0) + np.arctan2(
        np.sin(bearing) * np.sin(radius) * np.cos(d0), np.cos(radius) - np.sin(d0) * np.sin(dec))
    points = np.degrees(np.column_stack([ra, dec]))
    for (a, d), (x, y) in zip(points, plane("ZEA", [ra0, dec0], points)):
        cases.append(dict(kind="zenithal", center=[ra0, dec0], ra_deg=a, dec_deg=d, x_deg=x, y_deg=y))
json.dump(
    dict(command="formats-projections.py > formats-projections.json", astropy=astropy.__version__, cases=cases),
    sys.stdout, indent=1)
print()
