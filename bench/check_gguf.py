#!/usr/bin/env python3
"""Compare llama.cpp, running what `t5train convert --format gguf` writes, with transformers.

  pip install torch transformers safetensors gguf
  npm pack @node-llama-cpp/linux-x64      # or build libllama from the sources in the sdist of llama-cpp-python
  cc -O2 -I LLAMA/include -I LLAMA/ggml/include bench/check_gguf.c -o check_gguf LIBDIR/libllama*.so LIBDIR/libggml*.so -lm
  GGML_BACKENDS=LIBDIR bench/check_gguf.py T5TRAIN CHECK_GGUF TOKENIZER_FOLDER [MODEL ...] [--type float32 ...]

Models are folders or builtin:NAME; without any, tiny ones of every kind are made, with the tokenizer of that folder (spiece.model and tokenizer.json). For
each model and type: the tokens of 200 texts (ids, where a model has no tokenizer), the greedy answers, the logarithms of
their probabilities, and what the package gguf reads: names, shapes, and the bytes that it makes of the same values.
llama.cpp has a table in half precision for GELU (GGML_GELU_FP16 in ggml-cpu/vec.h), so that gated models with random
weights, which make a small error large, answer some inputs otherwise; without the table they do not.
"""
import argparse, json, pathlib, random, shutil, subprocess, tempfile

import gguf, numpy as np, torch, transformers
from safetensors import safe_open

ROOT = pathlib.Path(__file__).resolve().parent.parent
INPUTS, TOKENS = 200, 24
TYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16", "q8_0": "Q8_0"}
T5 = (transformers.T5Config, transformers.T5ForConditionalGeneration)
MT5 = (transformers.MT5Config, transformers.MT5ForConditionalGeneration)
UMT5 = (transformers.UMT5Config, transformers.UMT5ForConditionalGeneration)
KINDS = {  # classes, activation, tied, encoder and decoder layers, d_model, d_kv, d_ff
    "T5 1.0, tied": (T5, "relu", True, 2, 2, 64, 16, 128),
    "T5 1.1, untied, gated": (T5, "gated-gelu", False, 2, 2, 64, 16, 128),
    "decoder deeper": (T5, "gated-gelu", False, 2, 4, 64, 16, 128),
    "encoder deeper": (T5, "relu", True, 4, 2, 64, 16, 128),
    "odd sizes": (T5, "gated-gelu", True, 3, 1, 36, 7, 45),
    "mT5": (MT5, "gated-gelu", False, 2, 2, 64, 16, 128),
    "UMT5": (UMT5, "gated-gelu", False, 3, 2, 64, 16, 128),
}


