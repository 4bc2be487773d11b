#!/usr/bin/env python3
"""Make a fine-tuning run of t5train in transformers + PyTorch: same weights, same batches, same optimizer and schedule.

  pip install torch transformers
  t5train finetune --config my.yaml --save-initial initial
  bench/finetune_transformers.py T5TRAIN_BINARY initial STEPS trained --config my.yaml [t5train flags]
  t5train evaluate --model trained --task ... --input validation.parquet

The flags are those of the run. t5train prints the examples of the micro-batches, which are padded here; train.accumulate
must be 1. The optimizer is adamw or adafactor with t5train's defaults for fine-tuning, which are options here, and the
schedule is linear after a warm-up, or constant. The last weights are written to the folder trained, with the tokenizer of
initial, and t5train evaluates both by the same metrics: what is compared is training.
"""
import argparse, glob, json, os, shutil, subprocess, time

import torch
from transformers import T5ForConditionalGeneration
from transformers.optimization import Adafactor

from pretrain_transformers import batches, padded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("initial")
    parser.add_argument("steps", type=int)
    parser.add_argument("trained")
    parser.add_argument("--threads-torch", type=int, default=2)
    parser.add_argument("--optimizer-torch", choices=["adamw", "adafactor"], default="adamw")
    parser.add_argument("--learning-rate-peak", type=float, default=3e-4)
    parser.add_argument("--weight-decay-torch", type=float, default=0.0)
    parser.add_argument("--scale-parameter-torch", action="store_true")
    parser.add_argument("--warmup", type=int, default=0)
    parser.add_argument("--clip-norm-torch", type=float, default=0.0)
    parser.add_argument("--schedule-torch", choices=["linear", "constant"], default="linear")
    parser.add_argument("--seed-torch", type=int, default=1)
    a, flags = parser.parse_known_args()

    torch.set_num_threads(a.threads_torch)
    torch.manual_seed(a.seed_torch)
    model = T5ForConditionalGeneration.from_pretrained(a.initial)
    model.config.use_cache = False
    if a.optimizer_torch == "adamw":
        optimizer = torch.optim.AdamW(model.parameters(), lr=a.learning_rate_peak, weight_decay=a.weight_decay_torch, eps=1e-8)
    else:
        optimizer = Adafactor(model.parameters(), lr=a.learning_rate_peak, scale_parameter=a.scale_parameter_torch, relative_step=False, warmup_init=False)

    def factor(done):
        if done < a.warmup:
            return done / a.warmup
        return 1 if a.schedule_torch == "constant" else (a.steps - done) / max(1, a.steps - a.warmup)

    model.train()
    total, since, begun = 0.0, 0, time.time()
    for step, batch in enumerate(batches(a.binary, ["finetune", *flags, "--batches", str(a.steps)]), 1):
        for group in optimizer.param_groups:
            group["lr"] = a.learning_rate_peak * factor(step - 1)
        inputs, labels = padded([i for i, _ in batch], 0), padded([l for _, l in batch], -100)
        mask = padded([[1] * len(i) for i, _ in batch], 0)
        loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        if a.clip_norm_torch > 0:
            torch.nn.utils.clip_grad_norm_(model.parameters(), a.clip_norm_torch)
        optimizer.step()
        total, since = total + loss.item(), since + 1
        if step % 100 == 0 or step == a.steps:
            print(f"step {step}/{a.steps}  loss {total / since:.4f}  {(time.time() - begun) / step * 1000:.0f} ms a step", flush=True)
            total, since = 0.0, 0
    model.config.use_cache = True
    model.save_pretrained(a.trained)
    for name in glob.glob(os.path.join(a.initial, "*")):
        if not os.path.exists(os.path.join(a.trained, os.path.basename(name))):
            shutil.copy(name, a.trained)
    print(json.dumps({"steps": a.steps, "seconds": time.time() - begun}), flush=True)


if __name__ == "__main__":
    main()
