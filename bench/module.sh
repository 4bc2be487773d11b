#!/usr/bin/env bash
# Give the module another path, everywhere: in go.mod, in the imports of all Go files and documents, in what builds it. To
# be committed at once; nothing else has to change.
#
#   bench/module.sh example.org/me/t5train
set -euo pipefail
[ $# = 1 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cd "$(dirname "$0")/.."
old=$(go list -m) new=$1
go mod edit -module "$new"
# An import ends its path with a quote; -X of the linker and go list have it without.
git ls-files -z -- '*.go' '*.md' '*.yml' '*.yaml' '*.py' Dockerfile .ci/run | xargs -0 grep -lZF "$old" |
	xargs -0 sed -i -E "s#\"$old/([a-z0-9/_.]+\")#\"$new/\1#g; s#(-X |-l |\[)$old/#\1$new/#g; s#\"$old/model/kernel\.#\"$new/model/kernel.#g; s#(-require |-replace )$old([@=])#\1$new\2#g"
git ls-files -z -- '*.go' | xargs -0 gofmt -w
git diff --stat | tail -1
