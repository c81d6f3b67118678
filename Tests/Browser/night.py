"""A recorded night on a phone: S230518h, as somebody who knows only the shift's cookbook would go through it.

Its notices lie beside the repository; without them this part is left out, and says so.
"""

import json
import os
import subprocess

from rig import ROOT, ROSTER, Service, audit, press, sign_in, text_of

RECORDED = os.path.join(os.path.dirname(ROOT), "shared/data/notices/lvk")
EVENT = "S230518h"
SPRING = ROSTER.format(campaign="spring 2023", week="2023-05-18", weeks=1)


def notice(stage):
    with open(os.path.join(RECORDED, f"gwtm_{EVENT}-{stage}_alert.json"), "rb") as file:
        return {f"{stage}.json": file.read()}


def recorded(program, browser, report, out):
    if not os.path.isdir(RECORDED):
        print(f"the recorded night is left out: its notices are not in {RECORDED}", flush=True)
        return
    # The page before still listens to a service that is gone.
    browser.open("about:blank")
    service = Service(program, start="2023-05-18T13:20:00Z", text=SPRING)
    try:
        Night(service, browser, report, out).go()
    finally:
        service.close()


class Night:
    def __init__(self, service, browser, report, out):
        self.service, self.browser, self.report, self.out = service, browser, report, out
        self.page, self.number = f"/events/{EVENT}", 0

    def see(self, name):
        self.number += 1
        audit(self.browser, self.report, f"night-{name}")
        self.browser.picture(os.path.join(self.out, f"night-{self.number:02}-{name}.png"))

    def check(self, isGood, text):
        self.report.check("night", isGood, text)

    def event(self):
        return self.service.get(f"/api/events/{EVENT}")

    def plan(self):
        return (self.event()["event"]["plan"] or {}).get("id")

    def another(self, known):
        return self.service.wait("another plan", lambda: self.plan() not in (None, known), 90)

    def asked(self):
        parts = self.service.get(f"/api/events/{EVENT}/plan")["parts"]
        return sorted((p for p in parts if p["state"] != "left_out"), key=lambda p: -p["tiles"])

    def open(self, path):
        self.browser.open(self.service.base + path)
        return text_of(self.browser)

    def go(self):
        self.browser.size(360, 740)
        self.browser.call("Network.setCookie", name="theme", value="dark", url=self.service.base, httpOnly=True)
        self.service.drop(notice("Preliminary"))
        self.service.drop(notice("Initial"))
        self.service.wait("the plan", lambda: any(e["id"] == EVENT and e["plan"] for e in self.service.get("/api/events")["events"]))
        text = self.open("/")
        self.check(EVENT in text, "the board does not show the event")
        self.see("board")
        self.browser.run(f"document.querySelector('a[href=\"{self.page}\"]').click()")
        self.browser.listen(1)
        self.see("event")
        self.decide()
        self.follow()
        self.adopt()
        self.hand_over()

    def decide(self):
        self.check(sign_in(self.browser, self.service, self.page) == self.page, "sign-in does not lead back")
        self.see("signed-in")
        self.browser.run("document.querySelector('#choice-GO').checked = true")
        self.browser.run("document.querySelector('#reason').value = 'near, and dark soon in the south'")
        self.see("decide")
        press(self.browser, "form[action$='/decision'] button")
        self.service.wait("GO", lambda: self.event()["event"]["decision"] == "GO", 60)
        self.browser.listen(1)
        self.see("decided")

    def answer(self, slug, word, reason=None):
        link = subprocess.run(
            [self.service.program, "link", slug, "--days", "1", "--config", self.service.config], check=True,
            capture_output=True, text=True).stdout.strip().split()[-1]
        self.open("/" + link.split("/", 3)[3])
        if reason:
            self.browser.run(
                f"document.querySelector('form:has([name=a][value={word}]) [name=reason]').value = {json.dumps(reason)}")
        self.see(f"link-{word}")
        press(self.browser, f"form:has([name=a][value={word}]) button")
        self.check("Thank you" in text_of(self.browser), text_of(self.browser)[:300])
        self.see(f"link-{word}-said")

    def follow(self):
        """One accepts, another cannot: the leader's page, left open, shows the new plan."""
        first, second = [p["slug"] for p in self.asked()[:2]]
        self.answer(first, "accepted")
        known = self.plan()
        self.answer(second, "refused", "clouds until morning")
        self.another(known)
        text = self.open(self.page)
        self.check("What changed" in text, "the page does not say what changed")
        self.check(second not in [p["slug"] for p in self.asked()], f"{second} is asked all the same")
        self.see("replanned")
        self.open("/")
        self.see("board-answers")

    def adopt(self):
        known, slug = self.plan(), self.asked()[1]["slug"]
        self.open(self.page)
        press(self.browser, f"a[href='{self.page}/what-if']")
        self.browser.run(f"document.querySelector('[name=drop][value=\"{slug}\"]').checked = true")
        self.see("what-if-asked")
        press(self.browser, "form[method=get] button", 3)
        self.see("what-if")
        press(self.browser, "form[method=post][action$='what-if'] button")
        self.another(known)
        self.check(slug not in [p["slug"] for p in self.asked()], f"{slug} is asked all the same")
        self.open(self.page)
        self.see("adopted")

    def hand_over(self):
        known = self.plan()
        self.service.drop(notice("Update"))
        self.another(known)
        self.open(self.page)
        self.see("updated")
        self.open("/shift")
        press(self.browser, "a[href*='handover']")
        self.see("hand-over")
        origin = self.service.base
        self.browser.call(
            "Browser.grantPermissions", session=None, origin=origin,
            permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        press(self.browser, "[data-copy=shift-text]", 0.5)
        copied = self.browser.run("navigator.clipboard.readText()")
        for words in [EVENT, "HAND-OVER", "GO"]:
            self.check(words in copied, f"the hand-over does not say {words}: {copied[:300]}")
        with open(os.path.join(self.out, "night-hand-over.txt"), "w") as file:
            file.write(copied)
