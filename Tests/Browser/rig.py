"""What the browser tests share: a real service, the faults found, audits, pictures, the hands of a person."""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

from chromium import pixels

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
THEMES = ["day", "dark", "red"]
WIDTHS = [(360, 740), (1280, 900)]
# The pictures of the documentation show what is seen without scrolling: by day on a desk, at night on a phone.
SHOWN = [("day", 1280, 0.75), ("dark", 360, 1)]
START = "2026-09-15T17:50:00Z"
ROSTER = """campaign: GRANDMA {campaign}
first_week: {week}
weeks: {weeks}
week_starts: Thursday 11:00
slots:
  1: 11:00-19:00
  2: 19:00-03:00
  3: 03:00-11:00
members:
  shifter-01: {{zone: Europe/Paris, coordinates: true}}
  shifter-02: {{zone: America/Bogota}}
  shifter-03: {{zone: Asia/Kolkata}}
schedule:
  {week}:
    coordinator: shifter-01
    1: shifter-01
    2: shifter-02
    3: shifter-03
"""
AUTUMN = ROSTER.format(campaign="autumn 2026", week="2026-09-10", weeks=2) + """overrides:
  2026-09-16/2: {members: [], why: open}
"""
PICTURES = [None]
# What a picture is about, where that is not at the top of its page.
PLACES = {"decide": "#decide", "decide-late": "#decide", "roster-swap": "#swaps", "telescope-operator": "#say"}


class Service:
    """`vesper serve` on the shipped telescopes, at a time of the past."""

    notices = os.path.join(ROOT, "Fixtures/notices")

    def __init__(self, program, reading=True, start=START, text=AUTUMN):
        self.folder = tempfile.mkdtemp(prefix="vesper-browser-")
        self.config = os.path.join(self.folder, "vesper.yaml")
        roster = os.path.join(self.folder, "roster.yaml")
        with open(roster, "w") as file:
            file.write(text)
        with open(self.config, "w") as file:
            file.write(
                f"state: {self.folder}/state\ntelescopes: {ROOT}/telescopes\nroster: {roster}\n"
                f"http: {{port: 0, open_reading: {str(reading).lower()}}}\nlinks: {{secret: 'file:{self.folder}/links'}}\n")
        with open(os.path.join(self.folder, "links"), "w") as file:
            file.write("l" * 40)
        self.roster = roster
        self.program = program
        self.token = self.issue("shift", "lead")
        port = os.path.join(self.folder, "port")
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen(
            [program, "serve", "--config", self.config, "--as-of", start, "--port-file", port],
            stdout=self.log, stderr=self.log)
        for _ in range(300):
            if os.path.exists(port) and open(port).read().strip():
                break
            time.sleep(0.1)
        self.base = f"http://127.0.0.1:{open(port).read().strip()}"

    def issue(self, label, scopes, *more):
        issued = subprocess.run(
            [self.program, "token", "issue", "--label", label, "--scopes", scopes, *more, "--config", self.config],
            check=True, capture_output=True, text=True)
        return next(w for w in issued.stdout.split() if w.startswith("vesper_"))

    def get(self, path):
        request = urllib.request.Request(self.base + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(
            self.base + path, data=body, method="POST", headers={"Authorization": f"Bearer {self.token}"})
        return urllib.request.urlopen(request).read()

    def wait(self, what, condition, seconds=240):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.5)
        raise RuntimeError(f"{what} never came; log:\n" + open(self.log.name).read()[-3000:])

    def drop(self, texts):
        """Hands notices in as files."""
        spool = os.path.join(self.folder, "state", "spool")
        os.makedirs(spool, exist_ok=True)
        for name, text in texts.items():
            # Written aside and renamed: the service takes a file as soon as it sees it.
            with open(os.path.join(spool, "." + name), "wb") as file:
                file.write(text)
            os.rename(os.path.join(spool, "." + name), os.path.join(spool, name))

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Report:
    def __init__(self):
        self.faults, self.weights, self.contrast, self.times = [], {}, {}, {}
        self.axe = 0

    def fault(self, place, text):
        self.faults.append(f"{place}: {text}")
        print(f"  FAULT {place}: {text}", flush=True)

    def check(self, place, isGood, text):
        if not isGood:
            self.fault(place, text)


