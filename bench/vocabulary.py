#!/usr/bin/env python3
"""Train the same vocabularies with t5train and with spm_train of the sentencepiece package, in turn, and print a table.

  pip install sentencepiece pyarrow
  bench/vocabulary.py T5TRAIN_BINARY TRAIN.parquet[,MORE] HELD_OUT.parquet [COLUMN]

Both read the same lines with the same options and two threads (THREADS); t5train reads the parquet files, spm_train a text file
made of them. SIZES is 8000,32000 and TYPES unigram,bpe. The score is that of the unigram model for the most probable pieces of
the held-out lines. CPU time is that of all threads, and tells more than wall time on a machine that has other work.
"""
import json, os, pathlib, subprocess, sys, tempfile

import pyarrow.parquet, sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto


# Linux counts the pages that a process has when it is forked into its peak of memory, also after it executes another program:
# so a small process starts what is measured, and not this one.
STARTER = """
import json, os, sys, time
begun = time.monotonic()
child = os.fork()
if child == 0:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1), os.dup2(null, 2)
    try:
        os.execv(sys.argv[1], sys.argv[1:])
    finally:
        os._exit(1)
_, status, usage = os.wait4(child, 0)
print(json.dumps([status, time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def measured(command):
    """Runs a command; its seconds, seconds of CPU and peak of memory in MB."""
    out = subprocess.run([sys.executable, "-S", "-c", STARTER, *map(str, command)], check=True, capture_output=True, text=True).stdout
    status, *used = json.loads(out)
    if status != 0:
        sys.exit("a training failed")
    return used


def spm_train(text, prefix, size, kind, threads):
    code = ("import sys, sentencepiece; sentencepiece.SentencePieceTrainer.train(input=sys.argv[1], model_prefix=sys.argv[2], vocab_size=int(sys.argv[3]),"
            "model_type=sys.argv[4], num_threads=int(sys.argv[5]), pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2)")
    return [sys.executable, "-c", code, text, prefix, size, kind, threads]


def t5train(binary, files, column, folder, size, kind, threads):
    inputs = [a for f in files for a in ("--input", f"{f}:{column}")]
    return [binary, "tokenizer", "train", *inputs, "--type", kind, "--vocab-size", size, "--output", folder, "--threads", threads]


def quality(path, lines):
    m = proto.ModelProto()
    m.ParseFromString(path.read_bytes())
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    score = [p.score for p in m.pieces]
    score[2] = min(score) - 10  # of an unknown character
    ids = processor.encode(lines)
    tokens = sum(map(len, ids))
    characters = sum(len(processor.normalize(line)) for line in lines)
    return tokens / sum(len(line.split()) for line in lines), sum(score[i] for line in ids for i in line) / characters, {p.piece for p in m.pieces}


def main():
    binary, train, held_out, *column = sys.argv[1:]
    binary, files, column = os.path.realpath(binary), train.split(","), (column or ["text"])[0]
    threads = int(os.environ.get("THREADS", "2"))
    lines = [x for row in pyarrow.parquet.read_table(held_out)[column].to_pylist() for x in row.split("\n") if x.strip()]
    print("| pieces | | seconds | CPU seconds | peak memory | tokens a word | log probability a character | pieces in common |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        text = temp / "text.txt"
        with open(text, "w") as out:
            for f in files:
                for batch in pyarrow.parquet.ParquetFile(f).iter_batches(columns=[column], batch_size=256):
                    out.writelines(row + "\n" for row in batch[column].to_pylist())
        for kind in os.environ.get("TYPES", "unigram,bpe").split(","):
            for size in map(int, os.environ.get("SIZES", "8000,32000").split(",")):
                ours = measured(t5train(binary, files, column, temp / f"{kind}{size}", size, kind, threads))
                other = measured(spm_train(text, temp / f"{kind}{size}-spm", size, kind, threads))
                a, b = quality(temp / f"{kind}{size}" / "spiece.model", lines), quality(temp / f"{kind}{size}-spm.model", lines)
                for name, (wall, cpu, peak), (words, score, pieces) in (("t5train", ours, a), ("spm_train", other, b)):
                    score = f"{score:.4f}" if kind == "unigram" else ""
                    print(f"| {size:,} {kind} | {name} | {wall:.1f} | {cpu:.1f} | {peak:,.0f} MB | {words:.4f} | {score} | {len(a[2] & b[2]) / len(b[2]):.2%} |", flush=True)


main()
