#!/usr/bin/env python3
"""The conditional distance posterior by 60-digit quadrature, and by ligo.skymap where that is exact.

Regenerate: python3 ligo-distance.py    (pip install mpmath ligo.skymap)
"""
import json, platform
import mpmath as mp, numpy as np
from importlib.metadata import version
from ligo.skymap import distance

mp.mp.dps = 60


def integral(n, z, upper=None):
    """int_0^upper y^n exp(-(y - z)^2 / 2 + shift) dy with shift = z^2 / 2 for z <= 0."""
    z = mp.mpf(z)
    f = (lambda y: y**n * mp.exp(-(y - z) ** 2 / 2)) if z > 0 else (lambda y: y**n * mp.exp(z * y - y * y / 2))
    scale = 1 if z > -1 else 1 / abs(z)
    end = (max(z, 0) + 40 * scale + (40 if z > -1 else 0)) if upper is None else mp.mpf(upper)
    knots = [0] + [k for k in (max(z, 0) + scale * s for s in (-12, -6, -3, -1, 0, 1, 3, 6, 12, 24, 48)) if 0 < k < end] + [end]
    return mp.quad(f, knots)


rows = []
for z in [-1e5, -1e4, -1000, -300, -100, -50, -20, -18, -12, -10, -8, -5, -4, -3.5, -3, -2.5, -2.001, -2, -1.999, -1.5, -1, -0.5, 0,
          0.25, 1, 2, 3, 5, 8, 12, 40, 200, 1e4, 1e5]:
    i2, i3, i4 = (integral(n, z) for n in (2, 3, 4))
    mean, var = i3 / i2, i4 / i2 - (i3 / i2) ** 2
    x, sd = [], mp.sqrt(var)
    for k in (-2.5, -1.5, -0.5, 0, 0.7, 1.8, 3.5):
        at = mean + k * sd
        if at > 0:
            x.append({"x": float(at), "pdf": float((lambda y: y**2 * mp.exp((-(y - mp.mpf(z)) ** 2 / 2) if z > 0 else (mp.mpf(z) * y - y * y / 2)) / i2)(mp.mpf(float(at)))),
                      "cdf": float(integral(2, z, float(at)) / i2)})
    rows.append({"z": z, "mean": float(mean), "deviation": float(sd), "points": x,
                 "lnIntegral": float(mp.log(i2) - mp.log(2 * mp.pi) / 2)})

ligo = []
for mu, sigma in [(100.0, 20.0), (30.0, 15.0), (-5.0, 40.0), (400.0, 3.0), (0.0, 10.0)]:
    mean, std, norm = distance.parameters_to_moments(mu, sigma)
    ligo.append({"mu": mu, "sigma": sigma, "norm": float(norm), "mean": float(mean), "deviation": float(std),
                 "quantiles": [[p, float(distance.conditional_ppf(p, mu, sigma, norm))] for p in (0.01, 0.05, 0.3, 0.5, 0.9, 0.999)]})
inverse = []
for mean, std in [(100.0, 20.0), (100.0, 40.0), (100.0, 55.0), (3.0, 1.0), (1e4, 10.0)]:
    mu, sigma, norm = distance.moments_to_parameters(mean, std)
    inverse.append({"mean": mean, "deviation": std, "mu": float(mu), "sigma": float(sigma), "norm": float(norm)})

json.dump({"tool": "mpmath %s, ligo.skymap %s" % (mp.__version__, version("ligo.skymap")),
           "numpy": np.__version__, "python": platform.python_version(), "command": "python3 ligo-distance.py",
           "kernel": rows, "ligo": ligo, "inverse": inverse}, open("ligo-distance.json", "w"), indent=0)
