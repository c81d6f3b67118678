#!/usr/bin/env python3
"""When a telescope may start an exposure of a target, by astropy alone.

pip install astropy==8.0.2 pyerfa astropy-iers-data numpy scipy

Every limit is turned into a margin (>= 0 is allowed); the margins are sampled each minute, edges are
found by bisection to 1 ms on astropy's own coordinates, and an exposure must fit in between.
"""
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, HADec, SkyCoord, get_body
from astropy.time import Time

import astropy_common as common

BASE = {"min_alt_deg": 20.0, "max_airmass": 2.5, "moon_sep_deg": 30.0, "sun_alt_deg": -12.0}


def margins(limits, where, target):
    def night(t):
        sun = get_body("sun", t, where).transform_to(AltAz(obstime=t, location=where))
        return limits["sun_alt_deg"] - sun.alt.deg

    def all_of(t):
        frame = AltAz(obstime=t, location=where)
        here = target.transform_to(frame)
        moon = get_body("moon", t, where).transform_to(frame)
        found = [
            night(t),
            here.alt.deg - limits["min_alt_deg"],
            np.degrees(np.sin(here.alt.rad) - 1 / limits["max_airmass"]),
            here.separation(moon).deg - limits["moon_sep_deg"],
        ]
        if "max_ha_deg" in limits:
            ha = target.transform_to(HADec(obstime=t, location=where)).ha.wrap_at(180 * u.deg).deg
            found.append(limits["max_ha_deg"] - np.abs(ha))
        if "mask" in limits:
            az, alt = np.array(limits["mask"]).T
            found.append(here.alt.deg - np.interp(here.az.deg, az, alt, period=360))
        return np.min(found, axis=0)

    return night, all_of


def windows(f, start, hours):
    n = int(round(hours * 60))
    seconds = np.linspace(0, hours * 3600, n + 1)
    good = f(start + seconds * u.s) >= 0
    edges = [0.0] if good[0] else []
    for i in range(n):
        if good[i] != good[i + 1]:
            a, b = seconds[i], seconds[i + 1]
            while b - a > 1e-3:
                m = (a + b) / 2
                if (f(start + m * u.s) >= 0) == good[i]:
                    a = m
                else:
                    b = m
            edges.append((a + b) / 2)
    if good[-1]:
        edges.append(hours * 3600.0)
    return [(edges[i], edges[i + 1]) for i in range(0, len(edges), 2)]


def case(site, start, hours, target, exposure_s, **limits):
    limits = {**BASE, **limits}
    t = Time(start, scale="utc", precision=3)
    where = common.location(site)
    night, all_of = margins(limits, where, SkyCoord(target[0] * u.deg, target[1] * u.deg))

    def text(pairs, shorten=0.0):
        return [[common.utc(t + a * u.s), common.utc(t + (b - shorten) * u.s)] for a, b in pairs
                if b - shorten > a]

    return {
        "site": common.site_json(site), "start": start + "Z", "hours": hours,
        "ra_deg": target[0], "dec_deg": target[1], "exposure_s": exposure_s, "limits": limits,
        "dark": text(windows(night, t, hours)), "starts": text(windows(all_of, t, hours), exposure_s),
    }


MAST = [[0, 12], [280, 12], [284, 70], [288, 12]]
MASK = [[0, 15], [40, 15], [60, 42], [75, 38], [150, 10], [200, 25], [260, 55], [300, 18]]
CASES = [
    case("TAROT-TCA", "2023-05-18T14:00:00", 24, (197.45, 13.38), 120),
    case("TAROT-TCA", "2023-05-18T14:00:00", 24, (10.0, 70.0), 120),
    case("TAROT-TCA", "2023-05-18T23:00:00", 24, (260.0, 20.0), 600),  # two half nights
    case("TAROT-TCH", "2019-04-25T08:30:00", 24, (280.0, -20.0), 120),  # near the Moon
    case("TAROT-TCH", "2019-04-25T08:30:00", 24, (265.0, -8.0), 120, moon_sep_deg=16.0),
    case("TAROT-TRE", "2026-11-21T12:00:00", 24, (60.0, -60.0), 180, max_ha_deg=45.0),
    case("Maunakea", "2024-01-15T00:00:00", 24, (83.6, 22.0), 30, max_airmass=1.5),
    case("Lulin", "2025-03-01T06:00:00", 24, (150.0, 25.0), 60, mask=MASK),
    case("Maidanak", "2025-09-10T10:00:00", 24, (30.0, 60.0), 60, mask=MASK, max_airmass=4.0, min_alt_deg=10.0),
    case("Maidanak", "2025-09-10T10:00:00", 24, (330.0, 30.0), 60, mask=MAST, max_airmass=4.0, min_alt_deg=10.0),
    case("north-80", "2022-12-21T00:00:00", 24, (30.0, 5.0), 60, min_alt_deg=10.0, max_airmass=6.0),
    case("Dome-A", "2025-04-20T00:00:00", 24, (100.0, -40.0), 60, sun_alt_deg=-10.0),
    case("south-pole", "2026-06-01T00:00:00", 24, (200.0, -45.0), 300),
    case("equator", "2024-09-22T12:00:00", 48, (350.0, -3.0), 60),  # two nights
    case("Oukaimeden", "2026-01-01T12:00:00", 24, (95.0, 23.0), 60, moon_sep_deg=25.0),
]
common.write(__file__, CASES)
