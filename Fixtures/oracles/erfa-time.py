#!/usr/bin/env python3
"""Times and frames by astropy and ERFA.

Regenerate: python3 erfa-time.py    (pip install astropy pyerfa)
"""
import json, platform
import astropy, erfa, numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
import astropy.units as u

rng = np.random.default_rng(5)
texts = ["1972-01-01T00:00:00.000", "1979-12-31T23:59:59.999", "1980-01-06T00:00:00.000", "2000-01-01T12:00:00.000",
         "2016-12-31T23:59:59.999", "2016-12-31T23:59:60.000", "2016-12-31T23:59:60.500", "2017-01-01T00:00:00.000",
         "2015-06-30T23:59:60.999", "2015-07-01T00:00:00.001", "2018-11-01T22:22:46.654", "2024-02-29T12:34:56.789",
         "2023-05-18T12:59:08.000", "2100-02-28T23:59:59.000", "2100-03-01T00:00:00.000"]
for _ in range(60):
    t = Time(rng.uniform(41317, 70000), format="mjd", scale="utc")
    t.precision = 3
    texts.append(t.isot)
times = []
for text in texts:
    t = Time(text, format="isot", scale="utc")
    whole = t.tai - Time("2000-01-01T12:00:00", scale="tai")
    times.append({"utc": text, "mjd": float(t.mjd), "gps": float(t.gps), "taiMilliseconds": int(round(whole.to_value(u.s) * 1000)),
                  "jdTT": [float(t.tt.jd1), float(t.tt.jd2)]})

frames = []
for _ in range(40):
    ra, dec = rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))
    g = erfa.icrs2g(np.radians(ra), np.radians(dec))
    # Mean ecliptic of J2000, IAU 2006 obliquity, without the frame bias.
    v = erfa.s2c(np.radians(ra), np.radians(dec))
    e = erfa.c2s(erfa.rx(erfa.obl06(2451545.0, 0.0), np.eye(3)) @ v)
    frames.append({"ra": ra, "dec": dec, "l": float(np.degrees(g[0])), "b": float(np.degrees(g[1])),
                   "lambda": float(np.degrees(e[0]) % 360), "beta": float(np.degrees(e[1]))})

angles = []
for _ in range(60):
    ra, dec = rng.uniform(0, 360), rng.uniform(-90, 90)
    c = SkyCoord(ra * u.deg, dec * u.deg)
    angles.append({"ra": ra, "dec": dec, "hms": c.ra.to_string(unit=u.hour, sep=":", precision=2, pad=True),
                   "dms": c.dec.to_string(unit=u.deg, sep=":", precision=1, pad=True, alwayssign=True)})

leaps = [{"year": int(r["year"]), "month": int(r["month"]), "offset": float(r["tai_utc"])} for r in erfa.leap_seconds.get() if r["year"] >= 1972]
json.dump({"tool": "astropy %s, pyerfa %s" % (astropy.__version__, erfa.__version__), "numpy": np.__version__,
           "python": platform.python_version(), "command": "python3 erfa-time.py", "times": times, "frames": frames,
           "angles": angles, "leapSeconds": leaps}, open("erfa-time.json", "w"), separators=(",", ":"))
