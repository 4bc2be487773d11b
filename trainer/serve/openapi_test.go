package serve

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"t5train/model/generate"
	"t5train/trainer/serve/access"
)

// described is what a server says of itself at /openapi.json, with a validator of its schemas.
type described struct {
	text      string
	paths     map[string]map[string]operation
	validator *jsonschema.Compiler
}

// operation is what a method does at a path.
type operation struct {
	OperationID string
	Security    []any
}

func describe(t testing.TB, o Options) described {
	t.Helper()
	_, h := start(t, o)
	status, text := send(t, h.URL+"/openapi.json", "")
	if status != 200 {
		t.Fatal(status, text)
	}
	var d struct {
		Paths map[string]map[string]operation
	}
	unmarshal(t, text, &d)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///openapi.json", jsonValue(t, text)); err != nil {
		t.Fatal(err)
	}
	return described{text, d.Paths, c}
}

// jsonValue is a JSON text as the validator wants it.
func jsonValue(t testing.TB, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// check reports how a JSON text differs from what the request of an operation, or its answer, is described as.
func (d described) check(t testing.TB, path, method, part, text string) error {
	t.Helper()
	schema, err := d.validator.Compile("file:///openapi.json#/paths/" +
		strings.NewReplacer("/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/" + method + "/" + part +
		"/content/application~1json/schema")
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(jsonValue(t, text))
}

// The description is OpenAPI 3.1, as the schema of the standard says, and so are the schemas in it.
func TestOpenAPI(t *testing.T) {
	standard, err := os.ReadFile("testdata/openapi-3.1.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"open": {}, "with keys": {Keys: access.NewKeys("first-key")}} {
		d := describe(t, o)
		c := jsonschema.NewCompiler()
		if err := c.AddResource("file:///standard.json", jsonValue(t, string(standard))); err != nil {
			t.Fatal(err)
		}
		if err := c.MustCompile("file:///standard.json").Validate(jsonValue(t, d.text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ids := make(map[string]bool)
		for _, e := range Endpoints() {
			op, ok := d.paths[e.Path][strings.ToLower(e.Method)]
			if !ok || op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s: %s %s is described as %+v", name, e.Method, e.Path, op)
			}
			ids[op.OperationID] = true
			if want := o.Keys.Required() && !e.Open; len(op.Security) > 0 != want {
				t.Errorf("%s: %s wants a key: %v, want %v", name, e.Path, op.Security, want)
			}
		}
		var all struct {
			Components struct{ Schemas map[string]any }
		}
		unmarshal(t, d.text, &all)
		if len(all.Components.Schemas) < 20 {
			t.Errorf("%s: there are %d schemas", name, len(all.Components.Schemas))
		}
		for schema := range all.Components.Schemas {
			if _, err := d.validator.Compile("file:///openapi.json#/components/schemas/" + schema); err != nil {
				t.Errorf("%s: %s: %v", name, schema, err)
			}
		}
	}
}

// Requests that are answered, their answers and errors are as the description says.
func TestOpenAPIOfAnswers(t *testing.T) {
	d := describe(t, Options{Name: "first"})
	_, h := startProfile(t, spokenProfile(), Options{Name: "first", MaxInputs: 2})
	all := map[string]dataCase{
		"generate": {"/v1/generate", `{"inputs": ["a"], "num_beams": 2, "early_stopping": "never", "truncate": true,
			"prefix": "a", "bad_words": ["b"], "length_penalty": 0.5}`, "200"},
		"generate by chance": {"/v1/generate", `{"inputs": [["a", "b"]], "do_sample": true, "seed": 1, "top_p": 0.5}`,
			"200"},
		"classify":    {"/v1/classify", `{"inputs": ["a"], "top": 1}`, "200"},
		"score":       {"/v1/score", `{"inputs": ["a"], "targets": ["b"]}`, "200"},
		"tokenize":    {"/v1/tokenize", `{"texts": ["a"], "add_eos": false}`, "200"},
		"from tokens": {"/v1/tokenize", `{"ids": [[1, 2]]}`, "200"},
		"model":       {"/v1/model", "", "200"},
		"wrong":       {"/v1/score", `{"inputs": ["a"]}`, "400"},
	}
	for file := range protocols {
		for name, c := range cases(t, "testdata/"+file+"_answers.txt") {
			all[file+" "+name] = dataCase{c.path, c.body, "200"}
		}
		for name, c := range cases(t, "testdata/"+file+"_refusals.txt") {
			all[file+" refused: "+name] = c
		}
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			method, path := "post", c.path
			if c.body == "" {
				method = "get"
			}
			if strings.HasPrefix(path, "/v1/models/") {
				path = "/v1/models/{model}"
			}
			if c.body != "" && c.want == "200" {
				if err := d.check(t, path, method, "requestBody", c.body); err != nil {
					t.Errorf("the request %s: %v", c.body, err)
				}
			}
			status, answer := send(t, h.URL+c.path, c.body)
			kind := "200"
			if status != http.StatusOK {
				kind = "default"
			}
			if err := d.check(t, path, method, "responses/"+kind, answer); err != nil {
				t.Errorf("the answer %d %s: %v", status, answer, err)
			}
		})
	}
}

// What the server refuses for its form is nothing that the description allows.
func TestOpenAPIRefuses(t *testing.T) {
	d := describe(t, Options{})
	for _, c := range []struct{ path, body string }{
		{"/v1/generate", `{"inputs": ["a"], "beams": 2}`}, {"/v1/generate", `{"inputs": "a"}`}, {"/v1/generate", `{}`},
		{"/v1/generate", `{"inputs": []}`}, {"/v1/generate", `{"inputs": ["a"], "early_stopping": "soon"}`},
		{"/v1/generate", `{"inputs": ["a"], "top_p": "1"}`}, {"/v1/generate", `{"inputs": ["a"], "num_beams": 0}`},
		{"/v1/tokenize", `{"ids": [[-1]]}`}, {"/v1/completions", `{"prompt": "a"}`},
		{"/v1/completions", `{"model": "a", "prompt": 1}`}, {"/v1/completions", `{"model": "a", "prompt": null}`},
		{"/v1/completions", `{"model": "a", "prompt": "a", "temperature": 3}`},
		{"/v1/chat/completions", `{"model": "a", "messages": [{"content": "a"}]}`},
		{"/v1/embeddings", `{"model": "a", "input": {}}`},
	} {
		if d.check(t, c.path, "post", "requestBody", c.body) == nil {
			t.Errorf("%s takes %s", c.path, c.body)
		}
	}
}

// docs/serving.md has every endpoint with what it answers, and every option of a request.
func TestServingDocs(t *testing.T) {
	docs, err := os.ReadFile("../../docs/serving.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Endpoints() {
		if line := "| `" + e.Method + " " + e.Path + "` | " + e.About + " |\n"; !bytes.Contains(docs, []byte(line)) {
			t.Errorf("docs/serving.md has no line %s", line)
		}
	}
	for _, o := range generate.Table() {
		if o.Request != "" && !bytes.Contains(docs, []byte("`"+o.Request+"`")) {
			t.Errorf("docs/serving.md does not name the option %s", o.Request)
		}
	}
	if !json.Valid([]byte(describe(t, Options{}).text)) {
		t.Error("/openapi.json is no JSON")
	}
}
