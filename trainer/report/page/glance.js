// At a glance: what was trained, how good it is beside a constant answer, and what to do next.

const mostGlances = 3; // runs with a card each; of more the table is easier to read

const marks = { good: "✓", weak: "△", poor: "✗" };

// scale draws a value between 0 and the best one that there can be, with the constant answer as a line.
function scale(value, glance) {
  const at = (v) => `${Math.max(0, Math.min(100, (100 * v) / glance.perfect)).toFixed(2)}%`;
  const bar = element("div", { class: "scale", role: "img", "aria-label": `${number(value)} of ${number(glance.perfect)}; constant answer ${number(glance.constant)}` }, element("span", { class: "fill" }), element("span", { class: "mark" }));
  bar.firstChild.style.width = at(value);
  bar.lastChild.style.left = at(glance.constant);
  return bar;
}

// withInterval writes a value of what evaluate wrote, and its interval.
function withInterval(result, name) {
  const value = number(result.values[name]), [low, high] = result.intervals?.[name] ?? [];
  return low === undefined ? value : `${value} (${number(low)} to ${number(high)})`;
}

// glanceOf returns the card of a run.
function glanceOf(run, i) {
  const g = run.glance, several = data.runs.length > 1;
  const facts = element("dl", {}, ...g.facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
  const value = [];
  if (run.best !== null) {
    value.push(element("p", { class: "value" }, element("b", {}, number(run.best)), ` ${run.metric}, the best, at step ${number(run.best_step)}`));
    if (g.constant !== null) {
      if (g.perfect !== null) value.push(scale(run.best, g));
      value.push(element("p", { class: "quiet" }, `A constant answer, “${g.answer}”, reaches ${number(g.constant)}` + (g.perfect === null ? "." : `, and no mistake ${number(g.perfect)}.`)));
    }
  }
  for (const r of run.results ?? []) if (r.values[run.metric] !== undefined) value.push(element("p", {}, `On ${r.name}: ${run.metric} ${withInterval(r, run.metric)}.`));
  value.push(element("p", { class: `judgment ${g.judgment}` }, marks[g.judgment] ? `${marks[g.judgment]} ` : "", g.verdict));
  const findings = (run.findings ?? []).map((f) => element("li", {}, f.text));
  const next = (g.next ?? []).map((line) => element("code", {}, line));
  return element("article", { class: "glance" },
    element("div", { class: "halves" },
      element("div", {}, ...(several ? [element("h4", {}, swatch(i), run.name)] : []), facts),
      element("div", {}, ...value)),
    ...(findings.length ? [element("h3", {}, "Worth knowing"), element("ul", {}, ...findings)] : []),
    ...(next.length ? [element("h3", {}, "Next"), element("div", { class: "next" }, ...next)] : []));
}

function showGlance() {
  const cards = data.runs.length <= mostGlances ? data.runs.map(glanceOf) : [];
  $("#glance").hidden = cards.length === 0;
  $("#glances").replaceChildren(...cards);
}
