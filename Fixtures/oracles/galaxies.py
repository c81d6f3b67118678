#!/usr/bin/env python3
"""A synthetic catalogue of our own, its ranking in a map, and field averages, without any code of this project.

pip install numpy scipy healpy astropy
./galaxies.py > galaxies.json          (also writes ../galaxies: synthetic.csv, gladeplus.txt, nedlvs.fits)

The map: NESTED nside 32, a Gaussian about (150, 20) deg with distance parameters that vary over the sky. Weights: the
average of dP/dV = rho N / (sqrt(2 pi) sigma) exp(-(r - mu)^2 / (2 sigma^2)) over the galaxy's distance, a normal
deviate cut off at 0, by numerical integration; times blue luminosity or mass.
"""
import json
import math
import os
import platform

import astropy
import healpy as hp
import numpy as np
import scipy
from scipy.integrate import quad
from scipy.special import erfc

rng = np.random.default_rng(20261121)
here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "..", "galaxies")
os.makedirs(folder, exist_ok=True)

NSIDE = 32
npix = hp.nside2npix(NSIDE)


def cells(nest):
    vec = np.array(hp.pix2vec(NSIDE, np.arange(npix), nest=nest))
    center = hp.ang2vec(150, 20, lonlat=True)
    angle = np.degrees(np.arccos(np.clip(center @ vec, -1, 1)))
    prob = np.exp(-angle**2 / (2 * 6.0**2))
    prob /= prob.sum()
    mu = 80 + 8 * np.sin(np.radians(angle) * 9)
    sigma = 22 + 0.2 * angle
    norm = np.array([norm_of(m, s) for m, s in zip(mu, sigma)])
    return prob, mu, sigma, norm


def norm_of(mu, sigma):
    z = mu / sigma
    q = 0.5 * erfc(-z / math.sqrt(2))
    h = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return 1 / (sigma**2 * ((1 + z * z) * q + z * h))


# Luminosities from a Schechter function (alpha -1.07), homogeneous out to 250 Mpc; every seventh has none.
n = 1500
lon = np.radians(rng.uniform(125, 175, n))
lat = np.arcsin(rng.uniform(math.sin(math.radians(-2)), math.sin(math.radians(42)), n))
distance = 250 * rng.uniform(0.001, 1, n) ** (1 / 3)
error = distance * rng.choice([0.0, 0.02, 0.15], n)
luminosity = np.maximum(rng.gamma(0.3, 2.4, n), 1e-3)
mass = luminosity * rng.lognormal(0.3, 0.5, n)
ra, dec = np.degrees(lon), np.degrees(lat)
rows = []
for i in range(n):
    row = dict(name=f"SYN {i + 1}", ra=round(ra[i], 6), dec=round(dec[i], 6), d=round(distance[i], 4), e=round(error[i], 4))
    row["l"] = None if i % 7 == 3 else round(luminosity[i], 6)
    row["m"] = None if i % 11 == 5 else round(mass[i], 6)
    rows.append(row)

text = ["name,ra_deg,dec_deg,distance_mpc,distance_error_mpc,luminosity_b_1e10,mass_1e10"]
blank = lambda v: "" if v is None else repr(float(v))
for r in rows:
    text.append(f"{r['name']},{r['ra']!r},{r['dec']!r},{r['d']!r},{r['e']!r},{blank(r['l'])},{blank(r['m'])}".replace("np.float64(", "").replace(")", ""))
# What must be passed over: each fault once, the duplicate twice.
bad = ["BAD 1,nan,10,50,1,1,1", "BAD 2,400,10,50,1,1,1", "BAD 3,10,-95,50,1,1,1", "BAD 4,150,20,,1,1,1", "BAD 5,150,20,-4,1,1,1",
       "BAD 6,150,20,inf,1,1,1", "BAD 7,150", "BAD 8,abc,20,50,1,1,1", text[1], text[1]]
with open(os.path.join(folder, "synthetic.csv"), "w") as f:
    f.write("\n".join(text + bad) + "\n")

# The first 40 as GLADE+ writes them: 40 columns, null where nothing is known.
with open(os.path.join(folder, "gladeplus.txt"), "w") as f:
    for i, r in enumerate(rows[:40]):
        cols = ["null"] * 40
        cols[0], cols[7] = str(i + 1), "G"
        cols[3] = "SYN" + str(i + 1) if i % 2 == 0 else "null"
        cols[8], cols[9] = f"{r['ra']:.6f}", f"{r['dec']:.6f}"
        if r["l"] is not None:
            cols[13] = f"{5.48 - 2.5 * math.log10(r['l'] * 1e10):.6f}"
        cols[32], cols[33], cols[34] = f"{r['d']:.4f}", f"{r['e']:.4f}" if r["e"] else "null", "1"
        if r["m"] is not None:
            cols[35] = f"{r['m']:.6f}"
        f.write(" ".join(cols) + "\n")
    quasar = ["null"] * 40
    quasar[0], quasar[7], quasar[8], quasar[9], quasar[32] = "41", "Q", "150.0", "20.0", "4000.0"
    f.write(" ".join(quasar) + "\n")
    f.write("42 null null null null null null G 150.0 20.0\n")
    repeated = ["null"] * 40
    repeated[0], repeated[7], repeated[8], repeated[9], repeated[32] = "7", "G", "151.0", "21.0", "80.0"
    f.write(" ".join(repeated) + "\n")
    nowhere = ["null"] * 40
    nowhere[0], nowhere[7], nowhere[8], nowhere[9] = "43", "G", "150.0", "20.0"
    f.write(" ".join(nowhere) + "\n")

