#!/bin/bash
# Tokenize a corpus that is larger than the memory and read batches from it at random places: process and page cache of both
# commands live under a limit (a memory control group, version 1 or 2), so what does not fit is read from disk again. Needs
# root, for the group.
#
#   bench/larger_than_memory.sh T5TRAIN_BINARY DATA_FOLDER OUTPUT [COPIES [LIMIT_MB]]
#
# The corpus is COPIES (40) of DATA_FOLDER/train-*.parquet; LIMIT_MB is 300.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 3 ]; then
    sed -n '2,8p' "$0" >&2
    exit 2
fi
binary=$(realpath "$1") data=$(realpath "$2") output=$3 copies=${4:-40} limit=${5:-300}
mkdir -p "$output/corpus"
output=$(realpath "$output")
for ((i = 0; i < copies; i++)); do
    for file in "$data"/train-*.parquet; do
        cp -n "$file" "$output/corpus/$(printf 'train-%03d' "$i")-$(basename "$file")"
    done
done

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    group=/sys/fs/cgroup/t5train-bench maximum=memory.max peak=memory.peak
else
    group=/sys/fs/cgroup/memory/t5train-bench maximum=memory.limit_in_bytes peak=memory.max_usage_in_bytes
fi
mkdir -p "$group"
trap 'rmdir "$group"' EXIT
echo $((limit << 20)) >"$group/$maximum"

# limited runs a command in the group, with the page cache of its files empty at first.
limited() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
    (echo "$BASHPID" >"$group/cgroup.procs" && exec "$@")
}

echo "text: $(du -cb "$output"/corpus/* | tail -1 | cut -f1) bytes of parquet"
time limited "$binary" data tokenize --train "$output/corpus/*.parquet" --output "$output/tokens"
du -cb "$output"/tokens/* | tail -1
time limited "$binary" bench data --config configs/pretrain-tiny.yaml --train "$output/corpus/*.parquet" \
    --validation "$data/validation-*.parquet" --tokens "$output/tokens" --output "$output/run" --batches 1000
echo "most memory, with page cache: $(($(cat "$group/$peak") >> 20)) of $limit MiB"
