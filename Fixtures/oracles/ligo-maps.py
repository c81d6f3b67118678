#!/usr/bin/env python3
"""Small multi-order maps and what ligo.skymap says of them.

Regenerate: python3 ligo-maps.py    (pip install ligo.skymap astropy healpy)
"""
import json, platform, warnings
from importlib.metadata import version
import healpy as hp, numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table
import astropy.units as u
from ligo.skymap import distance, moc
from ligo.skymap.postprocess.crossmatch import crossmatch

warnings.filterwarnings("ignore")
rng = np.random.default_rng(42)
LEVELS = [0.05, 0.2, 0.5, 0.75, 0.9, 0.99]


def blob(center, width, elongation=1.0):
    c = np.array(hp.ang2vec(*center, lonlat=True))
    e = np.cross([0, 0, 1], c)
    e /= np.linalg.norm(e)
    n = np.cross(c, e)

    def f(v):
        x, y, z = v @ e, v @ n, v @ c
        return np.where(z > -0.5, np.exp(-0.5 * ((x / (width * elongation)) ** 2 + (y / width) ** 2)), 0)

    return f


def build(density, base, rounds, splits):
    """As BAYESTAR: split the most probable cells, again and again."""
    order = np.full(12 * 4**base, base)
    ipix = np.arange(12 * 4**base)

    def value(order, ipix):
        out = np.empty(len(order))
        for o in np.unique(order):
            k = order == o
            out[k] = density(np.array(hp.pix2vec(2**int(o), ipix[k], nest=True)).T)
        return out

    for _ in range(rounds):
        p = value(order, ipix) / 4.0**order
        best = np.argsort(-p, kind="stable")[:splits]
        keep = np.ones(len(order), bool)
        keep[best] = False
        order_new = np.repeat(order[best] + 1, 4)
        ipix_new = (ipix[best][:, None] * 4 + np.arange(4)).ravel()
        order, ipix = np.concatenate([order[keep], order_new]), np.concatenate([ipix[keep], ipix_new])
    rho = value(order, ipix)
    rho /= (rho * np.pi / 3 / 4.0**order).sum()
    return order, ipix, rho


def case(name, density, base, rounds, splits, with_distance):
    order, ipix, rho = build(density, base, rounds, splits)
    uniq = 4 * 4 ** order.astype(np.int64) + ipix
    table = Table({"UNIQ": uniq, "PROBDENSITY": rho})
    out = {"name": name, "uniq": [int(x) for x in uniq], "density": [float(x) for x in rho]}
    dp = rho * np.pi / 3 / 4.0**order
    if with_distance:
        v = np.array([hp.pix2vec(2**int(o), int(i), nest=True) for o, i in zip(order, ipix)])
        mean = 150 * (1 + 0.3 * v[:, 0] + 0.1 * v[:, 2])
        mu = mean * (1 + 0.2 * v[:, 1])
        sigma = 0.25 * mean * (1 + 0.3 * v[:, 2])
        far = v[:, 0] < -0.55  # broad cells with mu < 0, as in real maps
        mu[far] = -60.0 - 200 * rng.random(far.sum())
        sigma[far] = 90.0 + 60 * rng.random(far.sum())
        none = v[:, 2] < -0.93
        norm = distance.parameters_to_moments(mu, sigma)[2]
        mu[none], sigma[none], norm[none] = np.inf, 1, 0
        table["DISTMU"], table["DISTSIGMA"], table["DISTNORM"] = mu, sigma, norm
        out |= {"mu": ["inf" if np.isinf(x) else float(x) for x in mu], "sigma": [float(x) for x in sigma],
                "norm": [float(x) for x in norm]}
        ok = ~none
        m, s = distance.parameters_to_marginal_moments(dp[ok] / dp[ok].sum(), mu[ok], sigma[ok])
        out |= {"located": float(dp[ok].sum()), "distanceMean": float(m), "distanceDeviation": float(s)}
        grid = np.array([40.0, 80, 120, 160, 240, 400])
        out["marginal"] = [
            {"r": float(r), "pdf": float(a), "cdf": float(b)} for r, a, b in zip(
                grid, distance.marginal_pdf(grid, dp[ok] / dp[ok].sum(), mu[ok], sigma[ok], norm[ok]),
                distance.marginal_cdf(grid, dp[ok] / dp[ok].sum(), mu[ok], sigma[ok], norm[ok]))]
    ra, dec = rng.uniform(0, 360, 24), np.degrees(np.arcsin(rng.uniform(-1, 1, 24)))
    best = np.argsort(-rho)[:60:5]
    lon, lat = zip(*[hp.pix2ang(2 ** int(order[i]), int(ipix[i]), nest=True, lonlat=True) for i in best])
    ra, dec = np.concatenate([ra, lon]), np.concatenate([dec, np.array(lat) + 1e-4])
    dist = rng.uniform(20, 350, len(ra))
    points = []
    sorted_table = table
    for k in range(len(ra)):
        c = SkyCoord(ra[k] * u.deg, dec[k] * u.deg, **({"distance": dist[k] * u.Mpc} if with_distance else {}))
        r = crossmatch(sorted_table.as_array(), c)
        p = {"ra": float(ra[k]), "dec": float(dec[k]), "density": float(r.probdensity), "searchedProbability": float(r.searched_prob),
             "searchedAreaSquareDegrees": float(r.searched_area)}
        if with_distance:
            # ligo.skymap answers for the shell (a thousandth of six times the mean) at or below the distance
            step = 6 * distance.parameters_to_marginal_moments(dp, mu, sigma)[0] / 1000
            p |= {"distance": float(step * np.digitize(dist[k], step * np.arange(1, 1000))), "densityPerCubicMpc": float(r.probdensity_vol),
                  "searchedProbabilityVolume": float(r.searched_prob_vol), "searchedVolume": float(r.searched_vol)}
        points.append(p)
    r = crossmatch(sorted_table.as_array(), contours=LEVELS, areas=[10.0, 100.0, 1000.0])
    out["points"] = points
    out["areas"] = [[float(a), float(b)] for a, b in zip(LEVELS, r.contour_areas)]
    out["areaProbabilities"] = [[a, float(b)] for a, b in zip([10.0, 100.0, 1000.0], r.area_probs)]
    if with_distance:
        out["volumes"] = [[float(a), float(b)] for a, b in zip(LEVELS, r.contour_vols)]
    return out


def floor(v):
    """No two cells alike: ligo.skymap leaves the order of ties open."""
    return 1 + 0.3 * v[:, 0] + 0.11 * v[:, 1] + 0.05 * v[:, 2]


first = blob((120, 35), 0.12, 3)
second = blob((300, -50), 0.2)
cases = [
    case("two blobs with distance", lambda v: first(v) + 0.4 * second(v) + 1e-4 * floor(v), 2, 5, 36, True),
    case("polar blob", lambda v: blob((10, 89), 0.05)(v) + 1e-9 * floor(v), 1, 6, 12, False),
]
json.dump({"tool": "ligo.skymap " + version("ligo.skymap"), "healpy": hp.__version__, "numpy": np.__version__,
           "python": platform.python_version(), "command": "python3 ligo-maps.py", "cases": cases},
          open("ligo-maps.json", "w"), separators=(",", ":"))
