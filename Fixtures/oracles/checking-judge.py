#!/usr/bin/env python3
"""Verdicts of the benchmark's judge on plans with planted faults, for Tests/CheckingTests.

pip install numpy scipy pandas astropy healpy ligo.skymap
usage: checking-judge.py SHARED > checking-judge.json
SHARED is the folder with tools/evalplan.py, benchmark/network.csv and data/skymaps.

Two maps: one made here (written into the JSON, cells and densities), and a published one (read from
SHARED; the JSON holds the plan and the verdicts only). A plan is random pointings at probable places
and random times over a day for the five benchmark telescopes, so most rows break some rule. Rows that
lie between the checker's slack and the judge's are left out: there the two differ on purpose.
"""
import io
import json
import os
import sys
import tempfile

import astropy
import healpy as hp
import numpy as np
import pandas as pd
from astropy.table import Table
from astropy.time import Time
from astropy.utils import iers

shared = os.path.abspath(sys.argv[1])
os.environ["NETWORK_CSV"] = os.path.join(shared, "benchmark", "network.csv")
sys.path.insert(0, os.path.join(shared, "tools"))
import evalplan  # noqa: E402
import skylib  # noqa: E402

TELESCOPES = ["TCH", "TCA", "TRE", "OAJ", "FZU-Auger"]
REAL_MAP = "data/skymaps/S230518h-Initial_alert.multiorder.fits"


def banana():
    """Cells of orders 3 to 7 along a bent band; density falls off across and along it."""
    def density(theta, phi):
        lat, lon = np.pi / 2 - theta, np.angle(np.exp(1j * (phi - 4.0)))
        across = lat - (-0.45 + 0.35 * np.sin(1.3 * lon))
        return np.exp(-0.5 * (across / 0.09) ** 2 - 0.5 * (lon / 0.7) ** 2) + 1e-6
    cells = [(3, i) for i in range(hp.nside2npix(8))]
    out = []
    while cells:
        order, i = cells.pop()
        d = density(*hp.pix2ang(2 ** order, i, nest=True))
        if order < 7 and d * 4 * np.pi / hp.nside2npix(2 ** order) > 1.2e-4:
            cells += [(order + 1, 4 * i + k) for k in range(4)]
        else:
            out.append((4 ** (order + 1) + i, d, 4 * np.pi / hp.nside2npix(2 ** order)))
    out.sort()
    total = sum(d * a for _, d, a in out)
    return [u for u, _, _ in out], [float("%.9g" % (d / total)) for _, d, _ in out]


def write_map(path, uniq, density, t0):
    t = Table({"UNIQ": np.array(uniq, np.int64), "PROBDENSITY": np.array(density)})
    t.meta.update(PIXTYPE="HEALPIX", ORDERING="NUNIQ", COORDSYS="C", INDXSCHM="EXPLICIT")
    t.meta["DATE-OBS"] = Time(t0, format="mjd").isot
    t.write(path, overwrite=True)


def plan(sky, t0, rows, seed):
    """Random rows; clustered starts, so that some gaps are short and some exposures overlap."""
    rng = np.random.default_rng(seed)
    out = []
    for tel in TELESCOPES:
        times = np.sort(t0 + rng.uniform(0, 1, rows))
        for k in range(1, rows):
            if rng.uniform() < 0.5:
                times[k] = times[k - 1] + rng.uniform(30, 140) / 86400
        for mjd in np.sort(times):
            c = rng.uniform(0, 1)
            i = min(np.searchsorted(sky.cum, c, side="right") - 1, len(sky.ip) - 1)
            x, y = hp.pix2ang(2 ** int(sky.order[i]), int(sky.ip[i]), nest=True, lonlat=True)
            out.append((tel, round(float(x), 5), round(float(y), 5), round(float(mjd), 8), 60.0))
    return pd.DataFrame(out, columns=["tel", "ra", "dec", "mjd", "exp"])


