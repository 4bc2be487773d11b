package serve

import (
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"t5train/trainer/serve/wire"
)

// Whatever goes wrong after the first event of a stream is its last event, and the log and the metrics have its code.
func TestStreamThatFailsLate(t *testing.T) {
	for name, fail := range map[string]func(yield func(any, error) bool){
		"panic":         func(func(any, error) bool) { panic("of an endpoint") },
		"no JSON value": func(yield func(any, error) bool) { yield(math.NaN(), nil) },
		"error":         func(yield func(any, error) bool) { yield(nil, errFull) },
	} {
		s, _ := start(t, Options{})
		x := &exchange{Request: httptest.NewRequest("POST", "/", nil), leave: func() {}}
		w := httptest.NewRecorder()
		sent, err := s.stream(w, x, wire.Answer{Status: 200, Done: "[DONE]", Events: func(yield func(any, error) bool) {
			if yield("first", nil) {
				fail(yield)
			}
		}})
		want := "internal"
		if name == "error" {
			want = "queue_full"
		}
		events := strings.Split(strings.TrimSpace(w.Body.String()), "\n\n")
		if err != nil || sent != w.Body.Len() || len(events) != 2 || x.code != want ||
			!strings.HasPrefix(events[len(events)-1], `data: {"error":{"code":"`+want) {
			t.Errorf("%s: code %q, %v, events %q", name, x.code, err, events)
		}
	}
}

// A chat has as many messages as its body can hold: they are no inputs.
func TestLongChat(t *testing.T) {
	_, h := start(t, Options{Name: "first", MaxInputs: 2})
	var messages []string
	for i := range 300 {
		messages = append(messages, fmt.Sprintf(`{"role": "user", "content": "turn %d"}`, i))
	}
	status, answer := ask(t, h.URL+"/v1/chat/completions",
		`{"model": "first", "messages": [`+strings.Join(messages, ", ")+`]}`)
	if status != 200 || !strings.Contains(answer, "re: turn 299") {
		t.Errorf("answered %d %s", status, answer)
	}
}
