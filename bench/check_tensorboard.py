#!/usr/bin/env python3
"""Read with TensorBoard what a run writes that is killed and goes on from an earlier step.

  pip install tensorboard
  bench/check_tensorboard.py T5TRAIN_BINARY FOLDER_FOR_THE_RUN FLAGS_OF_FINETUNE...

The flags must make a run of more than a hundred steps. It is killed, lines that its checkpoint does not have are added as a
longer life would have written them, and it goes on. Then each line of metrics.jsonl is one point, no more and no less: for a
TensorBoard that begins now, and for one that has watched all the time.
"""
import json, pathlib, signal, subprocess, sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ALL = {"scalars": 0}


def points(accumulator, tag):
    accumulator.Reload()
    return [(s.step, round(s.value, 5)) for s in accumulator.Scalars(tag)] if tag in accumulator.Tags()["scalars"] else []


def wanted(run, kind, value):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], round(value(line), 5)) for line in lines if line["kind"] == kind]


def main():
    binary, run, flags = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    command = [binary, "finetune", *flags, "--output", run, "--set", "train.log_every=1"]
    first = subprocess.Popen([*command, "--set", "checkpoint.every_steps=30"], stderr=subprocess.PIPE, text=True)
    for line in first.stderr:
        if line.startswith("step 70/"):
            first.send_signal(signal.SIGKILL)
            break
    first.wait()
    watching = EventAccumulator(str(run / "tensorboard"), size_guidance=ALL)
    before = points(watching, "train/loss")
    assert len(before) > 60, f"{len(before)} points before the kill"
    subprocess.run(command, check=True, capture_output=True)
    fresh = EventAccumulator(str(run / "tensorboard"), size_guidance=ALL)
    for name, accumulator in {"new": fresh, "old": watching}.items():
        for tag, want in {
            "train/loss": wanted(run, "train", lambda line: line["loss"]),
            "train/learning_rate": wanted(run, "train", lambda line: line["learning_rate"]),
            "validation/loss": wanted(run, "eval", lambda line: line["metrics"]["loss"]),
        }.items():
            got = points(accumulator, tag)
            assert [step for step, _ in got] == [step for step, _ in want], (name, tag, [s for s, _ in got])
            assert all(abs(g - w) <= 1e-5 * max(1, abs(w)) for (_, g), (_, w) in zip(got, want)), (name, tag)
    print(f"{len(want)} evaluations and {len(wanted(run, 'train', lambda line: 0))} steps, each once, for a TensorBoard that begins and for one that has watched")


main()
