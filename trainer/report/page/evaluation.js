// What an evaluation saw: the confusion matrix, examples, samples; and how long examples are.

// table makes a table of heads and rows of cells; a cell is a text, or [text, class].
function table(target, heads, rows) {
  const cell = (name, content, attributes) => {
    const [inner, kind] = Array.isArray(content) ? content : [content];
    return element(name, { class: kind, ...attributes }, inner);
  };
  target.replaceChildren(
    element("thead", {}, element("tr", {}, ...heads.map((h) => cell("th", h, { scope: "col" })))),
    element("tbody", {}, ...rows.map((row) => {
      const { kind, cells } = Array.isArray(row) ? { cells: row } : row;
      return element("tr", { class: kind }, ...cells.map((c, i) => cell("td", c, { "data-label": Array.isArray(heads[i]) ? heads[i][0] : heads[i] })));
    })));
  return target;
}

const share = (part, whole) => (whole ? ((100 * part) / whole).toFixed(1) + " %" : "–");

// confusion draws the matrix: a row for each true label, its colour by the share of the row.
function confusion(labels, counts) {
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const invalid = counts.some((row) => row[labels.length] > 0);
  const columns = invalid ? [...labels, "(no label)"] : labels, n = columns.length;
  const size = n <= 4 ? 64 : n <= 12 ? 44 : n <= 30 ? 24 : n <= 100 ? 11 : 6, numbers = size >= 40, names = size >= 11;
  const cut = (text) => (text.length > 22 ? text.slice(0, 21) + "…" : text), longest = Math.max(...columns.map((c) => cut(c).length));
  const margin = names ? 24 + 6.6 * longest : 24, upright = !numbers || 6.6 * longest > size - 4;
  const top = names ? (upright ? margin : 40) : 24, width = margin + n * size + 4, height = top + labels.length * size + 4;
  const svg = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Confusion matrix of ${labels.length} labels` });
  svg.append(shape("text", { x: margin + (n * size) / 2, y: 12, "text-anchor": "middle" }, "predicted"));
  svg.append(shape("text", { x: 12, y: top + (labels.length * size) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${top + (labels.length * size) / 2})` }, "true"));
  if (names) columns.forEach((label, j) => {
    const x = margin + (j + 0.5) * size;
    svg.append(upright ? shape("text", { x: x + 4, y: top - 6, transform: `rotate(-90 ${x + 4} ${top - 6})` }, cut(label)) : shape("text", { x, y: top - 8, "text-anchor": "middle" }, cut(label)));
  });
  counts.forEach((row, i) => {
    const y = top + i * size;
    if (names) svg.append(shape("text", { x: margin - 7, y: y + size / 2 + 4, "text-anchor": "end" }, cut(labels[i])));
    columns.forEach((label, j) => {
      const part = sums[i] ? row[j] / sums[i] : 0, x = margin + j * size, gap = size > 12 ? 2 : 0.5;
      const cell = shape("rect", { class: row[j] ? "cell" : "cell empty", x, y, width: size - gap, height: size - gap, rx: size > 20 ? 3 : 0 });
      if (row[j]) cell.setAttribute("fill-opacity", (0.1 + 0.9 * part).toFixed(3));
      cell.onpointermove = (event) => showTip(event.clientX, event.clientY, `true ${labels[i]}`, [[null, `predicted ${label}`, `${number(row[j])} of ${number(sums[i])}, ${share(row[j], sums[i])}`]]);
      cell.onpointerleave = hideTip;
      svg.append(cell);
      if (numbers) svg.append(shape("text", { class: part > 0.5 ? "inside on" : "inside", x: x + (size - gap) / 2, y: y + size / 2 + 3, "pointer-events": "none" }, number(row[j])));
    });
  });
  const pairs = counts.flatMap((row, i) => columns.map((label, j) => ({ i, label, count: row[j], part: row[j] / sums[i] })).filter((p) => p.count > 0 && labels[i] !== p.label));
  pairs.sort((a, b) => b.count - a.count || b.part - a.part || a.i - b.i);
  const right = labels.reduce((sum, _, i) => sum + counts[i][i], 0), all = sums.reduce((a, b) => a + b, 0);
  const list = table(element("table", { class: "cards" }), ["true", "predicted", ["examples", "number"], ["of the label's", "number"]],
    pairs.slice(0, 12).map((p) => [labels[p.i], p.label, [number(p.count), "number"], [share(p.count, sums[p.i]), "number"]]));
  return [
    element("h3", {}, "Confusion"),
    element("p", { class: "quiet" }, `${number(right)} of ${number(all)} examples are right. Each row is a true label, and its colours are shares of the row.`),
    element("div", { class: n > 30 ? "" : "pair" }, element("div", { class: "matrix" }, svg), element("div", {}, element("h4", {}, "Confused most"), pairs.length ? element("div", { class: "scroll" }, list) : element("p", { class: "quiet" }, "Nothing is confused."))),
  ];
}

