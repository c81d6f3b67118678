#!/usr/bin/env python3
"""Counts by notice type in the two archive months, read with the standard library.

usage: notices-archive.py SHARED > notices-archive.json
A position counts as usable if it is not (0, 0), lies in 0...360 and -90...90, and its error is in
(0, 180) degrees; SK_SN is counted by Src_Error90 and NU_EM keeps its own error.
No pip requirement.
"""
import collections
import json
import platform
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

root = Path(sys.argv[1]) / "data" / "notices" / "archive"


def local(element):
    return element.tag.rsplit("}", 1)[-1]


counts = collections.defaultdict(collections.Counter)
for archive in sorted(root.glob("*.tar.bz2")):
    with tarfile.open(archive, "r:bz2") as tar:
        for member in tar:
            if not member.isfile():
                continue
            tree = ElementTree.fromstring(tar.extractfile(member).read())
            texts = {}
            params = {}
            for element in tree.iter():
                name = local(element)
                if name in ("C1", "C2", "Error2Radius", "ISOTime") and name not in texts:
                    texts[name] = element.text
                elif name == "Param" and element.get("name") not in params:
                    params[element.get("name")] = element.get("value")
            kind = params["Packet_Type"]
            count = counts[kind]
            count["total"] += 1
            count["role " + tree.get("role")] += 1
            if "C1" in texts:
                ra, dec = float(texts["C1"]), float(texts["C2"])
                error = float(params["Src_Error90"]) if kind == "175" else float(texts["Error2Radius"])
                on_sky = 0 <= ra <= 360 and -90 <= dec <= 90 and (ra, dec) != (0, 0)
                if on_sky and 0 < error < 180:
                    count["usable"] += 1
            if "skymap_fits" in params:
                count["map"] += 1
            if "joint_skymap_fits" in params:
                count["joint map"] += 1

json.dump(
    {
        "command": "notices-archive.py ../shared > notices-archive.json",
        "python": platform.python_version(),
        "types": {k: dict(sorted(v.items())) for k, v in sorted(counts.items(), key=lambda x: int(x[0]))},
    },
    sys.stdout,
    indent=1,
)
print()
