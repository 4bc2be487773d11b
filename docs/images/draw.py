"""Draw the pictures of README.md and docs/: python3 docs/images/draw.py. Colours follow the reader's light or dark theme."""

import pathlib

STYLE = """<style>
  .box { fill: #eef3f8; stroke: #57708a } .text { fill: #1f2933 } .dim { fill: #52606d } .line { stroke: #57708a }
  .head { fill: #57708a } .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    .box { fill: #1d2733; stroke: #8fa9c4 } .text { fill: #e6edf3 } .dim { fill: #a9b6c3 } .line { stroke: #8fa9c4 }
    .head { fill: #8fa9c4 } .paper { fill: #0d1117 }
  }
  text { font-family: system-ui, sans-serif; text-anchor: middle }
</style>
<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
  <path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>"""


def box(x, y, w, title, *lines):
    h = 30 + 17 * len(lines)
    out = [f'<rect class="box" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>',
           f'<text class="text" font-size="14" font-weight="600" x="{x + w / 2}" y="{y + 20}">{title}</text>']
    for n, line in enumerate(lines):
        out.append(f'<text class="dim" font-size="12" x="{x + w / 2}" y="{y + 38 + 17 * n}">{line}</text>')
    return "\n".join(out)


def arrow(x1, y1, x2, y2, label="", dx=0, dy=0):
    out = f'<path class="line" d="M{x1},{y1} L{x2},{y2}" stroke-width="1.5" marker-end="url(#a)"/>'
    if label:
        x, y = (x1 + x2) / 2 + dx, (y1 + y2) / 2 - 6 + dy
        out += f'\n<text class="dim" font-size="12" x="{x}" y="{y}">{label}</text>'
    return out


