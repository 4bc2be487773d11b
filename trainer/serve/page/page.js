"use strict";
// One form for each endpoint: it makes a request of its fields, and shows the answer. No text is ever read as HTML.

const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// element makes an element of a name, its properties and its children.
function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

let model = null; // what v1/model tells
let key = ""; // that the server wants, if it wants one; forgotten with the page

async function begin() {
  try {
    model = await exchange("v1/model");
  } catch (err) {
    $("#key").hidden = err.status !== 401;
    if (err.status !== 401 || key !== "") showProblem(err);
    return;
  }
  $("#key").hidden = true;
  const task = model.labels.length > 0 ? "labels: " + model.labels.map((l) => l.label).join(", ") : "text in, text out";
  $("#about").textContent = [model.name, model.parameters.toLocaleString("en") + " parameters, " + model.dtype, task].filter(Boolean).join(" · ");
  document.title = (model.name ? model.name + " · " : "") + "t5train";
  for (const place of all(".inputs")) {
    for (const column of model.text_columns) {
      const name = model.text_columns.length === 1 ? "text" : column;
      place.append(element("label", {}, name, element("textarea", { name: "input", rows: 4, required: true })));
    }
  }
  const limits = model.limits, length = $("[name=max_new_tokens]");
  length.max = limits.max_new_tokens;
  length.placeholder = limits.default_max_new_tokens;
  for (const name of ["num_beams", "num_return_sequences"]) $(`[name=${name}]`).max = limits.num_beams;
  $("#tab-classify").hidden = model.labels.length === 0;
  showOptions();
  const wanted = document.getElementById("tab-" + location.hash.slice(1));
  select(wanted && !wanted.hidden ? wanted : model.labels.length > 0 ? $("#tab-classify") : $("#tab-generate"));
}

$("#key").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("#key input").value.trim();
  $("#problem").hidden = true;
  begin();
});

// Tabs: arrows, Home and End move between them, and the one that has the focus is shown.

const tabs = () => all("[role=tab]").filter((tab) => !tab.hidden);

function select(tab) {
  for (const t of all("[role=tab]")) {
    const chosen = t === tab;
    t.setAttribute("aria-selected", chosen);
    t.tabIndex = chosen ? 0 : -1;
    $("#" + t.getAttribute("aria-controls")).hidden = !chosen;
  }
  history.replaceState(null, "", "#" + tab.getAttribute("aria-controls"));
  clear();
}

for (const tab of all("[role=tab]")) tab.addEventListener("click", () => select(tab));
$("[role=tablist]").addEventListener("keydown", (event) => {
  const list = tabs(), at = list.indexOf(document.activeElement);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 }[event.key];
  if (next === undefined || at < 0) return;
  event.preventDefault();
  const tab = list[(next + list.length) % list.length];
  select(tab);
  tab.focus();
});

// Options of generation: those of the chosen way are shown, and sent.

const how = () => $("[name=how]:checked").value;

function showOptions() {
  for (const label of all("[data-how]")) label.hidden = !label.dataset.how.split(" ").includes(how());
}

for (const radio of all("[name=how]")) radio.addEventListener("change", showOptions);

// Requests.

const lines = (text) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

function inputsOf(form) {
  const texts = all("[name=input]", form).map((field) => field.value);
  if (model.text_columns.length === 1) return texts;
  return [Object.fromEntries(model.text_columns.map((column, i) => [column, texts[i]]))];
}

const requests = {
  generate(form) {
    const body = { inputs: inputsOf(form), truncate: true };
    if (how() === "greedy") Object.assign(body, { num_beams: 1, do_sample: false });
    if (how() === "sample") body.do_sample = true;
    for (const field of all("input[type=number], select", form)) {
      const label = field.closest("label");
      if (field.value === "" || label.hidden) continue;
      body[field.name] = JSON.parse(field.value);
    }
    if (form.elements.prefix.value !== "") body.prefix = form.elements.prefix.value;
    for (const name of ["choices", "bad_words"]) {
      const texts = lines(form.elements[name].value);
      if (texts.length > 0) body[name] = texts;
    }
    return body;
  },
  classify: (form) => ({ inputs: inputsOf(form), truncate: true }),
  score: (form) => ({ inputs: inputsOf(form), targets: lines(form.elements.targets.value), truncate: true }),
  tokenize: (form) => ({ texts: [form.elements.text.value] }),
};

