"""The table of worth.py, from its results alone."""
import collections, math, statistics

NOTE = """Points (0 to 100) of the metric that decides: mean over seeds with its 95 % interval (Student's t; of one seed
by bootstrap over the scored rows), and CPU minutes of training. Nothing is chosen by scored rows: where a set has no
test split, its validation split is scored, and a tenth of train (at most 1,000 rows), which no sample has, is used for
choices.
"""
PLAIN = ("constant", "baseline")  # models that t5train has no part in

T975 = [0, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26]  # Student's t, by degrees of freedom


def summary(results):
    """(set, rows) -> model -> mean, interval and CPU minutes of the metric that decides."""
    groups = collections.defaultdict(lambda: collections.defaultdict(list))
    for r in results.values():
        if "skipped" not in r:
            model = r["model"] + (f", {r['minutes']:g} min" if r["minutes"] else "")
            groups[r["set"], r["rows"]][model].append(r)
    found = {}
    for key, models in groups.items():
        found[key] = {}
        for model, rs in models.items():
            good = [r for r in rs if "values" in r]
            first = [next(iter(r["values"].values())) for r in good]
            m = {"failed": len(rs) - len(good), "runs": good, "seeds": len(good)}
            if good:
                m["mean"] = statistics.mean(first)
                m["interval"] = good[0]["interval"]
                if len(good) > 1:
                    half = T975[min(len(good) - 1, 9)] * statistics.stdev(first) / math.sqrt(len(good))
                    m["interval"] = [m["mean"] - half, m["mean"] + half]
                m["cpu"] = statistics.mean(r.get("cpu_minutes", 0) for r in good)
            found[key][model] = m
    return found


def shown(m):
    if not m:
        return ""
    text = "" if "mean" not in m else f"{m['mean']:.1f} ({m['interval'][0]:.1f} to {m['interval'][1]:.1f})"
    if m.get("cpu", 0) >= 0.05:
        text += f", {m['cpu']:.1f} min"
    return text + (f" {m['failed']} failed" if m["failed"] else "")


def table(results):
    found = summary(results)
    place = lambda m: (m != "constant", m != "baseline", not m.startswith("random"), m)
    models = sorted({m for ms in found.values() for m in ms}, key=place)
    print(NOTE)
    print(f"| set | metric | scored | rows | {' | '.join(models)} |\n|---|---|---|---|{'---|' * len(models)}")
    size = lambda rows: (rows == "all", int(rows) if rows != "all" else 0)
    order = list(dict.fromkeys(s for s, _ in found))
    keys = sorted(found, key=lambda k: (order.index(k[0]), size(k[1])))
    for name, rows in keys:
        ms = found[name, rows]
        runs = [r for m in ms.values() for r in m["runs"]] or [{}]
        metric = next(iter(runs[0].get("values", {"": 0})))
        count = f"all ({runs[0].get('train_rows', 0):,})" if rows == "all" else f"{int(rows):,}"
        scored = f"{runs[0].get('scored_on', '')}, {runs[0].get('scored_rows', 0):,}"
        print(f"| {name} | {metric} | {scored} | {count} | {' | '.join(shown(ms.get(m)) for m in models)} |")
    wins(found, keys, models, size)
    others(found, keys, models)
    for r in results.values():
        if "error" in r:
            print(f"\nfailed: {r['set']} {r['model']} {r['rows']} seed {r['seed']}: {r['error']}")
        if "columns_of_t5train" in r:
            print(f"\nother columns: {r['set']} {r['model']}: t5train read {r['columns_of_t5train']}, "
                  f"the baseline {r['columns']}")


def wins(found, keys, models, size):
    """What the models win, by number of rows: against the baseline, and against random weights."""
    print("\n| model | rows | classification sets above the baseline | largest loss, points | other sets above |"
          " mean against the baseline | mean against random weights | most CPU minutes |")
    print("|---|---|---|---|---|---|---|---|")
    for model in models:
        if model in PLAIN:
            continue
        for rows in sorted({r for _, r in keys}, key=size):
            pick = lambda other: {s: ms[model]["mean"] - ms[other]["mean"] for (s, r), ms in found.items()
                                  if r == rows and "mean" in ms.get(model, {}) and "mean" in ms.get(other, {})}
            task = {s: m["runs"][0]["task"] for (s, _), ms in found.items() for m in ms.values() if m["runs"]}
            against = pick("baseline")
            ours = {s: d for s, d in against.items() if task[s] == "classification"}
            rest = {s: d for s, d in against.items() if s not in ours}
            worst = min(ours, key=ours.get, default=None)
            budget = model.partition(",")[2]
            new = next((m for m in models if m.startswith("random") and m.partition(",")[2] == budget), model)
            gain = pick(new) if model != new else {}
            runs = [r for (_, n), ms in found.items() if n == rows and model in ms for r in ms[model]["runs"]]
            cpu = max((r["cpu_minutes"] for r in runs), default=0)
            part = lambda ds: f"{sum(d > 0 for d in ds.values())} of {len(ds)}" if ds else ""
            average = lambda ds: f"{statistics.mean(ds.values()):+.1f} ({len(ds)} sets)" if ds else ""
            loss = f"{max(0, -ours[worst]):.1f} ({worst})" if worst else ""
            print(f"| {model} | {rows} | {part(ours)} | {loss} | {part(rest)} | {average(against)} | {average(gain)} |"
                  f" {cpu:.1f} |")


def others(found, keys, models):
    print(f"\nThe other metrics, means:\n\n| set | metric | rows | {' | '.join(models)} |")
    print(f"|---|---|---|{'---|' * len(models)}")
    for name, rows in keys:
        ms = found[name, rows]
        names = next((list(r["values"]) for m in ms.values() for r in m["runs"]), [])
        for metric in names[1:]:
            runs = [ms.get(m, {}).get("runs", []) for m in models]
            means = [f"{statistics.mean(r['values'][metric] for r in rs):.1f}" if rs else "" for rs in runs]
            print(f"| {name} | {metric} | {rows} | {' | '.join(means)} |")
