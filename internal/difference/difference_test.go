package difference

import (
	"reflect"
	"testing"
)

func TestOf(t *testing.T) {
	before := map[string]string{"b": "1", "same": "x", "gone": "2"}
	after := map[string]string{"b": "3", "same": "x", "new": "4"}
	want := []string{"b: 1 -> 3", "gone: 2 -> unset", "new: unset -> 4"}
	if got := Of(before, after); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Of(before, before); got != nil {
		t.Errorf("a set differs from itself in %q", got)
	}
}
