package corpus

import (
	"bytes"
	"testing"

	"t5train/data/chunks"
	"t5train/internal/ui/terminal"
)

func TestWarnUnknown(t *testing.T) {
	var log bytes.Buffer
	for m, want := range map[chunks.Counts]bool{
		{Tokens: 1000, TextBytes: 4000, Unknown: 10, UnknownBytes: 40}: false,
		{Tokens: 1000, TextBytes: 4000, Unknown: 11, UnknownBytes: 11}: true,
		{Tokens: 1000, TextBytes: 4000, Unknown: 1, UnknownBytes: 41}:  true,
	} {
		log.Reset()
		if warnUnknown(terminal.Plain(&log), chunks.Manifest{Counts: m}); log.Len() > 0 != want {
			t.Errorf("%+v: said %q", m, log.String())
		}
	}
}
