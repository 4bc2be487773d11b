#!/usr/bin/env bash
# Time t5train beside transformers + PyTorch on this machine: both alternate, so that a machine whose speed drifts is
# fair to both, and the table has the medians and their ratio.
#
#   bench/compare.sh [--rounds 3] [--threads 2] [--peer FILE]
#
# --peer is the script that measures PyTorch; it prints lines `name {json}` with the keys of `t5train bench --json`.
# The Python environment is bench/.venv, made and filled from PyPI if it is not there.
set -euo pipefail
cd "$(dirname "$0")"
rounds=3 threads=2 peer=../../shared/bench/bench_peer.py
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2 ;;
	--threads) threads=$2 ;;
	--peer) peer=$2 ;;
	*) echo "unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
[ -f "$peer" ] || { echo "no $peer: name the script that measures PyTorch with --peer" >&2; exit 1; }
python=${PYTHON:-.venv/bin/python}
if [ ! -x "$python" ]; then
	python3 -m venv .venv
	.venv/bin/pip install -q torch transformers sentencepiece protobuf
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/t5train" ../cmd/t5train

# What is compared: a name, the arguments of `t5train bench`, and those of the peer.
cases=(
	"t5-small 8x128/32|train|--only train --variants eager,sdpa"
	"t5-base 4x256/64|train --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12|--only train --variants sdpa --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12"
	"t5 1.1 small 8x512/114|train --enc 512 --dec 114 --d-ff 1024 --layers 8 --heads 6 --ff gated-gelu|--only train --variants sdpa --enc 512 --dec 114 --d-ff 1024 --layers 8 --heads 6 --ff gated-gelu"
	"generate, batch 1|generate|--only generate"
	"generate, batch 16|generate --gen-batch 16|"
)
for round in $(seq "$rounds"); do
	for c in "${cases[@]}"; do
		IFS='|' read -r name ours theirs <<<"$c"
		# shellcheck disable=SC2086 # the arguments are words
		"$work/t5train" bench $ours --threads "$threads" --json >"$work/ours.json"
		"$python" - "$work" "$name" "$round" ours "$work/ours.json" <<'PY'
import json, sys
work, name, round, side, path = sys.argv[1:]
with open(f"{work}/results", "a") as f:
    f.write(json.dumps({"name": name, "side": side, **json.load(open(path))}) + "\n")
PY
		[ -n "$theirs" ] || continue
		# OPENBLAS settings that some machines have would slow the peer.
		# shellcheck disable=SC2086
		env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$peer" $theirs --threads "$threads" --out "$work/peer.json" >"$work/peer.txt"
		"$python" - "$work" "$name" <<'PY'
import json, sys
work, name = sys.argv[1:]
results = json.load(open(f"{work}/peer.json"))["results"]
with open(f"{work}/results", "a") as f:
    for key, r in results.items():
        if "error" in r:
            print(f"{key}: {r['error'].strip().splitlines()[-1]}", file=sys.stderr)
            continue
        if key.startswith("generate/beams1/"):
            label = "generate, batch " + key.split("batch")[1].split("/")[0]
        elif key.startswith("train/"):
            label = name
        else:
            continue
        f.write(json.dumps({"name": label, "side": key.split("/")[1] if key.startswith("train") else "transformers", **r}) + "\n")
PY
	done
done
"$python" - "$work/results" "$threads" <<'PY'
import collections, json, statistics, sys
rows = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(sys.argv[1]):
    r = json.loads(line)
    rows[r["name"]][r["side"]].append(r)
cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
print(f"{cpu}, {sys.argv[2]} threads, float32\n")
print("| what | t5train tokens/s | PyTorch tokens/s | ratio | peak memory MB | PyTorch | share of peak |\n|---|---|---|---|---|---|---|")
med = lambda rs, k: statistics.median(r[k] for r in rs)
for name, sides in rows.items():
    ours = sides.pop("ours", None)
    if not ours or not sides:
        continue
    best = max(sides, key=lambda s: med(sides[s], "tokens_per_s"))
    a, b = med(ours, "tokens_per_s"), med(sides[best], "tokens_per_s")
    print(f"| {name} | {a:.0f} | {b:.0f} ({best}) | {a/b:.2f} | {med(ours, 'peak_rss_mb'):.0f} | {med(sides[best], 'peak_rss_mb'):.0f} | {med(ours, 'fma_peak_share'):.2f} |")
PY
