#!/usr/bin/env python3
"""bounds.py MAP START NETWORK OUT.json ROW=TELESCOPES...: what is possible, whatever plans it.

pip install numpy scipy astropy healpy ligo.skymap (brings PyYAML).

START is ISO 8601, UTC; NETWORK a folder of telescope files (YAML); TELESCOPES names separated by commas.
For 60 s exposures from START to 24 h later it writes, for each ROW that is not yet in OUT.json:

exposures  that fit into the darkness, with the readout between them and no slew
reach      probability on pixels that a telescope can observe at some moment
fluid      most probability if fields had an area but no shape: a linear programme. Darkness is cut into bins
           of at most half an hour, and each bin holds as much area as its exposures. A pixel may be taken in a
           bin if it is allowed at any moment of it. Pixels that may be taken in the same bins form a class,
           and in a class the densest are taken first. What a field whose centre is just allowed shows beyond
           the limits is not counted, so a plan can exceed it by the edges of its fields.
greedy     probability covered by a simple coordinated plan: a fixed grid for each telescope and slots of
           exposure and readout; the field that adds most to what is covered by all comes next, and moves those
           before it to other slots if it must (augmenting paths). Slews are not looked at.
"""
import heapq
import json
import pathlib
import sys

import healpy as hp
import numpy as np
from astropy.time import Time
from judge import DAY, DEEPEST, Almanac, SkyMap, Telescope
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

EXPOSURE_S = 60
HOURS = 24
FLUID_ORDER = 8  # 0.23 deg, a quarter of the smallest field
FIELD_ORDER = 10  # 0.057 deg: a field of 1 deg has 300 pixels
BINS_PER_DAY = 48
SAMPLES_PER_BIN = 11
CONSIDERED = 0.99999  # of the probability, densest pixels first
DENSITY_STEP = 1.02  # pixels whose densities differ by less are one variable
TILES_PER_SLOT = 30  # most probable fields of the grid that the greedy plan chooses from: others take many of them
LEAST_GAIN = 1e-7


def masses(sky, order, pixels):
    """Probability in NESTED pixels of one order."""
    first = pixels.astype(np.int64) << (2 * (DEEPEST - order))
    return sky.masses(np.stack([first, first + (np.int64(1) << (2 * (DEEPEST - order)))], 1))


class Site:
    """One telescope during the window: when it is dark and which directions it may observe."""

    def __init__(self, telescope, start):
        self.telescope = telescope
        self.almanac = Almanac(telescope, start, start + HOURS / 24)
        self.cycle = (EXPOSURE_S + telescope.readout) / DAY
        # Ends of darkness to a second or so: the Sun's altitude is straight over a minute.
        mjd = np.arange(start, start + HOURS / 24, 1 / DAY)
        dark = np.interp(mjd, self.almanac.mjd, self.almanac.sun_altitude) <= telescope.sun
        edges = np.flatnonzero(np.diff(np.concatenate([[0], dark, [0]]))).reshape(-1, 2)
        self.windows = [(mjd[a], mjd[b - 1]) for a, b in edges]

    def allowed(self, units, mjd):
        """Flags (direction, time): altitude, Moon and declination."""
        t = self.telescope
        at = [np.stack([np.interp(mjd, self.almanac.mjd, rows[:, k]) for k in range(3)])
              for rows in (self.almanac.zenith, self.almanac.moon)]
        low, high = np.sin(np.radians(t.declinations))
        here = (units[:, 2] >= low) & (units[:, 2] <= high)
        flags = units @ at[0] >= np.sin(np.radians(max(t.horizon, t.airmass_floor)))
        return flags & (units @ at[1] <= np.cos(np.radians(t.moon))) & here[:, None]

    def slots(self):
        """Starts of exposures one readout apart, over all darkness."""
        length = EXPOSURE_S / DAY
        each = [a + self.cycle * np.arange(max(0, int((b - a - length) / self.cycle + 1))) for a, b in self.windows]
        return np.concatenate(each + [np.zeros(0)])

    def bins(self, units):
        """Flags (direction, bin) and the area that the exposures of each bin cover, deg2."""
        flags, areas = [], []
        for a, b in self.windows:
            count = max(1, int(np.ceil((b - a) * BINS_PER_DAY)))
            ends = np.linspace(a, b, count + 1)
            for first, last in zip(ends, ends[1:]):
                flags.append(self.allowed(units, np.linspace(first, last, SAMPLES_PER_BIN)).any(1))
                areas.append((last - first) / self.cycle * self.telescope.side**2)
        return np.array(flags, dtype=bool).reshape(len(areas), len(units)).T, np.array(areas)