# And as NED-LVS: a FITS table with columns of its kinds, masses in solar masses, NaN where nothing is known.
from astropy.table import Table

Table(dict(
    objname=[r["name"] for r in rows[:40]] + ["NOWHERE"], ra=[r["ra"] for r in rows[:40]] + [150.0],
    dec=[r["dec"] for r in rows[:40]] + [20.0], objtype=["G"] * 41, z=np.float32(np.arange(41) * 1e-3), z_qual=np.arange(41) % 2 == 0,
    DistMpc=[r["d"] for r in rows[:40]] + [np.nan], DistMpc_unc=np.float32([r["e"] or np.nan for r in rows[:40]] + [1.0]),
    Mstar=[np.nan if r["m"] is None else r["m"] * 1e10 for r in rows[:40]] + [1e10],
)).write(os.path.join(folder, "nedlvs.fits"), overwrite=True)

prob, mu, sigma, norm = cells(nest=True)
area = hp.nside2pixarea(NSIDE)


def averaged(rho, m, s, nn, d, e):
    f = lambda r: rho * nn / (math.sqrt(2 * math.pi) * s) * math.exp(-((r - m) ** 2) / (2 * s * s))
    if e == 0:
        return f(d)
    g = lambda r: math.exp(-((r - d) ** 2) / (2 * e * e))
    low, high = max(0, d - 10 * e), d + 10 * e
    top = quad(lambda r: f(r) * g(r), low, high, points=[d], epsabs=0, epsrel=1e-11, limit=400)[0]
    return top / quad(g, low, high, points=[d], epsabs=0, epsrel=1e-11, limit=400)[0]


pix = hp.ang2pix(NSIDE, [r["ra"] for r in rows], [r["dec"] for r in rows], nest=True, lonlat=True)
density = [averaged(prob[p] / area, mu[p], sigma[p], norm[p], r["d"], r["e"]) for p, r in zip(pix, rows)]


def ranking(key):
    known = sorted(r[key] for p, r in zip(pix, rows) if r[key] and prob[p] > 1e-12) if key else []
    typical = np.float32(known[len(known) // 2]) if known else 1.0
    w = np.array([d * (1 if not key else (r[key] or float(typical))) for d, r in zip(density, rows)])
    w /= w.sum()
    order = np.argsort(-w, kind="stable")
    return [dict(name=rows[i]["name"], weight=float(w[i])) for i in order[:200]]


# The map itself: only what is not zero to double precision, as pixel, probability and distance.
kept = np.flatnonzero(prob > 1e-12)
ring = hp.nest2ring(NSIDE, kept)

# Averages where the far tail of a cell lies below distance 0.
averages = []
for m, s in ((60.0, 20.0), (5.0, 30.0), (-20.0, 40.0), (-150.0, 60.0)):
    for d, e in ((40.0, 2.0), (100.0, 30.0), (10.0, 8.0), (300.0, 1e-3)):
        i2 = quad(lambda r: r * r * math.exp(-((r - m) ** 2) / (2 * s * s)), 0, max(m, 0) + 40 * s, points=[max(m, 1)], epsabs=0, epsrel=1e-12, limit=500)[0]
        f = lambda r: math.exp(-((r - m) ** 2) / (2 * s * s)) / i2
        g = lambda r: math.exp(-((r - d) ** 2) / (2 * e * e))
        low, high = max(0, d - 12 * e), d + 12 * e
        top = quad(lambda r: f(r) * g(r), low, high, points=[d], epsabs=0, epsrel=1e-12, limit=500)[0]
        averages.append(dict(mu=m, sigma=s, distance=d, deviation=e, density=top / quad(g, low, high, points=[d], epsabs=0, epsrel=1e-12, limit=500)[0]))

print(json.dumps(dict(
    command="./galaxies.py > galaxies.json",
    tools=dict(python=platform.python_version(), numpy=np.__version__, scipy=scipy.__version__, healpy=hp.__version__, astropy=astropy.__version__),
    nside=NSIDE, nested=kept.tolist(), ring=ring.tolist(), prob=prob[kept].tolist(), mu=mu[kept].tolist(), sigma=sigma[kept].tolist(), norm=norm[kept].tolist(),
    volume=ranking(None), luminosity=ranking("l"), mass=ranking("m"), averages=averages,
)))
