#!/usr/bin/env bash
# Compare what `t5train plan` predicts with what training does: one host of one core, and two of them, as two network
# namespaces with a cable of 1 Gbit/s and one of 10. Rows have the medians of the rounds, in tokens per second.
#
#   bench/plan.sh [--rounds 3] [--steps 8] [--size t5-small] [--accumulate 8] [--data FILE]
#
# Needs root, for namespaces, Open MPI and a machine with two cores that are free.
set -euo pipefail
cd "$(dirname "$0")"
rounds=3 steps=8 size=t5-small accumulate=8
data=../../shared/data/pretrain_text/train-*.parquet
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2 ;;
	--steps) steps=$2 ;;
	--size) size=$2 ;;
	--accumulate) accumulate=$2 ;;
	--data) data=$2 ;;
	*) echo "unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
data=$(realpath "$(dirname "$data")")/$(basename "$data")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -tags mpi -o "$work/t5train" ../cmd/t5train
settings=(pretrain --train "$data" --tokens "$work/tokens" --size "$size" --output "$work/run"
	--set data.max_train_examples=20000 --batch-size 8 --set train.accumulate="$accumulate" --threads 1)

# train NAME COMMAND...: the second half of the steps is measured.
train() {
	local name=$1
	shift
	"$@" "${settings[@]}" --overwrite --steps "$steps" --set train.log_every=$((steps / 2)) --set checkpoint.every_steps=1000000 >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
	echo "$name $(tail -1 "$work/run/metrics.jsonl" | sed 's/.*"tokens_per_second":\([0-9.]*\).*/\1/')" >>"$work/measured"
}

# plan GIGABITS: notes what is predicted for one and two hosts.
plan() {
	"$work/t5train" plan "${settings[@]}" --nodes 2 --cores 1 --bandwidth "$1" --json 2>/dev/null |
		tr -d ' \n' | grep -o '"nodes":[12],"ranks"[^}]*' | sed "s/\"nodes\":\([12]\).*\"tokens_per_s\":\([0-9.]*\).*/\1-$1 \2/" >>"$work/predicted"
}

hosts=../cmd/t5train/testdata/hosts/two_hosts.sh
for _ in $(seq "$rounds"); do
	train 1-1 "$work/t5train"
	for rate in 1 10; do
		CABLE=${rate}gbit train 2-$rate "$hosts" "t5train-plan-$$" "$work/t5train"
		plan $rate
	done
done
median() { awk -v name="$2" '$1 == name { print $2 }' "$1" | sort -n | awk '{ a[NR] = $1 } END { print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2 }'; }
printf '| hosts | cable | measured | predicted | apart |\n|---|---|---|---|---|\n'
for row in 1-1 2-1 2-10; do
	m=$(median "$work/measured" $row) p=$(median "$work/predicted" $row)
	awk -v row=$row -v m="$m" -v p="$p" 'BEGIN { split(row, a, "-"); printf "| %s | %s | %.0f | %.0f | %+.0f %% |\n", a[1], a[1] == 1 ? "" : a[2] " Gbit/s", m, p, 100 * (p / m - 1) }'
done
