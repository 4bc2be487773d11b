package infer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// pandasIndex is a name that pandas gives to an index: in parquet, after reset_index, and where CSV has no name.
	pandasIndex     = regexp.MustCompile(`^(__index_level_\d+__|level_\d+|Unnamed: \d+(\.\d+)*)$`)
	identifierEnd   = regexp.MustCompile(`([_-](?i:id|idx|uuid|guid|hash)|[a-z]I[dD])$`)
	identifierNames = strings.Fields("id idx index guid uuid key url rowid rownum row_number hash md5 sha1 sha256")
)

// IsIdentifier reports whether a column's name is that of an identifier, which tells a model nothing.
func IsIdentifier(name string) bool {
	if pandasIndex.MatchString(name) {
		return true
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	return name == "" || identifierEnd.MatchString(name) || slices.Contains(identifierNames, strings.ToLower(name))
}

var hexDigits = regexp.MustCompile(`^(?i:[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9a-f]{16,})$`)

// AreIdentifiers reports whether the values of a column, three or more, are identifiers: all different, and all of them
// integers, or all of them UUIDs or hashes. A column with a usual name of a text has none.
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
