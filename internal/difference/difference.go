// Package difference says in what two sets of named values differ, for whoever must not mix their results.
//
//	changes := difference.Of(stored, asked) // train.seed: 1 -> 2
package difference

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Of describes each value that differs, in the order of the names. A name that one side does not have is unset there.
func Of(before, after map[string]string) []string {
	var changes []string
	for _, name := range Names(before, after) {
		if before[name] != after[name] {
			changes = append(changes, fmt.Sprintf("%s: %s -> %s", name, cmp.Or(before[name], "unset"),
				cmp.Or(after[name], "unset")))
		}
	}
	return changes
}

// Names returns the names that one of two sets has or both, in order.
func Names(a, b map[string]string) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}
