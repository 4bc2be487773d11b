// The page: what is shown of the data, and what its reader chooses.

let data = JSON.parse($("#data").textContent);
const chosen = { axis: "step", smoothing: data.smoothing, hidden: new Set(), log: {}, run: null };

const runOf = (path) => data.runs.find((r) => r.path === path) ?? data.runs[0];
const shown = () => data.runs.map((run, i) => ({ run, i })).filter(({ run }) => !chosen.hidden.has(run.path));
const stroke = (i) => `c${i % 8}` + (i % 16 >= 8 ? " dashed" : "");
const swatch = (i) => element("span", { class: `swatch c${i % 8}` });
const when = (text) => (text && !text.startsWith("0001") ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "–");

// Runs.

function showRuns() {
  const one = data.runs.length === 1 ? "1 run" : `${data.runs.length} runs`;
  $("#about").textContent = data.live ? `${one}, as they are at ${when(data.written)}; new steps appear by themselves` : `${one}, written ${when(data.written)}`;
  const many = data.runs.length > mostGlances; // else the cards have the findings
  const notes = data.runs.flatMap((run) => [...(run.notes ?? []), ...(many ? run.findings ?? [] : []).map((f) => f.text)].map((note) => `${run.name}: ${note}`));
  const best = (run) => `${run.metric} ${number(run.best)}` + (run.glance.constant === null ? "" : ` (constant answer ${number(run.glance.constant)})`);
  $("#notes").hidden = notes.length === 0;
  $("#notes").replaceChildren(...notes.map((note) => element("li", {}, note)));
  table($("#run-table"), [["run", "first"], "task", "model", ["parameters", "number"], "state", ["steps", "number"], ["best", "number"], ["at step", "number"], "last step"], data.runs.map((run, i) => [
    [element("span", {}, swatch(i), run.name), "first"], run.task || "–", run.model || "–", [run.record.parameters ? number(run.record.parameters) : "–", "number"],
    element("span", { class: "state " + run.state }, run.state), [number(run.step) + (run.steps ? " / " + number(run.steps) : ""), "number"],
    [run.best === null ? "–" : best(run), "number"], [run.best_step ? number(run.best_step) : "–", "number"], [when(run.updated), "nowrap"]]));
  $("#legend").replaceChildren(...data.runs.map((run, i) => {
    const button = element("button", { type: "button", "aria-pressed": !chosen.hidden.has(run.path) }, swatch(i), run.name);
    button.onclick = () => {
      if (!chosen.hidden.delete(run.path)) chosen.hidden.add(run.path);
      button.setAttribute("aria-pressed", !chosen.hidden.has(run.path));
      drawCurves();
    };
    return button;
  }));
  $("#legend").hidden = data.runs.length < 2;
  $("#runs").hidden = data.runs.length < 2 && notes.length === 0; // the card says it all
  $('nav a[href="#runs"]').hidden = $("#runs").hidden;
}

// Curves.

const along = { step: (v) => `step ${number(v)}`, epoch: (v) => `epoch ${v.toFixed(2)}`, seconds: duration };
let drawn = [];

function showCurves() {
  const open = new Set([...document.querySelectorAll("#groups details[open]")].map((d) => d.dataset.group));
  drawn = [];
  const groups = new Map();
  for (const chart of data.charts) {
    const { box, head, svg } = frame(chart.title, chart.unit, `${chart.title} of each run`);
    const isLog = () => chosen.log[chart.id] ?? (data.log && chart.wide);
    const button = element("button", { type: "button", "aria-pressed": isLog(), title: "logarithmic scale" }, "log");
    button.onclick = () => {
      chosen.log[chart.id] = !isLog();
      button.setAttribute("aria-pressed", isLog());
      draw();
    };
    if (chart.wide) head.append(button);
    const draw = () => drawCurve(chart, svg, isLog());
    drawn.push(draw);
    if (!groups.has(chart.group)) groups.set(chart.group, element("div", { class: "charts" }));
    groups.get(chart.group).append(box);
  }
  $("#groups").replaceChildren(...[...groups].flatMap(([name, charts]) => {
    if (name !== "More metrics") return [element("h3", {}, name), charts];
    const details = element("details", { "data-group": name }, element("summary", {}, name), charts);
    details.open = open.has(name);
    details.ontoggle = drawCurves;
    return [details];
  }));
  if (data.charts.length === 0) $("#groups").replaceChildren(element("p", { class: "quiet" }, "No steps are logged yet."));
  drawCurves();
}

