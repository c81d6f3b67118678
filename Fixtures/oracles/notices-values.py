#!/usr/bin/env python3
"""Values of the shared notices, read with nothing but the standard library.

usage: notices-values.py SHARED > notices-values.json     (SHARED holds data/notices)
No pip requirement.
"""
import base64
import json
import math
import platform
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

root = Path(sys.argv[1]) / "data" / "notices"
YEAR = 365.25 * 86400


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def blob(text):
    if not text:
        return None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return None
    if not (data.startswith(b"SIMPLE  =") or data.startswith(b"\x1f\x8b")):
        return None
    return {"bytes": len(data), "adler32": zlib.adler32(data)}


def gwalert(d):
    event = d.get("event") or {}
    coincidence = d.get("external_coinc") or {}
    return {
        "far_hz": event.get("far"),
        "significant": event.get("significant"),
        "instruments": event.get("instruments"),
        "group": event.get("group"),
        "pipeline": event.get("pipeline"),
        "search": event.get("search"),
        "classification": event.get("classification"),
        "properties": event.get("properties"),
        "map": blob(event.get("skymap")),
        "coincidence_id": None if not coincidence else str(coincidence.get("gcn_notice_id")),
        "coincidence_far_hz": coincidence.get("time_sky_position_coincidence_far"),
        "combined": blob(coincidence.get("combined_skymap")),
    }


def unified(d):
    ids = d.get("id", [])
    return {
        "far_hz": d.get("far"),
        "ids": ids if isinstance(ids, list) else [ids],
        "classification": d.get("classification"),
        "rate_snr": d.get("rate_snr"),
        "image_snr": d.get("image_snr"),
        "containment": d.get("containment_probability"),
        "signalness": d.get("p_astro"),
        "map": blob(d.get("healpix_file")),
    }


def voevent(tree):
    params = {}
    for element in tree.iter():
        if local(element) == "Param" and element.get("name") not in params:
            params[element.get("name")] = (element.get("value"), element.get("unit"))
    classes, properties = {}, {}
    for element in tree.iter():
        if local(element) == "Group" and element.get("type") in ("Classification", "Properties"):
            target = classes if element.get("type") == "Classification" else properties
            for param in element:
                if local(param) == "Param":
                    target[param.get("name")] = float(param.get("value"))
    far = params.get("FAR")
    rate = None
    if far:
        per_year = far[1] in ("yr^-1",) and "km3net" not in tree.get("ivorn").lower()
        rate = float(far[0]) / (YEAR if per_year else 1)
    values = {"far_hz": rate}
    if params.get("GraceID"):
        values["classification"] = classes
        values["properties"] = properties
        values["coincidence_id"] = params.get("External_GCN_Notice_Id", (None,))[0]
        far = params.get("Time_Sky_Position_Coincidence_FAR")
        values["coincidence_far_hz"] = float(far[0]) if far else None
        values["instruments"] = (params["Instruments"][0].split(",") if "Instruments" in params else None)
    if params.get("signalness"):
        values["signalness"] = float(params["signalness"][0])
    return values


result = {}
for path in sorted(root.rglob("*")):
    if path.suffix == ".json":
        d = json.loads(path.read_text())
        if "superevent_id" in d:
            values = gwalert(d)
        elif "ivorn" in d or "circularId" in d:
            continue
        else:
            values = unified(d)
    elif path.suffix == ".xml":
        tree = ElementTree.parse(path).getroot()
        if local(tree) != "VOEvent":
            continue
        values = voevent(tree)
    else:
        continue
    result[str(path.relative_to(root))] = {k: v for k, v in values.items() if v not in (None, [], {})}

json.dump(
    {
        "command": "notices-values.py ../shared > notices-values.json",
        "python": platform.python_version(),
        "values": result,
    },
    sys.stdout,
    indent=1,
    sort_keys=True,
)
print()
