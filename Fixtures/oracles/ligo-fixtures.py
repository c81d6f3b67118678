#!/usr/bin/env python3
"""Credible areas, peak and distance of the maps in Fixtures/skymaps by ligo.skymap.

Run: python3 Fixtures/oracles/ligo-fixtures.py
Needs: pip install ligo.skymap healpy astropy
"""
import glob
import json
import os
import sys

import astropy
import healpy
import ligo.skymap
import numpy as np
from astropy.table import Table
from ligo.skymap.distance import parameters_to_marginal_moments
from ligo.skymap.io import read_sky_map
from ligo.skymap.postprocess.crossmatch import crossmatch

here = os.path.dirname(os.path.abspath(__file__))


def multi_order(path):
    """Read as a multi-order table; ligo.skymap does not know the PROBABILITY column of GBM."""
    if "grb" not in os.path.basename(path):
        return read_sky_map(path, moc=True)
    table = Table.read(path, format="fits", hdu=1)
    probability = np.asarray(table["PROBABILITY"], dtype=float).ravel()
    nside = healpy.npix2nside(len(probability))
    order = int(np.log2(nside))
    result = Table()
    result["UNIQ"] = 4 * 4**order + np.arange(len(probability))
    result["PROBDENSITY"] = probability / healpy.nside2pixarea(nside)
    return result


maps = {}
for path in sorted(glob.glob(os.path.join(here, "..", "skymaps", "M*")) + glob.glob(os.path.join(here, "..", "skymaps", "mock*"))):
    table = multi_order(path)
    order = np.log2(table["UNIQ"].astype(float) / 4) // 2
    area = np.pi / 3 * 4.0**-order
    areas = crossmatch(table, contours=(0.5, 0.9)).contour_areas
    peak = int(np.argmax(table["PROBDENSITY"]))
    nside = 2 ** int(order[peak])
    ra, dec = healpy.pix2ang(nside, int(table["UNIQ"][peak]) - 4 * nside**2, nest=True, lonlat=True)
    entry = {
        "rows": len(table),
        "max_order": int(order.max()),
        "sum": float((table["PROBDENSITY"] * area).sum()),
        "area50_deg2": float(areas[0]),
        "area90_deg2": float(areas[1]),
        "peak_ra_deg": float(ra),
        "peak_dec_deg": float(dec),
    }
    if "DISTMU" in table.colnames:
        has = np.asarray(table["DISTNORM"]) > 0
        weight = np.asarray(table["PROBDENSITY"] * area)[has]
        mean, std = parameters_to_marginal_moments(
            weight / weight.sum(), np.asarray(table["DISTMU"])[has], np.asarray(table["DISTSIGMA"])[has]
        )
        entry["distmean_mpc"] = float(mean)
        entry["diststd_mpc"] = float(std)
        entry["header_distmean_mpc"] = float(table.meta["distmean"])
        entry["header_diststd_mpc"] = float(table.meta["diststd"])
    maps[os.path.basename(path)] = entry

with open(os.path.join(here, "ligo-fixtures.json"), "w") as out:
    json.dump(
        {
            "command": "python3 Fixtures/oracles/ligo-fixtures.py",
            "versions": {
                "python": sys.version.split()[0],
                "ligo.skymap": ligo.skymap.__version__,
                "astropy": astropy.__version__,
                "healpy": healpy.__version__,
                "numpy": np.__version__,
            },
            "maps": maps,
        },
        out,
        indent=1,
    )
    out.write("\n")
