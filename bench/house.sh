#!/usr/bin/env bash
# Count the source: lines, files of a package, calls that print and texts that name a flag below the command. The limits
# that `go test ./internal/house` holds are in internal/house/limits_test.go.
#
# A call prints that names os.Stdout or os.Stderr, or writes there by itself. ui.Say sends a value to a ui.Sink: it is not
# counted, and internal/ui/terminal, which the command makes its sink of, is given the file that it writes to.
#
# Last come the functions that somebody has to read who follows a fine-tuning from the command to its first step; what
# counts as one, walk_test.go says.
#
#   bench/house.sh
set -euo pipefail
cd "$(dirname "$0")/.."
go test ./internal/house -count=1 -run "Figures|Walk" -v | grep -v -e '^===' -e '^---' -e '^PASS' -e '^ok'
