#!/usr/bin/env bash
# Time several ranks of t5train beside one process on this machine, on the same steps: two ranks of one thread, and four if
# they can divide a step, against one process of two threads, and one of one thread for scale. All alternate, and the table
# has their medians: tokens per second, the part of a step that waits for sums of gradients, and the peak memory of a rank.
# As it is, it takes a quarter of an hour.
#
#   bench/ranks.sh [--rounds 2] [--steps 4] [--size t5-small] [--accumulate 4] [--data FILE] [--host-options "..."]
#
# --host-options go to mpirun: to measure over TCP, "--mca btl tcp,self". Needs Open MPI.
set -euo pipefail
cd "$(dirname "$0")"
rounds=2 steps=4 size=t5-small accumulate=4 options=
data=../../shared/data/pretrain_text/train-*.parquet
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2 ;;
	--steps) steps=$2 ;;
	--size) size=$2 ;;
	--accumulate) accumulate=$2 ;;
	--data) data=$2 ;;
	--host-options) options=$2 ;;
	*) echo "unknown option $1" >&2; exit 2 ;;
	esac
	shift 2
done
command -v mpirun >/dev/null || { echo "mpirun is missing: install Open MPI (Debian: openmpi-bin)" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -tags mpi -o "$work/t5train" ../cmd/t5train

# run NAME RANKS THREADS: trains and notes the last line of the log and the peak of memory.
run() {
	local name=$1 ranks=$2 threads=$3 launch=()
	# shellcheck disable=SC2206 # the options are words
	[ "$ranks" = 1 ] || launch=(mpirun --allow-run-as-root --oversubscribe $options -n "$ranks")
	# The first half of the steps warms up: lines are written every half.
	"${launch[@]}" "$work/t5train" pretrain --train "$data" --tokens "$work/tokens" --size "$size" --output "$work/run" --overwrite \
		--set data.max_train_examples=20000 --batch-size 8 --set train.accumulate="$accumulate" --steps "$steps" --threads "$threads" \
		--set train.log_every=$((steps / 2)) --set checkpoint.every_steps=1000000 >"$work/log" 2>&1 &
	local pid=$! peak=0 now
	while kill -0 $pid 2>/dev/null; do
		now=$(memory "$ranks")
		[ "$now" -gt "$peak" ] && peak=$now
		sleep 0.2
	done
	wait $pid || { cat "$work/log" >&2; exit 1; }
	tail -1 "$work/run/metrics.jsonl" | sed "s/^{/{\"name\": \"$name\", \"rank_mb\": $((peak / 1024)), /" >>"$work/results"
}

# memory RANKS prints the memory of a rank in KB: the proportional parts of all processes of the job, by the ranks.
memory() {
	local total=0 part pid
	for pid in $(pgrep -f "^$work/t5train" || true); do
		part=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup" 2>/dev/null || true)
		total=$((total + ${part:-0}))
	done
	echo $((total / $1))
}

for _ in $(seq "$rounds"); do
	run "1 process x 2 threads" 1 2
	run "2 ranks x 1 thread" 2 1
	[ $((accumulate % 4)) != 0 ] || run "4 ranks x 1 thread" 4 1
	run "1 process x 1 thread" 1 1
done
awk -v steps="$steps" '
function field(key,   m) { return match($0, "\"" key "\": ?[^,}]*") ? substr($0, RSTART, RLENGTH) : "" }
function number(key,   v) { v = field(key); sub(/^[^:]*: ?/, "", v); return v + 0 }
function median(list, n,   i, j, t, a) {
	split(list, a, " ")
	for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
{
	name = field("name"); gsub(/.*: ?"|"/, "", name)
	if (!(name in count)) order[++names] = name
	count[name]++
	speed[name] = speed[name] " " number("tokens_per_second")
	wait[name] = wait[name] " " 100 * number("reduce_share")
	mb[name] = mb[name] " " number("rank_mb")
}
END {
	print "| what | tokens/s | ratio | waiting for sums, % of a step | MB a rank | ratio |\n|---|---|---|---|---|---|"
	for (i = 1; i <= names; i++) {
		n = order[i]; s = median(speed[n], count[n]); m = median(mb[n], count[n])
		if (i == 1) { first = s; memory = m }
		printf "| %s | %d | %.2f | %.1f | %d | %.2f |\n", n, s, s / first, median(wait[n], count[n]), m, m / memory
	}
}' "$work/results"
