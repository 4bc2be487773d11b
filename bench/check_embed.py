#!/usr/bin/env python3
"""Compare the vectors of t5train embed with those of transformers and PyTorch.

  pip install torch transformers sentencepiece protobuf pyarrow
  bench/check_embed.py T5TRAIN_BINARY

Tiny models of every kind are made: whole models, encoders alone (T5EncoderModel), and folders as sentence-transformers
writes them, with a projection, stored as safetensors and as pytorch_model.bin, in float32 and in float16. The reference
computes in float64. Limit: 1e-5 of the largest number of a vector, or twice what transformers in float32 is off, which the
last column shows: some states of random weights are known no better.
"""
import json, pathlib, subprocess, sys, tempfile

import pyarrow.parquet, sentencepiece, torch, transformers
from safetensors.torch import save_file

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
TEXTS = ["hello world the cat", "a", "", "The house. " * 40, "one  two\tthree <extra_id_0> é"]
KINDS = {
    "t5": (transformers.T5Config, transformers.T5ForConditionalGeneration, transformers.T5EncoderModel, "relu"),
    "t5_v1_1": (transformers.T5Config, transformers.T5ForConditionalGeneration, transformers.T5EncoderModel, "gated-gelu"),
    "mt5": (transformers.MT5Config, transformers.MT5ForConditionalGeneration, transformers.MT5EncoderModel, "gated-gelu"),
    "umt5": (transformers.UMT5Config, transformers.UMT5ForConditionalGeneration, transformers.UMT5EncoderModel, "gated-gelu"),
}


def vocabulary(folder):
    text = [line for p in sorted(pathlib.Path(__file__).resolve().parent.parent.glob("docs/*.md")) for line in p.read_text().splitlines() if line.strip()]
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(text), model_prefix=str(folder / "spiece"), vocab_size=250, pad_id=0, eos_id=1, unk_id=2,
                                             bos_id=-1, minloglevel=2, hard_vocab_limit=False)
    (folder / "spiece.vocab").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", "extra_ids": 100, "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}))


def write(folder, kind, encoder, dtype):
    Config, Whole, Encoder, act = KINDS[kind]
    c = Config(vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_decoder_layers=3, num_heads=2, feed_forward_proj=act, decoder_start_token_id=0)
    torch.manual_seed(1)
    model = (Encoder if encoder else Whole)(c)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.randn(p.shape) * (0.4 if "norm" not in name else 0.3) + ("norm" in name))
    model.to(dtype).save_pretrained(folder)
    vocabulary(folder)


def sentence(folder, normalize, pickled, bias, dtype):
    """Adds what sentence-transformers adds to the folder of an encoder."""
    modules = ["Transformer", "Pooling", "Dense"] + ["Normalize"] * normalize
    paths = ["", "1_Pooling", "2_Dense", "3_Normalize"]
    (folder / "modules.json").write_text(json.dumps([
        {"idx": i, "name": str(i), "path": paths[i], "type": "sentence_transformers.models." + m} for i, m in enumerate(modules)]))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24, "do_lower_case": False}))
    for path in paths[1:3]:
        (folder / path).mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 16, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}))
    (folder / "2_Dense/config.json").write_text(json.dumps(
        {"in_features": 16, "out_features": 12, "bias": bias, "activation_function": "torch.nn.modules." + ("activation.Tanh" if bias else "linear.Identity")}))
    dense = {"linear.weight": torch.randn(12, 16).to(dtype)}
    if bias:
        dense["linear.bias"] = torch.randn(12).to(dtype)
    if pickled:
        torch.save(dense, folder / "2_Dense/pytorch_model.bin")
        model = pathlib.Path(folder / "model.safetensors")
        torch.save(transformers.T5EncoderModel.from_pretrained(folder).to(dtype).state_dict(), folder / "pytorch_model.bin")
        model.unlink()
    else:
        save_file(dense, folder / "2_Dense/model.safetensors")
    return {k: v.float() for k, v in dense.items()}


def reference(folder, kind, dense, bias, normalize, limit, dtype):
    tok = transformers.T5Tokenizer.from_pretrained(folder)
    model = KINDS[kind][2].from_pretrained(folder, dtype=torch.float32).to(dtype).eval()
    vectors, states = [], []
    for text in TEXTS:
        inputs = tok(text, return_tensors="pt", truncation=True, max_length=limit)
        with torch.no_grad():
            h = model(**inputs).last_hidden_state[0]
        v = h.mean(0)
        if dense:
            v = dense["linear.weight"].to(dtype) @ v
            v = torch.tanh(v + dense["linear.bias"].to(dtype)) if bias else v
        if normalize:
            v, h = torch.nn.functional.normalize(v, dim=0), torch.nn.functional.normalize(h, dim=1)
        vectors.append(v), states.append(h)
    return vectors, states


def main():
    binary = sys.argv[1]
    worst = 0

    def run(folder, out, *flags):
        command = [binary, "embed", "--model", folder, "--output", out, *flags]
        for text in TEXTS:
            command += ["--text", text]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)

    def off(vectors, want):
        return max(float((torch.as_tensor(g) - w).abs().max() / w.abs().max()) for g, w in zip(vectors, want))

    def compare(name, got, single, want):
        nonlocal worst
        if len(got) != len(want) or any(len(g) != len(w) for g, w in zip(got, want)):
            sys.exit(f"{name}: another number of vectors, or of another length")
        error, other = off(got, want), off(single, want)
        worst = max(worst, error / max(1e-5, 2 * other))
        print(f"{name:60} {error:.1e} {other:.1e}")

    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        cases = [(k, e, None, d) for k in KINDS for e in (False, True) for d in (torch.float32, torch.float16)]
        cases += [("t5", True, (n, p, b), d) for n in (False, True) for p in (False, True) for b in (False, True) for d in ((torch.float16,) if p else (torch.float32,))]
        for number, (kind, encoder, st, dtype) in enumerate(cases):
            folder = root / str(number)
            folder.mkdir()
            write(folder, kind, encoder, dtype)
            normalize, pickled, bias = st or (False, False, False)
            dense = sentence(folder, normalize, pickled, bias, dtype) if st else None
            both = [reference(folder, kind, dense, bias, normalize, 24 if st else 512, dtype) for dtype in (torch.float32, torch.float64)]
            vectors, states = zip(*both)
            tokens = [[v for h in s for v in h] for s in states]
            units = [[torch.nn.functional.normalize(v, dim=0) for v in t] for t in tokens]
            name = f"{kind} {'encoder' if encoder else 'whole'} {str(dtype)[6:]} {'sentence' if st else ''} " + " ".join(
                word for word, on in (("normalize", normalize), ("bin", pickled), ("tanh", bias)) if on)
            run(folder, root / f"{number}.jsonl")
            compare(name, [json.loads(line)["embedding"] for line in open(root / f"{number}.jsonl")], *vectors)
            run(folder, root / f"{number}.parquet", "--batch-size", 2)
            compare(name + " parquet", pyarrow.parquet.read_table(root / f"{number}.parquet")["embedding"].to_pylist(), *vectors)
            run(folder, root / f"{number}t.jsonl", "--per-token")
            compare(name + " tokens", [v for line in open(root / f"{number}t.jsonl") for v in json.loads(line)["token_embeddings"]], *tokens)
            run(folder, root / f"{number}t.parquet", "--per-token", "--normalize")
            compare(name + " tokens parquet", pyarrow.parquet.read_table(root / f"{number}t.parquet")["embedding"].to_pylist(), *units)
    print(f"largest difference, in limits: {worst:.2f}")
    sys.exit(worst > 1)


main()
