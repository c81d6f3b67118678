#!/usr/bin/env python3
"""judge.py MAP NETWORK PLAN...: judges plans by what they would really observe; prints a Markdown table.

pip install numpy astropy healpy ligo.skymap (brings PyYAML).

MAP      sky map, any that ligo.skymap reads
NETWORK  folder of telescope files (YAML)
PLAN     LABEL=FOLDER with plan.csv (tel, ra, dec, mjd, exp: degrees ICRS, UTC, seconds), and if they are
         there claim.json (probability) and usage.json (cpu_s, rss_mb)

It shares no code with the planners. Rules: Sun, airmass (sec z) and altitude at start, middle and end of
every exposure; Moon separation; declination of the centre; between exposures at least the readout and the
slew. Small excesses are forgiven (see TOLERANCE), since plans are rounded and ephemerides differ.
"True P" is the probability in the union of the fields on the cells of the map as published; "executable"
counts the exposures left when each waits for the slew and readout before it and is dropped if its field is
then out of limits. "Airmass" is the median over all exposures, at the middle of each. The same values are
written to judged.json in the folder of each plan.
"""
import csv
import json
import pathlib
import sys

import astropy.units as u
import healpy as hp
import numpy as np
import yaml
from astropy.coordinates import ICRS, AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time
from astropy.utils import iers
from ligo.skymap import moc
from ligo.skymap.io import read_sky_map

iers.conf.auto_download = False
iers.conf.auto_max_age = None
iers.conf.iers_degraded_accuracy = "warn"

DEEPEST = 29  # order of the sky's finest division, in which ranges are counted
TOLERANCE = {"altitude_deg": 0.1, "sun_deg": 0.1, "moon_deg": 0.3, "gap_s": 1.0}
DAY = 86400.0


class SkyMap:
    """Probability as a function of the NESTED number at the deepest order: linear inside each cell."""

    def __init__(self, path):
        table = read_sky_map(path, moc=True)
        order, number = moc.uniq2nest(np.asarray(table["UNIQ"], dtype=np.int64))
        shift = 2 * (DEEPEST - np.asarray(order, dtype=np.int64))
        first = np.asarray(number, dtype=np.int64) << shift
        by_place = np.argsort(first)
        mass = np.asarray(table["PROBDENSITY"] * moc.uniq2pixarea(table["UNIQ"]))[by_place]
        bounds = np.stack([first, first + (np.int64(1) << shift)], axis=1)[by_place]
        # Steps of the cumulative function; sky between cells holds nothing.
        self._x = bounds.ravel().astype(float)
        total = np.cumsum(mass)
        self._y = np.stack([np.concatenate([[0], total[:-1]]), total], axis=1).ravel() / total[-1]

    def masses(self, ranges):
        """Probability in each range (n, 2)."""
        low, high = np.interp(ranges.astype(float), self._x, self._y).T
        return high - low

    def probability(self, ranges):
        return float(self.masses(ranges).sum())


def union(ranges):
    """Disjoint ranges that cover the same: sweep over the ends."""
    if not len(ranges):
        return ranges.reshape(0, 2)
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ranges[:, 1])
    opens = np.flatnonzero(np.append(True, ranges[1:, 0] > reach[:-1]))
    return np.stack([ranges[opens, 0], reach[np.append(opens[1:] - 1, len(ranges) - 1)]], axis=1)


def square_sides(ra, dec, side):
    """Inward normals of the four great circles that bound gnomonic squares, north up: (n, 4, 3)."""
    a, d, t = np.radians(ra), np.radians(dec), np.tan(np.radians(side) / 2)
    out = np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], -1)
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], -1)
    north = np.cross(out, east)
    # Inside means |east . x| <= t (out . x), and the same for north.
    normals = np.stack([t * out - east, t * out + east, t * out - north, t * out + north], 1)
    return normals / np.sqrt(1 + t * t)


def square_ranges(ra, dec, side):
    """Ranges of sky in squares: cells wholly inside at any order, the edge by centres of tiny cells.

    The tiny cells are at most a five-hundredth of the field wide, and those that the edge cuts are in or
    out by chance: each field is right to about 1e-4, and the errors of many fields cancel.
    """
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    sides = square_sides(ra, dec, side)
    order = 3
    last = min(DEEPEST, int(np.ceil(np.log2(58.6 / (side / 500)))))
    centre = hp.ang2vec(ra, dec, lonlat=True)
    circle = np.radians(side * 0.7072) * 1.01
    nearby = [hp.query_disc(2**order, v, circle, inclusive=True, nest=True) for v in np.atleast_2d(centre)]
    owner = np.repeat(np.arange(len(ra)), [len(n) for n in nearby])
    cell = np.concatenate(nearby).astype(np.int64)
    found = []
    while True:
        x = np.stack(hp.pix2vec(2**order, cell, nest=True), -1)
        distance = np.einsum("ijk,ik->ij", sides[owner], x).min(1)
        # A circle about the whole cell, with room for rounding.
        around = np.sin(min(hp.max_pixrad(2**order) * 1.001, np.pi / 2))
        inside = distance >= (around if order < last else 0)
        shift = np.int64(2 * (DEEPEST - order))
        found.append(np.stack([cell[inside] << shift, (cell[inside] + 1) << shift], 1))
        if order == last:
            return np.concatenate(found)
        edge = ~inside & (distance > -around)
        owner = np.repeat(owner[edge], 4)
        cell = (cell[edge, None] * 4 + np.arange(4)).ravel()
        order += 1


