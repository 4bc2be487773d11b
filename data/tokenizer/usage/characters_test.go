package usage

import (
	"fmt"
	"testing"
)

func TestUnknownCharacters(t *testing.T) {
	vocabulary := pieces{"</s>", "<unk>", "0", "1", "x"}
	var c Characters
	c.Add("é é ü", vocabulary)
	c.Add("é x", vocabulary)
	if got, want := fmt.Sprint(c.Most(1), c.Most(9)), "[{é U+00E9 3}] [{é U+00E9 3} {ü U+00FC 1}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := c.Add("абвгдежзийклм", vocabulary), "'а' 'б' 'в' 'г' 'д' 'е' 'ж' 'з' 'и' 'й' ..."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
