#!/usr/bin/env bash
# What a sweep wins over the settings as they are, and what it costs beside its trials: the built-in model on sst2, with
# a tenth of the training rows to choose by and the validation rows as the test.
#
#   bench/sweep.sh SST2_FOLDER [--minutes 20] [--trials 20] [--rows 6228] [--epochs 1] [--output FOLDER]
#
# PYTHON has pyarrow; T5TRAIN names the binary, and without it one is built. bench/README.md has a result. Sweeps that
# are killed 20 times: go test ./cmd/t5train -run SweepAfterKills -sweep-kills 20 -v
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=$(cd "${1:?want the folder of sst2}" && pwd)
shift
minutes=20 trials=20 rows=6228 epochs=1 work=$(mktemp -d) output=
while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 ;;
	--trials) trials=$2 ;;
	--rows) rows=$2 ;;
	--epochs) epochs=$2 ;;
	--output) output=$2 ;;
	*) echo "unknown: $1" >&2 && exit 2 ;;
	esac
	shift 2
done
trap 'rm -rf "$work"' EXIT
output=${output:-$work/sweep}
python=${PYTHON:-python3}
if [ -z "${T5TRAIN:-}" ]; then
	T5TRAIN=$work/t5train
	(cd "$here/.." && CGO_ENABLED=0 go build -o "$T5TRAIN" ./cmd/t5train)
fi
"$python" - "$data" "$work" <<'PY'
import random, sys
import pyarrow.parquet as pq
data, work = sys.argv[1:]
table = pq.read_table(f"{data}/train-00000-of-00001.parquet")
rows = list(range(table.num_rows))
random.Random(1).shuffle(rows)
cut = len(rows) // 10
pq.write_table(table.take(sorted(rows[cut:])), f"{work}/train.parquet")
pq.write_table(table.take(sorted(rows[:cut])), f"{work}/validation.parquet")
PY
cat >"$work/sweep.yaml" <<YAML
base:
  data:
    train: [$work/train.parquet]
    validation: [$work/validation.parquet]
    max_train_examples: $rows
  task: {name: classification}
  train: {epochs: $epochs}
search:
  optimizer.learning_rate: {log_uniform: [2e-3, 5e-2]}
  train.batch_size: [8, 16, 32]
  model.dropout_rate: {uniform: [0, 0.3]}
test: [$data/validation-00000-of-00001.parquet]
YAML
begun=$(date +%s.%N)
"$T5TRAIN" sweep --config "$work/sweep.yaml" --output "$output" --minutes "$minutes" --trials "$trials"
ended=$(date +%s.%N)
"$python" - "$output" "$begun" "$ended" <<'PY'
import datetime, glob, json, re, sys
output, begun, ended = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
def seconds(text):
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text).replace("Z", "+00:00")).timestamp()
jobs = sorted((seconds(j["begun"]), seconds(j["ended"]))
              for path in glob.glob(f"{output}/trials/*/trial.json") for j in json.load(open(path))["jobs"])
trials, whole = sum(b - a for a, b in jobs), jobs[-1][1] - begun
print(f"trials {trials:.1f} s of {whole:.1f} s until the last one ended: {100 * (whole / trials - 1):.2f} % beside them; "
      f"the comparison at the end took {ended - jobs[-1][1]:.1f} s")
PY