def covered(ra, dec, side, batch=32):
    """The union of squares, in batches to keep memory small."""
    parts = [square_ranges(ra[i : i + batch], dec[i : i + batch], side) for i in range(0, len(ra), batch)]
    return union(np.concatenate([union(part) for part in parts]))


class Telescope:
    def __init__(self, path):
        sheet = yaml.safe_load(path.read_text())
        self.name = sheet["id"]
        site, limits, timing = sheet["site"], sheet["limits"], sheet["timing"]
        self.place = EarthLocation(
            lon=site["lon_deg"] * u.deg, lat=site["lat_deg"] * u.deg, height=site["elevation_m"] * u.m)
        if sheet["field"]["shape"] != "square":
            raise SystemExit(f"{path}: only square fields are judged")
        self.side = float(sheet["field"]["side_deg"])
        self.horizon = float(limits["min_alt_deg"])
        self.airmass_floor = float(np.degrees(np.arcsin(1 / limits["max_airmass"])))
        self.declinations = limits["dec_deg"]
        self.moon = float(limits["moon_sep_deg"])
        self.sun = float(limits["max_sun_alt_deg"])
        self.readout = float(timing["readout_s"])
        self.settle = float(timing["settle_s"])
        self.rate = float(timing["slew_deg_per_s"])

    def wait(self, separation):
        """Seconds that must pass between two exposures: the readout runs while the telescope moves."""
        return np.maximum(self.readout, separation / self.rate + self.settle)

    def sky(self, target, mjd):
        """Altitude of targets, altitude of the Sun, separation from the Moon, in degrees."""
        time = Time(mjd, format="mjd", scale="utc")
        frame = AltAz(obstime=time, location=self.place)
        here = target.transform_to(frame)
        sun = get_body("sun", time, self.place).transform_to(frame)
        moon = get_body("moon", time, self.place).transform_to(frame)
        return here.alt.deg, sun.alt.deg, here.separation(moon).deg

    def broken(self, target, mjd):
        """At one time per target: altitude in degrees, and the limits broken (name -> flags)."""
        altitude, sun, moon = self.sky(target, mjd)
        slack = TOLERANCE["altitude_deg"]
        low, high = self.declinations
        return altitude, {
            "Sun": sun > self.sun + TOLERANCE["sun_deg"],
            "airmass": altitude < self.airmass_floor - slack,
            "horizon": altitude < self.horizon - slack,
            "Moon": moon < self.moon - TOLERANCE["moon_deg"],
            "declination": (target.dec.deg < low) | (target.dec.deg > high),
        }


class Almanac:
    """Zenith, Sun and Moon of one site as vectors, every minute: to run through a plan as it would go."""

    def __init__(self, telescope, begin, end):
        self.mjd = np.arange(begin - 0.01, end + 0.05, 60 / DAY)
        time = Time(self.mjd, format="mjd", scale="utc")
        frame = AltAz(obstime=time, location=telescope.place)
        up = SkyCoord(alt=np.full(len(time), 90.0) * u.deg, az=np.zeros(len(time)) * u.deg, frame=frame)
        self.zenith = up.transform_to(ICRS()).cartesian.xyz.value.T
        bodies = [get_body(name, time, telescope.place) for name in ("sun", "moon")]
        self.sun_altitude = bodies[0].transform_to(frame).alt.deg
        moon = bodies[1].cartesian.xyz.value.T
        self.moon = moon / np.linalg.norm(moon, axis=1, keepdims=True)
        self.telescope = telescope

    def _at(self, rows, mjd):
        return np.array([np.interp(mjd, self.mjd, rows[:, k]) for k in range(3)])

    def allows(self, unit, mjd):
        t = self.telescope
        floor = max(t.horizon, t.airmass_floor) - TOLERANCE["altitude_deg"]
        return (
            self._at(self.zenith, mjd) @ unit >= np.sin(np.radians(floor))
            and self._at(self.moon, mjd) @ unit <= np.cos(np.radians(t.moon - TOLERANCE["moon_deg"]))
            and np.interp(mjd, self.mjd, self.sun_altitude) <= t.sun + TOLERANCE["sun_deg"])