const drawCurves = () => drawn.forEach((draw) => draw());

function drawCurve(chart, svg, log) {
  if (svg.clientWidth === 0) return; // in a group that is closed
  const curves = [];
  for (const { run, i } of shown()) {
    const lines = run[chart.lines], values = lines.values?.[chart.value];
    if (!values) continue;
    const soft = chart.smooth && chosen.smoothing > 0 ? smooth(values, chosen.smoothing) : null;
    const points = values.map((v, k) => ({ x: lines[chosen.axis][k], y: v, soft: soft ? soft[k] : v })).filter((p) => p.y !== null && p.x !== null && (!log || p.y > 0));
    if (points.length > 0) curves.push({ run, i, points, soft: soft !== null });
  }
  svg.replaceChildren();
  if (curves.length === 0) return;
  const all = curves.flatMap((c) => c.points), xs = all.map((p) => p.x), ys = all.map((p) => p.y);
  const least = (list) => list.reduce((a, b) => Math.min(a, b)), most = (list) => list.reduce((a, b) => Math.max(a, b));
  const width = svg.clientWidth, ticks = Math.max(2, Math.floor(width / 70)), times = chosen.axis === "seconds";
  let low = least(ys), high = most(ys);
  if (!log && chart.group === "Machine") low = 0;
  if (log) [low, high] = [low / 1.08, high * 1.08];
  else if (low !== high) [low, high] = [low >= 0 && low < 0.25 * high ? 0 : low - 0.04 * (high - low), high + 0.04 * (high - low)];
  const area = axes(svg, width,
    (a, b) => linear(least(xs), most(xs), a, b, ticks, times ? niceTime : nice),
    (a, b) => (log ? logarithmic(low, high, a, b, 5) : linear(low, high, a, b, 8)), times ? duration : undefined);
  const { x, y } = area;
  for (const { run, i, points, soft } of curves) {
    if (soft) svg.append(shape("path", { class: `curve raw ${stroke(i)}`, d: path(points.map((p) => [x.at(p.x), y.at(p.y)])) }));
    svg.append(shape("path", { class: `curve ${stroke(i)}`, d: path(points.map((p) => [x.at(p.x), y.at(p.soft)])) }));
    if (points.length <= 40) for (const p of points) svg.append(shape("circle", { class: `dot c${i % 8}`, cx: x.at(p.x), cy: y.at(p.soft), r: 2.6 }));
    if (chart.lines === "eval" && chart.value === run.metric && run.best_step) {
      const k = run.eval.step.indexOf(run.best_step), v = run.eval.values[chart.value][k];
      if (k >= 0 && v !== null) svg.append(shape("circle", { class: `best c${i % 8}`, cx: x.at(run.eval[chosen.axis][k]), cy: y.at(v), r: 4.5 }));
    }
  }
  const places = [...new Set(xs)].sort((a, b) => a - b);
  follow(svg, area, places.map((v) => x.at(v)), (at, px, py) => {
    const reach = (most(xs) - least(xs)) / 40;
    const rows = curves.flatMap(({ run, i, points, soft }) => {
      const near = points.reduce((a, b) => (Math.abs(b.x - places[at]) < Math.abs(a.x - places[at]) ? b : a));
      if (Math.abs(near.x - places[at]) > reach) return [];
      return [[i, run.name, number(near.y) + (soft ? ` (smoothed ${number(near.soft)})` : "")]];
    });
    showTip(px, py, along[chosen.axis](places[at]), rows);
  });
}

// Evaluation and lengths, of one run.

let drawnLengths = [];

function showSeen() {
  const select = $("#run");
  chosen.run = runOf(chosen.run).path;
  select.replaceChildren(...data.runs.map((run) => element("option", { value: run.path }, run.name)));
  select.value = chosen.run;
  select.closest("label").hidden = data.runs.length < 2;
  const run = runOf(chosen.run), which = $("#which");
  const same = run.evaluation.best?.step === run.evaluation.latest?.step;
  which.closest("label").hidden = same;
  showEvaluation($("#seen"), run, run.evaluation[same ? "latest" : which.value] ?? run.evaluation.latest);
  const charts = histograms(run.record.lengths);
  $("#histograms").replaceChildren(...(charts.length ? charts.map((c) => c.box) : [element("p", { class: "quiet" }, "They are not recorded.")]));
  drawnLengths = charts.map((c) => c.draw);
  drawnLengths.forEach((draw) => draw());
}

