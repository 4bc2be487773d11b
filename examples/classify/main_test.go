package main

import (
	"bytes"
	"context"
	"regexp"
	"testing"

	"t5train/internal/testrun"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), []string{testrun.Untrained(t), "You have won", "see you"}, &out); err != nil {
		t.Fatal(err)
	}
	line := `(ham|spam), probability [01]\.\d{3}: `
	want := regexp.MustCompile("^" + line + "You have won\n" + line + "see you\n$")
	if !want.Match(out.Bytes()) {
		t.Errorf("got %s", &out)
	}
	if err := run(context.Background(), []string{"nowhere", "text"}, &out); err == nil {
		t.Error("no error of a checkpoint that is not there")
	}
}
