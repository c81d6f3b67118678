#!/usr/bin/env bash
# Feeds notices to the real service over the Kafka protocol and shows what follows, line by line.
# Usage: live.sh VESPER MOCK-BROKER FOLDER AS-OF EVENT NOTICE...
#   FOLDER   for the service's state; must not exist
#   AS-OF    what time it is to be for the service, ISO 8601 UTC
#   EVENT    how the event is called; the run ends when it says STOP or all notices are handled
set -euo pipefail
vesper=$1 mock=$2 folder=$3 as_of=$4 event=$5
shift 5

if [ -e "$folder" ]; then echo "$folder is there already" >&2; exit 73; fi
mkdir -p "$folder"

coproc BROKER { exec "$mock"; }
broker_pid=$BROKER_PID
# Of our own, because those of a coprocess are closed in subshells.
exec 3<&"${BROKER[0]}" 4>&"${BROKER[1]}"
serve_pid= reader_pid=
finish() {
  for pid in $reader_pid $serve_pid $broker_pid; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap finish EXIT

answer() {
  local line
  read -r line <&3
  case $line in ok* | ready*) echo "$line" ;; *) echo "broker: $line" >&2; return 1 ;; esac
}
bootstrap=$(answer | cut -d' ' -f2)
echo "topic igwn.gwalert 1" >&4
answer >/dev/null

cat >"$folder/vesper.yaml" <<YAML
state: $folder/state
telescopes: ${VESPER_TELESCOPES:-telescopes}
http: {port: 0}
kafka: {brokers: ["${bootstrap}"], topics: [igwn.gwalert], security: plaintext, heartbeat: ~}
YAML

"$vesper" serve --config "$folder/vesper.yaml" --as-of "$as_of" --port-file "$folder/port" 2>"$folder/log" &
serve_pid=$!
for _ in $(seq 300); do [ -s "$folder/port" ] && break; sleep 0.1; done
[ -s "$folder/port" ] || { echo "the service does not listen:" >&2; cat "$folder/log" >&2; exit 1; }
site=http://127.0.0.1:$(cat "$folder/port")
echo "== $event: vesper serve at $as_of, $site, Kafka at $bootstrap"

# Every line of the service's log as it is written.
curl -sN "$site/api/changes?after=0" \
  | sed -un 's/^data: {"sequence":[0-9]*,"time_utc":"[^T"]*T\([0-9:]*\)[^"]*","actor":"[^"]*","kind":"\([^"]*\)","event":[^,]*,"text":"\(.*\)"}$/   \1  \2  \3/p' \
  | sed -uE 's/^(.{196}).{4,}$/\1 .../' &
reader_pid=$!

look() { curl -s "$site/api/events/$event"; }
# Every plan that was ordered is there, or it was said why not.
settled() {
  local text ordered done
  text=$(look)
  ordered=$(grep -o '"kind":"plan.ordered"' <<<"$text" | wc -l)
  done=$(grep -oE '"kind":"plan.(made|unchanged|failed|stale)"' <<<"$text" | wc -l)
  [ "$ordered" -le "$done" ]
}
count() { curl -s "$site/api/notices?state=$1" | grep -o '"sha256"' | wc -l; }

sent=0
for notice in "$@"; do
  sent=$((sent + 1))
  echo "-- $(basename "$notice")"
  size=$(stat -c %s "$notice")
  { echo "produce igwn.gwalert 0 - $size"; cat "$notice"; } >&4
  answer >/dev/null
  for _ in $(seq 600); do [ "$(count handled)" -ge "$sent" ] && break; sleep 0.1; done
  for _ in $(seq 1200); do settled && break; sleep 0.1; done
  sleep 1
done

sleep 1
echo "-- what the shared folder has"
(cd "$folder/state/plans" && find . -name current -exec sh -c 'echo "   $1 -> $(readlink "$1")"; ls "$1/" | sed "s/^/      /" | head -5' _ {} \;)
echo "-- vesper status"
"$vesper" status --address "$site" | sed 's/^/   /' || true
