#!/usr/bin/env python3
"""Overlap integrals of sky maps, by others' code.

pip install ligo.skymap==2.5.4 healpy==1.20.1 scipy==1.17.1 && pip install --no-deps ligo-raven==3.3

"maps": pairs of the maps in Fixtures/skymaps, flattened by ligo.skymap to the finest nside of both and
given to ligo.raven.search.skymap_overlap_integral; `joint` has the joint map's density per steradian at
its peak and the 90 % area of the joint map, summed pixel by pixel with numpy.
"fisher": two von Mises-Fisher distributions, the integral of their product by scipy's dblquad in polar
coordinates about the first one.
"rates": joint false-alarm rates in Hz of ligo.raven.search.coinc_far; with the sky, divided by the overlap
as the same function does.
"""
import json
import os
import platform
from importlib.metadata import version

import healpy as hp
import numpy as np
from ligo.raven import search
from ligo.skymap.bayestar import rasterize
from ligo.skymap.io import read_sky_map
from scipy.integrate import dblquad

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "..", "skymaps")


def flat(name, nside=None):
    path = os.path.join(folder, name)
    if "multiorder" in name:
        table = read_sky_map(path, moc=True, distances=False)
        order = None if nside is None else hp.nside2order(nside)
        values = rasterize(table, order=order)["PROB"]
    else:
        values, _ = read_sky_map(path, nest=True, moc=False, distances=False)
        if nside is not None:
            values = hp.ud_grade(values, nside, order_in="NEST", order_out="NEST", power=-2)
    return np.asarray(values, dtype=float)


def pair(a, b):
    nside = max(hp.npix2nside(len(flat(a))), hp.npix2nside(len(flat(b))))
    p, q = flat(a, nside), flat(b, nside)
    p, q = p / p.sum(), q / q.sum()
    product = p * q
    product /= product.sum()
    area = hp.nside2pixarea(nside)
    ordered = np.sort(product)[::-1]
    count = np.searchsorted(np.cumsum(ordered), 0.9)
    return dict(
        a=a, b=b, nside=nside,
        overlap=float(search.skymap_overlap_integral(p, q, se_nested=True, ext_nested=True)),
        peak_per_sr=float(product.max() / area), area90_deg2=float(count * area * (180 / np.pi) ** 2))


def fisher(k1, k2, separation_deg):
    d = np.deg2rad(separation_deg)

    def log_norm(k):
        return np.log(k / (2 * np.pi)) - np.log(-np.expm1(-2 * k))

    def integrand(phi, theta):
        cos2 = np.cos(theta) * np.cos(d) + np.sin(theta) * np.sin(d) * np.cos(phi)
        exponent = k1 * (np.cos(theta) - 1) + k2 * (cos2 - 1) + log_norm(k1) + log_norm(k2)
        return np.exp(exponent) * np.sin(theta)

    reach = min(np.pi, d + 12 / np.sqrt(k1))
    value, _ = dblquad(integrand, 0, reach, -np.pi, np.pi, epsabs=1e-13, epsrel=1e-10)
    return dict(kappa1=k1, kappa2=k2, separation_deg=separation_deg, overlap=float(4 * np.pi * value))


def rate(far, low, high, per_year, overlap=None):
    event = dict(graceid="G1", group="CBC", pipeline="x", search="AllSky", extra_attributes={})
    burst = dict(
        graceid="E1", gpstime=2.0, pipeline="Fermi", search="GRB", far=None, group="External",
        extra_attributes=dict(GRB=dict(trigger_duration=1, ra=0, dec=0, error_radius=1)))
    answer = search.coinc_far(
        "S1", "E1", low, high, gracedb=object(), em_rate=per_year / (365.25 * 86400),
        se_dict=dict(superevent_id="S1", far=far, t_0=1.0, preferred_event="G1", preferred_event_data=event),
        ext_dict=burst)
    temporal = answer["temporal_coinc_far"]
    return dict(far_hz=far, earliest_s=low, latest_s=high, per_year=per_year, temporal_hz=temporal,
                overlap=overlap, spatial_hz=None if overlap is None else temporal / overlap)


if __name__ == "__main__":
    names = sorted(f for f in os.listdir(folder) if "fit" in f)
    maps = [pair(a, b) for i, a in enumerate(names) for b in names[i + 1:]]
    result = dict(
        tools={k: version(k) for k in ["ligo-raven", "ligo.skymap", "healpy", "scipy", "numpy"]},
        python=platform.python_version(), command="python3 campaigns-overlap.py", maps=maps,
        fisher=[fisher(*c) for c in [(10, 30, 0), (10, 30, 40), (200, 50, 12), (3000, 40, 25), (1, 1, 180)]],
        rates=[rate(3.2e-10, -1, 5, 310), rate(1e-8, -60, 600, 310, 14.0), rate(3e-7, -500, 500, 30, 0.2)])
    with open(os.path.join(here, "campaigns-overlap.json"), "w") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
