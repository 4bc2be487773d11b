// Package house holds tests of the source code itself: which package may import which, and how long a package, a folder
// and a line may be. It has no code of its own.
//
//	go test ./internal/house                        # the rules
//	go test ./internal/house -run "Figures|Walk" -v # how much of everything there is
//	go test ./internal/house -run Limits -lower     # write what has become less into testdata/limits.txt
//	go test ./internal/house -run WalkOnPage -lower # write the walk into docs/architecture.md
package house
