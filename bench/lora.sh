#!/usr/bin/env bash
# Peak memory of fine-tuning T5-base (new weights, which take the memory that trained ones do) in full and by adapters:
#
#	bench/lora.sh [size]
#
# Three steps of 16 text messages each; prints a line of Markdown for each way.
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-base}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -o "$work/t5train" ./cmd/t5train
train() { # train NAME FLAGS...: the highest peak of the run in MB
	local name=$1
	shift
	"$work/t5train" finetune --quiet --task classification --train testdata/sms_spam/train-00000-of-00001.parquet \
		--output "$work/$name" --overwrite --batch-size 16 --steps 3 --set data.max_input_length=128 --set train.log_every=1 \
		--set data.max_train_examples=48 "$@" >/dev/null
	grep -o '"peak_memory_mb":[0-9.]*' "$work/$name/metrics.jsonl" | cut -d: -f2 | sort -n | tail -1 | xargs printf '%.0f'
}
train start --size "$size" >/dev/null # only for its weights
model="$work/model"
"$work/t5train" convert --quiet --model "$work/start" --output "$model" >/dev/null
"$work/t5train" convert --quiet --model "$model" --output "$model-int8" --dtype int8 >/dev/null
echo "| weights | $(($(stat -c %s "$model/model.safetensors") / 1000000)) MB |"
echo "| in full, adamw | $(train full --model "$model" --set optimizer.name=adamw) MB |"
echo "| in full, adafactor | $(train factored --model "$model" --set optimizer.name=adafactor) MB |"
echo "| adapters of rank 8 | $(train adapters --model "$model" --set lora.rank=8) MB |"
echo "| adapters beside int8 | $(train eight --model "$model-int8" --set lora.rank=8) MB |"
