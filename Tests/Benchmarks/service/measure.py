#!/usr/bin/env python3
"""Measures a running `vesper serve`: how long from receipt to what follows, with how much memory.

    measure.py VESPER [durable] [plans] [backlog] [poll]

  durable  300 notices of 1 MB over HTTP: from sending to the answer, which comes when they are stored
  plans    20 alerts like S230518h, one after the other: from receipt to decision, to the registry's plan
  backlog  1000 recorded notices wait in the spool; a fresh alert comes in a second later
  poll     200 operators poll plan.txt (If-None-Match) and the queue every 15 s for a minute; then wrk, if it is
           there, with 200 connections without a pause

Times from receipt are differences in the service's own log. Needs the recorded notices (`../shared`).
"""
import asyncio
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

PACKAGE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
NOTICES = os.path.join(PACKAGE, "../shared/data/notices")


class Service:
    """The program with a fresh state, the whole registry and no channels."""

    def __init__(self, vesper, prepare=None):
        self.vesper, self.folder = vesper, tempfile.mkdtemp(prefix="vesper-measure-")
        self.config = os.path.join(self.folder, "vesper.yaml")
        with open(self.config, "w") as file:
            file.write(f"state: {self.folder}/state\ntelescopes: {PACKAGE}/telescopes\nhttp: {{port: 0}}\n")
        if prepare:
            prepare(os.path.join(self.folder, "state", "spool"))
        port = os.path.join(self.folder, "port")
        self.process = subprocess.Popen(
            [vesper, "serve", "--config", self.config, "--as-of", "2023-05-18T13:20:00Z", "--port-file", port],
            stdout=open(os.path.join(self.folder, "log"), "w"), stderr=subprocess.STDOUT)
        while not os.path.exists(port):
            time.sleep(0.05)
        time.sleep(0.3)
        self.port = int(open(port).read())
        self.token = subprocess.run(
            [vesper, "token", "issue", "--config", self.config, "--label", "measure", "--scopes", "notices"],
            capture_output=True, text=True, check=True).stdout.split()[-1]

    def post(self, value):
        body = json.dumps(value).encode()
        while True:
            begun = time.perf_counter()
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/api/notices", data=body,
                headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    answer.read()
                return time.perf_counter() - begun
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise
                time.sleep(0.2)

    def ask(self, sql, *arguments):
        store = sqlite3.connect(f"file:{self.folder}/state/vesper.sqlite?mode=ro", uri=True)
        try:
            return list(store.execute(sql, arguments))
        finally:
            store.close()

    def follows(self, event):
        """Seconds from receipt to the decision and to the plan; None while there is no plan."""
        rows = dict(self.ask("SELECT kind, min(at) FROM log WHERE event = ? GROUP BY kind", event))
        if "plan.made" not in rows:
            return None
        received = self.ask(
            "SELECT min(receivedAt) FROM notice JOIN eventNotice ON notice = notice.id WHERE event = ?", event)
        return tuple((rows[kind] - received[0][0]) / 1e9 for kind in ("decision.made", "plan.made"))

    @property
    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))

    def end(self):
        print(f"  memory at most {self.memory} MB")
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def alert(name):
    with open(os.path.join(NOTICES, "lvk/gwtm_S230518h-Initial_alert.json")) as file:
        value = json.load(file)
    value["superevent_id"] = name
    return value


def retraction(name):
    return {"alert_type": "RETRACTION", "superevent_id": name, "event": None,
            "time_created": "2023-05-18T14:00:00Z", "urls": {}, "external_coinc": None}


def durable(vesper):
    service = Service(vesper)
    times = []
    for i in range(300):
        times.append(service.post({"n": i, "padding": "x" * 1_000_000}))
        time.sleep(0.12)
    print("durable: median %.1f ms, p99 %.1f ms, max %.1f ms"
          % tuple(1e3 * t for t in (quantile(times, 0.5), quantile(times, 0.99), max(times))))
    service.end()


def plans(vesper):
    service, found = Service(vesper), []
    for i in range(20):
        name = "S230518" + chr(97 + i) + "x"
        service.post(alert(name))
        while (both := service.follows(name)) is None:
            time.sleep(0.05)
        found.append(both)
        service.post(retraction(name))
        time.sleep(0.5)
    for what, times in zip(("decision", "plans"), zip(*found)):
        print("%s: median %.2f s, p90 %.2f s, max %.2f s"
              % (what, quantile(times, 0.5), quantile(times, 0.9), max(times)))
    service.end()


def backlog(vesper):
    def fill(spool):
        os.makedirs(spool)
        with tarfile.open(os.path.join(NOTICES, "archive/2023-05.001.tar.bz2")) as archive:
            members = (m for i, m in enumerate(m for m in archive if m.isfile()) if i % 29 == 0)
            for n, member in zip(range(1000), members):
                with open(os.path.join(spool, f"n{n:04d}.xml"), "wb") as file:
                    file.write(archive.extractfile(member).read())

    service = Service(vesper, fill)
    begun = time.time()
    time.sleep(1)
    service.post(alert("S230518zz"))
    ahead, both = None, None
    while True:
        time.sleep(0.2)
        waiting = service.ask("SELECT count(*) FROM notice WHERE status = 'new'")[0][0]
        taken = service.ask("SELECT count(*) FROM notice")[0][0]
        if both is None:
            both = service.follows("S230518zz")
            ahead = 1001 - taken + waiting
        if taken >= 1001 and waiting == 0 and both:
            break
    print("backlog: drained in %.1f s; the alert: decision %.2f s, plans %.2f s, with %d notices still to come"
          % (time.time() - begun, *both, ahead))
    service.end()


def poll(vesper):
    service, times, codes = Service(vesper), [], {}
    service.post(alert("S230518h"))
    while service.follows("S230518h") is None:
        time.sleep(0.1)
    slugs = [row[0] for row in service.ask("SELECT DISTINCT telescope FROM assignment ORDER BY 1")]

    async def get(path, tag=None):
        begun = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{known}\r\n".encode())
        head = (await reader.read()).split(b"\r\n\r\n")[0].decode().split("\r\n")
        writer.close()
        times.append(time.perf_counter() - begun)
        codes[head[0].split()[1]] = codes.get(head[0].split()[1], 0) + 1
        return next((line[5:].strip() for line in head if line.lower().startswith("etag:")), None)

    async def operator(i, end):
        await asyncio.sleep(random.random() * 15)
        slug, tag = slugs[i % len(slugs)], None
        while time.time() < end:
            tag = await get(f"/t/{slug}/plan.txt", tag) or tag
            await get(f"/api/telescopes/{slug}/queue")
            await asyncio.sleep(15)

    async def everybody():
        await asyncio.gather(*(operator(i, time.time() + 60) for i in range(200)))

    asyncio.run(everybody())
    print("poll: %d requests %s, median %.1f ms, p95 %.1f ms, p99 %.1f ms, max %.1f ms"
          % (len(times), codes,
             *(1e3 * t for t in (quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99), max(times)))))
    if shutil.which("wrk"):
        subprocess.run(["wrk", "-t2", "-c200", "-d15s", "--latency",
                        f"http://127.0.0.1:{service.port}/t/{slugs[0]}/plan.txt"], check=True)
    service.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print("load", *open("/proc/loadavg").read().split()[:3], time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    for part in sys.argv[2:] or ["durable", "plans", "backlog", "poll"]:
        {"durable": durable, "plans": plans, "backlog": backlog, "poll": poll}[part](sys.argv[1])
