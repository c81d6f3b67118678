"use strict";
// Keeps the parts marked data-live up to date and offers copying. Pages are whole without it.
(() => {
  const status = document.getElementById("live");
  let last = null, timer = 0, skipped = 0, stop = null, wait = 1000;
  const shown = new Map();
  // A page that answers a form stands under the form's address, where there is nothing to read.
  const own = location.pathname.replace(/\/(decision|say|swap(\/\d+)?)$/, "");
  const address = own === location.pathname ? location.href : own;
  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  function arm(root) {
    for (const button of root.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", () => copy(button));
    }
  }
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
    } catch {
      if (source.select) { source.select(); document.execCommand("copy"); return say("Copied."); }
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    say("Copied.");
  }

  // The same control in a part that was replaced, so that the keyboard stays where it was.
  function twin(active, part) {
    for (const name of ["id", "data-copy", "href"]) {
      const value = active.getAttribute(name);
      if (value) return part.querySelector(`[${name}="${CSS.escape(value)}"]`);
    }
    return null;
  }

  async function refresh() {
    timer = 0;
    if (!document.querySelector("[data-live]")) return;
    // Someone is selecting text: not under their hand, but not for ever either.
    if (!getSelection().isCollapsed && ++skipped < 4) return later(5000);
    skipped = 0;
    const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-cache" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.innerHTML === shown.get(part.id)) continue;
      shown.set(part.id, fresh.innerHTML);
      const active = document.activeElement, copied = document.importNode(fresh, true);
      const held = part.contains(active);
      for (const open of part.querySelectorAll("details[id][open]")) {
        const next = copied.querySelector(`#${CSS.escape(open.id)}`);
        if (next) next.open = true;
      }
      part.replaceWith(copied);
      arm(copied);
      if (held) twin(active, copied)?.focus({ preventScroll: true });
    }
  }
  function later(ms) {
    if (!timer) timer = setTimeout(() => refresh().catch(() => {}), ms);
  }

  // Not an EventSource: that needs the name of every kind of event.
  async function listen() {
    const control = new AbortController();
    stop = () => control.abort();
    const headers = last === null ? {} : { "Last-Event-ID": last };
    const answer = await fetch("/api/changes", { headers, signal: control.signal, cache: "no-store" });
    if (!answer.ok) throw new Error("no stream");
    say("Live.");
    wait = 1000;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = "";;) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the stream ended");
      const lines = (text + value).split("\n");
      text = lines.pop();
      const ids = lines.filter((line) => line.startsWith("id: "));
      if (ids.length) { last = ids[ids.length - 1].slice(4); later(400); }
    }
  }
  async function run() {
    while (!document.hidden) {
      try { await listen(); } catch { if (!document.hidden) say("Not live: trying again."); }
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(wait * 2, 60000);
    }
    running = false;
  }
  let running = false;
  function start() { if (!running) { running = true; run(); } }

  for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);
  arm(document);
  start();
  setInterval(() => { if (!document.hidden) later(0); }, 60000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { if (stop) stop(); } else { later(0); start(); }
  });
})();
