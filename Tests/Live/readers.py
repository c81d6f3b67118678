#!/usr/bin/env python3
"""Every form of a telescope's plan, from a running service through a reader of somebody else's.

    readers.py ADDRESS TELESCOPE EVENT        such as http://127.0.0.1:8080 tarot-tca S230518h

pip install astropy mocpy regions icalendar. ACP and NINA have no public readers: theirs are written here from the
published rules. Prints what each reader saw; exit status 1 if two of them saw different plans.
"""

import csv
import io
import json
import re
import sys
import urllib.error
import urllib.request

import astropy.units as u
import icalendar
import numpy as np
from astropy.coordinates import Angle, SkyCoord
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table
from astropy.time import Time
from mocpy import MOC
from regions import Regions

BASE, SLUG, EVENT = sys.argv[1:4]
FAULTS = []


def get(path, tag=None):
    request = urllib.request.Request(BASE + path, headers={"If-None-Match": tag} if tag else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers.get("ETag")
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers.get("ETag")


def file(name):
    status, data, tag = get(f"/t/{SLUG}/plan.{name}")
    again, rest, _ = get(f"/t/{SLUG}/plan.{name}", tag)
    check(status == 200 and again == 304 and not rest, f"plan.{name}: {status}, and again {again} with {len(rest)} bytes")
    return data


def check(isGood, text):
    if not isGood:
        FAULTS.append(text)
        print("FAULT", text)


def same(name, ra, dec, start=None, within=0.36):
    """Places to within seconds of arc of those in the JSON, in its order; times to a second."""
    check(len(ra) == len(ROWS), f"{name} has {len(ra)} rows, the JSON {len(ROWS)}")
    places = SkyCoord(np.array(ra, dtype=float) * u.deg, np.array(dec, dtype=float) * u.deg)
    off = places.separation(PLACES).arcsec.max() if len(ra) == len(ROWS) and len(ra) else 0
    check(off < within, f"{name} is off by {off:.3f} arcsec")
    late = 0
    if start is not None and len(start) == len(ROWS):
        late = np.abs((Time(list(start), scale="utc") - TIMES).sec).max()
        check(late < 1.01, f"{name} is off by {late:.1f} s")
    print(f"{name:12} {len(ra)} rows, within {off:.3f} arcsec" + (f" and {late:.1f} s" if start is not None else ""))


def plain(times):
    return [str(t).rstrip("Z") for t in times]


plan = json.loads(file("json"))
ROWS = plan["rows"]
PLACES = SkyCoord([r["ra_deg"] for r in ROWS] * u.deg, [r["dec_deg"] for r in ROWS] * u.deg)
TIMES = Time(plain(r["start_utc"] for r in ROWS), scale="utc")
print(f"JSON         {len(ROWS)} rows, {plan['status']}, {plan['plan_id']}, sha256 {plan['sha256'][:12]}")

text = file("txt").decode("ascii").splitlines()
seal = re.fullmatch(r"# END rows=(\d+) sha256=(\w+)", text[-1])
check(seal and int(seal[1]) == len(ROWS) and seal[2] == plan["sha256"], f"the text ends with {text[-1]}")
table = Table.read([line for line in text if not line.startswith("#")], format="ascii.basic")
same("text", table["ra_deg"], table["dec_deg"], plain(table["start_utc"]))

rows = list(csv.DictReader(io.StringIO(file("csv").decode(), newline="")))
same("CSV", [r["ra_deg"] for r in rows], [r["dec_deg"] for r in rows], plain(r["start_utc"] for r in rows))

table = Table.read(file("ecsv").decode(), format="ascii.ecsv")
check(table["ra_deg"].unit == u.deg, "ECSV without units")
same("ECSV", table["ra_deg"], table["dec_deg"], plain(table["start_utc"]))

table = parse(io.BytesIO(file("votable")), verify="exception").get_first_table().to_table(use_names_over_ids=True)
same("VOTable", table["ra_deg"], table["dec_deg"], plain(table["start_utc"]))

found = Regions.parse(file("reg").decode(), format="ds9")
found = [r for r in found if type(r).__name__ != "PointSkyRegion"]
centers = [r.center if hasattr(r, "center") else SkyCoord(r.vertices).cartesian.mean() for r in found]
centers = [c if isinstance(c, SkyCoord) else SkyCoord(c, representation_type="cartesian") for c in centers]
same("DS9", [c.spherical.lon.deg for c in centers], [c.spherical.lat.deg for c in centers], within=60)

acp, waits = [], []
for line in file("acp").decode("ascii").split("\r\n"):
    line = line.split(";")[0].rstrip()
    if line.startswith("#WAITUNTIL"):
        waits.append(line)
    elif line and not line.startswith("#"):
        acp.append(line.split("\t"))
check(all(len(t) == 3 and re.fullmatch(r"\w{1,40}", t[0]) for t in acp), "ACP targets are name, RA, Dec")
check(all(":" in t[1] for t in acp), "ACP: a right ascension without colons is in hours")
same("ACP", [Angle(t[1], u.hourangle).deg for t in acp], [Angle(t[2], u.deg).deg for t in acp])

lines = [l for l in file("nina.csv").decode("ascii").splitlines() if l and not l.startswith("#")]
check(lines[0].lower().startswith("pane"), f"NINA begins with {lines[0]}")


def nina(cell):
    """As NINA does: runs of digits and dots, and a minus anywhere."""
    n = [float(x) for x in re.findall(r"[\d.]+", cell)]
    return (-1 if "-" in cell else 1) * (n[0] + n[1] / 60 + n[2] / 3600)


cells = [l.split(",") for l in lines[1:]]
same("NINA", [15 * nina(c[1]) for c in cells], [nina(c[2]) for c in cells])

rts2 = file("rts2").decode()
print(f"RTS2         {len(rts2.splitlines())} lines: {rts2.splitlines()[0][:80]}")

mocs = {"json": MOC.from_json({k: v for k, v in json.loads(file("moc.json")).items() if k.isdigit()}),
        "txt": MOC.from_string(" ".join(l for l in file("moc.txt").decode().splitlines() if not l.startswith("#")))}
with fits.open(io.BytesIO(file("moc.fits"))) as hdus:
    hdus.verify("exception")
    check(hdus[1].header["SHA256"] == plan["sha256"], "the MOC is of another plan")
with open("/dev/shm/vesper.moc.fits", "wb") as kept:
    kept.write(file("moc.fits"))
mocs["fits"] = MOC.from_fits("/dev/shm/vesper.moc.fits")
check(mocs["json"] == mocs["txt"] == mocs["fits"], "the three forms of the MOC differ")
check(all(mocs["fits"].contains_skycoords(PLACES)), "a field's centre is outside of the MOC")
print(f"MOC          {mocs['fits'].sky_fraction * 41252.96:.2f} deg2 in three forms, all centres inside")

areas = {}
for level in [50, 90]:
    region = {}
    for form in ["fits", "json", "txt"]:
        status, data, tag = get(f"/api/events/{EVENT}/region/{level}.moc.{form}")
        check(status == 200 and get(f"/api/events/{EVENT}/region/{level}.moc.{form}", tag)[0] == 304, f"{level} {form}: {status}")
        if form == "fits":
            with open("/dev/shm/vesper.moc.fits", "wb") as kept:
                kept.write(data)
            region[form] = MOC.from_fits("/dev/shm/vesper.moc.fits")
        else:
            region[form] = MOC.from_json(json.loads(data)) if form == "json" else MOC.from_string(data.decode())
    check(region["fits"] == region["json"] == region["txt"], f"the three forms of the {level} % region differ")
    areas[level] = region["fits"].sky_fraction * 41252.96
stated = json.loads(get(f"/api/events/{EVENT}")[1])["event"]["area90_deg2"]
check(abs(areas[90] / stated - 1) < 0.02, f"90 % in {areas[90]:.2f} deg2, the event says {stated:.2f}")
print(f"regions      50 % in {areas[50]:.2f} deg2, 90 % in {areas[90]:.2f} deg2; the event says {stated:.2f}")

calendar = icalendar.Calendar.from_ical(get(f"/ics/t/{SLUG}")[1])
nights = [e for e in calendar.walk("VEVENT")]
check(nights and all(e["DTEND"].dt > e["DTSTART"].dt for e in nights), "no nights in the calendar")
print(f"iCalendar    {len(nights)} nights, the first from {nights[0]['DTSTART'].dt.isoformat()}")
print(f"{len(FAULTS)} faults")
sys.exit(1 if FAULTS else 0)
