package ingest

import (
	"cmp"
	"strconv"
	"strings"

	"t5train/data/task"
)

// compareClasses returns the order of the names of classes. Whole numbers are in the order of numbers, so that 10 comes
// behind 9. Tags of BIO and its kin begin with O, and then have the tags of an entity beside each other, as data sets list
// them: O, B-person, I-person. Other names are in the order of their bytes.
func compareClasses(names []string) func(a, b string) int {
	numbers, tags := true, false
	for _, name := range names {
		n, err := strconv.ParseInt(name, 10, 64)
		numbers = numbers && err == nil && strconv.FormatInt(n, 10) == name
		tags = tags || name == task.Outside
	}
	for _, name := range names {
		tags = tags && task.IsTag(name)
	}
	switch {
	case numbers:
		return func(a, b string) int {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return cmp.Compare(x, y)
		}
	case tags:
		return func(a, b string) int {
			x, entityA := cutTag(a)
			y, entityB := cutTag(b)
			return cmp.Or(cmp.Compare(entityA, entityB), cmp.Compare(x, y))
		}
	}
	return strings.Compare
}

// cutTag divides B-person. The entity of O is "", which comes first.
func cutTag(tag string) (position, entity string) {
	position, entity, _ = strings.Cut(tag, "-")
	return position, entity
}
