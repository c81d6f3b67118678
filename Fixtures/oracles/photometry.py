#!/usr/bin/env python3
"""Night-sky brightness, limits and detection probabilities, written from the papers alone.

pip install numpy scipy
./photometry.py > photometry.json

Sky: Krisciunas & Schaefer 1991, PASP 103, 1033. Limits: Ivezic et al. 2019, ApJ 873, 111, eq. 6, with the
airmass of Kasten & Young 1989. Distance posterior: Singer et al. 2016, ApJL 829, L15, eq. 1, integrated
numerically.
"""
import json
import math
import platform

import numpy
import scipy
from scipy.integrate import quad
from scipy.stats import norm

K = 0.172


def path(zenith_distance):
    return (1 - 0.96 * math.sin(math.radians(zenith_distance)) ** 2) ** -0.5


def sky(altitude, moon_altitude, separation, phase, zenith=79.0):
    z = 90 - altitude
    dark = zenith * 10 ** (-0.4 * K * (path(z) - 1)) * path(z)
    if moon_altitude <= 0:
        return dark, 0.0
    star = 10 ** (-0.4 * (3.84 + 0.026 * abs(phase) + 4e-9 * phase**4))
    rho = math.radians(separation)
    f = 10**5.36 * (1.06 + math.cos(rho) ** 2)
    f += 10 ** (6.15 - separation / 40) if separation >= 10 else 6.2e7 / separation**2
    moon = f * star * 10 ** (-0.4 * K * path(90 - moon_altitude)) * (1 - 10 ** (-0.4 * K * path(z)))
    return dark, moon


def kasten_young(altitude):
    return 1 / (math.sin(math.radians(altitude)) + 0.50572 * (altitude + 6.07995) ** -1.6364)


def limit(reference, reference_s, total_s, altitude, moon, k, zenith):
    b = sum(sky(altitude, *(moon or (-10, 90, 90)), zenith=zenith))
    x = kasten_young(altitude)
    return (
        reference
        + 2.5 * math.log10(math.sqrt(total_s / reference_s))
        - 2.5 * math.log10(math.sqrt(b / zenith))
        - 2.5 * math.log10(x**0.6)
        - k * (x - 1)
    )


def detection(mu, sigma, reach, scatter):
    low = max(0.0, mu - 12 * sigma)
    high = mu + 12 * sigma if mu > 0 else 40 * sigma
    shape = lambda r: math.exp(-((r - mu) ** 2 - (mu**2 if mu < 0 else 0)) / (2 * sigma**2)) * r * r
    points = [p for p in (mu, reach) if low < p < high]
    norm_ = quad(shape, low, high, points=points or None, limit=500, epsrel=1e-12)[0]
    if scatter == 0:
        top = min(max(reach, low), high)
        return quad(shape, low, top, points=[mu] if low < mu < top else None, limit=500, epsrel=1e-12)[0] / norm_
    seen = lambda r: norm.cdf(5 * math.log10(reach / r) / scatter) if r > 0 else 1.0
    return quad(lambda r: shape(r) * seen(r), low, high, points=points or None, limit=800, epsrel=1e-11)[0] / norm_


skies = []
for altitude in (20, 45, 70, 90):
    for moon_altitude, separation, phase in ((30, 60, 0), (60, 30, 40), (10, 100, 90), (50, 5, 10), (-5, 90, 0), (45, 120, 150)):
        dark, moon = sky(altitude, moon_altitude, separation, phase)
        skies.append(dict(altitude=altitude, moonAltitude=moon_altitude, separation=separation, phase=phase, dark=dark, moon=moon))

limits = []
for altitude in (25, 50, 85):
    for moon in (None, (40, 50, 30), (60, 90, 0)):
        for k, band, zenith in ((0.126, "r", 79.0), (0.213, "g", 79.0), (0.096, "i", 79.0 * 10**1.2)):
            for total in (30, 60, 1800):
                limits.append(dict(altitude=altitude, moon=moon, band=band, urban=zenith > 80, total=total,
                                   limit=limit(18.2, 60, total, altitude, moon, k, zenith)))

detections = []
for mu, sigma in ((40, 8), (150, 45), (100, 90), (-50, 80), (-400, 100), (1000, 5)):
    for reach in (20, 60, 150, 400, 1002):
        for scatter in (0, 0.3, 1.0):
            detections.append(dict(mu=mu, sigma=sigma, reach=reach, scatter=scatter, probability=detection(mu, sigma, reach, scatter)))

print(json.dumps(dict(
    command="./photometry.py > photometry.json",
    tools=dict(python=platform.python_version(), numpy=numpy.__version__, scipy=scipy.__version__),
    skies=skies, limits=limits, detections=detections,
), indent=1))