def judge_telescope(telescope, rows, almanac):
    """Violations by kind, airmasses, a function from exposures to ranges, and the exposures that can be made."""
    rows = rows[np.argsort(rows[:, 2])]
    ra, dec, start, seconds = rows.T
    target = SkyCoord(ra * u.deg, dec * u.deg)
    flags = {}
    for part in (0, 0.5, 1):
        altitude, broken = telescope.broken(target, start + part * seconds / DAY)
        if part == 0.5:
            airmass = 1 / np.sin(np.radians(np.maximum(altitude, 1)))
        for kind, which in broken.items():
            flags[kind] = flags.get(kind, False) | which
    counts = {kind: int(which.sum()) for kind, which in flags.items()}
    if len(rows) > 1:
        step = target[1:].separation(target[:-1]).deg
        gap = (start[1:] - start[:-1]) * DAY - seconds[:-1]
        counts["slew or readout"] = int((gap < telescope.wait(step) - TOLERANCE["gap_s"]).sum())

    units = target.cartesian.xyz.value.T
    done, free, last = [], -np.inf, None
    for i, (unit, begin, length) in enumerate(zip(units, start, seconds)):
        wait = 0
        if last is not None:
            wait = telescope.wait(np.degrees(np.arccos(np.clip(unit @ units[last], -1, 1))))
        # Times in plans are rounded: a start within the tolerance is taken as it is.
        ready = free + wait / DAY
        at = begin if ready - begin < TOLERANCE["gap_s"] / DAY else ready
        low, high = telescope.declinations
        times = (at, at + length / DAY / 2, at + length / DAY)
        if low <= dec[i] <= high and all(almanac.allows(unit, t) for t in times):
            done.append(i)
            free, last = at + length / DAY, i
    return counts, airmass, (lambda chosen: covered(ra[chosen], dec[chosen], telescope.side)), done


def read_plan(folder):
    """Rows of ra, dec, mjd, exp for each telescope."""
    plan = {}
    with open(folder / "plan.csv", newline="") as file:
        for row in csv.DictReader(file):
            plan.setdefault(row["tel"], []).append([float(row[key]) for key in ("ra", "dec", "mjd", "exp")])
    return {name: np.array(rows) for name, rows in plan.items()}


def almanacs(telescopes, plans):
    """One for each telescope over all its plans; a late exposure may be pushed by hours."""
    made = {}
    for name in set().union(*plans):
        starts = np.concatenate([plan[name][:, 2] for plan in plans if name in plan])
        made[name] = Almanac(telescopes[name], starts.min(), starts.max() + 0.2)
    return made


def judge(sky, telescopes, almanac, plan):
    kinds, airmasses, planned, feasible, count = {}, [], [], [], 0
    for name, rows in sorted(plan.items()):
        counts, airmass, ranges, done = judge_telescope(telescopes[name], rows, almanac[name])
        airmasses.extend(airmass.tolist())
        count += len(done)
        for kind, number in counts.items():
            kinds[kind] = kinds.get(kind, 0) + number
        planned.append(ranges(np.arange(len(rows))))
        if len(done) == len(rows):
            feasible.append(planned[-1])
        elif done:
            feasible.append(ranges(np.array(done)))
    empty = [np.zeros((0, 2), dtype=np.int64)]
    return {
        "exposures": len(airmasses),
        "executable": count,
        "true": sky.probability(union(np.concatenate(planned or empty))),
        "feasible": sky.probability(union(np.concatenate(feasible or empty))),
        "violations": {kind: n for kind, n in kinds.items() if n},
        "airmass": float(np.median(airmasses)) if airmasses else None,
    }


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else {}


def main(skymap, network, plans):
    sky = SkyMap(skymap)
    telescopes = {t.name: t for t in (Telescope(p) for p in sorted(pathlib.Path(network).glob("*.yaml")))}
    print("| plan | exposures | executable | claimed P | true P | executable P | airmass | violations | CPU s | RSS MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    folders = {label: pathlib.Path(folder) for label, folder in (plan.split("=", 1) for plan in plans)}
    rows = {label: read_plan(folder) for label, folder in folders.items()}
    almanac = almanacs(telescopes, list(rows.values()))
    for label, folder in folders.items():
        result = judge(sky, telescopes, almanac, rows[label])
        (folder / "judged.json").write_text(json.dumps(result) + "\n")
        claim, usage = read_json(folder / "claim.json"), read_json(folder / "usage.json")
        cells = [
            label, result["exposures"], result["executable"],
            f"{claim['probability']:.4f}" if claim else "", f"{result['true']:.4f}",
            f"{result['feasible']:.4f}", f"{result['airmass']:.2f}" if result["airmass"] else "",
            ", ".join(f"{n} {kind}" for kind, n in result["violations"].items()) or "0",
            f"{usage['cpu_s']:.2f}" if usage else "", f"{usage['rss_mb']:.0f}" if usage else "",
        ]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4 or not all("=" in plan for plan in sys.argv[3:]):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
