#!/usr/bin/env python3
"""Radii and densities of the Fermi GBM systematic model (Connaughton et al. 2015, ApJS 216, 32): the
Fisher density is integrated numerically and the radius found by a root finder; the density is that at 5 degrees.

usage: notices-gbm.py > notices-gbm.json        pip: scipy
"""
import json
import platform
import sys
from math import cos, exp, log, pi, radians, sin, sqrt, degrees

import scipy
from scipy.integrate import quad
from scipy.optimize import brentq

MODELS = {"flight": (7.52, 0.897, 55.6), "ground": (3.72, 0.804, 13.7), "final": (3.71, 0.900, 14.3)}


def fisher(k, d):
    """k / (2 pi (e^k - e^-k)) e^(k cos d), with e^k divided out."""
    return k / (2 * pi * (1 - exp(-2 * k))) * exp(k * (cos(d) - 1))


def density(model, s, d):
    core, f, tail = MODELS[model]
    k = [1 / (0.4356 * (radians(s) ** 2 + radians(x) ** 2)) for x in (core, tail)]
    return f * fisher(k[0], d) + (1 - f) * fisher(k[1], d)


def within(model, s, d):
    return quad(lambda x: 2 * pi * sin(x) * density(model, s, x), 0, d, epsabs=1e-12, limit=200)[0]


cases = []
for model in MODELS:
    for s in (0.05, 1.0, 3.3, 7.2, 15.0, 50.0):
        for c in (0.68, 0.9):
            # A radius of another containment is first brought to 68 % as for a 2-D Gaussian.
            s68 = s * sqrt(log(1 - 0.68) / log(1 - c))
            radius = brentq(lambda d: within(model, s68, d) - c, 1e-6, pi, xtol=1e-11)
            cases.append(
                {
                    "model": model,
                    "statistical_deg": s,
                    "containment": c,
                    "effective_deg": degrees(radius),
                    "density_per_sr": density(model, s, radians(5)),
                }
            )

json.dump(
    {
        "command": "notices-gbm.py > notices-gbm.json",
        "python": platform.python_version(),
        "scipy": scipy.__version__,
        "cases": cases,
    },
    sys.stdout,
    indent=1,
)
print()
