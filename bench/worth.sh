#!/usr/bin/env bash
# One table of what a model is worth: test metric and CPU minutes of a baseline, of random weights and of models, on
# several numbers of rows, fine-tuned as a plain user does: with the task and a model, and no other setting.
#
#   bench/worth.sh [--sets sst2,trec,FOLDER] [--rows 100,1000,all] [--models baseline,random,FOLDER] [--seeds 3]
#   bench/worth.sh --table
#
# bench/README.md says more, `bench/worth.sh --help` all options. T5TRAIN names the binary; without it one is built.
# The Python environment is PYTHON, or bench/.venv, made and filled from PyPI if it is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-$here/.venv/bin/python}
if [ ! -x "$python" ] && [ -z "${PYTHON:-}" ]; then
	python3 -m venv "$here/.venv"
	"$here/.venv/bin/pip" install -q scikit-learn pyarrow
fi
case " $* " in
*" --table "* | *" --help "*) ;;
*)
	if [ -z "${T5TRAIN:-}" ]; then
		work=$(mktemp -d)
		trap 'rm -rf "$work"' EXIT
		export T5TRAIN=$work/t5train
		(cd "$here/.." && CGO_ENABLED=0 go build -o "$T5TRAIN" ./cmd/t5train)
	fi
	;;
esac
# In the background, so that a signal ends the run first and this script after it.
"$python" "$here/worth.py" "$@" &
run=$!
trap 'kill -TERM $run 2>/dev/null; wait $run' INT TERM
wait $run
