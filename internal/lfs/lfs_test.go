package lfs

import (
	"strings"
	"testing"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"

func TestCheck(t *testing.T) {
	for text, want := range map[string]error{
		pointer: ErrPointer, "version https://hawser.github.com/spec/v1\n": ErrPointer,
		"": nil, "version": nil, "version https://git-lfs.github.com/": nil, "a " + pointer: nil, "PAR1": nil,
	} {
		if err := Check([]byte(text)); err != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if err := CheckFile(strings.NewReader(text)); err != want {
			t.Errorf("a file of %q: %v, want %v", text, err, want)
		}
	}
}
