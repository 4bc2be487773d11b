#!/usr/bin/env bash
# A student with and without its teacher: builtin:en-tiny is fine-tuned on 1,000 rows of a set, and a fifth of its size
# learns the task from random weights, from the same labels alone and from what the teacher answers to all texts of the
# set, whose labels it does not see. Prints a table of accuracies.
#
#   bench/distill.sh DATA [WORK]     DATA has the folders trec and sst2 with parquet files of train and validation
#
# T5TRAIN names the binary (default: one is built), PYTHON a Python with pyarrow, SEEDS the seeds (1 2 3), SETS the
# sets (trec sst2), STEPS the steps of a student (800). WORK keeps models and runs, which are resumed.
set -euo pipefail
data=${1:?the folder of the data sets is missing} work=${2:-$(mktemp -d)}
python=${PYTHON:-python3} steps=${STEPS:-800}
mkdir -p "$work"
if [ -z "${T5TRAIN:-}" ]; then
	T5TRAIN=$work/t5train
	(cd "$(dirname "$0")/.." && CGO_ENABLED=0 go build -o "$T5TRAIN" ./cmd/t5train)
fi
for set in ${SETS:-trec sst2}; do
	label=label
	[ "$set" != trec ] || label=coarse_label
	rows=$work/$set-1000.parquet
	[ -e "$rows" ] || "$python" - "$data/$set" "$rows" <<-'END'
		import glob, random, sys
		import pyarrow.parquet as pq
		table = pq.read_table(sorted(glob.glob(sys.argv[1] + "/train*.parquet")))
		pq.write_table(table.take(sorted(random.Random(7).sample(range(len(table)), 1000))), sys.argv[2])
	END
	task=(--quiet --threads 1 --task classification --label-column "$label" --validation "$data/$set")
	"$T5TRAIN" finetune "${task[@]}" --train "$rows" --model builtin:en-tiny --epochs 10 --set eval.every_steps=0 \
		--output "$work/$set/teacher" >"$work/$set-teacher.log"
	for seed in ${SEEDS:-1 2 3}; do
		student=(--size v1_1-tiny --tokenizer builtin:en-tiny --set model.d_model=128 --set model.d_kv=32
			--set model.num_heads=4 --set model.d_ff=256 --set model.num_layers=2 --set model.num_decoder_layers=1
			--set model.tie_word_embeddings=true --seed "$seed" --batch-size 32 --steps "$steps"
			--set eval.every_steps=100000)
		"$T5TRAIN" finetune "${task[@]}" "${student[@]}" --train "$rows" --output "$work/$set/labels-$seed" \
			>"$work/$set-labels-$seed.log"
		"$T5TRAIN" distill "${task[@]}" "${student[@]}" --train "$data/$set" --teacher "$work/$set/teacher" \
			--targets teacher --teacher-outputs "$work/$set/outputs" --output "$work/$set/distilled-$seed" \
			>"$work/$set-distilled-$seed.log"
	done
done
"$python" - "$work" ${SETS:-trec sst2} <<'END'
import glob, json, statistics, sys

def best(run):  # the accuracy of the best checkpoint
    lines = [json.loads(line) for line in open(run + "/metrics.jsonl")]
    return max(line["metrics"]["accuracy"] for line in lines if line["kind"] == "eval")

print("| set | teacher | labels alone | distilled | kept of the difference |")
print("| --- | --- | --- | --- | --- |")
for name in sys.argv[2:]:
    folder = sys.argv[1] + "/" + name
    teacher = best(folder + "/teacher")
    arms = [[best(run) for run in sorted(glob.glob(f"{folder}/{arm}-*"))] for arm in ("labels", "distilled")]
    labels, distilled = map(statistics.mean, arms)
    cells = [f"{statistics.mean(a):.3f} ({', '.join(f'{v:.3f}' for v in a)})" for a in arms]
    kept = (distilled - labels) / (teacher - labels or float("nan"))
    print(f"| {name} | {teacher:.3f} | {cells[0]} | {cells[1]} | {100 * kept:.0f} % |")
END
