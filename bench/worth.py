#!/usr/bin/env python3
"""The table of worth.sh: sets x models x rows x seeds, each a cell that is computed by a process of its own and
appended as a line of JSON to the results. Started again it computes what is missing or has failed. --table prints what
is there.
"""
import argparse, concurrent.futures, glob, json, os, resource, shlex, signal, subprocess, sys, tempfile, time

import worth_table

SETS = "sst2,trec,banking77,sms_spam,cola,mrpc,stsb,wnut17,multi30k_en_de,scitldr_flat,policyqa"
HERE = os.path.dirname(os.path.abspath(__file__))


def finetune(s, cell, train, work):
    """The answers of a model of t5train after fine-tuning, and what is worth knowing of the run."""
    import pyarrow.parquet as pq
    binary = os.environ["T5TRAIN"]
    files = {name: os.path.join(work, name + ".parquet") for name in ("train", "validation", "test")}
    for name, table in zip(files, (train, s.dev, s.test)):
        pq.write_table(table, files[name])
    flags = [*s.flags, *model_flags(cell["model"])]
    if cell["minutes"]:
        flags += ["--minutes", f"{cell['minutes'] / cell['threads']:g}"]
    run, log = os.path.join(work, "run"), os.path.join(work, "log")

    def t5train(*args, **more):
        with open(log, "w") as err:
            done = subprocess.run([binary, *args, "--threads", str(cell["threads"])], stderr=err, **more)
        if done.returncode:
            raise RuntimeError(" ".join(open(log).read().strip().splitlines()[-8:])[-1000:])
        return done.stdout

    t5train("finetune", *flags, "--train", files["train"], "--validation", files["validation"], "--output", run,
            "--seed", str(cell["seed"] + 1), stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = t5train("predict", "--model", run, "--input", files["test"], stdout=subprocess.PIPE, text=True)
    spec = json.load(open(glob.glob(run + "/checkpoints/*/t5train.json")[0]))["task"]
    info = {"flags": shlex.join(flags), "cpu_minutes": round((used.ru_utime + used.ru_stime) / 60, 3),
            "steps": json.loads(open(run + "/metrics.jsonl").read().splitlines()[-1]).get("step")}
    theirs = (spec.get("text_columns"), spec.get("label_column") or spec.get("target_column"))
    if theirs != (s.texts, s.target):
        info["columns_of_t5train"] = theirs
    return [reply(s.task, json.loads(line)) for line in lines.splitlines()], info


def reply(task, line):
    if task == "classification":
        return line["label"]
    if task == "ner":
        return [(e["type"], e["token_start"], e["token_end"]) for e in line["entities"]]
    if task == "regression":
        try:
            return float(line["output"])
        except ValueError:
            return -1.0  # as in T5
    return line["output"]


def model_flags(model):
    if model == "default":
        return []
    name, _, size = model.partition(":")
    return ["--size", size or "v1_1-tiny"] if name == "random" else ["--model", model]


def compute(cell):
    import worth_baselines
    from worth_metrics import score
    from worth_sets import Set
    s = Set(cell["folder"], cell["flags"])
    if cell["rows"] != "all" and int(cell["rows"]) >= s.train.num_rows:
        return {"skipped": f"{s.train.num_rows} rows of training"}
    train = s.sample(cell["rows"], cell["seed"])
    inputs, refs = zip(*s.examples(s.test))
    begun, info = time.process_time(), {}
    if cell["model"] == "constant":
        answers = worth_baselines.constant(s.task, s.examples(train), inputs)
    elif cell["model"] == "baseline":
        answers = worth_baselines.BASELINES[s.task](s.examples(train), s.examples(s.dev), inputs)
        info["cpu_minutes"] = round((time.process_time() - begun) / 60, 3)
    else:
        with tempfile.TemporaryDirectory(prefix="worth-", dir=cell["work"]) as work:
            answers, info = finetune(s, cell, train, work)
    if len(answers) != len(refs):
        raise RuntimeError(f"{len(answers)} answers to {len(refs)} rows")
    values, interval = score(s.task, answers, refs)
    return {"task": s.task, "columns": [s.texts, s.target], "scored_on": s.scored_on, "chosen_on": s.chosen_on,
            "train_rows": train.num_rows, "scored_rows": len(refs), "values": values, "interval": interval, **info}



KEY = ("set", "model", "rows", "seed", "minutes")


def load(path):
    """The last line of each cell; a line that a kill has cut is none."""
    found = {}
    if os.path.exists(path):
        for line in open(path):
            try:
                r = json.loads(line)
                found[tuple(r[k] for k in KEY)] = r
            except (ValueError, KeyError):
                pass
    return found


def cells(a):
    flags = {name: rest for name, _, rest in (f.partition(" ") for f in a.flags)}
    for rows in a.rows.split(","):
        for model in a.models.split(","):
            for name in a.sets.split(","):
                folder = name if os.path.isdir(name) else os.path.join(a.data, name)
                plain = model in worth_table.PLAIN
                seeds = a.seeds if rows != "all" else 1 if plain else a.seeds_all
                for seed in range(seeds):
                    name = os.path.basename(os.path.abspath(folder))
                    yield {"set": name, "model": model, "rows": rows, "seed": seed,
                           "minutes": 0 if plain else a.minutes, "folder": os.path.abspath(folder),
                           "flags": flags.get(name, ""), "threads": a.threads, "work": a.work}


def run(a):
    if a.minutes:
        known = subprocess.run([os.environ["T5TRAIN"], "finetune", "--help"], capture_output=True, text=True).stdout
        if "--minutes" not in known:
            print("this t5train's finetune has no --minutes: CPU minutes are measured, not bounded", file=sys.stderr)
            a.minutes = 0
    known = load(a.results)
    todo = [c for c in cells(a) if "error" in known.get(tuple(c[k] for k in KEY), {"error": "missing"})]
    print(f"{len(todo)} cells to compute, results in {a.results}", file=sys.stderr)
    running = set()

    def one(cell):
        begun = time.time()
        env = os.environ | {k: str(a.threads) for k in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        child = subprocess.Popen([sys.executable, __file__, "--cell", json.dumps(cell)], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=env, start_new_session=True)
        running.add(child)
        out, err = child.communicate()
        running.discard(child)
        result = json.loads(out) if child.returncode == 0 else {
            "error": (err.strip().splitlines() or [f"status {child.returncode}"])[-1]}
        return {**{k: cell[k] for k in KEY}, **result, "threads": a.threads, "seconds": round(time.time() - begun, 1)}

    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool, open(a.results, "a+") as results:
        results.seek(0)
        if not ("\n" + results.read()).endswith("\n"):
            results.write("\n")  # a kill has cut the last line
        futures = [pool.submit(one, c) for c in todo]
        try:
            for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
                r = future.result()
                results.write(json.dumps(r) + "\n")
                results.flush()
                what = r.get("error") or r.get("skipped") or " ".join(f"{k} {v:.2f}" for k, v in r["values"].items())
                print(f"{done}/{len(todo)} {r['set']} {r['model']} {r['rows']} seed {r['seed']}: {what}",
                      file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(running):
                os.killpg(child.pid, signal.SIGTERM)
            raise


def main():
    p = argparse.ArgumentParser(prog="worth.sh", description=__doc__,
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    a = p.add_argument
    a("--data", default=os.path.join(HERE, "../../shared/data"), help="folder of the sets that have no path")
    a("--sets", default=SETS,
      help="names or folders with train-*.parquet, validation-*.parquet and perhaps test-*.parquet")
    a("--rows", default="100,1000,all", help="rows of training")
    a("--models", default="constant,baseline,random",
      help="constant, baseline, random (v1_1-tiny), random:SIZE, default (neither --model nor --size), or what "
           "--model takes")
    a("--seeds", type=int, default=3, help="samples of rows, and seeds of training")
    a("--seeds-all", type=int, default=1, help="seeds of training with all rows")
    a("--minutes", type=float, default=0,
      help="CPU minutes of each fine-tuning, where finetune has --minutes; 0 is what flags alone give")
    a("--jobs", type=int, default=1, help="cells at a time")
    a("--threads", type=int, default=1, help="threads of a cell")
    a("--flags", action="append", default=[],
      help="'SET --task ...': what a user must add for a set whose columns could mean two things")
    a("--results", default="worth.jsonl", help="file of the results, which a run adds to")
    a("--work", default=None, help="folder for the run at work, which is removed after it; the system's by default")
    a("--table", action="store_true", help="print the table of the results in Markdown, and compute nothing")
    a("--cell", help=argparse.SUPPRESS)
    a = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folders at work are removed
    if a.cell:
        print(json.dumps(compute(json.loads(a.cell))))
        return
    if not a.table:
        run(a)
    worth_table.table(load(a.results))


if __name__ == "__main__":
    main()
