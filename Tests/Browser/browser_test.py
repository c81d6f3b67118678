#!/usr/bin/env python3
"""Every page in a real browser over a real service: themes, widths, audits, weights, and what people do.

    browser_test.py VESPER OUT [PICTURES]
                                   VESPER: the built program; OUT: where screenshots and weights.json go;
                                   PICTURES: where the small pictures of the documentation are put, if anywhere

Exit status 0 if nothing was found. Needs Debian's chromium and python3-websocket (`make test-browser`).
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import night
from chromium import Browser
from rig import (
    PICTURES, SHOWN, THEMES, WIDTHS, Report, Service, audit, axe, only_red, press, see, show, sign_in, sign_out, text_of)

EVENT = "MS260915a"
# Bytes on the line of a first load, packed: what slow sites can bear.
BUDGETS = {"telescope": 30 << 10, "board": 150 << 10}
PAYLOADS = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg onload=alert(1)>", "javascript:alert(1)",
    "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>", "{{head.title}}", "%00%ff%fe",
    "\" autofocus onfocus=\"alert(1)", "<details open ontoggle=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "`-alert(1)-`", "<a href=javascript:alert(1)>x",
    "<base href=//evil.example>", "\u202e<b>", "<!--<img src='--><img src=x onerror=alert(1)>",
]


def play(service):
    """The notices of the fixtures and one that cannot be read; the busiest telescope, and how many were asked."""
    service.drop({name: open(os.path.join(service.notices, name), "rb").read() for name in sorted(os.listdir(service.notices))})
    service.drop({"broken.json": b"{\"broken\": "})
    plan = lambda: next((e["plan"] for e in service.get("/api/events")["events"] if e["id"] == EVENT), None)
    service.wait("the plan", plan)
    service.wait("the quarantine", lambda: service.get("/api/notices?state=quarantined")["notices"])
    service.wait("all events", lambda: len(service.get("/api/events")["events"]) >= 7)
    sheet = service.get(f"/api/events/{EVENT}/plan")
    parts = [p for p in sheet["parts"] if p["state"] != "left_out"]
    return max(parts, key=lambda p: p["tiles"])["slug"], len(sheet["parts"])


def look(browser, service, report, out, pages):
    """Each page, theme and width: screenshot, audit, weight."""
    for name, path in pages.items():
        for theme in THEMES:
            browser.call(
                "Network.setCookie", name="theme", value=theme, url=service.base, httpOnly=True)
            for width, height in WIDTHS:
                place = f"{name}-{theme}-{width}"
                browser.size(width, height)
                browser.call("Network.setCacheDisabled", cacheDisabled=True)
                browser.open(service.base + path)
                browser.run("for (const i of document.images) i.loading = 'eager'")
                weight = browser.weight()
                report.weights.setdefault(name, weight)
                report.check(place, weight <= BUDGETS.get(name, 1 << 30), f"weighs {weight} bytes")
                report.check(place, browser.hosts() <= {service.base[7:]}, f"asks {browser.hosts()}")
                browser.listen(0.4)
                audit(browser, report, place)
                browser.picture(os.path.join(out, place + ".png"))
                show(browser, name, theme, width)
                if theme == "red" and width == 360:
                    only_red(browser, report, place)
        print(f"{name}: {report.weights[name]} bytes", flush=True)


def without_script(browser, service, report, pages):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    for name, path in pages.items():
        browser.open(service.base + path)
        text = browser.call("DOM.getOuterHTML", nodeId=browser.call("DOM.getDocument")["root"]["nodeId"])["outerHTML"]
        report.check(f"{name} without script", "<main" in text and "</footer>" in text, "is not whole")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def keyboard(browser, service, report, pages):
    """The first stop skips to the content; every stop is a new one and can be seen."""
    browser.size(360, 740)
    for name, path in pages.items():
        browser.open(service.base + path)
        seen = []
        for i in range(12):
            browser.key("Tab", 9)
            stop = browser.run(
                "(() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();"
                " return [e.className, e.outerHTML.slice(0, 120), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,"
                " b.top < innerHeight && b.bottom > 0] })()")
            if i == 0:
                report.check(f"{name} by keyboard", stop[0] == "skip", f"starts at {stop[1]}")
            report.check(f"{name} by keyboard", stop[2] and stop[3], f"no focus to be seen on {stop[1]}")
            seen.append(stop[1])
        report.check(f"{name} by keyboard", len(set(seen)) >= min(8, len(seen)), "is caught in a loop")


def hostile(browser, service, report):
    for payload in PAYLOADS:
        text = urllib.request.quote(payload, safe="%")
        for path in ["/?q=", "/events/", "/shift?kind=comment&event=", "/shift?kind=", "/roster?week=", "/sign-in?back=", "/t/"]:
            browser.open(service.base + path + text, settle=0.02)
            dialogs = [e for e in browser.events if e.get("method") == "Page.javascriptDialogOpening"]
            report.check("hostile text", not dialogs, f"{path}{payload} ran")
            report.check("hostile text", browser.hosts() <= {service.base[7:]}, f"{path}{payload} asks {browser.hosts()}")


def flows(browser, service, report, slug):
    """What a shift does: filters, copies, signs in, edits a text, changes the week."""
    browser.size(360, 740)
    browser.open(service.base + "/")
    browser.run("document.querySelector('#q').focus()")
    browser.type("contact")
    browser.key("Enter", 13, "\r")
    browser.listen(1.0)
    rows = browser.run("document.querySelectorAll('#network tbody tr').length")
    everybody = len(service.get("/api/network")["telescopes"])
    report.check("filter", 0 < rows <= everybody and "contact" in browser.run("location.search"), f"{rows} rows")

    browser.open(service.base + f"/t/{slug}")
    browser.call("Browser.grantPermissions", session=None, origin=service.base, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.run("document.querySelector('[data-copy=next-acp]').click()")
    browser.listen(0.3)
    copied = browser.run("navigator.clipboard.readText()")
    report.check("copy", copied.count("\t") == 2, f"the line for ACP is {copied!r}")

    browser.open(service.base + "/shift?kind=handover")
    text = browser.run("(() => { const t = document.querySelector('#shift-text'); t.value += 'by hand'; return t.value })()")
    report.check("hand-over", "HAND-OVER" in text and EVENT in text, text[:200])
    browser.run("document.querySelector('[data-copy=shift-text]').click()")
    browser.listen(0.3)
    report.check("hand-over", browser.run("navigator.clipboard.readText()").endswith("by hand"), "loses what was typed")

    browser.open(service.base + "/sign-in?back=%2Froster")
    browser.run("document.querySelector('#token').focus()")
    browser.type(service.token)
    browser.key("Enter", 13, "\r")
    browser.listen(1.0)
    report.check("sign-in", browser.run("location.pathname") == "/roster", browser.run("location.href"))
    report.check("sign-in", "Signed in as shift" in browser.run("document.body.innerText"), "nobody is signed in")
    report.check("sign-in", "session" not in browser.run("document.cookie"), "script reads the session")
    browser.open(service.base + "/sign-in")
    refused = browser.run(
        "fetch('/sign-out', {method: 'POST', body: new URLSearchParams({form_token: 'x'})}).then(r => r.status)")
    report.check("forms", refused == 403, f"a form without its token gets {refused}")
    browser.run("document.querySelector('form[action=\"/sign-out\"]').submit()")
    browser.listen(1.0)
    report.check("sign-out", "Signed in as" not in browser.run("document.body.innerText"), "somebody is still signed in")


def plan_of(service):
    return (service.get(f"/api/events/{EVENT}")["event"]["plan"] or {}).get("id")


def asked(service):
    return [p for p in service.get(f"/api/events/{EVENT}/plan")["parts"] if p["state"] != "left_out"]


def compare(browser):
    """Asks what the form of the what-if page says; milliseconds until the answer stands there."""
    start = time.monotonic()
    browser.run("document.querySelector('form[method=get] button').click()")
    for _ in range(100):
        browser.listen(0.1)
        if browser.run("!!document.querySelector('#answer-h')"):
            break
    return round(1000 * (time.monotonic() - start))


def what_if(browser, service, report, out, slug):
    """A telescope less: asked and left, asked and adopted, taken back, adopted again."""
    event, before = f"/events/{EVENT}", plan_of(service)
    browser.open(service.base + event)
    press(browser, f"a[href='{event}/what-if']")
    browser.run(f"document.querySelector('[name=drop][value=\"{slug}\"]').checked = true")
    see(browser, report, out, "what-if-question")
    report.times["what-if in the browser"] = compare(browser)
    text = text_of(browser)
    report.check("what-if", "without " in text and "Worked out in" in text, text[:400])
    report.times["what-if"] = 1000 * float(text.split("Worked out in ")[1].split(" s")[0]) if "Worked out in " in text else -1
    report.check("what-if", 0 < report.times["what-if"] <= 2000, f"takes {report.times['what-if']} ms")
    see(browser, report, out, "what-if")
    press(browser, f"a.button[href='{event}']")
    report.check("discard", browser.run("location.pathname") == event, browser.run("location.href"))
    report.check("discard", plan_of(service) == before, "something was adopted")

    def adopt():
        known = plan_of(service)
        browser.open(service.base + f"{event}/what-if?drop={slug}")
        press(browser, "form[method=post][action$='what-if'] button")
        report.check("what-if", browser.run("location.pathname") == event, browser.run("location.href"))
        service.wait("the adopted plan", lambda: plan_of(service) not in (None, known), 60)
        report.check("what-if", slug not in [p["slug"] for p in asked(service)], f"{slug} is still asked")

    adopt()
    known = plan_of(service)
    browser.open(service.base + f"{event}/what-if")
    report.check("undo", "Adopted before" in text_of(browser), "nothing can be taken back")
    browser.run("document.querySelector('[name=back]').checked = true")
    see(browser, report, out, "what-if-adopted")
    press(browser, "form[action$='/undo'] button")
    report.check("undo", browser.run("location.pathname") == event, browser.run("location.href"))
    service.wait("the plan before", lambda: plan_of(service) not in (None, known), 60)
    report.check("undo", slug in [p["slug"] for p in asked(service)], f"{slug} is not asked again")
    adopt()


def answers(browser, service, report, out):
    """Two teams by their links: one observes, one cannot and says why."""
    first, second = [p["slug"] for p in sorted(asked(service), key=lambda p: -p["tiles"])[:2]]
    for slug, word, reason in [(first, "accepted", None), (second, "refused", "clouds <b>")]:
        link = subprocess.run(
            [service.program, "link", slug, "--days", "1", "--config", service.config], check=True,
            capture_output=True, text=True).stdout.strip().split()[-1]
        browser.open(service.base + "/" + link.split("/", 3)[3])
        if reason:
            browser.run(
                f"document.querySelector('form:has([name=a][value={word}]) [name=reason]').value = {json.dumps(reason)}")
        else:
            see(browser, report, out, "answer")
        press(browser, f"form:has([name=a][value={word}]) button")
        report.check("answer", "Thank you" in text_of(browser), text_of(browser)[:200])
        record = service.get(f"/api/telescopes/{slug}/queue")["record"]
        said = [(r["state"], r["reason"]) for r in record]
        report.check("answer", (word, reason) in said, f"the record of {slug} has {said}")
    return first


def operator(browser, service, report, out):
    """A team that is signed in answers on the page of its telescope."""
    parts = [p for p in sorted(asked(service), key=lambda p: -p["tiles"]) if p["state"] == "plan sent" or p["state"] == "sent"]
    if not parts:
        return report.fault("operator", "nobody is left to answer")
    slug = parts[0]["slug"]
    sign_out(browser, service)
    sign_in(browser, service, f"/t/{slug}", service.issue(slug, f"operator:{slug}"))
    see(browser, report, out, "telescope-operator")
    press(browser, "[name=a][value=accepted]")
    report.check("operator", "Thank you" in text_of(browser), text_of(browser)[:300])
    states = {p["state"] for p in service.get(f"/api/telescopes/{slug}/queue")["pointings"]}
    report.check("operator", "accepted" in states, f"the queue of {slug} has {states}")
    sign_out(browser, service)
    sign_in(browser, service, "/")


def decide(browser, service, report, out, other):
    """A lead decides; of two the second learns of the first and loses nothing."""
    event = f"/events/{EVENT}"
    browser.open(service.base + event)
    browser.run("document.querySelector('#choice-STOP').checked = true")
    browser.run("document.querySelector('#reason').value = 'found elsewhere <b>'")
    see(browser, report, out, "decide")
    # Somebody acts first.
    service.post(f"/api/events/{EVENT}/decision", json.dumps(
        {"outcome": "LIMITED", "telescopes": [other], "role": "shift leader", "reason": "save the others"}).encode())
    service.wait("the other's decision", lambda: service.get(f"/api/events/{EVENT}")["event"]["decision"] == "LIMITED", 60)
    report.check("stale form", browser.run("document.querySelector('#reason').value") == "found elsewhere <b>", "typed text is lost")
    press(browser, "form[action$='/decision'] button")
    text = text_of(browser)
    report.check("stale form", "Somebody acted first" in text and "save the others" in text, text[:300])
    report.check("stale form", browser.run("document.querySelector('#reason').value") == "found elsewhere <b>", "loses what was typed")
    report.check("stale form", browser.run("document.querySelector('#choice-STOP').checked"), "loses what was chosen")
    browser.events = [e for e in browser.events if e.get("method") != "Log.entryAdded"]  # 409 is what is wanted
    see(browser, report, out, "decide-late")
    press(browser, "form[action$='/decision'] button")
    service.wait("STOP", lambda: service.get(f"/api/events/{EVENT}")["event"]["decision"] == "STOP", 60)
    browser.open(service.base + f"/replay?event={EVENT}")
    text = text_of(browser)
    report.check("replay", "found elsewhere <b>" in text and "save the others" in text, text[:300])
    see(browser, report, out, "replay-after")


def drill(browser, service, report, out):
    browser.open(service.base + "/drill")
    press(browser, "form[action='/drill'] button")
    report.check("drill", "running" in text_of(browser), "does not begin")
    end = time.monotonic() + 120
    while time.monotonic() < end and "running" in (text_of(browser) or "running"):
        browser.listen(1.0)
    text = text_of(browser)
    report.check("drill", "passed" in text and "retraction" in text, text[:500])
    see(browser, report, out, "drill-after")


def follow_up(browser, service, report, out):
    """A point source: a slip loses nothing, the ranking comes, a telescope is asked and let off."""
    browser.open(service.base + "/followup")
    for field, value in {"name": "GRB 260915B", "ra": "abc", "dec": "+03:30:00", "mag": "16.5", "change-value": "0.9"}.items():
        browser.run(f"document.querySelector('#{field}').value = {json.dumps(value)}")
    press(browser, "form[action='/followup'] button")
    report.check("follow-up", browser.run("!!document.querySelector('[role=alert]')"), "says nothing of the slip")
    report.check("follow-up", browser.run("document.querySelector('#mag').value") == "16.5", "loses what was typed")
    browser.events = [e for e in browser.events if e.get("method") != "Log.entryAdded"]  # 400 is what is wanted
    see(browser, report, out, "follow-up-slip")
    browser.run("document.querySelector('#ra').value = '23:26:00'")
    press(browser, "form[action='/followup'] button", 4.0)
    report.check("follow-up", browser.run("location.pathname").startswith("/followup/"), text_of(browser)[:300])
    see(browser, report, out, "follow-up-ranked")
    slug = browser.run("document.querySelector('form[action$=\"/send\"] [name=telescope]').value")
    press(browser, "form[action$='/send'] button", 2.0)
    report.check("follow-up", browser.run("!!document.querySelector('[role=status]')"), text_of(browser)[:300])
    queue = service.get(f"/api/telescopes/{slug}/queue")["pointings"]
    report.check("follow-up", any("GRB" in p["event"] for p in queue), f"{slug} has {len(queue)} pointings, none of it")
    see(browser, report, out, "follow-up-sent")
    browser.run("document.querySelector('form[action$=\"/withdraw\"] [name=reason]').value = 'seen by others'")
    press(browser, "form[action$='/withdraw'] button", 2.0)
    queue = service.get(f"/api/telescopes/{slug}/queue")["pointings"]
    report.check("follow-up", not any("GRB" in p["event"] and p["state"] == "sent" for p in queue), "is not taken back")


def swap(browser, service, report, out):
    """One member gives a shift away, the other takes it; the roster's file has it."""
    people = {name: service.issue("phone", "view", "--user", name) for name in ["shifter-01", "shifter-02"]}
    # Called like a member, and not the member.
    sign_in(browser, service, "/roster", service.issue("shifter-01", "view"))
    report.check("swap", browser.run("!document.querySelector('#give')"), "the label of a token is taken for a person")
    sign_out(browser, service)
    sign_in(browser, service, "/roster", people["shifter-01"])
    browser.run("document.querySelector('#give').value = 'shifter-01 2026-09-16/1'")
    browser.run("document.querySelector('#to').value = 'shifter-02'")
    press(browser, "form[action='/roster/swap'] button")
    report.check("swap", "shifter-01 gives 2026-09-16/1 to shifter-02" in text_of(browser), text_of(browser)[-600:])
    report.check("swap", browser.run("document.querySelectorAll('[name=answer]').length") == 1, "the asker may only withdraw")
    sign_out(browser, service)
    sign_in(browser, service, "/roster", people["shifter-02"])
    see(browser, report, out, "roster-swap")
    press(browser, "[name=answer][value=accepted]")
    report.check("swap", "Accepted" in text_of(browser), text_of(browser)[-600:])
    held = open(service.roster).read()
    report.check("swap", "2026-09-16/1" in held and "shifter-02 for shifter-01" in held, held[-400:])
    sign_out(browser, service)


