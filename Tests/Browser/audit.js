// What a page must hold to: names, labels, contrast, sizes. Returns a list of faults in words.
(() => {
  const faults = [];
  const say = (rule, element) => {
    const text = (element.outerHTML || "").replace(/\s+/g, " ").slice(0, 140);
    faults.push(`${rule}: ${text}`);
  };
  const isShown = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const isForReadersOnly = (e) => !!e.closest(".sr, .skip, thead") && e.getBoundingClientRect().width <= 2;

  if (!document.documentElement.lang) faults.push("the page has no language");
  if (!document.title) faults.push("the page has no title");
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    faults.push(`the page scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
    for (const e of document.querySelectorAll("body *")) {
      if (e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest(".grid, .wide-picture, svg")) { say("too wide", e); break; }
    }
  }
  const ids = new Map();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) say("the id is there twice", e);
    ids.set(e.id, e);
  }
  for (const e of document.querySelectorAll("[aria-labelledby],[aria-describedby]")) {
    for (const id of `${e.getAttribute("aria-labelledby") || ""} ${e.getAttribute("aria-describedby") || ""}`.split(/\s+/)) {
      if (id && !ids.has(id)) say(`refers to ${id}, which is not there`, e);
    }
  }
  // 1.3.1: one h1, and no level left out.
  const levels = [...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.localName[1]));
  if (levels.filter((l) => l === 1).length !== 1) faults.push("there is not one h1");
  levels.reduce((before, now) => { if (now > before + 1) faults.push(`h${now} follows h${before}`); return now; }, 0);
  if (document.querySelectorAll("main").length !== 1) faults.push("there is not one main");

  // 4.1.2: names.
  const name = (e) =>
    (e.getAttribute("aria-label") || "") + (e.getAttribute("aria-labelledby") || "").split(/\s+/)
      .map((id) => ids.get(id)?.textContent || "").join(" ") + (e.textContent || "") +
    [...e.querySelectorAll("img")].map((i) => i.alt).join(" ");
  for (const e of document.querySelectorAll("a[href],button")) if (!name(e).trim()) say("has no name", e);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) say("has no alternative", e);
  for (const e of document.querySelectorAll("svg[role]")) if (!name(e).trim()) say("has no name", e);
  for (const e of document.querySelectorAll("input:not([type=hidden]),textarea,select")) {
    if (!e.labels?.length && !e.getAttribute("aria-label")) say("has no label", e);
  }
  for (const e of document.querySelectorAll("th")) if (!e.scope) say("has no scope", e);
  for (const e of document.querySelectorAll("[style],[onclick],[onload],[onerror]")) say("carries style or script", e);

  // 2.5.8: 24 px; ours are 44 outside of running text and drawings.
  for (const e of document.querySelectorAll("a[href],button,input:not([type=hidden])")) {
    if (!isShown(e) || e.closest(".skip, svg, p:not(.row):not(.files):not(.coords)")) continue;
    const box = e.getBoundingClientRect();
    if (box.width < 1) continue;
    if (box.height < 43.5 || box.width < 24) say(`is ${box.width.toFixed(0)} x ${box.height.toFixed(0)} px`, e);
  }

  // 1.4.3: contrast of every piece of text with what is behind it.
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => {
    const n = (text.match(/[\d.]+/g) || []).map(Number);
    return n.length < 3 ? null : [n[0], n[1], n[2], n.length > 3 ? n[3] : 1];
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c && c[3] > 0.99) return c;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = 99;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.textContent.trim() || ["SCRIPT", "STYLE", "TITLE", "DESC", "title", "desc"].includes(e.localName) ||
        !isShown(e) || isForReadersOnly(e)) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest("svg") ? style.fill : style.color);
    if (!ink) continue;
    const [a, b] = [light(ink), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    least = Math.min(least, ratio);
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(2)}`, e);
  }
  return { faults: faults.slice(0, 40), least: Number(least.toFixed(2)) };
})()