# Every rule of WCAG 2.2 A and AA, and axe's best practices. Its colour rule stops at pictures; audit.js has its own.
AXE = """
;axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
  resultTypes: ["violations"]}).then((found) => found.violations.flatMap((v) => v.nodes.map((n) =>
    `${v.id} (${v.impact}): ${v.help}: ${n.html.replace(/\\s+/g, " ").slice(0, 140)}`)))
"""


@functools.cache
def axe():
    """The text of axe-core: where AXE_JS says, or of a Python package that holds it; nothing where there is neither."""
    places = [os.environ.get("AXE_JS")]
    for package in ["axe_playwright_python", "axe_core_python"]:
        found = importlib.util.find_spec(package)
        places += [os.path.join(os.path.dirname(found.origin), "axe.min.js")] if found and found.origin else []
    place = next((p for p in places if p and os.path.exists(p)), None)
    return open(place).read() if place else ""


def audit(browser, report, place):
    found = browser.run(open(os.path.join(HERE, "audit.js")).read())
    for fault in found["faults"]:
        report.fault(place, fault)
    for text in browser.complaints():
        report.fault(place, f"console: {text}")
    report.contrast[place] = found["least"]
    if axe():
        report.axe += 1
        for fault in browser.run(axe() + AXE):
            report.fault(place, "axe " + fault)


def only_red(browser, report, place):
    rows, channels = pixels(browser.picture())
    for y, row in enumerate(rows):
        for start in range(1, channels if channels < 3 else 3):
            if any(row[start::channels]):
                x = next(i for i, v in enumerate(row[start::channels]) if v)
                return report.fault(place, f"green or blue light at {x}, {y}: {list(row[x * channels:(x + 1) * channels])}")


def show(browser, name, theme, width):
    """Keeps a small picture for the documentation."""
    for shown, at, scale in SHOWN:
        if PICTURES[0] and (theme, width) == (shown, at):
            place = PLACES.get(name)
            top = browser.run(f"document.querySelector('{place}').getBoundingClientRect().top + scrollY") if place else 0
            browser.picture(os.path.join(PICTURES[0], f"{name}-{at}.webp"), whole=False, scale=scale, webp=True, top=top)


def see(browser, report, out, name, width=360):
    """The page as it is now in each theme and width, without asking for it again; then as it was."""
    own = browser.run("document.documentElement.className")
    for theme in THEMES:
        browser.run(f"document.documentElement.className = '{theme}'")
        for wide, height in WIDTHS:
            browser.size(wide, height)
            browser.listen(0.2)
            audit(browser, report, f"{name}-{theme}-{wide}")
            browser.picture(os.path.join(out, f"{name}-{theme}-{wide}.png"))
            show(browser, name, theme, wide)
            if theme == "red" and wide == 360:
                only_red(browser, report, f"{name}-{theme}-{wide}")
    browser.run(f"document.documentElement.className = '{own}'")
    browser.size(width, 740)


def press(browser, selector, seconds=1.0):
    """Presses a button as a person does, and waits for what follows."""
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")
    browser.listen(seconds)


def sign_in(browser, service, back, token=None):
    browser.open(service.base + "/sign-in?back=" + urllib.request.quote(back, safe=""))
    browser.run("document.querySelector('#token').focus()")
    browser.type(token or service.token)
    browser.key("Enter", 13, "\r")
    browser.listen(1.0)
    return browser.run("location.pathname")


def sign_out(browser, service):
    browser.open(service.base + "/sign-in")
    press(browser, "form[action='/sign-out'] button")


def text_of(browser):
    return browser.run("document.body ? document.body.innerText : ''")
