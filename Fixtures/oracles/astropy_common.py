"""Shared by the astropy-*.py oracle scripts: offline Earth orientation, sites, versions, output.

pip install astropy==8.0.2 pyerfa astropy-iers-data numpy scipy
"""
import json
import os
import sys
import warnings
from importlib.metadata import version

import astropy.units as u
import numpy as np
from astropy.coordinates import EarthLocation, solar_system_ephemeris
from astropy.coordinates.builtin_frames.utils import get_polar_motion
from astropy.time import Time
from astropy.utils import iers

HERE = os.path.dirname(os.path.abspath(__file__))

iers.conf.auto_download = False
iers.conf.auto_max_age = None
TABLE = iers.IERS_A.open(iers.IERS_A_FILE)
iers.earth_orientation_table.set(TABLE)
solar_system_ephemeris.set("builtin")
warnings.filterwarnings("ignore")

# (latitude deg, longitude deg east, height m); observatories of the network and extreme places.
SITES = {
    "TAROT-TCA": (43.75203, 6.92353, 1320.0),
    "TAROT-TCH": (-29.25992, -70.7326, 2375.0),
    "TAROT-TRE": (-21.19882, 55.41022, 991.0),
    "Lulin": (23.46861, 120.87361, 2862.0),
    "Maidanak": (38.67332, 66.89641, 2593.0),
    "Xinglong": (40.39583, 117.57750, 900.0),
    "Maunakea": (19.82525, -155.46888, 4204.0),
    "Oukaimeden": (31.20639, -7.86639, 2750.0),
    "equator": (0.0, 36.9, 1500.0),
    "north-80": (78.92346, 11.90994, 20.0),
    "Dome-A": (-80.367, 77.35, 4093.0),
    "south-pole": (-90.0, 0.0, 2835.0),
}


def location(name):
    lat, lon, height = SITES[name]
    return EarthLocation.from_geodetic(lon * u.deg, lat * u.deg, height * u.m)


def site_json(name):
    lat, lon, height = SITES[name]
    return {"name": name, "lat_deg": lat, "lon_deg": lon, "height_m": height}


def earth_json(t):
    """The Earth orientation astropy uses at t."""
    xp, yp = get_polar_motion(t)
    as_arcsec = 180 * 3600 / np.pi
    return {
        "ut1_utc_s": float(t.delta_ut1_utc),
        "xp_arcsec": float(np.asarray(xp).flat[0] * as_arcsec),
        "yp_arcsec": float(np.asarray(yp).flat[0] * as_arcsec),
    }


def utc(t):
    return t.utc.isot + "Z"


def write(script, cases, **extra):
    """Writes <script>.json beside the script: versions and command first, then the cases."""
    name = os.path.splitext(os.path.basename(script))[0]
    out = {
        "command": f"python3 {name}.py",
        "versions": {p: version(p) for p in ("astropy", "pyerfa", "astropy-iers-data", "numpy", "scipy")},
        "iers_table": "finals2000A.all, %s to %s, predictions from %s"
        % tuple(
            Time(m, format="mjd").iso[:10]
            for m in (TABLE["MJD"][0].value, TABLE["MJD"][-1].value, TABLE.meta["predictive_mjd"])
        ),
        **extra,
    }
    path = os.path.join(HERE, name + ".json")
    with open(path, "w") as f:
        text = json.dumps(out, indent=1)[:-2]
        f.write(text + ',\n "cases": [\n')
        f.write(",\n".join("  " + json.dumps(c) for c in cases))
        f.write("\n ]\n}\n")
    print(f"{path}: {len(cases)} cases", file=sys.stderr)
