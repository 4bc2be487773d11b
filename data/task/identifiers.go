package task

import (
	"regexp"
	"slices"
	"strconv"
)

var hexDigits = regexp.MustCompile(`^(?i:[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9a-f]{16,})$`)

// AreIdentifiers says whether the values of a column, three or more, are identifiers: all different, and all of them
// whole numbers, or all of them UUIDs or hashes. A column with a usual name of a text has none.
func AreIdentifiers(column string, values []string) bool {
	if len(values) < 3 || slices.Contains(knownTexts(), column) {
		return false
	}
	seen := map[string]bool{}
	numbers, hashes := true, true
	for _, v := range values {
		_, err := strconv.ParseUint(v, 10, 64)
		numbers = numbers && err == nil
		hashes = hashes && hexDigits.MatchString(v)
		if seen[v] || !numbers && !hashes {
			return false
		}
		seen[v] = true
	}
	return true
}
