package main

import (
	"bytes"
	"context"
	"testing"

	"t5train/internal/testrun"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), []string{testrun.Untrained(t), "You have won"}, &out); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out.Bytes(), []byte("log-probability -")); n != 4 {
		t.Errorf("%d texts, want 4:\n%s", n, &out)
	}
	if err := run(context.Background(), []string{"nowhere"}, &out); err == nil {
		t.Error("no error of a missing text")
	}
}