// classes shows how well each label is found.
function classes(labels, counts) {
  const predicted = labels.map((_, j) => counts.reduce((sum, row) => sum + row[j], 0));
  const rows = labels.map((label, i) => {
    const all = counts[i].reduce((a, b) => a + b, 0), right = counts[i][i];
    return { label, all, right, predicted: predicted[i], f1: all + predicted[i] ? (2 * right) / (all + predicted[i]) : 0 };
  });
  rows.sort((a, b) => b.all - a.all);
  const body = table(element("table", { class: "cards" }), ["label", ...["examples", "precision", "recall", "F1"].map((h) => [h, "number"])],
    rows.map((r) => [r.label, [number(r.all), "number"], [share(r.right, r.predicted), "number"], [share(r.right, r.all), "number"], [share(r.f1, 1), "number"]]));
  const few = 12, scroll = element("div", { class: "scroll" }, body);
  return labels.length <= few ? [element("h3", {}, "Classes"), scroll] : [element("details", {}, element("summary", {}, `All ${labels.length} classes`), scroll)];
}

// examples shows the best or the worst ones.
function examples(title, list) {
  if (!list?.length) return [];
  const predicted = list.some((e) => e.prediction !== undefined), probable = list.some((e) => e.probability !== undefined);
  const heads = [["row", "number"], "input", "target", ...(predicted ? ["prediction"] : []), ...(probable ? [["probability", "number"]] : []), ["loss", "number"]];
  // Only a label is right or wrong: what is written may be good in other words.
  const verdict = (e) => {
    if (e.probability === undefined) return e.prediction ?? "";
    const right = e.prediction === e.target;
    return element("span", {}, e.prediction, " ", element("span", { class: "verdict " + (right ? "right" : "wrong") }, right ? "✓ right" : "✗ wrong"));
  };
  const rows = list.map((e) => [[number(e.index), "number"], [e.input, "text"], [e.target, "text"],
    ...(predicted ? [[verdict(e), "text"]] : []), ...(probable ? [[e.probability === undefined ? "" : share(e.probability, 1), "number"]] : []), [number(e.loss), "number"]]);
  const few = 6, body = table(element("table", { class: "cards" }), heads, rows), hidden = [...body.tBodies[0].rows].slice(few);
  for (const row of hidden) row.hidden = true;
  const more = element("button", { type: "button", class: "more" }, `Show ${hidden.length} more`);
  more.onclick = () => {
    for (const row of hidden) row.hidden = false;
    more.remove();
  };
  return [element("h3", {}, title), element("div", { class: "scroll" }, body), hidden.length ? more : ""];
}

// coverage shows how good the answers are of which the model is the surest.
function coverage(list) {
  if (!list?.length) return [];
  const percent = (value) => [share(value, 1), "number"];
  return [
    element("h3", {}, "Coverage and accuracy"),
    element("p", { class: "quiet" }, "Of the answers of which the model is the surest: how many are right, and the least probability of being right among them, which is what predict --min-confidence takes."),
    element("div", { class: "scroll" }, table(element("table", { class: "cards" }), [["covered", "number"], ["right", "number"], ["least confidence", "number"]],
      list.map((c) => [percent(c.share), percent(c.accuracy), [c.confidence.toFixed(3), "number"]]))),
  ];
}

// constants says what answers are worth that do not depend on the input.
function constants(list) {
  return (list ?? []).map((c) => element("p", {}, `A constant answer${c.part ? ` to ${c.part}` : ""}, “${c.answer}”, reaches ` +
    Object.entries(c.values).map(([name, value]) => `${name} ${number(value)}`).join(", ") + "."));
}

