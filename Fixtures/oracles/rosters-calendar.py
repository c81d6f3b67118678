#!/usr/bin/env python3
"""Reads a calendar this project wrote with another reader and prints what it saw.

pip install icalendar       usage: rosters-calendar.py FILE > seen.json
"""
import json
import sys

import icalendar

data = open(sys.argv[1], "rb").read()
calendar = icalendar.Calendar.from_ical(data)
events = []
for event in calendar.walk("VEVENT"):
    time = lambda key: event.decoded(key).strftime("%Y-%m-%dT%H:%M:%SZ") if key in event else None
    categories = event.get("CATEGORIES")
    events.append({
        "uid": str(event["UID"]), "start": time("DTSTART"), "end": time("DTEND"), "stamp": time("DTSTAMP"),
        "summary": str(event["SUMMARY"]), "details": str(event.get("DESCRIPTION", "")), "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]), "url": str(event.get("URL", "")),
        "categories": [str(c) for c in categories.cats] if categories else [],
        "alarms": [int(a.decoded("TRIGGER").total_seconds()) for a in event.walk("VALARM")],
        "properties": sorted(event.keys()), "errors": [str(e) for e in event.errors],
    })
json.dump({"icalendar": icalendar.__version__, "method": str(calendar["METHOD"]), "name": str(calendar["X-WR-CALNAME"]),
           "components": sorted({c.name for c in calendar.walk()}), "events": events}, sys.stdout)