// Configuration and environment: a row for each key, a column for each run.

function compare(target, values, onlyDifferences, kind) {
  const keys = [...new Set(values.flatMap((v) => [...v.keys()]))];
  const rows = keys.map((key) => {
    const texts = values.map((v) => v.get(key));
    return { key, texts, differs: new Set(texts).size > 1 };
  });
  const wanted = rows.filter((r) => r.differs || !onlyDifferences);
  const heads = [["key", "first"], ...data.runs.map((run, i) => element("span", {}, swatch(i), run.name))];
  table(target, heads, wanted.map((r) => ({ kind: r.differs && !onlyDifferences ? "differs" : undefined, cells: [[r.key, `first nowrap ${kind}`], ...r.texts.map((t) => [t ?? "–", kind])] })));
  if (wanted.length === 0) target.replaceChildren(element("tbody", {}, element("tr", {}, element("td", { class: "quiet" }, values.some((v) => v.size) ? "The runs do not differ." : "Nothing is recorded."))));
}

function showConfig() {
  const several = data.runs.length > 1;
  $("#only").hidden = !several;
  if (several) $("#keys").open = true;
  compare($("#config-table"), data.runs.map((run) => new Map((run.config ?? []).map((s) => [s.key, s.value]))), several && $("#differences").checked, "code");
}

function showEnvironment() {
  compare($("#environment-table"), data.runs.map((run) => {
    const sessions = run.record.sessions ?? [], last = sessions.at(-1), facts = new Map();
    if (!last) return facts;
    const e = last.environment;
    const add = (name, text) => text && facts.set(name, String(text));
    add("processor", e.processor);
    add("threads", e.threads);
    add("kernels", e.kernels);
    add("memory", e.memory_mb && `${number(e.memory_mb)} MB`);
    add("system", e.os);
    add("Go", e.go);
    add("t5train", [e.version, e.commit].filter(Boolean).join(" "));
    add("begun", when(sessions[0].time));
    if (sessions.length > 1) add("gone on", sessions.slice(1).map((s) => `at step ${number(s.step)}, ${when(s.time)}`).slice(-5).join("; "));
    return facts;
  }), false, "");
}

// What the reader chooses.

const remembered = (() => {
  try { return localStorage; } catch { return {}; } // a file may have none
})();
const themes = ["system", "light", "dark"];

function setTheme(theme) {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  $("#theme").textContent = `Theme: ${theme}`;
  remembered["t5train-theme"] = theme;
}
$("#theme").onclick = () => setTheme(themes[(themes.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % 3]);
setTheme(themes.includes(remembered["t5train-theme"]) ? remembered["t5train-theme"] : "system");

function setSmoothing(value) {
  chosen.smoothing = value;
  $("#smoothed").textContent = value.toFixed(2);
}
$("#smoothing").value = data.smoothing;
setSmoothing(data.smoothing);
$("#smoothing").oninput = () => {
  setSmoothing(Number($("#smoothing").value));
  drawCurves();
};
$("#axis").onchange = () => {
  chosen.axis = $("#axis").value;
  drawCurves();
};
$("#run").onchange = () => {
  chosen.run = $("#run").value;
  showSeen();
};
$("#which").onchange = showSeen;
$("#differences").onchange = showConfig;
new ResizeObserver(() => {
  drawCurves();
  drawnLengths.forEach((draw) => draw());
}).observe($("main"));

function show() {
  showGlance();
  showRuns();
  showCurves();
  showSeen();
  showConfig();
  showEnvironment();
}
show();

// Live: the data comes again and again, and is shown when it has changed.

async function refresh() {
  try {
    const response = await fetch("data.json");
    if (!response.ok) throw new Error(response.statusText);
    const next = await response.json();
    const changed = JSON.stringify(next.runs) !== JSON.stringify(data.runs);
    data = next;
    if (changed) show();
    else showRuns();
  } catch {
    $("#about").textContent = "The report is no longer served: this is what it was.";
  }
  setTimeout(refresh, 2000);
}
if (data.live) setTimeout(refresh, 2000);