def make(folder, tokenizer, kind):
    """Write a tiny model with random weights."""
    (Config, Model), act, tied, layers, decoder, d_model, d_kv, d_ff = KINDS[kind]
    torch.manual_seed(len(kind))
    c = Config(vocab_size=32128, d_model=d_model, d_kv=d_kv, d_ff=d_ff, num_layers=layers, num_decoder_layers=decoder, num_heads=3,
               feed_forward_proj=act, tie_word_embeddings=tied, decoder_start_token_id=0, initializer_factor=2.0)  # answers vary with the inputs, and rounding stays small
    Model(c).save_pretrained(folder)
    for name in ("spiece.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (tokenizer / name).exists():
            shutil.copy(tokenizer / name, folder)
    return str(folder)


def texts():
    """200 lines of the documents, and some that are hard to tokenize."""
    hard = ["The <extra_id_0> walks in <extra_id_1> park", "caf\u00e9 na\u00efve \u00fcber \ufb01ne \u2460", "two  spaces\tand a tab ", " \u00a0 ", "</s> in a text",
            "a<extra_id_2>b", "x" * 80, "\u65e5\u672c\u8a9e and \u0440\u0443\u0441\u0441\u043a\u0438\u0439", "I \u2581 am", "\U0001f600 smile"]
    lines = [line.strip() for path in sorted((ROOT / "docs").glob("*.md")) for line in path.read_text().splitlines()]
    lines = [line[:300] for line in lines if len(line) > 40]
    random.Random(1).shuffle(lines)
    return hard + lines[: INPUTS - len(hard)]


def reference(model, inputs):
    """The greedy answers and the logarithms of their probabilities."""
    answers, logs = [], []
    for ids in inputs:
        with torch.no_grad():
            out = model.generate(torch.tensor([ids]), do_sample=False, num_beams=1, max_new_tokens=TOKENS, return_dict_in_generate=True,
                                 output_scores=True, use_cache=model.config.num_decoder_layers <= model.config.num_layers)  # else its cache is too short
        answer = out.sequences[0, 1:].tolist()
        answers.append(answer)
        logs.append(sum(torch.log_softmax(s[0].double(), -1)[t].item() for s, t in zip(out.scores, answer)))
    return answers, logs


def llama(program, path, lines):
    done = subprocess.run([program, path, str(TOKENS)], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stderr}")
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return [[int(x) for x in r[0].split()] for r in rows], [[int(x) for x in r[1].split()] for r in rows], [float(r[2]) for r in rows]


def check_file(path, folder, dtype, scale):
    """Names, shapes and bytes, by the package gguf."""
    reader = gguf.GGUFReader(path)
    tensors = {t.name: t for t in reader.tensors}
    arch = gguf.MODEL_ARCH.T5
    names = gguf.get_tensor_name_map(arch, 512)
    stored = {}
    for file in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with safe_open(file, "pt") as f:
            stored.update({k: f.get_tensor(k).float().numpy() for k in f.keys()})
    seen = set()
    for name, value in stored.items():
        new = names.get_name(name, try_suffixes=(".weight",))
        if new not in tensors and name in ("lm_head.weight",) or name.endswith("embed_tokens.weight") and new in seen:
            continue
        seen.add(new)
        t = tensors[new]
        assert list(reversed(t.shape.tolist())) == list(value.shape), (new, t.shape, value.shape)
        kind = gguf.GGMLQuantizationType[TYPES[dtype]]
        if value.ndim == 1:
            kind = gguf.GGMLQuantizationType.F32
        elif kind == gguf.GGMLQuantizationType.Q8_0 and value.shape[1] % 32:
            kind = gguf.GGMLQuantizationType.F16
        if new == "dec.output_norm.weight":
            value = value * np.float32(scale)
        assert t.tensor_type == kind, (new, t.tensor_type, kind)
        want = value.astype(np.float16) if kind == gguf.GGMLQuantizationType.F16 else gguf.quants.quantize(value, kind)
        assert want.tobytes() == t.data.tobytes(), new
    more = set(tensors) - seen
    assert all(not tensors[name].data.any() for name in more), more  # the blocks of zeros
    return len(seen)


def agreement(got, want):
    """Of the tokens of the reference, the part that stands in the same place."""
    same = sum(a == b for g, w in zip(got, want) for a, b in zip(g, w))
    return same / sum(map(len, want))


def check(binary, program, name, source, scratch, only):
    folder = source
    if source.startswith("builtin:"):
        folder = str(scratch / "folder")
        subprocess.run([binary, "convert", "--model", source, "--output", folder, "--dtype", "float32"], check=True, capture_output=True)
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    Model = getattr(transformers, (config.get("architectures") or ["T5ForConditionalGeneration"])[0])
    model = Model.from_pretrained(folder, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = config.get("eos_token_id", 1)
    tokenizer = None
    if any((pathlib.Path(folder) / name).exists() for name in ("tokenizer.json", "spiece.model")):
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        inputs = [tokenizer(t)["input_ids"] for t in texts()]
        lines = ["t " + t.encode().hex() for t in texts()]
    else:
        r = random.Random(2)
        inputs = [[r.randrange(2, config["vocab_size"]) for _ in range(r.randrange(1, 200))] for _ in range(INPUTS)]
        lines = ["i " + " ".join(map(str, ids)) for ids in inputs]
    by_ids = ["i " + " ".join(map(str, ids)) for ids in inputs]
    scale = config["d_model"] ** -0.5 if model.config.__dict__.get("scale_decoder_outputs", config.get("tie_word_embeddings", True)) else 1
    if Model is transformers.MT5ForConditionalGeneration:
        scale = 1  # which transformers 5 never scales
    answers, logs = reference(model, inputs)
    various = len({tuple(a) for a in answers})
    for dtype in only or TYPES:
        path = scratch / f"{dtype}.gguf"
        done = subprocess.run([binary, "convert", "--model", source, "--output", path, "--format", "gguf", "--dtype", dtype],
                              capture_output=True, text=True)
        if done.returncode:
            print(f"| {name} | refused: {done.stderr.strip().splitlines()[-1].split('GGUF: ')[-1]} |")
            return
        tensors = check_file(path, folder, dtype, scale)
        ids, _, _ = llama(program, path, lines)
        _, got, got_logs = llama(program, path, by_ids)
        if tokenizer is None:
            got = [g[: len(w)] for g, w in zip(got, answers)]  # without a tokenizer llama.cpp knows no end
        same_ids = sum(a == b for a, b in zip(ids, inputs))
        same = sum(a == b for a, b in zip(got, answers))
        off = max([abs(a - b) for a, b, g, w in zip(got_logs, logs, got, answers) if g == w and tokenizer] or [float("nan")])
        print(f"| {name} | {dtype} | {same_ids if tokenizer else '-'} | {same} | {various} | {100 * agreement(got, answers):.2f} % | {off:.2g} | {tensors} |", flush=True)
        path.unlink()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary"), p.add_argument("program"), p.add_argument("tokenizer"), p.add_argument("models", nargs="*")
    p.add_argument("--type", action="append", choices=TYPES)
    a = p.parse_args()
    binary, program, tokenizer, models = a.binary, a.program, a.tokenizer, a.models
    print(f"| model | type | same tokens of {INPUTS} | same answers | different ones | same tokens of the answers | log-probability off by | tensors equal |")
    print("|---|---|---|---|---|---|---|---|")
    for name in models or KINDS:
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            source = name if models else make(scratch / "model", pathlib.Path(tokenizer), name)
            check(binary, program, name if not models else pathlib.Path(name).name, source, scratch, a.type)


if __name__ == "__main__":
    main()
