#!/usr/bin/env python3
"""tilepy_run.py MAP START NETWORK TELESCOPES OUTDIR: plans one map with tilepy's two-dimensional scheduler.

pip install tilepy==3.0.8 (and PyYAML). START is ISO 8601, UTC; NETWORK a folder of telescope files (YAML);
TELESCOPES names separated by commas. 60 s exposures from START to 24 h later. Writes OUTDIR/plan.csv (tel,
ra, dec, mjd, exp: degrees, UTC, seconds) and OUTDIR/claim.json (the probability that tilepy says it covers).

Settings, each as favourable to tilepy as it allows:
- its fields are circles: here those of the same area as the square field;
- a run lasts exposure and readout together (it has no readout);
- one zenith limit stands for airmass and horizon; it has no declination limit;
- grey time with any Moon allowed, the only mode in which it keeps a distance from the Moon (its own);
- centres on a HEALPix grid of nside 64 (32 for fields wider than 3 deg), coverage on nside 256;
- telescopes in the order in which their nights begin, as it mixes them up otherwise.

One telescope: all darkness of the 24 h. It gets the times from skyfield, which fetches an ephemeris of the
Moon and planets; here they come from the one built into astropy, so nothing is fetched. Several telescopes:
its own coordination, which ends at the end of the first night of each and after 500 rounds.
"""
import csv
import datetime
import json
import math
import pathlib
import sys

import yaml

EXPOSURE_S = 60
HOURS = 24
CONTAINMENT = 0.99  # of the probability: where it looks for centres
LEAST = 1e-6  # probability for which it still makes an exposure

SETTINGS = """\
[observatory]
name = {name}
lat = {lat}
lon = {lon}
height = {height}
base = None
[visibility]
sundown = {sun}
moondown = 90
moongrey = 90
moonphase = 100
minmoonsourceseparation = {moon}
maxmoonsourceseparation = 180
[operations]
maxzenith = {zenith}
fov = {radius}
maxruns = 100000
maxnights = 2
duration = {run_min}
minduration = {exposure_min}
usegreytime = True
minslewing = 0
[tiling]
minprobcut = {least}
doplot = False
secondround = False
zenithweighting = 1
percentagemoc = {containment}
reducednside = {nside}
hrnside = 256
mangrove = False
algorithm = 2D
strategy = integrated
dorank = False
"""


def settings(sheet):
    """tilepy's own file of settings for one of our telescope files."""
    site, limits = sheet["site"], sheet["limits"]
    side = float(sheet["field"]["side_deg"])
    floor = max(limits["min_alt_deg"], math.degrees(math.asin(1 / limits["max_airmass"])))
    return SETTINGS.format(
        name=sheet["id"], lat=site["lat_deg"], lon=site["lon_deg"], height=site["elevation_m"],
        sun=int(limits["max_sun_alt_deg"]), moon=int(limits["moon_sep_deg"]), zenith=90 - floor,
        radius=side / math.sqrt(math.pi), run_min=(EXPOSURE_S + sheet["timing"]["readout_s"]) / 60,
        exposure_min=EXPOSURE_S / 60, least=LEAST, containment=CONTAINMENT, nside=32 if side > 3 else 64)


def dark_windows(observer, start, sun_limit):
    """Spans (datetimes, UTC) with the Sun at or below the limit (degrees), to 10 s, within HOURS of start."""
    import numpy as np
    from astropy import units as u
    from astropy.coordinates import AltAz, get_body
    from astropy.time import Time

    seconds = np.arange(0, HOURS * 3600 + 1, 10)
    times = Time(start.replace(tzinfo=None), scale="utc") + seconds * u.s
    sun = get_body("sun", times, observer).transform_to(AltAz(obstime=times, location=observer))
    dark = np.concatenate([[False], sun.alt.deg <= sun_limit, [False]])
    edges = np.flatnonzero(np.diff(dark.astype(int))).reshape(-1, 2)
    return [tuple(start + datetime.timedelta(seconds=int(seconds[i])) for i in (a, b - 1)) for a, b in edges]


def run_starts(start, parameters):
    """Starts of all runs that fit into the darkness."""
    starts = []
    for begin, end in dark_windows(parameters.location, start, parameters.sunDown):
        while begin + datetime.timedelta(minutes=parameters.minDuration) <= end:
            starts.append(begin)
            begin += datetime.timedelta(minutes=parameters.duration)
    return starts


def main(skymap, start, network, names, folder):
    # Nothing is fetched: the tables of Earth's rotation that come with astropy reach far enough.
    from astropy.utils import iers

    iers.conf.auto_download = False
    iers.conf.auto_max_age = None
    iers.conf.iers_degraded_accuracy = "warn"
    from tilepy.include import TilingDetermination
    from tilepy.include.CampaignDefinition import ObservationParameters
    from tilepy.include.ObservationScheduler import GetSchedule, GetUniversalSchedule

    TilingDetermination.NightDarkObservationwithGreyTime = run_starts
    folder = pathlib.Path(folder)
    begin = datetime.datetime.fromisoformat(start.replace("Z", "+00:00"))
    # It reads the seconds of its own times without a fraction.
    begin = begin.replace(microsecond=0) + datetime.timedelta(seconds=1)
    telescopes = []
    for path in sorted(pathlib.Path(network).glob("*.yaml")):
        sheet = yaml.safe_load(path.read_text())
        if sheet["id"] not in names:
            continue
        file = folder / f"{sheet['id']}.ini"
        file.write_text(settings(sheet))
        parameters = ObservationParameters()
        parameters.from_configfile(str(file))
        parameters.add_parsed_args(
            str(pathlib.Path(skymap).resolve()), begin, None, None, str(folder / "tilepy"), None, eventName="event")
        telescopes.append(parameters)
    if len(telescopes) == 1:
        GetSchedule(telescopes[0])
    else:
        telescopes.sort(key=lambda t: run_starts(begin, t)[:1] or [begin + datetime.timedelta(days=9)])
        GetUniversalSchedule(telescopes)
    collect(folder, begin)


def collect(folder, begin):
    """plan.csv and claim.json out of all tables of pointings that tilepy wrote."""
    from astropy.io import ascii
    from astropy.time import Time

    end = begin + datetime.timedelta(hours=HOURS)
    claim = 0
    with open(folder / "plan.csv", "w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["tel", "ra", "dec", "mjd", "exp"])
        # One name for one telescope, one for several.
        written = [f"SuggestedPointings_{kind}Optimisation.txt" for kind in ("2DProb", "GW")]
        for path in sorted(p for name in written for p in (folder / "tilepy").rglob(name)):
            for row in ascii.read(path):
                time = Time(str(row["Time[UTC]"]), scale="utc")
                if time.to_datetime(datetime.timezone.utc) + datetime.timedelta(seconds=EXPOSURE_S) > end:
                    continue
                claim += float(row["PGW"])
                table.writerow([row["ObsName"], row["RA[deg]"], row["DEC[deg]"], f"{time.mjd:.8f}", EXPOSURE_S])
    (folder / "claim.json").write_text(json.dumps({"probability": claim}))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:4], sys.argv[4].split(","), sys.argv[5])
