#!/usr/bin/env python3
"""Makes campaign.yaml (an invented campaign of 4 weeks) and the two tables a spreadsheet would export.

Everything is invented; user names are numbers. usage: make-campaign.py FOLDER
"""
import datetime as dt
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
first = dt.date(2026, 3, 12)  # the third week holds the change to summer time in Europe
zones = ["Europe/Paris", "Europe/Paris", "America/Los_Angeles", "Asia/Tokyo", "Asia/Tashkent", "America/Bogota",
         "Europe/Prague", "Asia/Kolkata", "Europe/Paris", "Australia/Perth"]
plan = [(9, [1], [6], [4]), (2, [7], [3], [10]), (9, [5], [6], [8]), (1, [2], [3], [4])]


def name(n):
    return f"shifter-{n:02d}"


out = ["# An invented campaign. All times are UTC.", "campaign: GRANDMA spring 2026", f"first_week: {first}", "weeks: 4",
       "week_starts: Thursday 11:00", "slots:", "  1: 11:00-19:00", "  2: 19:00-02:59  # as people write it", "  3: 03:00-11:00",
       "people_per_shift: 1", "capacity: 4", "rest_h: 11", "members:"]
for n, zone in enumerate(zones, 1):
    more = ", coordinates: true" if n in (1, 2, 9) else ""
    more += ", share: 0.5" if n == 8 else ""
    more += ", prefers: [2, 3]" if n == 6 else ""
    out.append(f"  {name(n)}: {{zone: {zone}{more}}}")
out += ["teams:", f"  night: [{name(3)}, {name(6)}]", "schedule:"]
for w, (coordinator, *slots) in enumerate(plan):
    out += [f"  {first + dt.timedelta(7 * w)}:", f"    coordinator: {name(coordinator)}"]
    out += [f"    {i}: {name(people[0])}" for i, people in enumerate(slots, 1)]
out += ["overrides:", f"  2026-03-20/2: {{members: [{name(6)}], why: swapped}}",
        f"  2026-03-28/1: {{members: [{name(5)}, {name(7)}], why: training}}", "absences:",
        f"  - {{user: {name(4)}, from: 2026-03-21, to: 2026-03-25}}",
        f'  - {{user: {name(1)}, from: "2026-03-26T11:00Z", to: "2026-04-02T11:00Z"}}']
(folder / "campaign.yaml").write_text("\n".join(out) + "\n")

weekly = ["Week;Slot 1;Slot 2;Slot 3;Coordinator;"]
for w, (coordinator, *slots) in enumerate(plan):
    cells = [name(people[0]) for people in slots] + [name(coordinator)]
    weekly.append(";".join([str(first + dt.timedelta(7 * w))] + cells) + ";")
(folder / "weekly.csv").write_bytes(("\ufeff" + "\r\n".join(weekly) + "\r\n;;;;;\r\n").encode())

overrides = {("2026-03-20", 2): [6], ("2026-03-28", 1): [5, 7]}
daily = ["date,coordinator,1,2,3"]
for d in range(29):
    date = first + dt.timedelta(d)
    row = [str(date), name(plan[d // 7][0]) if d < 28 else ""]
    for slot in (1, 2, 3):
        week = (d - (1 if slot == 3 else 0)) // 7
        inside = 0 <= week < 4 and not (slot != 3 and d == 28)
        people = overrides.get((str(date), slot), plan[week][slot] if inside else [])
        row.append('"' + " ".join(map(name, people)) + '"' if len(people) > 1 else " ".join(map(name, people)))
    daily.append(",".join(row))
(folder / "daily.csv").write_text("\n".join(daily) + "\n")
