#!/bin/sh
# Plans maps with gwemopt (from PyPI) and with Vesper, TAROT-Chile alone and the benchmark network, and judges
# all plans with judge.py. Run it in the root of the repository after `make build`:
#
#     Tests/Benchmarks/peers/run.sh [MAP...]
#
# Needs Python 3.11 or newer with venv, and PyPI unless VESPER_PEERS_PYTHON names an interpreter that has
# the packages. Nothing is left behind but what KEEP names (a folder for the plans).
set -eu

here=Tests/Benchmarks/peers
network=Tests/Benchmarks/network
vesper=${VESPER:-.build/release/vesper}
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

python=${VESPER_PEERS_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$scratch/venv"
  python=$scratch/venv/bin/python
  "$python" -m pip install --quiet gwemopt==0.4.2 numpy astropy healpy ligo.skymap pyyaml
fi

# "2023-05-18T12:59:08.154Z": both sides start at the time of the event.
event_time() {
  "$vesper" skymap info "$1" --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["t0"])'
}

gwemopt() { # map telescopes folder
  mkdir -p "$3"
  "$python" "$here/measure.py" "$3/usage.json" \
    "$python" "$here/gwemopt_run.py" "$1" "$2" "$3" >"$3/log" 2>&1 || { tail -5 "$3/log" >&2; exit 1; }
}

ours() { # map telescopes folder
  mkdir -p "$3"
  "$python" "$here/measure.py" "$3/usage.json" \
    "$vesper" plan "$1" --start "$(event_time "$1")" --telescopes "$network" --only "$2" --quiet \
    --out "$3/out" >"$3/log" 2>&1 || { cat "$3/log" >&2; exit 1; }
  cp "$3/out/network.csv" "$3/plan.csv"
  "$python" -c 'import json, sys
p = json.load(open(sys.argv[1]))
json.dump({"probability": p["network"]["probability"]}, open(sys.argv[2], "w"))' "$3/out/plan.json" "$3/claim.json"
}

five=TCH,TCA,TRE,OAJ,FZU-Auger
for map; do
  folder=$work/$(basename "$map")
  echo "planning $map" >&2
  gwemopt "$map" TCH "$folder/gwemopt-TCH"
  gwemopt "$map" "$five" "$folder/gwemopt-five"
  ours "$map" TCH "$folder/vesper-TCH"
  ours "$map" "$five" "$folder/vesper-five"
  printf '\n%s\n\n' "$(basename "$map"), from $(event_time "$map") for 24 h"
  "$python" "$here/judge.py" "$map" "$network" \
    "gwemopt, TCH=$folder/gwemopt-TCH" "Vesper, TCH=$folder/vesper-TCH" \
    "gwemopt, five=$folder/gwemopt-five" "Vesper, five=$folder/vesper-five"
done
