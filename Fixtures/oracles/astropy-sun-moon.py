#!/usr/bin/env python3
"""Sun and Moon seen from a site, Moon phase, local sidereal time, by astropy ('builtin' ephemeris).

pip install astropy==8.0.2 pyerfa astropy-iers-data numpy scipy

RA and Dec are topocentric apparent directions on GCRS axes; altitudes have no refraction. The phase
is geocentric: i = atan2(d_sun sin e, d_moon - d_sun cos e), lit fraction (1 + cos i) / 2.
"""
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, get_body
from astropy.time import Time

import astropy_common as common

rng = np.random.default_rng(19690720)


def body(name, t, where):
    topocentric = get_body(name, t, where)
    horizontal = topocentric.transform_to(AltAz(obstime=t, location=where))
    return {
        "ra_deg": float(topocentric.ra.deg), "dec_deg": float(topocentric.dec.deg),
        "distance_km": float(topocentric.distance.to_value(u.km)),
        "az_deg": float(horizontal.az.deg), "alt_deg": float(horizontal.alt.deg),
    }


def phase(t):
    sun, moon = get_body("sun", t), get_body("moon", t)
    e = sun.separation(moon)
    i = np.arctan2(sun.distance * np.sin(e), moon.distance - sun.distance * np.cos(e))
    return float(i.to_value(u.deg)), float((1 + np.cos(i)) / 2)


cases = []
names = list(common.SITES)
for k in range(48):
    site = names[k % len(names)]
    t = Time(58119 + float(rng.uniform(0, 3560)), format="mjd", scale="utc", precision=3)
    t = Time(t.isot, scale="utc", precision=6)
    where = common.location(site)
    angle, lit = phase(t)
    cases.append({
        "site": common.site_json(site), "utc": common.utc(t), "earth": common.earth_json(t),
        "sun": body("sun", t, where), "moon": body("moon", t, where),
        "moon_phase_angle_deg": angle, "moon_illuminated": lit,
        "sidereal_time_deg": float(t.sidereal_time("apparent", where.lon).deg),
    })
common.write(__file__, cases)
