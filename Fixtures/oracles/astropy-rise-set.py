#!/usr/bin/env python3
"""Instants at which the Sun, the Moon or a fixed target crosses an altitude or the meridian.

pip install astropy==8.0.2 pyerfa astropy-iers-data numpy scipy

Root finding (Brent) on astropy's own altitude, no refraction; Sun and Moon are their centres.
"""
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, HADec, SkyCoord, get_body
from astropy.time import Time
from scipy.optimize import brentq

import astropy_common as common

HOURS = 30.0
STEP_H = 0.1


def altitude(target, where):
    def f(hours, start):
        t = start + hours * u.h
        c = target if not isinstance(target, str) else get_body(target, t, where)
        return c.transform_to(AltAz(obstime=t, location=where)).alt.deg
    return f


def hour_angle(target, where):
    def f(hours, start):
        t = start + hours * u.h
        c = target if not isinstance(target, str) else get_body(target, t, where)
        return c.transform_to(HADec(obstime=t, location=where)).ha.wrap_at(180 * u.deg).deg
    return f


def roots(f, start, level):
    grid = np.arange(0, HOURS + STEP_H / 2, STEP_H)
    values = f(grid, start) - level
    found = []
    for i in range(len(grid) - 1):
        a, b = values[i], values[i + 1]
        if (a < 0) != (b < 0) and abs(a - b) < 180:  # the hour angle wraps at the lower transit
            root = brentq(lambda h: float(f(h, start)) - level, grid[i], grid[i + 1], xtol=1e-8)
            found.append({"utc": common.utc(start + root * u.h), "rising": bool(b > a)})
    return found


def case(site, start, what, target, level):
    t = Time(start, scale="utc", precision=3)
    where = common.location(site)
    body = target if isinstance(target, str) else SkyCoord(target[0] * u.deg, target[1] * u.deg)
    out = {"site": common.site_json(site), "start": start + "Z", "hours": HOURS, "what": what}
    if isinstance(target, str):
        out["body"] = target
    else:
        out["ra_deg"], out["dec_deg"] = target
    if level is None:
        out["transits"] = [r["utc"] for r in roots(hour_angle(body, where), t, 0.0)]
    else:
        out["altitude_deg"] = level
        out["crossings"] = roots(altitude(body, where), t, level)
    return out


cases = []
NIGHTS = [
    ("TAROT-TCA", "2023-05-18T12:00:00"), ("TAROT-TCH", "2019-04-25T12:00:00"),
    ("Maunakea", "2026-11-21T12:00:00"), ("equator", "2020-03-20T00:00:00"),
    ("north-80", "2022-03-10T00:00:00"), ("Dome-A", "2025-04-12T00:00:00"),
]
for site, start in NIGHTS:
    for what, level in (("sunset", -0.833), ("civil", -6.0), ("nautical", -12.0), ("astronomical", -18.0)):
        cases.append(case(site, start, what, "sun", level))
    cases.append(case(site, start, "moon", "moon", 0.0))
    cases.append(case(site, start, "moon transit", "moon", None))
cases.append(case("north-80", "2022-06-21T00:00:00", "polar day", "sun", -0.833))
cases.append(case("north-80", "2022-12-21T00:00:00", "polar night", "sun", -12.0))
TARGETS = [
    ("TAROT-TCA", "2023-05-18T12:00:00", (197.45, -23.38), 20.0),  # low arc
    ("TAROT-TCA", "2023-05-18T12:00:00", (30.0, 75.0), 32.0),  # circumpolar, dips under the limit
    ("TAROT-TCA", "2023-05-18T12:00:00", (120.0, 43.6), 70.0),  # culminates at the zenith
    ("TAROT-TCH", "2019-04-25T12:00:00", (250.0, -60.0), 30.0),
    ("Maunakea", "2026-11-21T12:00:00", (83.63, 22.01), 30.0),
    ("Lulin", "2024-02-29T06:00:00", (10.0, -34.9), 31.5),  # grazing culmination
    ("equator", "2020-03-20T00:00:00", (0.0, 0.0), 45.0),
    ("Dome-A", "2025-04-12T00:00:00", (100.0, -22.0), 30.0),
    ("Oukaimeden", "2027-08-02T00:00:00", (300.0, 10.0), 0.0),
]
for site, start, target, level in TARGETS:
    cases.append(case(site, start, "target", target, level))
    cases.append(case(site, start, "target transit", target, None))
common.write(__file__, cases)
