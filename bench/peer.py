#!/usr/bin/env python3
"""What compare.sh measures of other programs besides training steps and generation with PyTorch; prints JSON.

  peer.py ragged --train pairs.parquet --text-column en --target-column de [--batch 64] [--steps 5] [--threads 2]
      training steps of transformers + PyTorch (sdpa) on text pairs in shuffled order, each batch padded to its longest
  peer.py autocast|float32 [--batch 8] [--enc 128] [--dec 32] [--d-model 512] ... [--steps 5] [--threads 2]
      training steps of transformers + PyTorch (sdpa) on random tokens, under autocast to bfloat16 or in float32, with the
      shapes of `t5train bench train`
  peer.py gemm [--dtype float32] [--steps 5] [--threads 2] < products.json
      the products of `t5train bench gemm --json` in PyTorch, that is, MKL, or oneDNN in bfloat16
  peer.py ctranslate2 [--beams 1] [--gen-batch 1] [--gen-enc 64] [--new-tokens 64] [--steps 5] [--threads 2] [--compute-type float32]
      generation with CTranslate2 from t5-small, greedy or by beam search
"""
import argparse, json, os, random, resource, statistics, sys, tempfile, time

p = argparse.ArgumentParser()
a = p.add_argument
a("what", choices=["ragged", "ragged-autocast", "autocast", "float32", "gemm", "ctranslate2"])
a("--train"); a("--text-column"); a("--target-column")
a("--tokenizer", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/tokenizer/t5/spiece.model"))
a("--batch", type=int, default=8); a("--steps", type=int, default=5); a("--warmup", type=int, default=2); a("--threads", type=int, default=2)
a("--gen-batch", type=int, default=1); a("--gen-enc", type=int, default=64); a("--new-tokens", type=int, default=64)
a("--enc", type=int, default=128); a("--dec", type=int, default=32); a("--ff", default="relu")
a("--d-model", type=int, default=512); a("--d-ff", type=int, default=2048); a("--d-kv", type=int, default=64)
a("--layers", type=int, default=6); a("--heads", type=int, default=8); a("--dtype", default="float32")
a("--beams", type=int, default=1)
a("--compute-type", default="float32")
A = p.parse_args()
# CTranslate2 reads it when it is loaded.
os.environ |= {"OMP_NUM_THREADS": str(A.threads), "MKL_NUM_THREADS": str(A.threads), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}


def autocast():
    import contextlib, torch
    return torch.autocast("cpu", torch.bfloat16) if "autocast" in A.what else contextlib.nullcontext()


def train():
    import torch
    from transformers.optimization import Adafactor
    torch.set_num_threads(A.threads)
    model = t5().train()
    optimizer = Adafactor(model.parameters(), lr=1e-3, scale_parameter=False, relative_step=False, warmup_init=False)
    ids, labels = torch.randint(3, 32000, (A.batch, A.enc)), torch.randint(3, 32000, (A.batch, A.dec))
    seconds = []
    for i in range(A.warmup + A.steps):
        begun = time.perf_counter()
        optimizer.zero_grad()
        with autocast():
            loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
        loss.item()
        if i >= A.warmup:
            seconds.append(time.perf_counter() - begun)
    med = statistics.median(seconds)
    return {"step_s_median": med, "step_s_min": min(seconds), "tokens_per_s": A.batch * (A.enc + A.dec) / med}


def t5():
    import torch
    from transformers import T5Config, T5ForConditionalGeneration
    torch.manual_seed(0)
    return T5ForConditionalGeneration(T5Config(
        vocab_size=32128, d_model=A.d_model, d_kv=A.d_kv, d_ff=A.d_ff, num_layers=A.layers, num_heads=A.heads, feed_forward_proj=A.ff,
        dropout_rate=0.1, decoder_start_token_id=0, attn_implementation="sdpa"))


def ragged():
    import pyarrow.parquet, sentencepiece, torch
    from transformers.optimization import Adafactor
    torch.set_num_threads(A.threads)
    sp = sentencepiece.SentencePieceProcessor(model_file=A.tokenizer)
    table = pyarrow.parquet.read_table(A.train, columns=[A.text_column, A.target_column])
    pairs = [[sp.encode(t)[:511] + [1] for t in table[c].to_pylist()] for c in (A.text_column, A.target_column)]
    order = list(range(table.num_rows))
    random.Random(1).shuffle(order)
    model = t5().train()
    optimizer = Adafactor(model.parameters(), lr=1e-3, scale_parameter=False, relative_step=False, warmup_init=False)

    def padded(rows, fill):
        longest = max(map(len, rows))
        return torch.tensor([r + [fill] * (longest - len(r)) for r in rows])

    seconds, rates, targets = [], [], []
    for i in range(A.warmup + A.steps):
        rows = order[i * A.batch:(i + 1) * A.batch]
        inputs, labels = [pairs[0][r] for r in rows], [pairs[1][r] for r in rows]
        begun = time.perf_counter()
        ids = padded(inputs, 0)
        optimizer.zero_grad()
        with autocast():
            loss = model(input_ids=ids, attention_mask=(ids != 0).long(), labels=padded(labels, -100)).loss
        loss.backward()
        optimizer.step()
        loss.item()
        s = time.perf_counter() - begun
        if i >= A.warmup:
            n = sum(map(len, labels))
            seconds.append(s); targets.append(n / s); rates.append((n + sum(map(len, inputs))) / s)
    med = statistics.median
    return {"step_s_median": med(seconds), "step_s_min": min(seconds), "tokens_per_s": med(rates), "target_tokens_per_s": med(targets)}


def gemm():
    import torch
    torch.set_num_threads(A.threads)
    products, dtype = json.load(sys.stdin)["products"], getattr(torch, A.dtype)
    for r in products:
        m, n, k = r["m"], r["n"], r["k"]
        x = torch.randn(k, m).T if r["op"][0] == "T" else torch.randn(m, k)
        y = torch.randn(n, k).T if r["op"][1] == "T" else torch.randn(k, n)
        x, y, out = x.to(dtype), y.to(dtype), torch.empty(m, n, dtype=dtype)
        torch.mm(x, y, out=out)
        rates, start = [], time.perf_counter()
        while len(rates) < A.steps or time.perf_counter() - start < 0.3:
            begun = time.perf_counter()
            torch.mm(x, y, out=out)
            rates.append(2 * m * n * k / (time.perf_counter() - begun) / 1e9)
        r |= {"gflops_median": statistics.median(rates), "gflops_best": max(rates)}
    return {"products": products}


def convert(work):
    import ctranslate2, shutil
    from transformers import T5Tokenizer
    t5().save_pretrained(work + "/hf")
    shutil.copy(A.tokenizer, work + "/hf/spiece.model")
    T5Tokenizer.from_pretrained(work + "/hf").save_pretrained(work + "/hf")
    ctranslate2.converters.TransformersConverter(work + "/hf").convert(work + "/ct2")


def ctranslate2():
    import ctranslate2, multiprocessing
    with tempfile.TemporaryDirectory() as work:
        converter = multiprocessing.get_context("spawn").Process(target=convert, args=(work,))  # its memory does not count
        converter.start()
        converter.join()
        t = ctranslate2.Translator(work + "/ct2", device="cpu", compute_type=A.compute_type, inter_threads=1, intra_threads=A.threads)
    r = random.Random(2)
    vocabulary = [f"▁{w}" for w in ("the", "of", "and", "to", "in", "for", "is", "on", "with", "at")]
    inputs = [[r.choice(vocabulary) for _ in range(A.gen_enc - 1)] + ["</s>"] for _ in range(A.gen_batch)]
    seconds = []
    for i in range(1 + A.steps):
        begun = time.perf_counter()
        out = t.translate_batch(inputs, beam_size=A.beams, min_decoding_length=A.new_tokens, max_decoding_length=A.new_tokens)
        if i:
            seconds.append(time.perf_counter() - begun)
    tokens = sum(len(o.hypotheses[0]) for o in out)
    return {"step_s_median": statistics.median(seconds), "step_s_min": min(seconds), "tokens_per_s": tokens / statistics.median(seconds), "new_tokens": tokens}


if __name__ == "__main__":
    r = {"ragged": ragged, "ragged-autocast": ragged, "autocast": train, "float32": train, "gemm": gemm, "ctranslate2": ctranslate2}[A.what]()
    r["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(r))