def save(name, title, about, w, h, *parts):
    """Write a picture; title and about are what a screen reader says of it."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img">'
    body = "\n".join([svg, f"<title>{title}</title>", f"<desc>{about}</desc>", STYLE,
                      f'<rect class="paper" width="{w}" height="{h}" rx="8"/>', *parts, "</svg>", ""])
    pathlib.Path(__file__).with_name(name).write_text(body)


def chain(y, boxes, w, gap, x=20):
    """Boxes side by side, with an arrow from each to the next."""
    out = []
    for n, b in enumerate(boxes):
        left = x + n * (w + gap)
        out.append(box(left, y, w, *b))
        if n:
            out.append(arrow(left - gap + 2, y + 32, left - 3, y + 32))
    return out


def rows(*layers, w=660, gap=18, step=72):
    """Layers of boxes from the top down, with an arrow from each to the next."""
    out = []
    for n, boxes in enumerate(layers):
        y, each = 20 + n * step, (w - gap * (len(boxes) - 1)) / len(boxes)
        out += [box(20 + i * (each + gap), y, each, *b) for i, b in enumerate(boxes)]
        if n:
            out.append(arrow(20 + w / 2, y - step + 49, 20 + w / 2, y - 3))
    return out


save("packages.svg", "Packages: each imports those of lower rows",
     "Rows of boxes from cmd/t5train at the top by trainer, configs, data and checkpoints down to model/kernel. Beside them internal, which all rows import.", 880, 735,
     *rows([("cmd/t5train", "flags, files that a user names, what is printed")],
           [("trainer", "the loop · setup · evaluate · predict · embed · serve · runlog · report · bench")],
           [("configs", "a run, as YAML"), ("data/inspect", "what is in a data set")],
           [("trainer/optim", "also metric, allreduce"), ("data/corpus", "text of pre-training"),
            ("checkpoints/convert", "types, vocabularies")],
           [("data/dataset", "rows of fine-tuning"), ("data/importer", "other files to parquet"),
            ("checkpoints", "model, tokenizer, task")],
           [("data", "sources, mixtures, batches"), ("data/chunks", "tokens on disk"),
            ("checkpoints/safetensors", "the file format")],
           [("data/task", "rows to texts and back"), ("data/objective", "span corruption and others"),
            ("model/generate", "search and scores")],
           [("data/parquetio", "parquet"), ("data/tokenizer", "text to ids and back"),
            ("model", "T5: weights, forward pass")],
           [("data/table", "cells, columns, other formats"), ("model/op", "operations with gradients")],
           [("model/kernel", "loops of float32, bfloat16 and int8")]),
     box(700, 20, 160, "internal", "open to all rows,", "imports no row", "", "atomicfile · ui", "parallel · random",
         "splits · jsonlines", "mmap · sysinfo", "and others"))

save("batch.svg", "The way of a batch in training",
     "Rows of a task become texts, ids and examples in memory; text becomes chunks on disk and spans to fill. A mixture of both is cut into batches, from which the model computes a loss, the gradients, and the update of the weights.", 880, 340,
     *chain(20, [("data/dataset", "opens parquetio:", "rows of cells"), ("data/task", "row", "texts"),
                 ("data/tokenizer", "text", "ids"), ("data.Examples", "in memory,", "ragged")], 150, 40),
     *chain(120, [("data/corpus", "opens parquetio:", "texts"), ("data/chunks", "ids on disk,", "mapped"),
                  ("data/objective", "spans", "to fill"), ("a data.Source", "made when", "it is read")], 150, 40),
     arrow(742, 52, 780, 100), arrow(742, 152, 780, 116),
     f'<text class="text" font-size="14" font-weight="600" x="812" y="104">Mixture</text>',
     f'<text class="dim" font-size="12" x="812" y="121">by rates</text>',
     arrow(812, 132, 812, 216),
     f'<text class="dim" font-size="12" x="812" y="236">data.Batches</text>',
     f'<text class="dim" font-size="12" x="812" y="252">order, cut</text>',
     arrow(770, 246, 734, 246),
     box(580, 214, 150, "model", "op.Ragged in,", "loss out"),
     arrow(578, 246, 543, 246),
     box(390, 214, 150, "model/op", "gradients", "of parameters"),
     arrow(388, 246, 353, 246),
     box(200, 214, 150, "trainer/optim", "clip, then", "update weights"),
     arrow(198, 246, 163, 246),
     box(20, 214, 140, "trainer", "evaluate and", "save when due"),
     f'<text class="dim" font-size="12" x="470" y="305">with several ranks, trainer/allreduce sums the gradients before the update</text>')

save("question.svg", "The way of a question from the command to its answer",
     "The command opens the checkpoint, reads inputs row by row, makes texts and ids of them, generates or scores labels, and writes answers line by line.", 880, 250,
     *chain(20, [("cmd/t5train", "flags of", "predict"), ("checkpoints", "Open: model,", "task, tokenizer"),
                 ("trainer/predict/inputfile", "inputs,", "row by row"), ("data/task", "input", "text")], 195, 20),
     arrow(762, 87, 762, 127),
     box(665, 130, 195, "data/tokenizer", "ids of", "a batch"),
     arrow(663, 162, 648, 162),
     box(450, 130, 195, "model/generate", "encode, decode", "or score labels"),
     arrow(448, 162, 433, 162),
     box(235, 130, 195, "data/task", "text, label,", "number, entities"),
     arrow(233, 162, 218, 162),
     box(20, 130, 195, "trainer/predict", "lines that are kept", "when it is killed"),
     f'<text class="dim" font-size="12" x="440" y="225">trainer/serve reads a request where predict reads a file, and its queue joins requests to batches</text>')


def task(y, reads, writes):
    """A line of text that the model reads, and the one that it writes."""
    return [f'<rect class="box" x="20" y="{y}" width="400" height="30" rx="6"/>',
            f'<text class="text" font-size="13" x="220" y="{y + 20}">{reads}</text>',
            arrow(422, y + 15, 477, y + 15), arrow(603, y + 15, 657, y + 15),
            f'<rect class="box" x="660" y="{y}" width="200" height="30" rx="6"/>',
            f'<text class="text" font-size="13" x="760" y="{y + 20}">{writes}</text>']


tasks = [("sms: You have won a prize! Call 0800 123 now", "spam"),
         ("translate English to German: That is good.", "Das ist gut."),
         ("summarize: The storm came on Monday and left ...", "Storm hits the coast."),
         ("question: Who wrote it? context: Ada wrote it.", "Ada"),
         ("stsb sentence1: A plane takes off. sentence2: ...", "4.8"),
         ("Ada Lovelace lived in London .", "person: Ada Lovelace; ..."),
         ("The &lt;extra_id_0&gt; of France is Paris.", "&lt;extra_id_0&gt; capital ...")]
save("tasks.svg", "T5 turns every task into text",
     "Seven examples of a text that the model reads and the text that it writes, such as: sms: You have won a prize! becomes spam.", 880, 345,
     f'<text class="dim" font-size="13" x="220" y="28">the model reads</text>',
     f'<text class="dim" font-size="13" x="760" y="28">and writes</text>',
     *[part for n, t in enumerate(tasks) for part in task(42 + 42 * n, *t)],
     f'<rect class="box" x="480" y="42" width="120" height="{42 * len(tasks) - 12}" rx="6"/>',
     f'<text class="text" font-size="22" font-weight="600" x="540" y="180">T5</text>',
     f'<text class="dim" font-size="12" x="540" y="202">encoder, decoder</text>',
     f'<text class="dim" font-size="12" x="540" y="219">one set of weights</text>')

save("checkpoint.svg", "The folder of a run, and the life of a save",
     "Training copies the weights; a hidden folder is written from the copy and then gets its name; latest and best name it. The folder of a run has the configuration, metrics, checkpoints, and in each checkpoint the state to resume from.", 880, 255,
     *chain(20, [("training", "weights at step 500"), ("snapshot", "a copy in memory"),
                 ("hidden folder", "files are written", "and flushed"), ("checkpoint", "gets its name", "at once"),
                 ("latest, best", "name it; old ones", "are removed")], 148, 25),
     box(20, 125, 260, "runs/first", "config.yaml, metrics.jsonl", "events for TensorBoard", "history of the report"),
     box(310, 125, 260, "checkpoint-00000500", "config.json, model.safetensors",
         "spiece.model, tokenizer.json", "t5train.json: task, metrics"),
     box(600, 125, 260, "trainer (to resume)", "optimizer.safetensors", "state.json: position, best", "checksums.json"),
     arrow(282, 170, 307, 170), arrow(572, 170, 597, 170),
     '<text class="dim" font-size="12" x="440" y="238">Training goes on while a snapshot is written. '
     'A folder is complete or not there.</text>')


# The quickstart: what its commands print, and the page of report. The numbers are those of a run on AVX512-BF16.
TERMINAL = """$ t5train finetune --config configs/quickstart.yaml
model: size of its own, 2,253,824 parameters
  label column: label (the only ClassLabel)
  text column: sms (the only string column)
