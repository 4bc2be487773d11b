"""Draw the pictures of docs/architecture.md: python3 docs/images/draw.py. Colours follow the reader's light or dark theme."""

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


def save(name, title, w, h, *parts):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img">'
    body = "\n".join([svg, f"<title>{title}</title>", STYLE,
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


save("packages.svg", "Packages: each imports those below it", 820, 470,
     box(20, 20, 780, "cmd/t5train", "flags, files that a user names, what is printed"),
     arrow(410, 67, 410, 88),
     box(20, 92, 780, "trainer", "setup · evaluate · predict · serve · report · runlog · bench · optim · metric · allreduce"),
     arrow(110, 139, 110, 162), arrow(320, 139, 320, 162), arrow(520, 139, 520, 162), arrow(710, 139, 710, 162),
     box(20, 166, 180, "configs", "a run, as YAML"),
     box(220, 166, 180, "checkpoints", "convert · safetensors"),
     box(420, 166, 200, "data", "corpus · dataset · inspect", "table · task · objective", "chunks · tokenizer"),
     box(640, 166, 160, "model/generate", "search and scores"),
     arrow(520, 247, 520, 276), arrow(720, 213, 720, 276), arrow(310, 213, 310, 276),
     box(220, 280, 580, "model", "T5 once: config, weights, forward pass"),
     arrow(510, 327, 510, 348),
     box(220, 352, 580, "model/op", "the graph for gorgonia, or results at once"),
     arrow(510, 399, 510, 416),
     box(220, 420, 580, "model/kernel"))

save("batch.svg", "The way of a batch in training", 880, 340,
     *chain(20, [("data/table", "files", "rows of cells"), ("data/task", "row", "texts"),
                 ("data/tokenizer", "text", "ids"), ("data.Examples", "in memory,", "ragged")], 150, 40),
     *chain(120, [("data/table", "files", "texts"), ("data/chunks", "ids on disk,", "mapped"),
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
     box(390, 214, 150, "model/op", "gradients into", "Param.Grad"),
     arrow(388, 246, 353, 246),
     box(200, 214, 150, "trainer/optim", "clip, then", "update weights"),
     arrow(198, 246, 163, 246),
     box(20, 214, 140, "trainer", "evaluate and", "save when due"),
     f'<text class="dim" font-size="12" x="470" y="305">with several ranks, trainer/allreduce sums the gradients before the update</text>')

save("question.svg", "The way of a question from the command to its answer", 880, 250,
     *chain(20, [("cmd/t5train", "flags of", "predict"), ("checkpoints", "Open: model,", "task, tokenizer"),
                 ("data/table", "inputs,", "row by row"), ("data/task", "input", "text")], 170, 43),
     arrow(744, 87, 744, 127),
     box(659, 130, 170, "data/tokenizer", "ids of", "a batch"),
     arrow(657, 162, 619, 162),
     box(446, 130, 170, "model/generate", "encode, decode", "or score labels"),
     arrow(444, 162, 406, 162),
     box(233, 130, 170, "data/task", "text, label,", "number, entities"),
     arrow(231, 162, 193, 162),
     box(20, 130, 170, "trainer/predict", "a line that", "outlives a kill"),
     f'<text class="dim" font-size="12" x="440" y="225">trainer/predict does this for a file of inputs; trainer/serve takes the same way for a request</text>')
