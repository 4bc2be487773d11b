#!/usr/bin/env python3
"""Compare the greedy answers of CTranslate2, which opens what t5train writes, with those of t5train predict.

  pip install torch transformers ctranslate2
  bench/check_ctranslate2.py T5TRAIN_BINARY [MODEL]

MODEL is a run, a folder or builtin:NAME, by default builtin:en-tiny. ct2-transformers-converter reads the folder that
`t5train convert` writes; both programs answer 100 lines of the documents in float32.
"""
import json, pathlib, subprocess, sys, tempfile

import ctranslate2, transformers

LINES, TOKENS = 100, 32


def main():
    binary, model = sys.argv[1], (sys.argv[2:] or ["builtin:en-tiny"])[0]
    docs = pathlib.Path(__file__).resolve().parent.parent / "docs"
    texts = [line.strip()[:200] for p in sorted(docs.glob("*.md")) for line in p.read_text().splitlines() if len(line) > 40][:LINES]
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        run = lambda *command: subprocess.run(list(map(str, command)), check=True, capture_output=True)
        run(binary, "convert", "--model", model, "--output", root / "folder", "--dtype", "float32")
        run("ct2-transformers-converter", "--model", root / "folder", "--output_dir", root / "ct2")
        (root / "texts.txt").write_text("\n".join(texts) + "\n")
        run(binary, "predict", "--model", root / "folder", "--input", root / "texts.txt", "--output", root / "answers.jsonl", "--max-output-length", TOKENS)
        want = [json.loads(line) for line in open(root / "answers.jsonl")]
        tokenizer = transformers.AutoTokenizer.from_pretrained(root / "folder")
        translator = ctranslate2.Translator(str(root / "ct2"), compute_type="float32", intra_threads=1)
        batch = [tokenizer.convert_ids_to_tokens(tokenizer(t)["input_ids"]) for t in texts]
        results = translator.translate_batch(batch, beam_size=1, max_decoding_length=TOKENS, return_scores=False)
        got = [tokenizer.decode(tokenizer.convert_tokens_to_ids(r.hypotheses[0]), skip_special_tokens=True) for r in results]
    same = 0
    for text, g, w in zip(texts, got, want):
        same += g == w["output"]
        if g != w["output"]:
            print(f"{text[:60]!r}: CTranslate2 {g[:80]!r}, t5train {w['output'][:80]!r}")
    print(f"{same} of {len(texts)} answers are the same, {len(set(got))} different ones")
    sys.exit(same != len(texts))


main()
