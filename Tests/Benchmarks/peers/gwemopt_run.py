#!/usr/bin/env python3
"""gwemopt_run.py MAP TELESCOPES OUTDIR: plans one map with gwemopt's greedy scheduler.

pip install gwemopt==0.4.2. Uses the telescope files and tile grids that gwemopt ships, 60 s exposures in
one filter, one visit, from the time in the map to 24 h later. Writes OUTDIR/plan.csv (tel, ra, dec, mjd,
exp: degrees, UTC, seconds) and OUTDIR/claim.json (the probability that gwemopt says it covers).

gwemopt makes a folder in the home folder when it is imported: set HOME to somewhere else.
"""
import csv
import json
import pathlib
import sys

EXPOSURE_S = 60


def main(skymap, telescopes, folder):
    folder = pathlib.Path(folder)
    # Nothing is fetched: the tables of Earth's rotation that come with astropy reach far enough.
    from astropy.utils import iers

    iers.conf.auto_download = False
    iers.conf.auto_max_age = None
    iers.conf.iers_degraded_accuracy = "warn"

    from gwemopt.run import run

    options = [
        "--event", str(pathlib.Path(skymap).resolve()), "--outputDir", str(folder / "gwemopt"),
        "--telescopes", telescopes, "--doTiles", "--doSchedule", "--scheduleType", "greedy",
        "--doSingleExposure", "--filters", "r", "--exposuretimes", f"{EXPOSURE_S}",
    ]
    if "," in telescopes:
        # The one way of ordering a network that works in this version.
        options.append("--doOrderByObservability")
    run(options)
    collect(folder, telescopes.split(","))


def collect(folder, telescopes):
    """One table out of one schedule file a telescope: field, ra, dec, mjd, limit, exposure, ..."""
    with open(folder / "plan.csv", "w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["tel", "ra", "dec", "mjd", "exp"])
        for telescope in telescopes:
            path = folder / "gwemopt" / f"schedule_{telescope}.dat"
            if not path.exists():
                continue
            for line in path.read_text().splitlines():
                words = line.split()
                table.writerow([telescope, words[1], words[2], words[3], words[5]])
    # Each line: time, delay, probability so far (-1 if there is no exposure), area so far.
    lines = (folder / "gwemopt" / "summary.dat").read_text().splitlines()
    claims = [float(line.replace(",", " ").split()[2]) for line in lines if line.strip()]
    (folder / "claim.json").write_text(json.dumps({"probability": max(claims + [0])}))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
