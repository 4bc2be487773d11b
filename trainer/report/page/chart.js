"use strict";
// Curves and histograms as SVG. No text is ever read as HTML.

const $ = (selector, within = document) => within.querySelector(selector);

// element makes an element of a name, its attributes and its children.
function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(key, value);
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

function shape(name, attributes = {}, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  return e;
}

// Numbers.

const power = (v) => v.toExponential().replace("e+", "e");

// number writes a value with about four digits.
function number(v) {
  if (v === null || v === undefined) return "–";
  const size = Math.abs(v);
  if (v === 0) return "0";
  if (size < 1e-3 || size >= 1e9) return v.toExponential(2).replace("e+", "e");
  if (Number.isInteger(v) || size >= 1e4) return Math.round(v).toLocaleString("en");
  return v.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
}

// short writes the label of a tick, all of an axis with the same digits after the point.
function short(v, step) {
  const size = Math.abs(v);
  if (v === 0) return "0";
  if (size >= 1e9) return power(Number(v.toPrecision(2)));
  if (size >= 1e6) return trim(v / 1e6, step / 1e6) + "M";
  if (size >= 1e4) return trim(v / 1e3, step / 1e3) + "k";
  if (size < 1e-3 || (size < 1e-2 && step < 5e-4)) return power(Number(v.toPrecision(2)));
  return trim(v, step);
}

const trim = (v, step) => v.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9))));

function duration(seconds) {
  if (seconds < 60) return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  const minutes = Math.floor(seconds / 60 + 1e-9);
  if (minutes < 60) return `${minutes} min` + (minutes < 10 && Math.round(seconds % 60) > 0 ? ` ${Math.round(seconds % 60)} s` : "");
  return `${Math.floor(minutes / 60)} h` + (minutes % 60 ? ` ${minutes % 60} min` : "");
}

// Scales.

// nice returns the step of about so many ticks over a span: 1, 2 or 5 times a power of ten.
function nice(span, count) {
  const rough = span / count, unit = 10 ** Math.floor(Math.log10(rough));
  return unit * ([1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.999) ?? 10);
}

// niceTime is nice in units of a clock.
function niceTime(span, count) {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  return span / count < 1 ? nice(span, count) : steps.find((s) => s >= span / count) ?? 86400 * nice(span / 86400, count);
}

function linear(low, high, from, to, count, fit = nice) {
  // One value, or so near to it that no number lies between ticks.
  if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) [low, high] = [low - (Math.abs(low) * 0.1 || 0.5), high + (Math.abs(high) * 0.1 || 0.5)];
  const step = fit(high - low, count), ticks = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++) ticks.push({ value: i * step, text: short(i * step, step) });
  return { at: (v) => from + ((v - low) / (high - low)) * (to - from), ticks, low, high };
}

function logarithmic(low, high, from, to, count) {
  if (high <= low * (1 + 1e-9)) [low, high] = [low / 2, high * 2];
  const a = Math.log10(low), b = Math.log10(high), decades = b - a;
  const factors = decades > count ? [1] : decades > count / 3 ? [1, 3] : decades > 0.5 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  const every = Math.max(1, Math.ceil(decades / count)), ticks = [];
  for (let e = Math.floor(a); e <= b; e++) {
    if (e % every !== 0) continue;
    for (const f of factors) {
      const value = f * 10 ** e;
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push({ value, text: short(value, f % 1 ? 10 ** e / 2 : 10 ** e) });
    }
  }
  return { at: (v) => from + ((Math.log10(v) - a) / (b - a)) * (to - from), ticks, low, high };
}

// smooth averages each point with those before it, as TensorBoard does: their weights fall by the share, and those of the
// first points add up to 1 too.
function smooth(values, share) {
  let sum = 0, weight = 0;
  return values.map((v) => {
    if (v === null) return null;
    sum = sum * share + (1 - share) * v;
    weight = weight * share + (1 - share);
    return sum / weight;
  });
}

// Frames.

