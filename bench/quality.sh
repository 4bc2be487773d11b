#!/bin/bash
# Fine-tune the same tiny model on public data sets in t5train and in transformers + PyTorch, and print the held-out metric
# of both, which t5train evaluate computes, with its 95 % interval. Each side has one thread, and both run at once: this is
# about quality and says nothing of speed.
#
#   bench/quality.sh T5TRAIN_BINARY DATA_FOLDER PYTHON OUTPUT [SET...]
#
# DATA_FOLDER has a folder for each set with train-*.parquet and validation-*.parquet. PYTHON has torch and transformers.
# Model and optimizer are those of configs/quickstart.yaml: from random weights, 600 steps of 32 examples, adamw, 2e-3 linear;
# those of bench/g2p.yaml, with 7e-4, for cmudict_g2p. STEPS is another number of steps.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 4 ]; then
    sed -n '2,10p' "$0" >&2
    exit 2
fi
binary=$(realpath "$1") data=$(realpath "$2") python=$3 output=$4
shift 4
steps=${STEPS:-600}
mkdir -p "$output"

# settings prints the task of a set: its name for --task, its metric, and what else it needs.
settings() {
    case $1 in
    trec) echo classification accuracy --text-column text --label-column coarse_label ;;
    sst2 | banking77 | sms_spam) echo classification accuracy ;;
    cola) echo glue/cola matthews_correlation ;;
    mrpc) echo glue/mrpc accuracy ;;
    stsb) echo glue/stsb pearson ;;
    wnut17) echo ner f1 ;;
    multi30k_en_de) echo translation bleu --set task.source_language=en --set task.target_language=de ;;
    tatoeba_en_fr) echo translation bleu --set task.source_language=en --set task.target_language=fr ;;
    cmudict_g2p) echo seq2seq exact_match --text-column word --target-column phonemes ;;
    scitldr_flat) echo summarization rouge1 ;;
    xquad_en | policyqa) echo question_answering f1 ;;
    *) echo "quality.sh: unknown set $1" >&2 && exit 2 ;;
    esac
}

# value prints a metric of an evaluation with its interval.
value() {
    "$python" -c 'import json, sys
e = json.load(open(sys.argv[1]))
low, high = e["intervals"][sys.argv[2]]
print(f"{e[sys.argv[2]]:.4f} ({low:.4f} to {high:.4f})")' "$1" "$2"
}

printf '| set | metric | t5train | transformers |\n|---|---|---|---|\n'
for set in "${@:-sst2}"; do
    read -r task metric more <<<"$(settings "$set")"
    own=$output/$set
    if [ ! -e "$own/peer.json" ]; then
        rm -rf "$own" && mkdir -p "$own"
        config=configs/quickstart.yaml warmup=50 rate=2e-3
        if [ "$set" = cmudict_g2p ]; then
            bench/g2p_vocabulary.sh "$binary" "$data/$set" "$own/vocabulary" >"$own/vocabulary.log" 2>&1
            config="bench/g2p.yaml --tokenizer $own/vocabulary" warmup=500 rate=7e-4
        fi
        read -ra flags <<<"--config $config --task $task $more --set task.prefix= --set data.max_input_length=256 --set data.max_target_length=64 --set train.epochs=0 --set train.steps=$steps --set eval.every_steps=$steps --set schedule.warmup_steps=$warmup --learning-rate $rate --threads 1"
        flags+=(--train "$data/$set/train-*.parquet" --validation "$data/$set/validation-*.parquet" --output "$own/run")
        "$binary" finetune "${flags[@]}" --save-initial "$own/initial" >"$own/run.log" 2>&1 &
        run=$!
        until [ -e "$own/initial/config.json" ] || ! kill -0 $run 2>/dev/null; do sleep 0.5; done
        env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" bench/finetune_transformers.py "$binary" "$own/initial" "$steps" "$own/trained" \
            --threads-torch 1 --learning-rate-peak $rate --warmup $warmup --clip-norm-torch 1 "${flags[@]}" >"$own/peer.log" 2>&1 &
        peer=$!
        wait $run
        "$binary" evaluate --model "$own/run" --input "$data/$set/validation-*.parquet" --output "$own/run.json" >/dev/null 2>&1
        wait $peer
        cp "$own"/run/checkpoints/best/t5train.json "$own/trained/" 2>/dev/null ||
            cp "$own/run/checkpoints/$(cat "$own/run/checkpoints/latest")/t5train.json" "$own/trained/"
        "$binary" evaluate --model "$own/trained" --input "$data/$set/validation-*.parquet" --output "$own/peer.json" >/dev/null 2>&1
    fi
    printf '| %s | %s | %s | %s |\n' "$set" "$metric" "$(value "$own/run.json" "$metric")" "$(value "$own/peer.json" "$metric")"
done
