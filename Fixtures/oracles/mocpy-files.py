#!/usr/bin/env python3
"""Coverages written to FITS by mocpy, with their ranges at order 29.

Run: python3 Fixtures/oracles/mocpy-files.py
Needs: pip install mocpy astropy
"""
import base64
import gzip
import json
import os
import tempfile
import warnings

import mocpy
from astropy import units as u
from mocpy import MOC

warnings.simplefilter("ignore", DeprecationWarning)
here = os.path.dirname(os.path.abspath(__file__))
moc = MOC.from_cone(lon=30 * u.deg, lat=-10 * u.deg, radius=3 * u.deg, max_depth=8)


def fits(**options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "moc.fits")
        moc.save(path, format="fits", overwrite=True, **options)
        with open(path, "rb") as file:
            return base64.b64encode(gzip.compress(file.read(), mtime=0)).decode()


with open(os.path.join(here, "mocpy-files.json"), "w") as out:
    json.dump(
        {
            "command": "python3 Fixtures/oracles/mocpy-files.py",
            "versions": {"mocpy": mocpy.__version__},
            "region": "cone of 3 degrees about (30, -10), order 8",
            "range_gz_base64": fits(),
            "nuniq_gz_base64": fits(pre_v2=True),
            "sky_fraction": moc.sky_fraction,
            "ranges": [[str(int(a)), str(int(b))] for a, b in moc.to_depth29_ranges],
        },
        out,
        indent=1,
    )
    out.write("\n")
