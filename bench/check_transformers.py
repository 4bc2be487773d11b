#!/usr/bin/env python3
"""Open a t5train checkpoint in transformers and hold t5train's answers to it.

  pip install torch transformers sentencepiece protobuf
  bench/check_transformers.py T5TRAIN_BINARY RUN_OR_CHECKPOINT TEXTS.txt

The texts, one a line, go through `t5train predict`, once with the checkpoint's task and once as plain generation.
transformers must load the folder without a warning about weights, rank the labels with the same probabilities
(1e-4 absolute) and generate the same text.
"""
import json, pathlib, subprocess, sys

import torch
from transformers import AutoTokenizer, T5ForConditionalGeneration


def predict(binary, checkpoint, texts, *flags):
    out = subprocess.run([binary, "predict", "--model", checkpoint, "--input", texts, *flags], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def folder_of(checkpoint):
    folder = pathlib.Path(checkpoint)
    if (folder / "config.json").exists():
        return folder
    runs = folder / "checkpoints"
    pointer = runs / "best" if (runs / "best").exists() else runs / "latest"
    return runs / pointer.read_text().strip()


def main():
    binary, checkpoint, texts = sys.argv[1:]
    folder = folder_of(checkpoint)
    model, info = T5ForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    problems = {k: v for k, v in info.items() if v}
    assert not problems, f"from_pretrained says: {problems}"
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    task = json.loads((folder / "t5train.json").read_text())["task"]
    labels = [label["text"] for label in task["labels"]]
    targets = [tokenizer(label, return_tensors="pt").input_ids for label in labels]
    ranked, generated = predict(binary, checkpoint, texts), predict(binary, checkpoint, texts, "--task", "seq2seq")
    worst = 0.0
    for answer, plain in zip(ranked, generated, strict=True):
        text = f'{task["prefix"]} {task["text_columns"][0]}: {answer["input"]}'.strip().rstrip()
        inputs = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            scores = torch.stack([-model(**inputs, labels=t).loss * t.shape[1] for t in targets])
            probabilities = scores.double().softmax(0)
            output = model.generate(**inputs, max_new_tokens=16, do_sample=False, num_beams=1)
        best = int(probabilities.argmax())
        worst = max(worst, abs(float(probabilities[best]) - answer["probability"]))
        assert labels[best] == answer["output"], (text, labels[best], answer)
        assert tokenizer.decode(output[0], skip_special_tokens=True) == plain["output"], (text, output, plain)
    print(f"{len(ranked)} texts: same labels, same generated text, probabilities differ by at most {worst:.2g}")
    assert worst < 1e-4


main()