def fluid(mass, area, flags, capacity):
    """The most mass that fits: pixels of equal area, flags (pixel, bin), capacity of each bin in area."""
    seen = flags.any(1) & (mass > 0)
    if not seen.any():
        return 0.0
    mass, packed = mass[seen], np.packbits(flags[seen], axis=1)
    patterns, group = np.unique(packed, axis=0, return_inverse=True)
    allowed = np.unpackbits(patterns, axis=1)[:, : len(capacity)].astype(bool)
    # Variables: the area taken of each segment (pixels of one class and nearly one density) ...
    level = np.floor(np.log(mass) / np.log(DENSITY_STEP)).astype(np.int64)
    key = group.ravel().astype(np.int64) * (1 << 32) + (level - level.min())
    segments, member = np.unique(key, return_inverse=True)
    most = np.bincount(member) * area
    density = np.bincount(member, weights=mass) / most
    owner = segments >> 32
    # ... and the area that each class has from each bin.
    classes, bins = np.nonzero(allowed)
    n, m = len(segments), len(classes)
    balance = coo_matrix(
        (np.concatenate([np.ones(n), -np.ones(m)]), (np.concatenate([owner, classes]), np.arange(n + m))),
        shape=(len(patterns), n + m)).tocsr()
    load = coo_matrix((np.ones(m), (bins, n + np.arange(m))), shape=(len(capacity), n + m)).tocsr()
    upper = np.concatenate([most, np.full(m, np.inf)])
    answer = linprog(
        np.concatenate([-density, np.zeros(m)]), A_ub=load, b_ub=capacity, A_eq=balance,
        b_eq=np.zeros(len(patterns)), bounds=np.stack([np.zeros(n + m), upper], 1), method="highs")
    if answer.status != 0:
        raise SystemExit(f"linear programme: {answer.message}")
    return -answer.fun


def grid(side):
    """Centres of fields that cover the sky without gaps, in rows of equal declination: ra, dec in degrees."""
    half = np.tan(np.radians(side) / 2)
    rows = int(np.ceil(180 / side))
    ra, dec = [], []
    for d in -90 + 180 * (np.arange(rows) + 0.5) / rows:
        # The field is narrowest in right ascension at its edge toward the equator.
        step = 2 * np.arctan(half / (np.cos(np.radians(d)) + half * np.sin(np.radians(abs(d)))))
        count = max(1, int(np.ceil(2 * np.pi / step)))
        ra.append(360 * np.arange(count) / count)
        dec.append(np.full(count, d))
    return np.concatenate(ra), np.concatenate(dec)


def pixels_in(ra, dec, side, order):
    """NESTED pixels with their centres in one gnomonic square, north up."""
    a, d, half = np.radians(ra), np.radians(dec), np.tan(np.radians(side) / 2)
    out = hp.ang2vec(ra, dec, lonlat=True)
    found = hp.query_disc(2**order, out, np.radians(side * 0.72), nest=True)
    x = np.stack(hp.pix2vec(2**order, found, nest=True), 1)
    depth = x @ out
    east = x @ np.array([-np.sin(a), np.cos(a), 0])
    north = x @ np.array([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)])
    return found[(np.abs(east) <= half * depth) & (np.abs(north) <= half * depth)].astype(np.int32)


class Queue:
    """The slots of one telescope. Fields may change slots so that one more finds room."""

    def __init__(self, slots):
        self.holder = np.full(slots, -1)
        self.slot_of = {}
        # From here no free slot can be reached any more, ever: such slots are not searched again.
        self.closed = np.zeros(slots, bool)

    def place(self, field, suitable):
        """Makes room for a field; suitable[field] are slots. False: there is none."""
        seen, finder, waiting = self.closed.copy(), {}, [field]
        for x in waiting:  # grows while it is walked
            new = suitable[x][~seen[suitable[x]]]
            free = new[self.holder[new] < 0]
            if len(free):
                slot = int(free[0])
                while True:
                    old = self.slot_of.get(x)
                    self.holder[slot], self.slot_of[x] = x, slot
                    if old is None:
                        return True
                    slot, x = old, finder[old]
            seen[new] = True
            for slot in new.tolist():
                finder[slot] = x
                waiting.append(int(self.holder[slot]))
        self.closed = seen
        return False


