package bench

import "testing"

// What is nil or zero is an error, or nothing, and no panic.
func TestZeroValues(t *testing.T) {
	if _, err := Data(t.Context(), nil, DataOptions{}, nil); err == nil {
		t.Error("no error without a configuration")
	}
	_ = new(PlanResult).String()
}