train: 560 steps of 32 examples, adamw optimizer
step 140, epoch 1.00: validation f1_macro 0.9491
step 350, epoch 2.50: validation f1_macro 0.9659
constant answer, "ham": f1_macro 0.4629

$ t5train predict --model runs/quickstart \\
    --text "You have won a prize! Call 0800 123 now"
{"output":"spam","probability":0.9964,...}

$ t5train report runs/quickstart
report: report.html"""
LOSS = [10.11, 4.04, 2.93, 2.0, 1.27, 0.87, 0.56, 0.36, 0.27, 0.19, 0.18, 0.13, 0.15, 0.14, 0.09, 0.07, 0.08, 0.07,
        0.05, 0.08, 0.05, 0.04, 0.05, 0.05, 0.03, 0.04, 0.05, 0.04]
F1 = [0.9073, 0.9491, 0.9496, 0.9152, 0.9659, 0.9606, 0.9643, 0.9579]
CONFUSION = [[476, 4], [5, 72]]
QUICKSTART_STYLE = """<style>
  .window { fill: #14171c; stroke: #57708a } .bar { fill: #2b323d } .shell { fill: #cfd8e3; text-anchor: start }
  .typed { fill: #7fd1a8; text-anchor: start } .shell, .typed { font-family: ui-monospace, Menlo, Consolas, monospace }
  .sheet { fill: #ffffff; stroke: #57708a } .left { text-anchor: start } .full { fill: #0b62a8 } .rest { fill: #d8dce3 }
  .good { fill: #0a7a58; text-anchor: start } .curve { fill: none; stroke: #0b62a8; stroke-width: 1.8 } .ink { fill: #1f2933 }
  .dot { fill: #0b62a8 } .frame { fill: none; stroke: #d8dce3 } .on { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    .sheet { fill: #1d2127; stroke: #8fa9c4 } .window { stroke: #8fa9c4 } .full, .dot { fill: #6bb2f0 } .rest { fill: #3a4350 }
    .good { fill: #46cfa3 } .curve { stroke: #6bb2f0 } .ink { fill: #e6edf3 } .frame { stroke: #3a4350 } .on { fill: #0d1117 }
  }
</style>"""


def window(x, y, w, h, kind, title):
    return [f'<rect class="{kind}" x="{x}" y="{y}" width="{w}" height="{h}" rx="8"/>',
            f'<path class="bar" d="M{x + .5},{y + 26} v-18 a7.5,7.5 0 0 1 7.5,-7.5 h{w - 16} a7.5,7.5 0 0 1 7.5,7.5 v18 z"/>',
            f'<text fill="#cfd8e3" font-size="12" x="{x + w / 2}" y="{y + 18}">{title}</text>']


def chart(x, y, w, h, title, values, low, high, labels, dots=False):
    left, top, right, bottom = x + 36, y + 30, x + w - 12, y + h - 12
    at = [(left + (right - left) * n / (len(values) - 1), bottom - (bottom - top) * (v - low) / (high - low))
          for n, v in enumerate(values)]
    out = [f'<rect class="frame" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>',
           f'<text class="text left" font-size="12" font-weight="600" x="{x + 10}" y="{y + 18}">{title}</text>']
    for v, label in labels:
        yv = bottom - (bottom - top) * (v - low) / (high - low)
        out += [f'<path class="frame" d="M{left},{yv:.1f} H{right}"/>',
                f'<text class="dim" font-size="10" x="{x + 20}" y="{yv + 3.5:.1f}">{label}</text>']
    out.append('<path class="curve" d="' + "".join(f'{"L" if n else "M"}{a:.1f},{b:.1f}' for n, (a, b) in enumerate(at)) + '"/>')
    if dots:
        out += [f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="2.4"/>' for a, b in at]
    return out


def quickstart():
    x, y, out = 20, 20, window(20, 20, 410, 340, "window", "terminal")
    for n, line in enumerate(TERMINAL.splitlines()):
        kind = "typed" if line.startswith(("$", "    --")) else "shell"
        text = line.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace(" ", "\u00a0")
        out.append(f'<text class="{kind}" font-size="11.5" x="{x + 14}" y="{y + 48 + 19 * n}">{text}</text>')
    x, w = 450, 410
    out += window(x, y, w, 340, "sheet", "report.html")
    best = max(F1)
    out += [f'<text class="ink left" font-size="28" font-weight="700" x="{x + 16}" y="{y + 62}">{best}</text>',
            f'<text class="dim left" font-size="12" x="{x + 130}" y="{y + 62}">f1_macro, the best, at step 350</text>',
            f'<rect class="rest" x="{x + 16}" y="{y + 74}" width="{w - 32}" height="9" rx="4.5"/>',
            f'<rect class="full" x="{x + 16}" y="{y + 74}" width="{(w - 32) * best:.1f}" height="9" rx="4.5"/>',
            f'<rect class="ink" x="{x + 16 + (w - 32) * 0.4629:.1f}" y="{y + 70}" width="2" height="17"/>',
            f'<text class="dim left" font-size="12" x="{x + 16}" y="{y + 103}">A constant answer, “ham”, reaches 0.4629.</text>',
            f'<text class="good" font-size="12.5" font-weight="600" x="{x + 16}" y="{y + 123}">'
            '✓ It is 94 % of the way from there to no mistake.</text>']
    out += chart(x + 16, y + 138, 182, 94, "Training loss", LOSS, 0, 10.2, [(0, "0"), (5, "5"), (10, "10")])
    out += chart(x + 212, y + 138, 182, 94, "f1_macro", F1, 0.9, 0.97, [(0.9, "0.90"), (0.93, "0.93"), (0.96, "0.96")], dots=True)
    out.append(f'<text class="text left" font-size="12" font-weight="600" x="{x + 16}" y="{y + 252}">Confusion</text>')
    for i, row in enumerate(CONFUSION):
        name = ("ham", "spam")[i]
        out += [f'<text class="dim" font-size="11" x="{x + 36}" y="{y + 287 + 34 * i}">{name}</text>',
                f'<text class="dim" font-size="11" x="{x + 88 + 58 * i}" y="{y + 266}">{name}</text>']
        for j, count in enumerate(row):
            part = count / sum(row)
            out += [f'<rect class="full" fill-opacity="{0.1 + 0.9 * part:.2f}" x="{x + 60 + 58 * j}" y="{y + 270 + 33 * i}" '
                    f'width="56" height="31" rx="3"/>',
                    f'<text class="{"on" if part > 0.5 else "ink"}" font-size="12" x="{x + 88 + 58 * j}" y="{y + 290 + 33 * i}">{count}</text>']
    out += [f'<text class="dim left" font-size="12" x="{x + 212}" y="{y + 290}">examples, precision, recall,</text>',
            f'<text class="dim left" font-size="12" x="{x + 212}" y="{y + 308}">lengths, keys, environment ...</text>']
    return out


save("quickstart.svg", "The quickstart in the terminal, and its report",
     "On the left the commands finetune, predict and report with the first lines of their output; on the right the page: f1_macro 0.9659, curves of loss and metric, and the confusion matrix.", 880, 380, QUICKSTART_STYLE, *quickstart())
