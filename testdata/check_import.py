#!/usr/bin/env python3
"""Check that Hugging Face datasets and pyarrow read what `t5train data import` writes.

It imports one small file of each format and compares features and rows with what is expected of them.

    go build -o t5train ./cmd/t5train
    python -m venv venv && venv/bin/pip install datasets
    venv/bin/python testdata/check_import.py ./t5train

Seen to pass with datasets 5.2.0 and 3.6.0, pyarrow 26.0.1. Prints "ok" and ends with status 0, or fails with what
differs.
"""

import json
import os
import subprocess
import sys
import tempfile

import datasets
import pyarrow
import pyarrow.parquet as pq

binary = os.path.abspath(sys.argv[1])


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)


def imported(name, *arguments):
    """Runs data import into a folder and returns its DatasetDict."""
    subprocess.run([binary, "data", "import", *arguments, "--output", name], check=True, capture_output=True)
    for file in sorted(os.listdir(name)):
        table = pq.read_table(os.path.join(name, file))
        table.validate(full=True)
    files = {}
    for file in sorted(os.listdir(name)):
        files.setdefault(file.split("-")[0], []).append(os.path.join(name, file))
    return datasets.load_dataset("parquet", data_files=files, cache_dir=name + "-cache")


def feature(f):
    """A feature in one form for all versions of datasets, whose lists are called Sequence or List."""
    if isinstance(f, datasets.ClassLabel):
        return f.names
    if isinstance(f, datasets.Value):
        return f.dtype
    if isinstance(f, dict):
        return {name: feature(inner) for name, inner in f.items()}
    return [feature(f.feature)]


def check(name, found, features, rows=None):
    got = {column: feature(f) for column, f in found.features.items()}
    assert got == features and list(got) == list(features), f"{name}: features {got}, want {features}"
    if rows is not None:
        assert found.to_list() == rows, f"{name}: rows {found.to_list()}, want {rows}"


os.chdir(tempfile.mkdtemp())
datasets.disable_progress_bars()

write("a.csv", 'text,stars,score,label\r\n"fine, ""really""\nfine",5,0.5,good\r\ndull,,,bad\r\n,1,1e-3,\r\n')
data = imported("csv", "a.csv", "--label", "label", "--types", "stars=int,score=float")
check("csv", data["train"], {"text": "string", "stars": "int64", "score": "float64", "label": ["bad", "good"]}, [
    {"text": 'fine, "really"\nfine', "stars": 5, "score": 0.5, "label": 1},
    {"text": "dull", "stars": None, "score": None, "label": 0},
    {"text": "", "stars": 1, "score": 0.001, "label": None},
])

rows = [
    {"id": 1, "translation": {"en": "one", "de": "eins"}, "tags": ["a", None], "ok": True, "x": 1.5},
    {"id": 2, "translation": {"en": "two", "de": None}, "tags": [], "ok": None, "x": 2.0},
    {"id": None, "translation": {"en": None, "de": None}, "tags": None, "ok": False, "x": None},
]
for format, text in (("jsonl", "".join(json.dumps(row) + "\n" for row in rows)), ("json", json.dumps(rows, indent=1))):
    write("b." + format, text)
    data = imported(format, "b." + format)
    check(format, data["train"], {"id": "int64", "translation": {"en": "string", "de": "string"}, "tags": ["string"], "ok": "bool", "x": "float64"}, rows)

write("c.conll", "EU B-ORG\nrejects O\n\nPeter B-PER\nBlack I-PER\n")
data = imported("conll", "c.conll")
check("conll", data["train"], {"tokens": ["string"], "ner_tags": [["O", "B-ORG", "B-PER", "I-PER"]]}, [
    {"tokens": ["EU", "rejects"], "ner_tags": [1, 0]}, {"tokens": ["Peter", "Black"], "ner_tags": [2, 3]},
])

write("d.json", json.dumps({"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "The cat.", "qas": [
    {"id": "1", "question": "who?", "answers": [{"text": "cat", "answer_start": 4}]},
    {"id": "2", "question": "why?", "is_impossible": True, "answers": []},
]}]}]}))
data = imported("squad", "d.json")
check("squad", data["train"], {"id": "string", "title": "string", "context": "string", "question": "string",
                               "answers": {"text": ["string"], "answer_start": ["int32"]}}, [
    {"id": "1", "title": "T", "context": "The cat.", "question": "who?", "answers": {"text": ["cat"], "answer_start": [4]}},
    {"id": "2", "title": "T", "context": "The cat.", "question": "why?", "answers": {"text": [], "answer_start": []}},
])

for split in ("train", "test"):
    for label in ("pos", "neg"):
        for n in range(3):
            write(f"imdb/{split}/{label}/{n}.txt", f"{split} {label} {n}\n")
data = imported("classes", "train=imdb/train", "test=imdb/test")
check("classes", data["test"], {"text": "string", "label": ["neg", "pos"]})
assert [len(data[split]) for split in ("train", "test")] == [6, 6]

# Many rows, in several files and row groups, of which the splits are exact and have each row once.
write("e.csv", "n,text\n" + "".join(f"{n},{os.urandom(40).hex()}\n" for n in range(50_000)))
data = imported("large", "e.csv", "--types", "n=int", "--split", "train=0.9,validation=0.07,test=0.03", "--max-shard-size", "500KB")
assert {split: len(rows) for split, rows in data.items()} == {"train": 45_000, "validation": 3_500, "test": 1_500}, data
assert sorted(n for rows in data.values() for n in rows["n"]) == list(range(50_000))
assert len([f for f in os.listdir("large") if f.startswith("train-")]) > 2

print("ok: datasets", datasets.__version__, "pyarrow", pyarrow.__version__)
