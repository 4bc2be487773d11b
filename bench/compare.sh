#!/usr/bin/env bash
# Time t5train beside transformers + PyTorch on this machine: both alternate, so that a machine whose speed drifts is
# fair to both, and the table has the medians and their ratio.
#
#   bench/compare.sh [--rounds 3] [--threads 2] [--peer FILE] [--pairs FILE]
#
# --peer is the script that measures PyTorch; it prints lines `name {json}` with the keys of `t5train bench --json`.
# peer.py beside this script measures the rest: CTranslate2, MKL and padded batches of real text pairs, which --pairs
# names: a parquet file with the columns en and de.
# The Python environment is bench/.venv, made and filled from PyPI if it is not there.
set -euo pipefail
cd "$(dirname "$0")"
rounds=3 threads=2 peer=../../shared/bench/bench_peer.py
pairs=../../shared/data/multi30k_en_de/train-00000-of-00001.parquet
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2 ;;
	--threads) threads=$2 ;;
	--peer) peer=$2 ;;
	--pairs) pairs=$2 ;;
	*) echo "unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
[ -f "$peer" ] || { echo "no $peer: name the script that measures PyTorch with --peer" >&2; exit 1; }
python=${PYTHON:-.venv/bin/python}
if [ ! -x "$python" ]; then
	python3 -m venv .venv
	.venv/bin/pip install -q torch transformers sentencepiece protobuf pyarrow ctranslate2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/t5train" ../cmd/t5train

# What is compared: a name, the arguments of `t5train bench`, and those of the peer or of peer.py, or of a second
# `t5train bench`.
cases=(
	"step, t5-small 8x128/32|train|--only train --variants eager,sdpa"
	"step, t5-base 4x256/64|train --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12|--only train --variants eager,sdpa --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12"
	"step, 1.1 small 8x512/114|train --enc 512 --dec 114 --d-ff 1024 --layers 8 --heads 6 --ff gated-gelu|--only train --variants sdpa --enc 512 --dec 114 --d-ff 1024 --layers 8 --heads 6 --ff gated-gelu"
)
# In bfloat16, against autocast and float32 of PyTorch; the last two have the shapes of configs/pretrain-tiny.yaml and
# configs/quickstart.yaml.
steps=(
	"t5-small 8x128/32|"
	"t5-base 4x256/64|--batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12"
	"1.1 small 8x512/114|--enc 512 --dec 114 --d-ff 1024 --layers 8 --heads 6 --ff gated-gelu"
	"pretrain-tiny 32x64/16|--batch 32 --enc 64 --dec 16 --d-model 128 --d-kv 32 --d-ff 512 --layers 4 --heads 4 --ff gated-gelu"
	"quickstart 32x32/4|--batch 32 --enc 32 --dec 4 --d-model 64 --d-kv 16 --d-ff 128 --layers 2 --heads 4 --ff gated-gelu"
)
for s in "${steps[@]}"; do
	name=${s%%|*} shape=${s#*|}
	cases+=("step in bfloat16, $name|train --precision bfloat16 $shape|autocast $shape"
		"step in bfloat16, $name|-|float32 $shape"
		"step in bfloat16, $name|-|t5train train $shape")
done
cases+=(
	"generate, batch 1|generate|--only generate"
	"generate, batch 16|generate --gen-batch 16|"
	"generate, beam 4, batch 1|generate --beams 4|"
	"generate, beam 4, batch 16|generate --beams 4 --gen-batch 16|"
	"generate, batch 1|-|ctranslate2"
	"generate, batch 16|-|ctranslate2 --gen-batch 16"
	"generate, beam 4, batch 1|-|ctranslate2 --beams 4"
	"generate, beam 4, batch 16|-|ctranslate2 --beams 4 --gen-batch 16"
	"generate in int8, batch 1|generate --dtype int8|ctranslate2 --compute-type int8"
	"generate in bfloat16, batch 1|generate --dtype bfloat16|t5train generate"
	"generate in bfloat16, batch 16|generate --dtype bfloat16 --gen-batch 16|t5train generate --gen-batch 16"
	"generate in int8, batch 16|generate --dtype int8 --gen-batch 16|ctranslate2 --compute-type int8 --gen-batch 16"
)
if [ -f "$pairs" ]; then
	columns="--train $pairs --text-column en --target-column de --batch 64"
	cases+=("step, text pairs, batches of 64|train --steps 10 $columns|ragged --steps 10 $columns"
		"step in bfloat16, text pairs, batches of 64|train --precision bfloat16 --steps 10 $columns|ragged-autocast --steps 10 $columns")
fi

# add NAME SIDE < json: notes a result.
add() {
	"$python" -c 'import json, sys; print(json.dumps({"name": sys.argv[1], "side": sys.argv[2], **json.load(sys.stdin)}))' "$1" "$2" >>"$work/results"
}

# OPENBLAS settings that some machines have would slow the peer.
clean() { env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$@"; }

for round in $(seq "$rounds"); do
	for c in "${cases[@]}"; do
		IFS='|' read -r name ours theirs <<<"$c"
		# shellcheck disable=SC2086 # the arguments are words
		[ "$ours" = - ] || "$work/t5train" bench $ours --threads "$threads" --json | add "$name" ours
		case $theirs in
		'') ;;
		t5train*)
			# shellcheck disable=SC2086
			"$work/t5train" bench ${theirs#t5train} --threads "$threads" --json | add "$name" "t5train in float32"
			;;
		ctranslate2* | ragged* | autocast* | float32*)
			# shellcheck disable=SC2086
			clean peer.py $theirs --threads "$threads" 2>"$work/peer.err" | add "$name" "${theirs%% *}" || tail -1 "$work/peer.err" >&2
			;;
		*)
			# shellcheck disable=SC2086
			clean "$peer" $theirs --threads "$threads" --out "$work/peer.json" >"$work/peer.txt"
			"$python" - "$work" "$name" <<'PY'
