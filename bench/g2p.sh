#!/bin/bash
# Words to phonemes: make the vocabulary, train from random weights for half an hour on two threads, and evaluate.
#
#   bench/g2p.sh T5TRAIN_BINARY DATA_FOLDER OUTPUT [FLAGS OF FINETUNE...]
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n '2,4p' "$0" >&2
    exit 2
fi
here=$(dirname "$0") binary=$1 data=$2 output=$3
shift 3
mkdir -p "$output"
[ -e "$output/vocabulary" ] || "$here/g2p_vocabulary.sh" "$binary" "$data" "$output/vocabulary"
time "$binary" finetune --config "$here/g2p.yaml" --tokenizer "$output/vocabulary" --train "$data/train-*.parquet" --validation "$data/validation-*.parquet" --output "$output/run" --threads 2 "$@"
for beams in 1 5; do
    "$binary" evaluate --model "$output/run" --input "$data/validation-*.parquet" --beams $beams
done
