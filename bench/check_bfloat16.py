#!/usr/bin/env python3
"""Compares gradients in bfloat16 with those in float64: ours, and PyTorch's under autocast.

    python3 bench/check_bfloat16.py RECORDED

RECORDED is a folder of recorded models, each with its weights, a batch, and the gradients in float64
(model/*/golden.safetensors). Ours are those of the test TestGoldenModel. Prints the cosine of the whole gradient with
that in float64 and the loss of each model, and fails where PyTorch is nearer to float64: by more than a third on one
model, which is a matter of luck, or by anything on their mean.
"""
import json, math, os, pathlib, re, subprocess, sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM


def autocast(folder):
    """The cosine of PyTorch's gradient under autocast with the recorded one, and the loss."""
    record = load_file(folder / "golden.safetensors")
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    names = ("input_ids", "attention_mask", "labels", "decoder_attention_mask")
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(**{n: record[n] for n in names if n in record}).loss
    loss.backward()
    product = ours = theirs = 0.0
    for name, p in model.named_parameters():
        want = record.get("grad_f64." + name)
        if want is None:
            continue
        got = p.grad.double() if p.grad is not None else torch.zeros_like(want)
        product, ours, theirs = product + (got * want).sum(), ours + (got * got).sum(), theirs + (want * want).sum()
    return float((product / (ours * theirs) ** 0.5).detach()), float(loss.detach())


def main():
    recorded = pathlib.Path(sys.argv[1]).resolve()
    output = subprocess.run(
        ["go", "test", "./model", "-count=1", "-v", "-run", "TestGoldenModel/.*/bfloat16"],
        cwd=pathlib.Path(__file__).parent.parent, env=os.environ | {"T5_GOLDEN": str(recorded)}, text=True,
        capture_output=True).stdout
    print(f"{'model':32} {'angle in degrees':>16} {'autocast':>10} {'loss':>10} {'autocast':>10} {'float64':>10}")
    worse, sums = False, [0.0, 0.0]
    for folder in sorted((recorded / "model").iterdir()):
        here = re.search(rf"=== RUN +TestGoldenModel/{folder.name}/bfloat16\n.*cosine ([\d.]+), loss ([\d.]+)", output)
        if not here:
            raise SystemExit(f"{folder.name}: the test does not report a cosine:\n{output}")
        want = json.loads((folder / "case.json").read_text())["loss_f64"]
        cosine, loss = autocast(folder)
        angles = [math.degrees(math.acos(min(1, c))) for c in (float(here[1]), cosine)]
        sums = [s + a for s, a in zip(sums, angles)]
        worse = worse or angles[0] > 4 / 3 * angles[1]
        print(f"{folder.name:32} {angles[0]:16.2f} {angles[1]:10.2f} {float(here[2]):10.5f} {loss:10.5f} {want:10.5f}")
    if worse or sums[0] > sums[1]:
        raise SystemExit("PyTorch is nearer to float64")


main()
