#!/usr/bin/env python3
"""Compare what t5train reads of pytorch_model.bin with what PyTorch reads.

  pip install torch transformers safetensors
  bench/check_pytorch.py T5TRAIN_BINARY

Tiny models of every kind are stored by torch.save: as zip and as of before PyTorch 1.6, with each protocol of pickle, in
one file and in shards, in every type, with shared, transposed and cut storages, as state_dict and as parameters. t5train
converts each: all tensors of its model.safetensors must have the same bits.
"""
import collections, json, pathlib, subprocess, sys, tempfile

import torch, transformers
from safetensors.torch import load_file

KINDS = {
    "t5": (transformers.T5Config, transformers.T5ForConditionalGeneration, "relu", True),
    "t5_v1_1": (transformers.T5Config, transformers.T5ForConditionalGeneration, "gated-gelu", False),
    "mt5": (transformers.MT5Config, transformers.MT5ForConditionalGeneration, "gated-gelu", False),
    "umt5": (transformers.UMT5Config, transformers.UMT5ForConditionalGeneration, "gated-gelu", True),
}
FORMS = {
    "zip": {},
    "protocol 3": {"pickle_protocol": 3},
    "protocol 5": {"pickle_protocol": 5},
    "legacy": {"_use_new_zipfile_serialization": False},
    "legacy protocol 4": {"_use_new_zipfile_serialization": False, "pickle_protocol": 4},
}
VIEWS = {
    "plain": lambda t: t,
    "transposed": lambda t: t.t().contiguous().t() if t.dim() == 2 else t,
    "cut": lambda t: torch.cat([t.flatten(), t.flatten()])[t.numel() :].view(t.shape),
    "parameters": torch.nn.Parameter,
}


def main():
    binary, count = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for kind, (Config, Model, act, tied) in KINDS.items():
            torch.manual_seed(1)
            c = Config(vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, feed_forward_proj=act, tie_word_embeddings=tied,
                       decoder_start_token_id=0)
            model = Model(c)
            for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
                state = collections.OrderedDict((k, v.to(dtype)) for k, v in model.state_dict().items())
                for name in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight") + ("lm_head.weight",) * tied:
                    state[name] = state["shared.weight"]  # one storage
                for view, change in VIEWS.items():
                    for form, flags in FORMS.items():
                        for shards in (1, 2):
                            folder, out = root / str(count), root / f"{count}-out"
                            folder.mkdir()
                            values = c.to_dict()
                            values.update(architectures=[Model.__name__], tie_word_embeddings=tied)
                            (folder / "config.json").write_text(json.dumps(values))
                            (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "ByT5Tokenizer"}')
                            changed = collections.OrderedDict((k, change(v)) for k, v in state.items())
                            if shards == 1:
                                torch.save(changed, folder / "pytorch_model.bin", **flags)
                            else:
                                names, index = list(changed), {}
                                for i, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :])):
                                    file = f"pytorch_model-{i + 1:05}-of-00002.bin"
                                    torch.save({n: changed[n] for n in part}, folder / file, **flags)
                                    index.update({n: file for n in part})
                                (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
                            p = subprocess.run([binary, "convert", "--model", folder, "--output", out], capture_output=True, text=True)
                            if p.returncode:
                                sys.exit(f"{kind} {dtype} {view} {form} {shards}: {p.stderr}")
                            got = load_file(out / "model.safetensors")
                            for name, t in got.items():
                                if t.dtype != dtype or not torch.equal(t, state[name]):
                                    sys.exit(f"{kind} {dtype} {view} {form} {shards}: {name} differs")
                            missing = {id(state[n]) for n in state} - {id(state[n]) for n in got}
                            if missing:
                                sys.exit(f"{kind} {dtype} {view} {form} {shards}: {len(missing)} tensors are missing")
                            count += 1
                print(kind, dtype, "same bits", flush=True)
    print(count, "files, all with the same bits")


main()
