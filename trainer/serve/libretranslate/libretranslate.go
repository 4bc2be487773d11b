// Package libretranslate answers in the shapes of LibreTranslate, for a checkpoint that translates: its clients are in
// browsers, editors and scripts. A checkpoint knows one pair of languages.
//
// T5 reads sentences and paragraphs, not documents, and takes the end of a line for a space. So each line of a text is
// translated for itself.
package libretranslate

import (
	"fmt"
	"net/http"
	"strings"

	"t5train/data/task/language"
	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// Endpoints lists what the package answers.
func Endpoints() []protocol.Endpoint {
	all := []protocol.Endpoint{
		{Method: "POST", Path: "/translate", About: "texts in the other language, in LibreTranslate's shape",
			Serve: translate, Request: translateRequest{}, Answer: translated{}, BodyKey: true, Forms: true},
		{Method: "GET", Path: "/languages", About: "the languages that the model translates between", Serve: languages,
			Answer: []languageInfo{}, Open: true},
		{Method: "POST", Path: "/detect", About: "nothing: the model detects no languages, so it refuses",
			Serve: detect, Request: detectRequest{}, Answer: []detected{}, BodyKey: true, Forms: true},
	}
	return protocol.Foreign(all, explain, failure{})
}

// failure is an error in LibreTranslate's shape.
type failure struct {
	Error string `json:"error"`
}

func explain(p *request.Problem) (status int, body any) {
	switch status = p.Status; status {
	case http.StatusUnprocessableEntity:
		status = http.StatusBadRequest
	case http.StatusUnauthorized:
		status = http.StatusForbidden
	}
	return status, failure{p.Message}
}

// translateRequest is what /translate reads.
type translateRequest struct {
	Q            request.Texts `json:"q" about:"a text or a list of texts"`
	Source       string        `json:"source" about:"code of the language to translate from, or auto"`
	Target       string        `json:"target" about:"code of the language to translate to"`
	Format       string        `json:"format,omitempty" about:"text only"`
	Alternatives *int          `json:"alternatives,omitempty" about:"other translations of each text (0)"`
	APIKey       string        `json:"api_key,omitempty" about:"a key of the server, where it wants one"`
}

// translated is the answer, with lists where q is one.
type translated struct {
	Text         request.Texts  `json:"translatedText"`
	Alternatives *request.Lists `json:"alternatives,omitempty"`
}

// linesPerInput bounds the lines of a request, most of which may be empty.
const linesPerInput = 16

// pair returns the languages that the model translates between.
func pair(e protocol.Engine) (from, to string, err error) {
	from, to, ok := e.Model().Task.Languages()
	if !ok {
		return "", "", request.New(http.StatusNotFound, "no_translation",
			"the model does not translate: ask /v1/generate, or start the server with a task that does (task.name)")
	}
	return from, to, nil
}

func translate(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	m := e.Model()
	var asked translateRequest
	fields.Read(&asked, m.MaxInputs)
	if err := e.CheckKey(asked.APIKey); err != nil {
		return protocol.Reply{}, err
	}
	from, to, err := pair(e)
	if err != nil {
		return protocol.Reply{}, err
	}
	if asked.Source != from && asked.Source != "auto" && fields.Has("source") {
		fields.Refuse("source", "is %.20q, but the model translates from %q to %q", asked.Source, from, to)
	}
	if asked.Target != to && fields.Has("target") {
		fields.Refuse("target", "is %.20q, but the model translates from %q to %q", asked.Target, from, to)
	}
	if asked.Format != "" && asked.Format != "text" {
		fields.Refuse("format", "is %.20q, want text: the model would not keep the marks of others", asked.Format)
	}
	more := 0
	if asked.Alternatives != nil {
		if more = *asked.Alternatives; more >= m.MaxSequences {
			fields.Refuse("alternatives", "is %d, want 0 to %d", more, m.MaxSequences-1)
		}
	}
	if n := strings.Count(strings.Join(asked.Q.List, "\n"), "\n"); n >= linesPerInput*m.MaxInputs {
		fields.Refuse("q", "has %d lines, want at most %d: send them in several requests", n+1,
			linesPerInput*m.MaxInputs)
	}
	if err := fields.Finish(); err != nil {
		return protocol.Reply{}, err
	}
	g := protocol.Generation{Name: "q", Options: fields.Renamed(nil)}
	lines := make([][]int, len(asked.Q.List)) // of each text the inputs, -1 for a line that is empty
	for i, text := range asked.Q.List {
		for n, line := range strings.Split(text, "\n") {
			at := -1
			if line = strings.TrimSpace(line); line != "" {
				at = len(g.Inputs)
				g.Inputs = append(g.Inputs, line)
				g.Places = append(g.Places, place(asked.Q.Many, i, strings.Contains(text, "\n"), n))
			}
			lines[i] = append(lines[i], at)
		}
	}
	if len(g.Inputs) > m.MaxInputs {
		return protocol.Reply{}, request.Invalid("q has %d lines with text, want at most %d: send them in "+
			"several requests", len(g.Inputs), m.MaxInputs)
	}
	g.Options.Set("num_return_sequences", fmt.Sprint(more+1)) // whatever the checkpoint has
	if more > 0 {
		g.Options.Set("num_beams", fmt.Sprint(max(more+1, m.Beams)))
	}
	var answers []protocol.Answer
	if len(g.Inputs) > 0 {
		if answers, err = e.Generate(g); err != nil {
			return protocol.Reply{}, err
		}
	}
	return protocol.Reply{Body: put(asked.Q.Many, lines, answers, more)}, nil
}

// place names a line of a text of q in messages.
func place(many bool, text int, lines bool, line int) string {
	name := "q"
	if many {
		name = fmt.Sprintf("q[%d]", text)
	}
	if lines {
		name += fmt.Sprintf(", line %d", line+1)
	}
	return name
}

// put makes texts of the translations of their lines: the best ones, and so many others.
func put(many bool, lines [][]int, answers []protocol.Answer, more int) translated {
	versions := make([][]string, more+1) // of all texts
	for n := range versions {
		for _, text := range lines {
			parts := make([]string, len(text))
			for k, at := range text {
				if at >= 0 {
					all := answers[at].Sequences
					parts[k] = all[min(n, len(all)-1)].Text
				}
			}
			versions[n] = append(versions[n], strings.Join(parts, "\n"))
		}
	}
	t := translated{Text: request.Texts{List: versions[0], Many: many}}
	if more > 0 {
		t.Alternatives = &request.Lists{Many: many}
		for i := range lines {
			var others []string
			for _, version := range versions[1:] {
				others = append(others, version[i])
			}
			t.Alternatives.Of = append(t.Alternatives.Of, others)
		}
	}
	return t
}

// languageInfo is a language in the answer of /languages.
type languageInfo struct {
	Code    string   `json:"code"`
	Name    string   `json:"name"`
	Targets []string `json:"targets" about:"what it is translated to"`
}

func languages(e protocol.Engine, _ *request.Object) (protocol.Reply, error) {
	from, to, err := pair(e)
	if err != nil {
		return protocol.Reply{}, err
	}
	source, _ := language.Name(from)
	target, _ := language.Name(to)
	return protocol.Reply{Body: []languageInfo{{from, source, []string{to}}, {to, target, []string{}}}}, nil
}

// detectRequest is what /detect would read.
type detectRequest struct {
	Q      string `json:"q"`
	APIKey string `json:"api_key,omitempty"`
}

// detected is what other servers answer.
type detected struct {
	Confidence float64 `json:"confidence"`
	Language   string  `json:"language"`
}

func detect(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	if err := e.CheckKey(fields.Text("api_key")); err != nil {
		return protocol.Reply{}, err
	}
	return protocol.Reply{}, request.New(http.StatusNotImplemented, "no_detection",
		"the model detects no languages: name the source, as /languages has it")
}