const chartHeight = 230;

// frame begins a chart: its heading, and an SVG as wide as there is room.
function frame(title, unit, label) {
  const head = element("div", {}, element("h4", {}, title), element("small", {}, unit));
  const svg = shape("svg", { role: "img", tabindex: 0, "aria-label": label });
  return { box: element("div", { class: "chart" }, head, svg), head, svg };
}

// axes draws the ticks of both scales and returns them, with the place inside.
function axes(svg, width, makeX, makeY, format) {
  const room = { top: 8, right: 12, bottom: 26 };
  let y = makeY(chartHeight - room.bottom, room.top);
  const left = 12 + 6.6 * Math.max(3, ...y.ticks.map((t) => t.text.length));
  const x = makeX(left, width - room.right);
  svg.setAttribute("height", chartHeight);
  svg.setAttribute("viewBox", `0 0 ${width} ${chartHeight}`);
  const bottom = chartHeight - room.bottom;
  for (const t of y.ticks) {
    svg.append(shape("line", { class: "gridline", x1: left, x2: width - room.right, y1: y.at(t.value), y2: y.at(t.value) }));
    svg.append(shape("text", { x: left - 7, y: y.at(t.value) + 4, "text-anchor": "end" }, t.text));
  }
  let free = -Infinity; // where the last label ends
  for (const t of x.ticks) {
    const at = x.at(t.value), text = format ? format(t.value) : t.text, half = 3.2 * text.length;
    svg.append(shape("line", { class: "axis", x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    if (at - half < free || at + half > width) continue;
    svg.append(shape("text", { x: at, y: bottom + 18, "text-anchor": "middle" }, text));
    free = at + half + 8;
  }
  svg.append(shape("line", { class: "axis", x1: left, x2: width - room.right, y1: bottom, y2: bottom }));
  return { x, y, left, right: width - room.right, top: room.top, bottom };
}

const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// Tips: what is under the pointer, or under the arrow keys.

const tip = $("#tip");

function showTip(x, y, title, rows) {
  tip.replaceChildren(element("p", {}, title), ...rows.map(([color, name, value]) =>
    element("p", {}, element("span", {}, color === null ? null : element("span", { class: `swatch c${color % 8}` }), name), element("b", {}, value))));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(6, Math.min(x + 16, innerWidth - box.width - 6)) + "px";
  tip.style.top = Math.max(6, y + 16 + box.height > innerHeight ? y - box.height - 12 : y + 16) + "px";
}

const hideTip = () => { tip.hidden = true; };

// follow calls show with the position that the pointer, or the arrow keys, are at, of those in order.
function follow(svg, area, positions, show) {
  const cross = shape("line", { class: "cross", y1: area.top, y2: area.bottom, visibility: "hidden" });
  svg.append(cross);
  let at = -1;
  const move = (i, clientY) => {
    at = Math.max(0, Math.min(positions.length - 1, i));
    const box = svg.getBoundingClientRect(), x = positions[at];
    cross.setAttribute("x1", x);
    cross.setAttribute("x2", x);
    cross.setAttribute("visibility", "visible");
    show(at, box.left + x, clientY ?? box.top + 40);
  };
  const leave = () => {
    cross.setAttribute("visibility", "hidden");
    hideTip();
  };
  svg.onpointermove = svg.onpointerdown = (event) => {
    if (positions.length === 0) return;
    const x = event.clientX - svg.getBoundingClientRect().left;
    let near = 0;
    for (let i = 1; i < positions.length; i++) if (Math.abs(positions[i] - x) < Math.abs(positions[near] - x)) near = i;
    move(near, event.clientY);
  };
  svg.onpointerleave = svg.onblur = leave;
  svg.onkeydown = (event) => {
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: positions.length - 1 }[event.key];
    if (event.key === "Escape") leave();
    if (next === undefined || positions.length === 0) return;
    event.preventDefault();
    move(at < 0 && event.key === "ArrowLeft" ? positions.length - 1 : next);
  };
}
