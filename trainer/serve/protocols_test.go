package serve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"t5train/data/task"
)

// protocols are those that the server speaks besides its own, with what an error has in each.
var protocols = map[string]func(t *testing.T, status int, answer string) (code, message string){
	"openai": func(t *testing.T, status int, answer string) (code, message string) {
		var got struct {
			Error struct {
				Message, Type string
				Param         *string
				Code          string
			}
		}
		decode(t, answer, &got)
		kind := map[bool]string{true: "server_error", false: "invalid_request_error"}[status == 500]
		if got.Error.Type != kind {
			t.Errorf("the type of %d is %s", status, got.Error.Type)
		}
		return got.Error.Code, got.Error.Message
	},
	"tgi": func(t *testing.T, status int, answer string) (code, message string) {
		var got struct {
			Error string
			Kind  string `json:"error_type"`
		}
		decode(t, answer, &got)
		return got.Kind, got.Error
	},
	"libretranslate": func(t *testing.T, status int, answer string) (code, message string) {
		var got struct{ Error string }
		decode(t, answer, &got)
		return "error", got.Error
	},
}

// spokenProfile is that of a model that translates from English to German.
func spokenProfile() profile {
	p := testProfile()
	p.task.Name, p.task.Prefix = task.Translation, new("")
	p.task.TextColumns, p.task.TargetColumn = []string{"translation.en"}, "translation.de"
	return p
}

// decode reads JSON with no fields besides those of a type.
func decode(t testing.TB, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

func TestProtocolAnswers(t *testing.T) {
	_, h := startProfile(t, spokenProfile(), Options{Name: "first"})
	for protocol := range protocols {
		for name, c := range cases(t, "testdata/"+protocol+"_answers.txt") {
			t.Run(protocol+" "+name, func(t *testing.T) {
				status, got := send(t, h.URL+c.path, c.body)
				if got = steady(got); status != 200 || got != c.want {
					t.Errorf("answered %d\n%s\nwant\n%s", status, got, c.want)
				}
			})
		}
	}
}

func TestProtocolRefusals(t *testing.T) {
	_, h := startProfile(t, spokenProfile(), Options{Name: "first", MaxBody: 400, MaxInputs: 2, MaxBeams: 4})
	for protocol, read := range protocols {
		for name, c := range cases(t, "testdata/"+protocol+"_refusals.txt") {
			t.Run(protocol+" "+name, func(t *testing.T) {
				status, answer := send(t, h.URL+c.path, c.body)
				code, message := read(t, status, answer)
				if wantStatus, wantCode, want := c.refusal(t); status != wantStatus || code != wantCode ||
					!strings.Contains(message, want) {
					t.Errorf("answered %d %s\nwant %s", status, answer, c.want)
				}
			})
		}
	}
}

// Vectors in base64 are little-endian float32.
func TestEmbeddingBytes(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString("AABAQAAAAL8=")
	if err != nil || math.Float32frombits(binary.LittleEndian.Uint32(raw)) != 3 {
		t.Errorf("%v, %v", raw, err)
	}
}

// stable replaces what changes from request to request.
var stable = regexp.MustCompile(`"(id":"(cmpl|chatcmpl)-)[0-9a-f]+"|"created":\d+|"version":"[^"]*"`)

func steady(answer string) string {
	return strings.TrimSpace(stable.ReplaceAllStringFunc(answer, func(s string) string {
		for _, changing := range []string{"created", "version"} {
			if strings.HasPrefix(s, `"`+changing) {
				return `"` + changing + `":0`
			}
		}
		return stable.ReplaceAllString(s, `"${1}0"`)
	}))
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