// exchange returns the answer to a request, or throws what the server says is wrong.
async function exchange(path, body, signal) {
  const headers = key === "" ? {} : { Authorization: "Bearer " + key };
  const options = body === undefined ? { headers } : { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { ...options, signal });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), { status: response.status });
  return answer;
}

for (const form of all("section form")) {
  const kind = form.closest("section").id, stop = $(".stop", form), submit = $("[type=submit]", form);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    clear();
    const body = requests[kind](form), path = "v1/" + kind;
    showRequest(path, body);
    const abort = new AbortController(), begun = performance.now();
    stop.onclick = () => abort.abort();
    submit.disabled = true;
    stop.hidden = false;
    $("#status").textContent = "The model works …";
    try {
      const answer = await exchange(path, body, abort.signal);
      $("#status").textContent = `Answered in ${((performance.now() - begun) / 1000).toFixed(2)} s.`;
      $("#answer").replaceChildren(...answers[kind](answer.results[0], body));
    } catch (err) {
      $("#status").textContent = abort.signal.aborted ? "Stopped." : "";
      if (!abort.signal.aborted) showProblem(err);
    } finally {
      submit.disabled = false;
      stop.hidden = true;
    }
  });
}

// Answers.

const cutNote = (result) => (result.truncated_input ? [element("p", { className: "note" }, `The input is longer than ${model.limits.input_tokens} tokens: the model did not see its end.`)] : []);

const percent = (share) => (100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 3 : 1) + " %";

function table(heads, rows) {
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))), element("tbody", {}, ...rows));
}

// bar shows a share; the number beside it says the same to those who do not see it.
function bar(share) {
  const inner = element("span", { className: "bar" });
  inner.style.width = 100 * share + "%";
  const track = element("span", { className: "track" }, inner);
  track.setAttribute("aria-hidden", "true");
  return track;
}

function row(name, share, number, best) {
  return element("tr", { className: best ? "best" : "" }, element("th", { scope: "row" }, name), element("td", {}, bar(share)), element("td", { className: "number" }, number));
}

const answers = {
  generate(result) {
    const texts = result.outputs.flatMap((output) => [
      element("p", { className: "text" }, output.text || "(nothing)"),
      element("p", { className: "note" }, `${output.tokens} tokens, log-probability ${output.log_prob.toFixed(3)}, score ${output.score.toFixed(3)}` + (output.truncated ? "; cut at the limit of tokens" : "")),
    ]);
    return [...cutNote(result), ...texts];
  },
  classify(result) {
    const rows = result.labels.map((l) => row(l.label, l.probability, percent(l.probability), l.label === result.label));
    return [...cutNote(result), element("p", {}, "Most probable: ", element("strong", {}, result.label)), table(["label", "", "probability"], rows)];
  },
  score(result, body) {
    const best = Math.max(...result.scores.map((s) => s.log_prob));
    const rows = result.scores.map((s, i) => row(body.targets[i], Math.exp(s.log_prob - best), s.log_prob.toFixed(3), s.log_prob === best));
    return [...cutNote(result), table(["target", "beside the most probable", "log-probability"], rows)];
  },
  tokenize(result) {
    const chips = result.tokens.map((token, i) => element("li", {}, token, element("small", {}, String(result.ids[i]))));
    return [element("p", { className: "note" }, `${result.ids.length} tokens; ▁ is a blank.`), element("ol", { className: "chips" }, ...chips)];
  },
};

function clear() {
  $("#status").textContent = "";
  $("#problem").hidden = true;
  $("#request").hidden = true;
  $("#answer").replaceChildren();
}

function showProblem(err) {
  $("#problem").textContent = err instanceof TypeError ? "The server does not answer: is it still running?" : err.message;
  $("#problem").hidden = false;
}

function showRequest(path, body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  const shown = key === "" ? "" : ' -H "Authorization: Bearer $KEY"'; // not the key itself: the text is for others
  $("#request pre").textContent = `curl ${new URL(path, location.href)}${shown} -H 'Content-Type: application/json' -d '${quoted}'`;
  $("#request").hidden = false;
}

begin();
