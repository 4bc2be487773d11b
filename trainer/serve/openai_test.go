package serve

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// stable replaces what changes from request to request.
var stable = regexp.MustCompile(`"(id":"(cmpl|chatcmpl)-)[0-9a-f]+"|"created":\d+`)

func steady(answer string) string {
	return strings.TrimSpace(stable.ReplaceAllStringFunc(answer, func(s string) string {
		if strings.HasPrefix(s, `"created`) {
			return `"created":0`
		}
		return stable.ReplaceAllString(s, `"${1}0"`)
	}))
}

func TestOpenAIAnswers(t *testing.T) {
	_, h := start(t, Options{Name: "first"})
	for name, c := range cases(t, "testdata/openai_answers.txt") {
		t.Run(name, func(t *testing.T) {
			status, got := send(t, h.URL+c.path, c.body)
			if got = steady(got); status != 200 || got != c.want {
				t.Errorf("answered %d\n%s\nwant\n%s", status, got, c.want)
			}
		})
	}
	if raw, err := base64.StdEncoding.DecodeString("AABAQAAAAL8="); err != nil || math.Float32frombits(
		uint32(raw[0])|uint32(raw[1])<<8|uint32(raw[2])<<16|uint32(raw[3])<<24) != 3 {
		t.Error("the bytes are not those of little-endian float32")
	}
}

// dataCase is a request of testdata, with what is wanted of its answer.
type dataCase struct{ path, body, want string }

// cases reads requests and answers, by their names: "# name", then a line with path and body, then one of the answer.
func cases(t testing.TB, file string) map[string]dataCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]dataCase)
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(all) == 0 && !strings.HasPrefix(lines[len(lines)-1], "/") && strings.HasPrefix(lines[len(lines)-1],
			"#") {
			continue // what the file is about
		}
		if len(lines) != 3 {
			t.Fatalf("%s: want a name, a request and an answer in %q", file, block)
		}
		path, body, _ := strings.Cut(lines[1], " ")
		body = strings.NewReplacer("LONG", strings.Repeat("x", testInput), "HUGE", strings.Repeat("x",
			400)).Replace(body)
		all[strings.TrimPrefix(lines[0], "# ")] = dataCase{path, body, lines[2]}
	}
	return all
}

// refusal is what is wanted of an answer that is none.
func (c dataCase) refusal(t testing.TB) (status int, code, message string) {
	t.Helper()
	if _, err := fmt.Sscanf(c.want, "%d %s", &status, &code); err != nil {
		t.Fatalf("%q: %v", c.want, err)
	}
	return status, code, strings.SplitN(c.want, " ", 3)[2]
}

// send posts a JSON body, or asks with GET where there is none.
func send(t testing.TB, url, body string) (status int, answer string) {
	t.Helper()
	if body != "" {
		return ask(t, url, body)
	}
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, r)
}

// What the fields of OpenAI do to the options of generation.
func TestOpenAIOptions(t *testing.T) {
	for body, want := range map[string]string{
		``:                                           "20 1 1 greedy",
		`, "max_tokens": 7, "temperature": 0`:        "7 1 1 greedy",
		`, "top_p": 1, "seed": 4`:                    "20 1 1 greedy",
		`, "temperature": 0.7, "seed": 4`:            "20 1 1 t=0.7 p=0 seed=4",
		`, "top_p": 0.5, "seed": 4`:                  "20 1 1 t=1 p=0.5 seed=4",
		`, "n": 3, "seed": -1`:                       "20 1 3 t=1 p=0 seed=9007199254740991",
		`, "num_beams": 3, "n": 2`:                   "20 3 2 greedy",
		`, "do_sample": true, "top_p": 1, "seed": 4`: "20 1 1 t=1 p=1 seed=4",
	} {
		f := &fake{}
		_, h := start(t, Options{Name: "first"}, f)
		status, answer := ask(t, h.URL+"/v1/completions", `{"model": "first", "prompt": "a"`+body+`}`)
		if status != 200 {
			t.Errorf("%s: %d %s", body, status, answer)
			continue
		}
		o := f.seen[0]
		got := fmt.Sprint(o.MaxTokens, " ", o.Beams, " ", max(1, o.NumReturnSequences), " greedy")
		if s := o.Sampling; s != nil {
			got = strings.Replace(got, "greedy", fmt.Sprintf("t=%g p=%g seed=%d", s.Temperature, s.TopP, s.Seed), 1)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestOpenAIRefusals(t *testing.T) {
	_, h := start(t, Options{Name: "first", MaxBody: 400, MaxInputs: 2, MaxBeams: 4})
	for name, c := range cases(t, "testdata/openai_refusals.txt") {
		t.Run(name, func(t *testing.T) {
			status, answer := send(t, h.URL+c.path, c.body)
			var got struct {
				Error struct {
					Message, Type string
					Param         *string
					Code          string
				}
			}
			d := json.NewDecoder(strings.NewReader(answer))
			d.DisallowUnknownFields()
			wantStatus, wantCode, want := c.refusal(t)
			kind := map[bool]string{true: "server_error", false: "invalid_request_error"}[wantStatus == 500]
			if err := d.Decode(&got); err != nil || status != wantStatus || got.Error.Code != wantCode ||
				got.Error.Type != kind || !strings.Contains(got.Error.Message, want) {
				t.Errorf("answered %d %s (%v)\nwant %s", status, answer, err, c.want)
			}
		})
	}
}