def acts(browser, service, report, out, slug):
    """What a lead and the teams do about an event, on a phone."""
    browser.size(360, 740)
    browser.call("Network.setCookie", name="theme", value="dark", url=service.base, httpOnly=True)
    event = f"/events/{EVENT}"
    browser.open(service.base + event)
    report.check("decide", browser.run("!document.querySelector('[name=choice]')"), "strangers get the form")
    report.check("decide", sign_in(browser, service, event) == event, "sign-in does not lead back")
    follow_up(browser, service, report, out)
    what_if(browser, service, report, out, slug)
    other = answers(browser, service, report, out)
    operator(browser, service, report, out)
    decide(browser, service, report, out, other)
    drill(browser, service, report, out)
    sign_out(browser, service)
    swap(browser, service, report, out)


def speed(service, report, pages):
    """How long the service takes for each page, over the line, in milliseconds: the 95th of a hundred."""
    for name, path in pages.items():
        times = []
        for _ in range(100):
            start = time.monotonic()
            urllib.request.urlopen(service.base + path).read()
            times.append(1000 * (time.monotonic() - start))
        report.times[name] = round(sorted(times)[int(0.95 * len(times))], 1)


def stream(service, report, readers=100):
    """A line of the log reaches a hundred readers of the stream of changes."""
    host, port = service.base[7:].split(":")
    sockets = []
    for _ in range(readers):
        one = socket.create_connection((host, int(port)), timeout=20)
        one.sendall(f"GET /api/changes HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        sockets.append(one)
    for one in sockets:
        one.recv(4096)
    start = time.monotonic()
    # Signing in writes a line.
    body = f"token={service.token}".encode()
    request = urllib.request.Request(
        service.base + "/sign-in", data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    urllib.request.urlopen(request).read()
    reached = 0
    for one in sockets:
        text = b""
        while b"session.begun" not in text and time.monotonic() - start < 20:
            try:
                text += one.recv(4096)
            except TimeoutError:
                break
        reached += b"session.begun" in text
        one.close()
    report.times["100 readers of changes"] = round(1000 * (time.monotonic() - start), 1)
    report.check("stream", reached == readers, f"reached {reached} of {readers}")


# What the documentation says under each picture; pages that are not named here are not in it.
CAPTIONS = {
    "board": "The board: whom to contact, events, every telescope's night and what it has of them",
    "event": "An event: what was decided and by which criteria, the plan, its proof, what changed, who is left out",
    "decide": "A lead decides", "decide-late": "Somebody acted first: it is said, and nothing typed is lost",
    "what-if-question": "What if: a telescope less", "what-if": "The answer beside the plan in force",
    "what-if-adopted": "What was adopted can be taken back",
    "telescope": "A telescope: GO, WAIT or STOP, the next target, the night",
    "telescope-operator": "The same page for its operator", "answer": "A team's queue behind its signed link",
    "telescopes": "The network", "follow-up": "A point source", "follow-up-slip": "A slip loses nothing that was typed",
    "follow-up-ranked": "The telescopes, ranked", "follow-up-sent": "One is asked",
    "shift": "The shift log from the record", "circular": "The draft of a GCN Circular",
    "roster": "The roster", "roster-swap": "A swap request", "replay": "How it went",
    "replay-after": "How it went, with what people did", "drill": "A drill", "drill-after": "A drill that passed",
    "sign-in": "The door",
}


def gallery(report):
    """The documentation's page of pictures, with what was measured."""
    lines = ["# Pages", "", "Made by `make test-browser PICTURES=Tests/Browser/screenshots`: by day on a desk, at night on a",
             "phone, each without scrolling, with a mock event on the shipped telescopes.", ""]
    for name, caption in CAPTIONS.items():
        if not all(os.path.exists(os.path.join(PICTURES[0], f"{name}-{width}.webp")) for _, width, _ in SHOWN):
            report.fault("gallery", f"there is no picture of {name}")
            continue
        lines += [f"## {caption}", "", " ".join(
            f"<img src=\"{name}-{width}.webp\" alt=\"{caption}, {width} px wide\" width=\"{width // 2 if width > 500 else 240}\">"
            for _, width, _ in SHOWN), ""]
    lines += ["## Measured", "",
              "Bytes of a first load over the line, and the 95th of a hundred answers on the machine that made the pictures.",
              "", "| page | bytes | answered in ms |", "|---|---|---|"]
    lines += [f"| {name} | {size} | {report.times.get(name, '')} |" for name, size in report.weights.items()]
    rest = [f"{name}: {value} ms" for name, value in report.times.items() if name not in report.weights]
    lines += ["", f"{len(report.contrast)} looks; least contrast of text {min(report.contrast.values())}. " + "; ".join(rest) + "."]
    with open(os.path.join(PICTURES[0], "README.md"), "w") as file:
        file.write("\n".join(lines) + "\n")
    for name in os.listdir(PICTURES[0]):
        size = os.path.getsize(os.path.join(PICTURES[0], name))
        report.check("gallery", size <= 150 << 10, f"{name} is {size} bytes")


def closed_door(program, browser, report, out):
    service = Service(program, reading=False)
    try:
        browser.size(360, 740)
        browser.open(service.base + "/roster")
        report.check("closed", browser.run("!!document.querySelector('#token')"), "does not show the door")
        browser.picture(os.path.join(out, "closed.png"))
        browser.run("document.querySelector('#token').focus()")
        browser.type(service.token)
        browser.key("Enter", 13, "\r")
        browser.listen(1.0)
        report.check("closed", browser.run("location.pathname") == "/roster", "does not lead on")
    finally:
        service.close()


def main():
    program, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.makedirs(out, exist_ok=True)
    if len(sys.argv) > 3:
        PICTURES[0] = os.path.abspath(sys.argv[3])
        os.makedirs(PICTURES[0], exist_ok=True)
    report = Report()
    service = Service(program)
    try:
        browser = Browser()
        try:
            slug, parts = play(service)
            print(f"{EVENT} is planned for {slug} and others; {parts} telescopes were asked", flush=True)
            pages = {
                "board": "/", "event": f"/events/{EVENT}", "telescope": f"/t/{slug}", "telescopes": "/telescopes",
                "shift": "/shift?kind=log", "circular": "/shift?kind=circular", "roster": "/roster",
                "follow-up": "/followup", "sign-in": "/sign-in", "replay": f"/replay?event={EVENT}", "drill": "/drill",
            }
            look(browser, service, report, out, pages)
            browser.open(service.base + "/nothing")
            without_script(browser, service, report, pages)
            keyboard(browser, service, report, pages)
            flows(browser, service, report, slug)
            hostile(browser, service, report)
            speed(service, report, pages)
            stream(service, report)
            acts(browser, service, report, out, slug)
            closed_door(program, browser, report, out)
            night.recorded(program, browser, report, out)
        finally:
            browser.close()
    finally:
        service.close()
    found = {"bytes": report.weights, "least_contrast": min(report.contrast.values()), "milliseconds": report.times}
    for folder in [out] + [PICTURES[0]] * bool(PICTURES[0]):
        with open(os.path.join(folder, "weights.json"), "w") as file:
            json.dump(found, file, indent=2)
            file.write("\n")
    if PICTURES[0]:
        gallery(report)
    print(f"axe: {report.axe} looks" if axe() else "axe: skipped, since there is no axe.min.js: pip install axe-playwright-python, or name it in AXE_JS")
    print("milliseconds: " + ", ".join(f"{name} {value}" for name, value in report.times.items()))
    print(f"{len(report.contrast)} looks, least contrast {min(report.contrast.values())}, {len(report.faults)} faults")
    sys.exit(1 if report.faults else 0)


main()
