#!/usr/bin/env python3
"""Altitudes, azimuths, hour angles and Moon separations for Tests/CheckingTests.

pip install astropy
usage: checking-sky.py > checking-sky.json

Unrefracted apparent places by astropy (its built-in Sun and Moon), with the Earth orientation written
beside them so that a test compares geometry, not tables.
"""
import json
import sys
import warnings

import astropy
import astropy.units as u
import erfa
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord, get_body, solar_system_ephemeris
from astropy.time import Time
from astropy.utils import iers

warnings.filterwarnings("ignore")
iers.conf.auto_download = False
iers.conf.auto_max_age = None
iers.conf.iers_degraded_accuracy = "ignore"
solar_system_ephemeris.set("builtin")

SITES = {
    "chile": (-29.2608, -70.7322, 2347.0),
    "calern": (43.75203, 6.92353, 1320.0),
    "reunion": (-21.201387, 55.407463, 970.0),
    "xinjiang": (43.471, 87.177, 2080.0),
    "svalbard": (78.2, 15.6, 520.0),
    "south pole": (-89.9911, -44.65, 2835.0),
    "sea": (0.0, 180.0, 0.0),
}
TIMES = [
    "2017-08-17T12:41:04",
    "2020-01-10T19:10:00",
    "2023-05-19T04:40:00",
    "2023-11-26T23:59:59.5",
    "2024-06-21T10:00:00",
    "2025-03-14T06:58:30",
]
STARS = [(236.0, -29.0), (0.0, 89.9), (83.633, 22.0145), (279.2347, 38.7837), (201.298, -43.019), (10.0, -89.0)]


def main():
    table = iers.earth_orientation_table.get()
    cases = []
    for name, (lat, lon, height) in SITES.items():
        place = EarthLocation.from_geodetic(lon * u.deg, lat * u.deg, height * u.m)
        for text in TIMES:
            t = Time(text, scale="utc", location=place)
            xp, yp = table.pm_xy(t)
            frame, equatorial = AltAz(obstime=t, location=place), HADec(obstime=t, location=place)
            sun = get_body("sun", t, place).transform_to(frame)
            moon = get_body("moon", t, place).transform_to(frame)
            stars = []
            for ra, dec in STARS:
                s = SkyCoord(ra * u.deg, dec * u.deg)
                h = s.transform_to(frame)
                # By vectors: the two live in one frame but astropy would give the Moon its distance.
                a = h.cartesian.xyz.value
                b = moon.cartesian.xyz.value / np.linalg.norm(moon.cartesian.xyz.value)
                stars.append({
                    "ra_deg": ra, "dec_deg": dec, "alt_deg": float(h.alt.deg), "az_deg": float(h.az.deg),
                    "ha_deg": float(s.transform_to(equatorial).ha.wrap_at(180 * u.deg).deg),
                    "moon_sep_deg": float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))),
                })
            cases.append({
                "site": name, "lat_deg": lat, "lon_deg": lon, "elev_m": height, "utc": text + "Z",
                "ut1_minus_utc_s": float(table.ut1_utc(t).to_value(u.s)),
                "polar_x_arcsec": float(xp.to_value(u.arcsec)), "polar_y_arcsec": float(yp.to_value(u.arcsec)),
                "sun_alt_deg": float(sun.alt.deg), "moon_alt_deg": float(moon.alt.deg), "stars": stars,
            })
    json.dump({
        "about": {
            "command": "checking-sky.py > checking-sky.json", "python": sys.version.split()[0],
            "astropy": astropy.__version__, "erfa": erfa.__version__, "iers": table.meta.get("data_path", "bundled").split("/")[-1],
            "ephemeris": "builtin (epv00, moon98)",
        },
        "cases": cases,
    }, sys.stdout, indent=1)
    print()


main()