// results sets metrics of other data beside those of the validation data, at the same step where that is the best one.
function results(run, e) {
  if (!run.results?.length) return [];
  const k = run.eval.step.lastIndexOf(e.step), held = (name) => run.eval.values?.[name]?.[k];
  const all = [...new Set([run.metric, ...run.results.flatMap((r) => Object.keys(r.values))])].filter((name) => name !== "examples" && run.results.some((r) => r.values[name] !== undefined));
  const rows = ["examples", ...all].map((name) => [[name, "nowrap"], [held(name) === undefined ? "–" : number(held(name)), "number"], ...run.results.map((r) => [r.values[name] === undefined ? "–" : withInterval(r, name), "number"])]);
  const older = run.results.filter((r) => r.older).map((r) => r.name);
  return [
    element("h3", {}, "Beside other data"),
    element("div", { class: "scroll" }, table(element("table", { class: "cards" }), ["metric", ["validation", "number"], ...run.results.map((r) => [r.name, "number"])], rows)),
    element("p", { class: "quiet" }, "Of the best checkpoint, by t5train evaluate, with 95 % intervals." + (older.length ? ` Older than that checkpoint, so evaluate again: ${older.join(", ")}.` : "")),
  ];
}

// showEvaluation fills the section of a run's evaluation; e may be missing.
function showEvaluation(target, run, e) {
  if (!e) {
    target.replaceChildren(element("p", { class: "quiet" }, "Of this run there is no record of what an evaluation saw: it is not evaluated yet, or of an older version."));
    return;
  }
  target.replaceChildren(
    element("p", { class: "quiet" }, `Step ${number(e.step)}, epoch ${e.epoch.toFixed(2)}, on the validation data.`),
    ...constants(e.constants),
    ...results(run, e),
    ...(e.confusion ? [...confusion(e.labels, e.confusion), ...classes(e.labels, e.confusion)] : []),
    ...coverage(e.coverage),
    ...(e.samples ? [element("h3", {}, "Samples"), element("div", { class: "samples" }, e.samples.join("\n"))] : []),
    ...examples("Worst examples", e.worst), ...examples("Best examples", e.best));
}

// histogram draws the lengths of the inputs or of the targets of some data sets over each other, as shares of each.
function histogram(title, sets) {
  const { box, svg } = frame(title, "% of the examples", `Histogram: ${title}`);
  const draw = () => {
    svg.replaceChildren();
    const width = svg.clientWidth || 400;
    // Shares of a token's width, so that bins of different widths compare; shown for the widest bin.
    const widest = Math.max(...sets.map((s) => s.h.width));
    const part = (s, i) => (100 * s.h.counts[i] * widest) / (s.n * s.h.width);
    const end = Math.max(...sets.map((s) => s.h.counts.length * s.h.width)), high = Math.max(...sets.flatMap((s) => s.h.counts.map((_, i) => part(s, i))));
    const area = axes(svg, width, (a, b) => linear(0, end, a, b, width / 80), (a, b) => linear(0, high, a, b, 5));
    const { x, y } = area;
    for (const s of sets) {
      const points = [[x.at(0), area.bottom]];
      s.h.counts.forEach((_, i) => points.push([x.at(i * s.h.width), y.at(part(s, i))], [x.at((i + 1) * s.h.width), y.at(part(s, i))]));
      points.push([points.at(-1)[0], area.bottom]);
      svg.append(shape("path", { class: `area c${s.color}`, d: path(points) }));
    }
    const bins = sets.reduce((most, s) => (s.h.counts.length > most.h.counts.length ? s : most)).h;
    follow(svg, area, bins.counts.map((_, i) => x.at((i + 0.5) * bins.width)), (i, px, py) => {
      const middle = (i + 0.5) * bins.width;
      showTip(px, py, bins.width > 1 ? `${i * bins.width} to ${(i + 1) * bins.width - 1} tokens` : `${i} tokens`, sets.map((s) => {
        const count = s.h.counts[Math.floor(middle / s.h.width)] ?? 0;
        return [s.color, s.name, `${number(count)}, ${share(count, s.n)}`];
      }));
    });
  };
  const facts = table(element("table"), ["", ...["mean", "median", "95 %", "longest", "cut"].map((h) => [h, "number"])], sets.map((s) => [
    [element("span", {}, element("span", { class: `swatch c${s.color}` }), s.name), "nowrap"], [number(Math.round(10 * s.h.mean) / 10), "number"], [number(s.h.median), "number"], [number(s.h.p95), "number"], [number(s.h.max), "number"], [number(s.h.cut), "number"]]));
  box.append(element("div", { class: "matrix" }, facts));
  return { box, draw };
}

// histograms returns those of a run's data sets.
function histograms(lengths) {
  const names = ["train", "validation"].filter((name) => lengths?.[name]?.inputs?.counts?.length);
  const sets = (which) => names.map((name, color) => ({ name, color, n: lengths[name].sampled, h: lengths[name][which] })).filter((s) => s.h?.counts?.length);
  return names.length === 0 ? [] : [histogram("Input length", sets("inputs")), histogram("Target length", sets("targets"))];
}