def decided(sky, df):
    """Rows whose verdict does not hang on a slack, with the rules each breaks."""
    keep, verdicts = [], []
    for i in range(len(df)):
        row = df.iloc[[i]]
        tel = row.tel.iloc[0]
        c, network = skylib.cfg(tel), NETWORK[tel]
        r = evalplan.check(sky, row, sun=-12.0, airmass=network["max_airmass"])["tel"][tel]
        edge = min(abs(r["sun_max"] + 12), abs(r["alt_min"] - c["horizon"]), abs(r["moon_min"] - c["moon_constraint"]))
        low, high = network["dec_min_deg"], network["dec_max_deg"]
        edge = min(edge, abs(row.dec.iloc[0] - low), abs(row.dec.iloc[0] - high))
        if edge < 0.4 or abs(r["airmass_max"] / network["max_airmass"] - 1) < 0.02:
            continue
        broken = [name for name, key in (("sun_up", "viol_sun"), ("low_altitude", "viol_horizon"),
                  ("high_airmass", "viol_airmass"), ("near_moon", "viol_moon"), ("declination", "viol_dec"))
                  if r.get(key, 0)]
        keep.append(i)
        verdicts.append({"broken": broken, "alt_min_deg": r["alt_min"], "sun_max_deg": r["sun_max"], "moon_min_deg": r["moon_min"]})
    return df.iloc[keep].reset_index(drop=True), verdicts


def gaps_decided(df):
    """Without rows whose gap lies between the two slacks."""
    while True:
        drop = None
        for tel, g in df.groupby("tel"):
            c = skylib.cfg(tel)
            end = g.mjd.values[:-1] + g.exp.values[:-1] / 86400
            gap = (g.mjd.values[1:] - end) * 86400
            v = hp.ang2vec(g.ra.values, g.dec.values, lonlat=True)
            d = np.degrees(np.arccos(np.clip(np.sum(v[1:] * v[:-1], 1), -1, 1)))
            need = np.maximum(d / c["slew_rate"], c["readout"])
            near = np.flatnonzero((np.abs(gap) < 1) | (np.abs(gap - need) < 1))
            if len(near):
                drop = g.index[1 + near[0]]
                break
        if drop is None:
            return df
        df = df.drop(index=drop).reset_index(drop=True)


def judged(sky, t0, rows, seed):
    df = gaps_decided(plan(sky, t0, rows, seed))
    df, verdicts = decided(sky, df)
    again = gaps_decided(df)
    assert len(again) == len(df), "another seed: dropping rows made a doubtful gap"
    whole = evalplan.check(sky, df, sun=-12.0, airmass=2.5)
    tels = {}
    for tel, r in whole["tel"].items():
        tels[tel] = {"rows": r["n"], "overlaps": r["viol_overlap_time"],
                     "short_gaps": r["viol_slew_readout"], "probability": r["prob"]}
    coarse = skylib.forder
    skylib.forder = lambda fov: coarse(fov) + 3
    points = [(a, b, skylib.cfg(t)["FOV"], "square") for t, a, b in zip(df.tel, df.ra, df.dec)]
    fine, area, own = skylib.union_prob(sky, points)
    skylib.forder = coarse
    text = io.StringIO()
    df.to_csv(text, index=False, lineterminator="\n")
    return {"csv": text.getvalue(), "rows": verdicts, "telescopes": tels,
            "probability": whole["total"]["prob"], "area_deg2": whole["total"]["area"],
            "fine_probability": fine, "fine_area_deg2": area, "tile_probability": [float(x) for x in own]}


network = pd.read_csv(os.environ["NETWORK_CSV"])
NETWORK = {r["name"]: {k: v for k, v in r.items() if k not in ("name", "fov_type")} for r in network.to_dict("records")}

uniq, density = banana()
made_t0 = 60082.5
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "made.fits")
    write_map(path, uniq, density, made_t0)
    made_sky = skylib.Sky(path)
made = judged(made_sky, made_t0, 40, 7)
real_sky = skylib.Sky(os.path.join(shared, REAL_MAP))
real = judged(real_sky, 60082.541, 30, 11)
t = Time(made_t0 + 0.5, format="mjd", scale="utc")
table = iers.earth_orientation_table.get()
json.dump({
    "about": {"command": "checking-judge.py SHARED > checking-judge.json", "python": sys.version.split()[0],
              "numpy": np.__version__, "astropy": astropy.__version__, "healpy": hp.__version__,
              "judge": "tools/evalplan.py; fine_probability: its raster three orders finer"},
    "ut1_minus_utc_s": float(table.ut1_utc(t).to_value("s")),
    "network": NETWORK,
    "made": {"uniq": uniq, "density_per_sr": density, **made},
    "real": {"map": REAL_MAP, **real},
}, sys.stdout, separators=(",", ":"), default=float)
print()
