#!/bin/sh
# Plans maps with gwemopt and tilepy (from PyPI) and with Vesper, judges all plans with judge.py, and prints them
# beside what is possible (bounds.py). Run it in the root of the repository after `make build`:
#
#     Tests/Benchmarks/peers/run.sh [MAP...]
#
# Needs Python 3.11 or newer with venv, and PyPI for two environments, as the other two want different versions
# of scipy. One map takes about 15 minutes of one core, nearly all of it for the other two.
#
#     VESPER_PEERS_PYTHON=FILE   interpreter with gwemopt, scipy, astropy, healpy, ligo.skymap and PyYAML
#     VESPER_TILEPY_PYTHON=FILE  interpreter with tilepy and PyYAML
#     ROWS="TCH five"            only these of TCH, TCA, TRE, three, five
#     KEEP=FOLDER                keeps plans and bounds there, and does not make again what is there already
#     VESPER=FILE                another binary
set -eu

here=Tests/Benchmarks/peers
network=Tests/Benchmarks/network
vesper=${VESPER:-.build/release/vesper}
rows=${ROWS:-TCH TCA TRE three five}
[ -d "$network" ] || { echo "run.sh: run it in the root of the repository" >&2; exit 64; }
[ -x "$vesper" ] || { echo "run.sh: $vesper is not there; build it first: make build" >&2; exit 69; }
[ $# -gt 0 ] || set -- Fixtures/skymaps/MS261009b-two-detectors.multiorder.fits

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
work=${KEEP:-$scratch/plans}
# gwemopt makes a folder in the home folder.
HOME=$scratch/home
export HOME
mkdir -p "$HOME" "$work"

environment() { # name packages...
  at=$scratch/$1
  shift
  echo "installing $1" >&2
  python3 -m venv "$at"
  "$at/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

python=${VESPER_PEERS_PYTHON:-}
if [ -z "$python" ]; then
  environment peers gwemopt==0.4.2 scipy numpy astropy healpy ligo.skymap pyyaml
  python=$scratch/peers/bin/python
fi
tilepy_python=${VESPER_TILEPY_PYTHON:-}

telescopes() {
  case $1 in
    TCH | TCA | TRE) echo "$1" ;;
    three) echo TCH,TCA,TRE ;;
    five) echo TCH,TCA,TRE,OAJ,FZU-Auger ;;
    *) echo "run.sh: no row $1" >&2; exit 64 ;;
  esac
}

# "2023-05-18T12:59:08.154Z": all sides start at the time of the event.
event_time() {
  "$vesper" skymap info "$1" --json | "$python" -c 'import json, sys
t0 = json.load(sys.stdin)["t0"]
sys.exit("run.sh: the map has no time of the event") if t0 is None else print(t0)'
}

measured() { # folder command...
  to=$1
  shift
  "$python" "$here/measure.py" "$to/usage.json" "$@" >"$to/log" 2>&1 || { tail -5 "$to/log" >&2; exit 1; }
}

gwemopt() { # map start telescopes folder
  measured "$4" "$python" "$here/gwemopt_run.py" "$1" "$3" "$4"
}

tilepy() { # map start telescopes folder
  if [ -z "$tilepy_python" ]; then
    environment tilepy tilepy==3.0.8 pyyaml
    tilepy_python=$scratch/tilepy/bin/python
  fi
  measured "$4" "$tilepy_python" "$here/tilepy_run.py" "$1" "$2" "$network" "$3" "$4"
}

vesper() { # map start telescopes folder
  measured "$4" "$vesper" plan "$1" --start "$2" --telescopes "$network" --only "$3" --quiet --out "$4/out"
  cp "$4/out/network.csv" "$4/plan.csv"
  "$python" -c 'import json, sys
p = json.load(open(sys.argv[1]))["network"]
json.dump({k: p[k] for k in ("probability", "upper_bound")}, open(sys.argv[2], "w"))' "$4/out/plan.json" "$4/claim.json"
}

for map; do
  name=$(basename "$map")
  folder=$work/$name
  start=$(event_time "$map")
  sets=
  set --
  for row in $rows; do
    names=$(telescopes "$row")
    sets="$sets $row=$names"
    for tool in gwemopt tilepy vesper; do
      made=$folder/$tool-$row
      set -- "$@" "$tool-$row=$made"
      if [ ! -f "$made/claim.json" ]; then
        echo "$name: $tool, $names" >&2
        mkdir -p "$made"
        "$tool" "$map" "$start" "$names" "$made"
      fi
    done
  done
  echo "$name: bounds and verdicts" >&2
  # shellcheck disable=SC2086 # rows and telescopes have no spaces
  "$python" "$here/bounds.py" "$map" "$start" "$network" "$folder/bounds.json" $sets
  "$python" "$here/judge.py" "$map" "$network" "$@" >"$folder/verdicts.md"
  printf '\n%s\n\n' "$name, from $start for 24 h"
  # shellcheck disable=SC2086
  "$python" "$here/table.py" "$folder" $rows
done
