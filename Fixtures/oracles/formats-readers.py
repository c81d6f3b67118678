#!/usr/bin/env python3
"""Reads files this project wrote with other people's readers and says what it saw.

pip install astropy numpy regions jsonschema   (jsonschema and regions are optional: absent is reported)
usage: formats-readers.py FOLDER SCHEMA_FOLDER > seen.json

FOLDER holds plan.json (network), plan.ecsv, plan.csv, plan.txt, plan.reg, network.csv of one telescope
after the other in subfolders `<slug>/`. The tests compare what is printed here with what was planned.
"""
import csv
import hashlib
import io
import json
import pathlib
import sys

import astropy
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time

folder, schemas = map(pathlib.Path, sys.argv[1:3])
seen = {"astropy": astropy.__version__, "telescopes": {}}


def canonical(plan):
    bare = {k: v for k, v in plan.items() if k != "sha256"}
    text = json.dumps(bare, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def reject(text):
    raise ValueError(f"not JSON: {text}")


network = json.loads((folder / "plan.json").read_text(encoding="utf-8"), parse_constant=reject)
seen["digests"] = {p["telescope"]["slug"]: [p["sha256"], canonical(p)] for p in network["plans"]}

try:
    from importlib.metadata import version

    import jsonschema
    from referencing import Registry, Resource

    documents = [json.loads(p.read_text()) for p in sorted(schemas.glob("*.schema.json"))]
    registry = Registry().with_resources((d["$id"], Resource.from_contents(d)) for d in documents)
    for d in documents:
        jsonschema.Draft202012Validator.check_schema(d)
    chosen = next(d for d in documents if d["title"] == network["schema"])
    validator = jsonschema.Draft202012Validator(chosen, registry=registry)
    seen["jsonschema"] = version("jsonschema")
    seen["schema_errors"] = [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(network)][:20]
except ImportError as error:
    seen["jsonschema"] = None
    seen["schema_errors"] = []
    print(f"skipped: {error}", file=sys.stderr)

try:
    import regions
    from regions import Regions

    seen["regions"] = regions.__version__
except ImportError as error:
    regions = None
    seen["regions"] = None
    print(f"skipped: {error}", file=sys.stderr)


def shape(region):
    out = {"kind": type(region).__name__}
    if hasattr(region, "vertices"):
        out["ra_deg"] = list(map(float, region.vertices.ra.deg))
        out["dec_deg"] = list(map(float, region.vertices.dec.deg))
    else:
        out["ra_deg"] = [float(region.center.ra.deg)]
        out["dec_deg"] = [float(region.center.dec.deg)]
    for name in ("width", "height", "radius"):
        if hasattr(region, name):
            out[name + "_deg"] = float(getattr(region, name).to_value(u.deg))
    return out


for plan in network["plans"]:
    slug = plan["telescope"]["slug"]
    here = folder / slug
    table = Table.read(here / "plan.ecsv", format="ascii.ecsv")
    times = Time([str(t) for t in table["start_utc"]], scale="utc") if len(table) else []
    rows = list(csv.reader(io.StringIO((here / "plan.csv").read_bytes().decode("utf-8"), newline=""), strict=True))
    text = (here / "plan.txt").read_bytes().decode("ascii")
    body = [line.split() for line in text.splitlines() if not line.startswith("#")]
    coordinates = SkyCoord([r[2] for r in body[1:]], [r[3] for r in body[1:]], unit=(u.hourangle, u.deg))
    one = {
        "ecsv_units": {n: str(table[n].unit) for n in table.colnames if table[n].unit is not None},
        "ecsv_types": {n: table[n].dtype.kind for n in table.colnames},
        "ecsv_meta": {k: str(v) for k, v in table.meta.items()},
        "ecsv_ra_deg": [float(x) for x in table["ra_deg"]],
        "ecsv_dec_deg": [float(x) for x in table["dec_deg"]],
        "ecsv_mjd": [float(t.mjd) for t in times],
        "ecsv_field_id": [str(x) for x in table["field_id"]],
        "ecsv_filter_missing": [bool(m) for m in getattr(table["filter"], "mask", [False] * len(table))],
        "csv": rows,
        "text_header": body[0],
        "text_columns": [len(r) for r in body],
        "text_ra_deg": [float(x) for x in coordinates.ra.deg] if body[1:] else [],
        "text_dec_deg": [float(x) for x in coordinates.dec.deg] if body[1:] else [],
    }
    if regions is not None:
        one["regions"] = [shape(r) for r in Regions.read(str(here / "plan.reg"), format="ds9")]
    seen["telescopes"][slug] = one

with open(folder / "network.csv", newline="") as f:
    seen["network"] = [
        [r["tel"], float(r["ra"]), float(r["dec"]), float(r["mjd"]), float(r["exp"])] for r in csv.DictReader(f)]
json.dump(seen, sys.stdout)
