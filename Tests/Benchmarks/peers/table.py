#!/usr/bin/env python3
"""table.py FOLDER ROW...: prints what run.sh found for one map as two Markdown tables.

Standard library only. FOLDER has bounds.json and, for each tool and ROW, TOOL-ROW with judged.json, usage.json
and for Vesper claim.json. What is not there is left empty.
"""
import json
import pathlib
import sys

TOOLS = ("gwemopt", "tilepy", "vesper")


def read(path):
    return json.loads(path.read_text()) if path.exists() else {}


def show(value, form):
    return "" if value is None else format(value, form)


def line(cells):
    print("| " + " | ".join(map(str, cells)) + " |")


def ratio(a, b):
    return a / b if a is not None and b else None


def coverage(folder, rows):
    line(["telescopes", "exposures possible", "reach", "fluid bound", "simple greedy", "gwemopt, executable",
          "tilepy, executable", "Vesper", "Vesper / fluid", "Vesper's own bound"])
    print("|---" * 10 + "|")
    for row in rows:
        bounds = read(folder / "bounds.json").get(row, {})
        covered = {tool: read(folder / f"{tool}-{row}" / "judged.json").get("feasible") for tool in TOOLS}
        claim = read(folder / f"vesper-{row}" / "claim.json")
        line([
            row, show(bounds.get("exposures"), "d"), show(bounds.get("reach"), ".4f"), show(bounds.get("fluid"), ".4f"),
            show(bounds.get("greedy"), ".4f"), *(show(covered[tool], ".4f") for tool in TOOLS),
            show(ratio(covered["vesper"], bounds.get("fluid")), ".3f"), show(claim.get("upper_bound"), ".4f")])


def cost(folder, rows):
    line(["telescopes", "plan", "exposures", "executable", "claimed", "true", "median airmass", "violations", "CPU s",
          "RSS MB"])
    print("|---" * 10 + "|")
    for row in rows:
        for tool in TOOLS:
            here = folder / f"{tool}-{row}"
            judged, usage, claim = (read(here / f"{name}.json") for name in ("judged", "usage", "claim"))
            if not judged:
                continue
            broken = ", ".join(f"{n} {kind}" for kind, n in judged["violations"].items())
            line([
                row, tool.replace("vesper", "Vesper"), judged["exposures"], judged["executable"],
                show(claim.get("probability"), ".4f"), show(judged["true"], ".4f"), show(judged["airmass"], ".2f"),
                broken or "0", show(usage.get("cpu_s"), ".2f"), show(usage.get("rss_mb"), ".0f")])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    coverage(pathlib.Path(sys.argv[1]), sys.argv[2:])
    print()
    cost(pathlib.Path(sys.argv[1]), sys.argv[2:])
