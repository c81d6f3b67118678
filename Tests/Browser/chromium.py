"""A headless Chromium, driven over its DevTools protocol. Needs Debian's chromium and python3-websocket."""

import base64
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

import websocket


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vesper-chromium-")
        command = [
            shutil.which("chromium") or "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
            "--hide-scrollbars", "--no-first-run", "--disable-extensions", "--disable-background-networking",
            "--disable-component-update", "--force-color-profile=srgb", "--remote-debugging-port=0",
            "--remote-allow-origins=*", f"--user-data-dir={self.folder}", "about:blank",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        place = os.path.join(self.folder, "DevToolsActivePort")
        for _ in range(300):
            if os.path.exists(place) and len(open(place).read().split()) == 2:
                break
            time.sleep(0.1)
        port, path = open(place).read().split()
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=60)
        self.number = 0
        self.events = []
        target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log", "DOM"]:
            self.call(f"{domain}.enable")

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, session="own", **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session == "own" and getattr(self, "session", None):
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.note(answer)

    def note(self, event):
        self.events.append(event)
        if event.get("method") == "Page.javascriptDialogOpening":
            self.number += 1
            self.socket.send(
                json.dumps(
                    {"id": self.number, "method": "Page.handleJavaScriptDialog", "sessionId": self.session,
                     "params": {"accept": True}}))

    def listen(self, seconds):
        """Takes in what the browser says for a while."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self.socket.settimeout(rest)
            try:
                self.note(json.loads(self.socket.recv()))
            except websocket.WebSocketTimeoutException:
                break
        self.socket.settimeout(60)

    def size(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=width < 600)

    def open(self, address, settle=0.25):
        self.events = []
        self.call("Page.navigate", url=address)
        end = time.monotonic() + 30
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            if time.monotonic() > end:
                raise RuntimeError(f"{address} does not load")
            self.listen(0.05)
        self.listen(settle)

    def run(self, script):
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", script[:200]))
        return result["result"].get("value")

    def key(self, name, code, text=None):
        extra = {"text": text} if text else {}
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **extra)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def complaints(self):
        """What the console says, and what was thrown."""
        found = []
        for event in self.events:
            method, p = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(p["exceptionDetails"].get("exception", {}).get("description")))
            elif method == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
                found.append(str([a.get("value") for a in p["args"]]))
            elif method == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
                found.append(p["entry"]["text"] + " " + p["entry"].get("url", ""))
        return found

    def weight(self):
        """Bytes that came over the line since the page was opened, without the stream of changes."""
        return sum(
            e["params"]["encodedDataLength"] for e in self.events
            if e.get("method") == "Network.loadingFinished")

    def hosts(self):
        return {
            e["params"]["request"]["url"].split("/")[2] for e in self.events
            if e.get("method") == "Network.requestWillBeSent" and "://" in e["params"]["request"]["url"]}

    def picture(self, path=None, whole=True, scale=1, webp=False, top=0):
        clip = {}
        if whole:
            box = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": box["width"], "height": min(box["height"], 9000),
                             "scale": scale}, "captureBeyondViewport": True}
        elif scale != 1 or top:
            box = self.call("Page.getLayoutMetrics")["cssVisualViewport"]
            clip = {"clip": {"x": 0, "y": top, "width": box["clientWidth"], "height": box["clientHeight"], "scale": scale},
                    "captureBeyondViewport": top > 0}
        data = base64.b64decode(self.call("Page.captureScreenshot", **({"format": "webp", "quality": 75} if webp else {"format": "png"}), **clip)["data"])
        if path:
            with open(path, "wb") as file:
                file.write(data)
        return data


def pixels(png):
    """Rows of a PNG with 8 bits a channel, as bytes, and the number of channels."""
    at, packed, width, channels = 8, b"", 0, 0
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6), "a PNG of colours is expected"
            channels = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
    data, stride, rows = zlib.decompress(packed), width * channels, []
    before = bytearray(stride)
    for start in range(0, len(data), stride + 1):
        mode, row = data[start], bytearray(data[start + 1:start + 1 + stride])
        if mode == 1:
            for i in range(channels, stride):
                row[i] = (row[i] + row[i - channels]) & 255
        elif mode == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before))
        elif mode == 3:
            for i in range(stride):
                left = row[i - channels] if i >= channels else 0
                row[i] = (row[i] + (left + before[i]) // 2) & 255
        elif mode == 4:
            for i in range(stride):
                a = row[i - channels] if i >= channels else 0
                c = before[i - channels] if i >= channels else 0
                b = before[i]
                p = a + b - c
                pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
                row[i] = (row[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
        rows.append(row)
        before = row
    return rows, channels