def candidates(site, coarse):
    """Fields of one telescope's grid worth a look: their pixels, and the slots that suit each."""
    side, slots = site.telescope.side, site.slots()
    ra, dec = grid(side)
    units = hp.ang2vec(ra, dec, lonlat=True)
    good = np.ones((len(ra), len(slots)), bool)
    for part in (0, 0.5, 1):
        good &= site.allowed(units, slots + part * EXPOSURE_S / DAY)
    useful = np.flatnonzero(good.any(1))
    worth = np.array([coarse[pixels_in(ra[i], dec[i], side, FLUID_ORDER)].sum() for i in useful])
    best = useful[np.argsort(-worth, kind="stable")[: TILES_PER_SLOT * len(slots)]]
    return [pixels_in(ra[i], dec[i], side, FIELD_ORDER) for i in best], [np.flatnonzero(good[i]) for i in best]


def greedy(left, choices, slot_counts):
    """Probability covered; left is the mass of every pixel, choices one result of candidates() a telescope."""
    left = left.copy()
    queues = [Queue(count) for count in slot_counts]
    heap = [(-left[p].sum(), k, i) for k, (fields, _) in enumerate(choices) for i, p in enumerate(fields)]
    heapq.heapify(heap)
    total = 0.0
    while heap:
        _, k, i = heapq.heappop(heap)
        fields, suitable = choices[k]
        gain = left[fields[i]].sum()
        if gain < LEAST_GAIN:
            continue
        if heap and -heap[0][0] > gain * (1 + 1e-12):
            heapq.heappush(heap, (-gain, k, i))
        elif queues[k].place(i, suitable):
            total += gain
            left[fields[i]] = 0
    return float(total)


def main(skymap, start, network, out, rows):
    out = pathlib.Path(out)
    result = json.loads(out.read_text()) if out.exists() else {}
    rows = {row: names for row, names in rows.items() if row not in result}
    if not rows:
        return
    sky = SkyMap(skymap)
    begin = Time(start.rstrip("Z"), scale="utc").mjd
    wanted = list(dict.fromkeys(name for names in rows.values() for name in names))
    telescopes = {t.name: t for t in (Telescope(p) for p in sorted(pathlib.Path(network).glob("*.yaml")))}
    sites = {name: Site(telescopes[name], begin) for name in wanted}

    coarse = masses(sky, FLUID_ORDER, np.arange(12 * 4**FLUID_ORDER))
    by_mass = np.argsort(-coarse, kind="stable")
    pixels = by_mass[: np.searchsorted(np.cumsum(coarse[by_mass]), CONSIDERED) + 1]
    units = np.stack(hp.pix2vec(2**FLUID_ORDER, pixels, nest=True), 1)
    area = hp.nside2pixarea(2**FLUID_ORDER, degrees=True)
    bins = {name: site.bins(units) for name, site in sites.items()}

    fine = masses(sky, FIELD_ORDER, np.arange(12 * 4**FIELD_ORDER))
    choices = {name: candidates(site, coarse) for name, site in sites.items()}
    for row, names in rows.items():
        flags = np.concatenate([bins[name][0] for name in names], 1)
        slots = [len(sites[name].slots()) for name in names]
        result[row] = {
            "exposures": sum(slots),
            "reach": float(coarse[pixels][flags.any(1)].sum()),
            "fluid": fluid(coarse[pixels], area, flags, np.concatenate([bins[name][1] for name in names])),
            "greedy": greedy(fine, [choices[name] for name in names], slots),
        }
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 6 or not all("=" in row for row in sys.argv[5:]):
        sys.exit(__doc__)
    main(*sys.argv[1:5], {label: names.split(",") for label, names in (row.split("=", 1) for row in sys.argv[5:])})
