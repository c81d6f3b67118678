#!/usr/bin/env python3
"""Local readings of time zones around their changes, by Python's zoneinfo, with the compiled zone files.

pip install tzdata        usage: rosters-zones.py > rosters-zones.json
"""
import datetime as dt
import importlib.resources
import json
import os
import sys
import zoneinfo

zoneinfo.reset_tzpath(to=[])  # the package's files, not those of the machine
import tzdata

names = ["Europe/Paris", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "Europe/Dublin",
         "America/Sao_Paulo", "Asia/Tokyo", "Antarctica/Troll", "UTC"]
utc = dt.timezone.utc
out = {"command": "rosters-zones.py", "python": sys.version.split()[0], "tzdata": tzdata.__version__, "zones": []}
for name in names:
    data = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    zone = zoneinfo.ZoneInfo(name)
    samples = []
    times = [dt.datetime(y, m, 1, 12, 30, tzinfo=utc) for y in (1985, 2016, 2026, 2060) for m in (1, 7)]
    last = None
    t = dt.datetime(2026, 1, 1, tzinfo=utc)
    while t.year < 2027 and len(times) < 24:  # both sides of every change of 2026, to the minute
        offset = t.astimezone(zone).utcoffset()
        if last is not None and offset != last:
            times += [t - dt.timedelta(minutes=1), t]
        last = offset
        t += dt.timedelta(minutes=30)
    for t in times:
        local = t.astimezone(zone)
        samples.append([t.strftime("%Y-%m-%dT%H:%M:%SZ"), local.strftime("%Y-%m-%d %H:%M"), local.tzname()])
    out["zones"].append({"name": name, "file": data.hex(), "samples": samples})
json.dump(out, sys.stdout, indent=1)
print()
