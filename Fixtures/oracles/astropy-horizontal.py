#!/usr/bin/env python3
"""ICRS directions to the horizon of a site, no refraction, by astropy.

pip install astropy==8.0.2 pyerfa astropy-iers-data numpy scipy

Also hour angle and declination (HADec) and, for some cases, refracted altitudes.
"""
import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, HADec, SkyCoord, get_sun
from astropy.time import Time

import astropy_common as common

rng = np.random.default_rng(170817)
SPECIAL = [
    ("TAROT-TCA", "2018-03-01T02:30:00.125", 37.954, 89.264, None),  # beside the pole
    ("TAROT-TCH", "2019-04-25T08:18:05.000", 240.0, -89.9, None),
    ("equator", "2020-06-21T12:00:00.000", 12.5, 0.0, None),
    ("south-pole", "2021-07-01T00:00:00.000", 201.0, -43.0, None),
    ("north-80", "2022-12-21T18:00:00.000", 83.6, 22.0, None),
    ("Dome-A", "2024-06-20T05:00:00.000", 350.0, -60.0, None),
    ("Maunakea", "2016-12-31T23:59:59.000", 120.0, 20.0, None),  # before a leap second
    ("Maunakea", "2017-01-01T00:00:01.000", 120.0, 20.0, None),
    ("Lulin", "2025-10-01T04:00:00.000", None, None, 1.0),  # 1 deg from the Sun: light deflection
    ("Oukaimeden", "2023-05-18T12:59:08.000", None, None, 5.0),
]


def case(site, t, target, weather=None):
    where = common.location(site)
    frame = AltAz(obstime=t, location=where, pressure=0 * u.hPa)
    horizontal = target.transform_to(frame)
    ha = target.transform_to(HADec(obstime=t, location=where, pressure=0 * u.hPa))
    out = {
        "site": common.site_json(site), "utc": common.utc(t), "earth": common.earth_json(t),
        "ra_deg": float(target.ra.deg), "dec_deg": float(target.dec.deg),
        "az_deg": float(horizontal.az.deg), "alt_deg": float(horizontal.alt.deg),
        "ha_deg": float(ha.ha.deg), "dec_apparent_deg": float(ha.dec.deg),
    }
    if weather:
        pressure, temperature, humidity, wavelength = weather
        refracted = target.transform_to(AltAz(
            obstime=t, location=where, pressure=pressure * u.hPa, temperature=temperature * u.deg_C,
            relative_humidity=humidity, obswl=wavelength * u.micron))
        out["weather"] = {"pressure_hpa": pressure, "temperature_c": temperature, "humidity": humidity,
                          "wavelength_um": wavelength}
        out["refracted_alt_deg"] = float(refracted.alt.deg)
    return out


cases = []
for site, when, ra, dec, from_sun in SPECIAL:
    t = Time(when, scale="utc", precision=6)
    if from_sun is not None:
        sun = get_sun(t)
        target = SkyCoord(sun.ra, sun.dec).directional_offset_by(70 * u.deg, from_sun * u.deg)
    else:
        target = SkyCoord(ra * u.deg, dec * u.deg)
    cases.append(case(site, t, target))
names = list(common.SITES)
for i in range(54):
    site = names[i % len(names)]
    # whole milliseconds, 2018-01-01 to 2027-10-01
    t = Time(58119 + float(rng.uniform(0, 3560)), format="mjd", scale="utc", precision=3)
    t = Time(t.isot, scale="utc", precision=6)
    target = SkyCoord(float(rng.uniform(0, 360)) * u.deg, float(np.degrees(np.arcsin(rng.uniform(-1, 1)))) * u.deg)
    weather = None
    if i % 4 == 0:
        weather = (float(rng.uniform(600, 1020)), float(rng.uniform(-20, 30)), 0.3, 0.55)
        # refraction is only compared well above the horizon
        frame = AltAz(obstime=t, location=common.location(site))
        target = SkyCoord(float(rng.uniform(0, 360)) * u.deg, float(rng.uniform(8, 85)) * u.deg,
                          frame=frame).transform_to("icrs")
        target = SkyCoord(target.ra, target.dec)
    cases.append(case(site, t, target, weather))
common.write(__file__, cases)
