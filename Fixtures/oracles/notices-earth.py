#!/usr/bin/env python3
"""The centre of the Earth as seen from a satellite over a sub-satellite point: the direction opposite to
the GCRS position of that point (spherical Earth, so geocentric latitude).

usage: notices-earth.py > notices-earth.json        pip: astropy
"""
import json
import platform
import sys

import astropy
import astropy.units as u
import numpy
from astropy.coordinates import GCRS, ITRS, CartesianRepresentation
from astropy.time import Time
from astropy.utils import iers

iers.conf.auto_download = False
iers.conf.auto_max_age = None

cases = []
for text in ("2008-08-25T00:00:00", "2017-08-17T12:41:06.47", "2023-05-26T00:35:39.72", "2026-06-01T18:00:00"):
    for longitude, latitude in ((0.0, 0.0), (117.05, 20.58), (257.4, 23.83), (-132.08, -8.21)):
        time = Time(text, scale="utc")
        lon, lat = numpy.radians(longitude), numpy.radians(latitude)
        unit = (numpy.cos(lat) * numpy.cos(lon), numpy.cos(lat) * numpy.sin(lon), numpy.sin(lat))
        point = ITRS(CartesianRepresentation(*(x * 6906 * u.km for x in unit)), obstime=time)
        v = point.transform_to(GCRS(obstime=time)).cartesian.xyz.value
        v = -v / numpy.linalg.norm(v)
        cases.append(
            {
                "time": text,
                "longitude_deg": longitude,
                "latitude_deg": latitude,
                "ra_deg": float(numpy.degrees(numpy.arctan2(v[1], v[0])) % 360),
                "dec_deg": float(numpy.degrees(numpy.arcsin(v[2]))),
            }
        )

json.dump(
    {
        "command": "notices-earth.py > notices-earth.json",
        "python": platform.python_version(),
        "astropy": astropy.__version__,
        "cases": cases,
    },
    sys.stdout,
    indent=1,
)
print()