import json, sys
work, name = sys.argv[1:]
results = json.load(open(f"{work}/peer.json"))["results"]
with open(f"{work}/results", "a") as f:
    for key, r in results.items():
        if "error" in r:
            print(f"{key}: {r['error'].strip().splitlines()[-1]}", file=sys.stderr)
            continue
        if key.startswith("generate/"):
            beams, batch = (int(part.strip("beamstch")) for part in key.split("/")[1:3])
            label = f"generate, batch {batch}" if beams == 1 else f"generate, beam {beams}, batch {batch}"
        elif key.startswith("train/"):
            label = name
        else:
            continue
        f.write(json.dumps({"name": label, "side": key.split("/")[1] if key.startswith("train") else "transformers", **r}) + "\n")
PY
			;;
		esac
	done
	for precision in float32 bfloat16; do
		"$work/t5train" bench gemm --precision $precision --threads "$threads" --json >"$work/products.json"
		clean peer.py gemm --dtype $precision --threads "$threads" <"$work/products.json" >"$work/mkl.json"
		"$python" -c 'import json, sys; a, b = (json.load(open(f))["products"] for f in sys.argv[1:]); print(json.dumps({"ours": a, "mkl": b}))' "$work/products.json" "$work/mkl.json" >>"$work/gemm-$precision"
	done
done
"$python" - "$work" "$threads" <<'PY'
import collections, json, statistics, sys
work, threads = sys.argv[1:]
rows = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(f"{work}/results"):
    r = json.loads(line)
    rows[r["name"]][r["side"]].append(r)
cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
print(f"{cpu}, {threads} threads, float32 where not bfloat16 or int8\n")
print("| what | t5train tokens/s | other tokens/s | ratio | peak memory MB | other | share of peak |\n|---|---|---|---|---|---|---|")
med = lambda rs, k: statistics.median(r[k] for r in rs)
for name, sides in rows.items():
    ours = sides.pop("ours", None)
    if not ours:
        continue
    # Eager and sdpa are two ways of one program: the better one counts.
    torch = [s for s in sides if s in ("eager", "sdpa")]
    worse = [s for s in torch if s != max(torch, key=lambda s: med(sides[s], "tokens_per_s"))]
    for side in sides:
        if side in worse:
            continue
        a, b = med(ours, "tokens_per_s"), med(sides[side], "tokens_per_s")
        print(f"| {name} | {a:.0f} | {b:.0f} ({side}) | {a/b:.2f} | {med(ours, 'peak_rss_mb'):.0f} | {med(sides[side], 'peak_rss_mb'):.0f} | {med(ours, 'fma_peak_share'):.2f} |")
for precision, other in ("float32", "MKL"), ("bfloat16", "oneDNN"):
    print(f"\n| product in {precision} | t5train GFLOP/s | {other} | ratio |\n|---|---|---|---|")
    products = collections.defaultdict(lambda: ([], []))
    for line in open(f"{work}/gemm-{precision}"):
        r = json.loads(line)
        for x, y in zip(r["ours"], r["mkl"]):
            both = products[f"{x['op']} {x['m']}x{x['n']}x{x['k']}"]
            both[0].append(x["gflops_median"])
            both[1].append(y["gflops_median"])
    ratios = []
    for name, (x, y) in products.items():
        x, y = statistics.median(x), statistics.median(y)
        ratios.append(x / y)
        print(f"| {name} | {x:.0f} | {y:.0f} | {x/y:.2f} |")
    print(f"\nproducts: median ratio {statistics.median(ratios):.2f}, least {min(ratios):.2f}")
PY
