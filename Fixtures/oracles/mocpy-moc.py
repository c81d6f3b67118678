#!/usr/bin/env python3
"""Coverage maps by mocpy: set algebra, serialisation, FITS.

Regenerate: python3 mocpy-moc.py    (pip install mocpy astropy numpy)
"""
import json, os, platform, tempfile
import mocpy, numpy as np
from mocpy import MOC
from astropy.io import fits

rng = np.random.default_rng(7)


def random_moc(order, n):
    orders, indices = [], []
    for _ in range(n):
        o = int(rng.integers(max(0, order - 4), order + 1))
        start = int(rng.integers(0, 12 * 4**o))
        run = range(start, min(start + int(rng.integers(1, 6)), 12 * 4**o))
        indices += run
        orders += [o] * len(run)
    return MOC.from_healpix_cells(np.array(indices, np.uint64), np.array(orders, np.uint8), max_depth=order)


def ranges(moc):
    return [[int(a), int(b)] for a, b in moc.to_depth29_ranges]


def ascii(moc):
    return moc.to_string(format="ascii").replace("\n", " ").strip()


cases = []
for order, n in [(3, 5), (5, 12), (7, 30), (9, 40), (12, 25), (0, 3), (29, 6)]:
    a, b = random_moc(order, n), random_moc(order, n)
    path = os.path.join(tempfile.mkdtemp(), "a.fits")
    a.save(path, format="fits")
    with fits.open(path) as f:
        column = [int(x) for x in f[1].data.field(0)]
        header = {k: f[1].header[k] for k in ("MOCVERS", "MOCDIM", "ORDERING", "COORDSYS", "MOCORD_S", "TTYPE1", "TFORM1", "NAXIS1")
                  if k in f[1].header}
    cases.append({
        "order": order, "a": {"ranges": ranges(a), "ascii": ascii(a), "json": a.serialize("json")},
        "b": {"ranges": ranges(b), "ascii": ascii(b), "json": b.serialize("json")},
        "union": ranges(a.union(b)), "intersection": ranges(a.intersection(b)),
        "difference": ranges(a.difference(b)), "complement": ranges(a.complement()),
        "degraded": {"order": max(0, order - 2), "ranges": ranges(a.degrade_to_order(max(0, order - 2)))},
        "skyFraction": a.sky_fraction, "fits": {"column": column, "header": header}})

json.dump({"tool": "mocpy " + mocpy.__version__, "numpy": np.__version__, "python": platform.python_version(),
           "command": "python3 mocpy-moc.py", "cases": cases}, open("mocpy-moc.json", "w"), separators=(",", ":"))
