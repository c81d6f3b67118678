#!/usr/bin/env python3
"""Expected values for the operators' formats, and what other people's readers see in written files.

pip install astropy numpy mocpy
formats-operators.py > formats-operators.json    expected values, recorded once
formats-operators.py FOLDER                      reads plan.votable, plan.ecsv, plan.moc.json and
                                                 plan.moc.txt of FOLDER and says what it saw
"""
import json
import pathlib
import sys

import astropy
import astropy.units as u
import mocpy
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table
from astropy.time import Time, TimeDelta
from mocpy import MOC

VERSIONS = {"astropy": astropy.__version__, "mocpy": mocpy.__version__, "numpy": np.__version__}


def cells(moc):
    return " ".join(moc.to_string(format="ascii").split())


def corners(center, width, height, pa):
    """Of a gnomonic rectangle: the tangent plane about the centre, turned from north toward east."""
    x, y = np.tan(np.radians(width / 2)), np.tan(np.radians(height / 2))
    turn = np.radians(pa)
    east = np.array([e * np.cos(turn) + n * np.sin(turn) for e, n in [(x, y), (x, -y), (-x, -y), (-x, y)]])
    north = np.array([-e * np.sin(turn) + n * np.cos(turn) for e, n in [(x, y), (x, -y), (-x, -y), (-x, y)]])
    separation = np.arctan(np.hypot(east, north)) * u.rad
    return center.directional_offset_by(np.arctan2(east, north) * u.rad, separation)


def record():
    random = np.random.default_rng(20261121)
    out = {"versions": VERSIONS, "command": "formats-operators.py", "seed": 20261121, "positions": [], "times": [],
           "footprints": []}
    places = [(0, -0.00001), (359.99999999, 89.9), (12.5, -90), (221.3382, 23.8094), (197.44875, -23.383889),
              (0.00002, -0.5), (180, 0), (15 * 23.9999999, -0.9999999)]
    places += [(float(np.round(a, 8)), float(np.round(b, 8)))
               for a, b in zip(random.uniform(0, 360, 40), random.uniform(-90, 90, 40))]
    for ra, dec in places:
        c = SkyCoord(ra * u.deg, dec * u.deg)
        out["positions"].append({
            "ra_deg": ra, "dec_deg": dec,
            "hms": c.ra.to_string(unit=u.hourangle, sep=":", precision=2, pad=True),
            "dms": c.dec.to_string(unit=u.deg, sep=":", precision=1, pad=True, alwayssign=True),
            "hours": float(c.ra.hourangle)})
    for text in ["2026-11-21T03:11:00.000", "2026-12-31T23:59:59.000", "2028-02-29T00:00:00.000",
                 "2026-01-01T12:34:56.000"]:
        t = Time(text, scale="utc")
        out["times"].append({"utc": text + "Z", "acp": t.strftime("%d-%b-%Y %H:%M:%S"),
                             "plus_hours": (t + TimeDelta(5.5 * u.hour)).strftime("%Y-%m-%dT%H:%M:%S+05:30")})
    for ra, dec, width, height, pa in [(221.3382, 23.8094, 1.86, 1.86, 0), (0.1, -0.2, 0.5, 0.3, 33.25),
                                       (123.0, -71.5, 4.0, 4.0, 12), (300.0, 88.0, 1.0, 2.0, 250)]:
        side = min(width, height)
        order = 3
        while order < 13 and side * 2**order < 16 * 58.6:
            order += 1
        vertices = corners(SkyCoord(ra * u.deg, dec * u.deg), width, height, pa)
        moc = MOC.from_polygon_skycoord(vertices, max_depth=order)
        fine = MOC.from_polygon_skycoord(vertices, max_depth=order + 4)
        out["footprints"].append({"ra_deg": ra, "dec_deg": dec, "width_deg": width, "height_deg": height, "pa_deg": pa,
                                  "order": order, "moc": cells(moc), "fine_area_deg2": fine.sky_fraction * 41252.96125})
    print("{" + ",\n".join(
        f"{json.dumps(k)}:" + ("[\n" + ",\n".join(map(json.dumps, v)) + "]" if isinstance(v, list) else json.dumps(v))
        for k, v in out.items()) + "}")


def read(folder):
    votable = parse(folder / "plan.votable", verify="exception")
    resource = votable.resources[0]
    table = votable.get_first_table()
    data = table.to_table(use_names_over_ids=True)
    ecsv = Table.read(folder / "plan.ecsv", format="ascii.ecsv")
    raw = json.loads((folder / "plan.moc.json").read_text())
    text = (folder / "plan.moc.txt").read_text()
    moc = MOC.from_json(raw)
    plain = MOC.from_string(" ".join(line for line in text.splitlines() if not line.startswith("#")))
    times = [float(Time(str(t).rstrip("Z"), scale="utc").mjd) for t in data["start_utc"]]
    json.dump({
        "versions": VERSIONS, "version": votable.version, "parameters": {p.name: str(p.value) for p in resource.params},
        "bad_ucds": [f"{f.name}: {f.ucd}" for f in list(table.fields) + list(resource.params)
                     if not (f.ucd and check_ucd(f.ucd, check_controlled_vocabulary=True))],
        "units": {f.name: str(f.unit) for f in table.fields if f.unit is not None},
        "ra_deg": [float(x) for x in data["ra_deg"]], "dec_deg": [float(x) for x in data["dec_deg"]],
        "mjd": times, "nexp": [int(x) for x in data["nexp"]], "exptime_s": [float(x) for x in data["exptime_s"]],
        "telescope": str(next(p.value for p in resource.params if p.name == "telescope")),
        "ecsv_rows": len(ecsv), "ecsv_ra_deg": [float(x) for x in ecsv["ra_deg"]],
        "moc_order": int(moc.max_order), "moc_cells": cells(moc), "moc_area_deg2": moc.sky_fraction * 41252.96125,
        "moc_forms_agree": bool(moc == plain), "moc_status": raw["STATUS"], "moc_sha256": raw["sha256"],
        # All centres inside.
        "moc_holds_centers": [bool(b) for b in moc.contains_lonlat(
            np.array(data["ra_deg"], dtype=float) * u.deg, np.array(data["dec_deg"], dtype=float) * u.deg)]
        if len(data) else [],
    }, sys.stdout)


read(pathlib.Path(sys.argv[1])) if len(sys.argv) > 1 else record()
