#!/usr/bin/env python3
"""Make a pre-training run of t5train in transformers + PyTorch: same weights, same batches, same optimizer.

  pip install torch transformers
  t5train pretrain --config my.yaml --save-initial initial
  bench/pretrain_transformers.py T5TRAIN_BINARY initial STEPS --config my.yaml [t5train flags]

The flags are those of the run. t5train prints the examples, which are padded here; every step is one of its
micro-batches, so train.accumulate must be 1. Adafactor has the options of t5train's default for pre-training; learning
rate and schedule are options of this script, whose defaults are those of configs/pretrain-tiny.yaml. Prints the loss as
t5train's log does, and now and then the held-out loss per target token in nats, to be compared with `validation loss`
of the same step.
"""
import argparse, json, subprocess, time

import torch
from transformers import T5ForConditionalGeneration
from transformers.optimization import Adafactor


def batches(binary, flags):
    """Yields lists of (input_ids, labels) as t5train reads them."""
    process = subprocess.Popen([binary, "data", "examples", *flags], stdout=subprocess.PIPE, text=True)
    number, batch = 0, []
    for line in process.stdout:
        example = json.loads(line)
        if example["batch"] != number:
            yield batch
            number, batch = example["batch"], []
        batch.append((example["input_ids"], example["labels"]))
    if process.wait():
        raise SystemExit(f"{binary} data examples failed")
    yield batch


def padded(sequences, value):
    longest = max(map(len, sequences))
    return torch.tensor([s + [value] * (longest - len(s)) for s in sequences])


def losses(model, batch):
    """Summed cross-entropy, summed log(Z)^2, number of targets, number of input and target tokens."""
    inputs, labels = padded([i for i, _ in batch], 0), padded([l for _, l in batch], -100)
    mask = padded([[1] * len(i) for i, _ in batch], 0)
    logits = model(input_ids=inputs, attention_mask=mask, decoder_input_ids=model._shift_right(labels)).logits
    real = labels != -100
    log_z = logits[real].logsumexp(-1)
    nll = (log_z - logits[real].gather(-1, labels[real][:, None])[:, 0]).sum()
    return nll, log_z.square().sum(), int(real.sum()), int(mask.sum() + real.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("initial")
    parser.add_argument("steps", type=int)
    parser.add_argument("--threads-torch", type=int, default=2)
    parser.add_argument("--learning-rate-peak", type=float, default=3e-2)
    parser.add_argument("--schedule", choices=["linear", "rsqrt"], default="linear", help="linear falls to 0 at the last step")
    parser.add_argument("--warmup-steps", type=int, default=10000, help="of rsqrt: steps at the peak")
    parser.add_argument("--z-loss", type=float, default=1e-4)
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--eval-every", type=int, default=600)
    a, flags = parser.parse_known_args()

    torch.set_num_threads(a.threads_torch)
    model = T5ForConditionalGeneration.from_pretrained(a.initial)
    model.config.use_cache = False
    optimizer = Adafactor(model.parameters(), lr=a.learning_rate_peak, scale_parameter=True, relative_step=False, warmup_init=False)
    held_out = list(batches(a.binary, [*flags, "--held-out"]))

    def factor(done):
        if a.schedule == "linear":
            return 1 - done / a.steps
        return (a.warmup_steps / max(done, a.warmup_steps)) ** 0.5

    def evaluate():
        model.eval()
        nll, targets = 0.0, 0
        with torch.no_grad():
            for batch in held_out:
                loss, _, count, _ = losses(model, batch)
                nll, targets = nll + loss.item(), targets + count
        model.train()
        return nll / targets

    model.train()
    total, tokens, since, spent = 0.0, 0, 0, 0.0
    for step, batch in enumerate(batches(a.binary, [*flags, "--batches", str(a.steps)]), 1):
        begun = time.time()
        for group in optimizer.param_groups:
            group["lr"] = a.learning_rate_peak * factor(step - 1)
        nll, z, targets, count = losses(model, batch)
        loss = (nll + a.z_loss * z) / targets
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, since, tokens, spent = total + loss.item(), since + 1, tokens + count, spent + time.time() - begun
        if step % a.log_every == 0 or step == a.steps:
            print(f"step {step}/{a.steps}  loss {total / since:.4f}  {tokens / spent:,.0f} tokens/s", flush=True)
            total, since = 0.0, 0
        if step % a.eval_every == 0 or step == a.steps:
            print(json.dumps({"step": step, "held_out_loss": evaluate(), "train_tokens": tokens, "tokens_per_s": tokens / spent}), flush=True)


if __name__ == "__main__":
    main()
