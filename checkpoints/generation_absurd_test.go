package checkpoints

import (
	"fmt"
	"strings"
	"testing"
)

// What asks for an output without end, or lists nonsense, is told in few words.
func TestParseGeneration_Absurd(t *testing.T) {
	tokens := strings.Repeat("99999999,", 10_000) + "1"
	for _, text := range []string{
		`{"max_length": 1000000000000000000}`, `{"max_new_tokens": 4611686018427387904}`, `{"suppress_tokens": [` +
			tokens + `]}`,
		`{"eos_token_id": [` + tokens + `]}`, `{"bad_words_ids": [[` + tokens + `]]}`, `{"num_beams": 1000000000000}`,
		`{"x": ` + strings.Repeat("[", 100_000) + `}`, `{"x": ` + strings.Repeat("[", 9000) +
			strings.Repeat("]", 9000) + `}`,
		unknownKeys(1000),
	} {
		o, _, err := parseGeneration([]byte(text))
		if err == nil {
			if o.MaxTokens == 0 {
				o.MaxTokens = 5
			}
			err = o.Validate(100)
		}
		if err == nil || len(err.Error()) > 2000 {
			t.Errorf("%.40s: got error %.300v", text, err)
		}
	}
}

func unknownKeys(n int) string {
	text := fmt.Sprintf(`{"%s": 1`, strings.Repeat("x", n))
	for i := range n {
		text += fmt.Sprintf(`, "key%d": 1`, i)
	}
	return text + "}"
}
