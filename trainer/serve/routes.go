package serve

import (
	"cmp"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"t5train/trainer/runlog"
	"t5train/trainer/serve/libretranslate"
	"t5train/trainer/serve/metrics"
	"t5train/trainer/serve/openai"
	"t5train/trainer/serve/openapi"
	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/tgi"
	"t5train/trainer/serve/wire"
)

//go:embed page
var page embed.FS

// endpoint is one with the method that answers it.
type endpoint struct {
	protocol.Endpoint
	answer func(s *Server) func(x *exchange) (wire.Answer, error)
}

// Endpoints lists what a server does for its clients, besides its page.
func Endpoints() []protocol.Endpoint {
	var all []protocol.Endpoint
	for _, e := range endpoints() {
		all = append(all, e.Endpoint)
	}
	return all
}

// endpoints is the table of endpoints: a new one is one more entry, of the server's own API or of a protocol.
func endpoints() []endpoint {
	open := []string{"/healthz", "/health", "/readyz", "/openapi.json"}
	own := func(method, path, about string, request, answer any,
		f func(s *Server) func(x *exchange) (wire.Answer, error)) endpoint {
		return endpoint{protocol.Endpoint{Method: method, Path: path, About: about, Request: request, Answer: answer,
			ErrorBody: failure{}, Open: slices.Contains(open, path)}, f}
	}
	type handler = func(x *exchange) (wire.Answer, error)
	all := []endpoint{
		own("POST", "/v1/generate", "the texts that the model writes for inputs", generateRequest{}, generated{},
			func(s *Server) handler { return post(s, served.generate) }),
		own("POST", "/v1/classify", "the most probable label of each input, and the probabilities of all",
			classifyRequest{}, classified{}, func(s *Server) handler { return post(s, served.classify) }),
		own("POST", "/v1/score", "how probable targets are after inputs", scoreRequest{}, scored{},
			func(s *Server) handler { return post(s, served.score) }),
		own("POST", "/v1/tokenize", "the tokens of texts, or the texts of tokens", tokenizeRequest{}, tokenized{},
			func(s *Server) handler { return post(s, served.tokenize) }),
		own("GET", "/v1/model", "what is served, and its limits", nil, description{},
			func(s *Server) handler { return s.describe }),
		own("GET", "/healthz", "ok while the process lives", nil, "", func(s *Server) handler { return s.healthy }),
		own("GET", "/health", "the same, for InferenceClient", nil, "",
			func(s *Server) handler { return s.healthy }),
		own("GET", "/readyz", "ready while inputs are taken", nil, "", func(s *Server) handler { return s.ready }),
		own("GET", "/metrics", "figures for Prometheus", nil, "", func(s *Server) handler { return s.prometheus }),
		own("GET", "/openapi.json", "what requests and answers have, as OpenAPI 3.1 describes it", nil,
			json.RawMessage{}, func(s *Server) handler { return s.openAPI }),
	}
	for _, e := range slices.Concat(openai.Endpoints(), tgi.Endpoints(), libretranslate.Endpoints()) {
		all = append(all, endpoint{e, func(s *Server) handler { return s.spoken(e) }})
	}
	return all
}

// newRoutes returns all that the server does, and the sorted paths of it that a client is told of.
func (s *Server) newRoutes() (routes *http.ServeMux, paths []string, err error) {
	routes, paths = http.NewServeMux(), []string{"/"}
	for _, e := range endpoints() {
		routes.Handle(pattern(e.Method, e.Path), route{e.Endpoint, e.answer(s)})
		paths = append(paths, e.Path)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for pattern, file := range map[string]struct{ name, contentType string }{
		"GET /{$}":      {"page/index.html", "text/html; charset=utf-8"},
		"GET /page.css": {"page/page.css", "text/css; charset=utf-8"},
		"GET /page.js":  {"page/page.js", "text/javascript; charset=utf-8"},
	} {
		content, err := page.ReadFile(file.name)
		if err != nil {
			return nil, nil, err
		}
		_, path, _ := strings.Cut(strings.TrimSuffix(pattern, "{$}"), " ")
		// The page holds nothing of the model, and asks for a key itself.
		routes.Handle(pattern, route{protocol.Endpoint{Path: path, Open: true}, func(*exchange) (wire.Answer, error) {
			return wire.Answer{Status: http.StatusOK, ContentType: file.contentType, Cache: "no-cache",
				Body: content}, nil
		}})
	}
	return routes, paths, nil
}

// pattern is what http.ServeMux knows an endpoint by: a name at the end stands for all that follows, and / for itself.
func pattern(method, path string) string {
	if path == "/" {
		return method + " /{$}"
	}
	return method + " " + strings.Replace(path, "}", "...}", 1)
}

func plain(status int, text string) wire.Answer {
	return wire.Answer{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(text)}
}

// healthy says that the process lives.
func (s *Server) healthy(*exchange) (wire.Answer, error) { return plain(http.StatusOK, "ok\n"), nil }

// ready says whether the queue takes inputs, for whoever spreads requests over servers.
func (s *Server) ready(*exchange) (wire.Answer, error) {
	if _, err := s.queue.length(); err != nil {
		return wire.Answer{}, err
	}
	return plain(http.StatusOK, "ready\n"), nil
}

func (s *Server) prometheus(*exchange) (wire.Answer, error) {
	answer := plain(http.StatusOK, s.metrics.Text())
	answer.ContentType = metrics.Type
	return answer, nil
}

// version is that of the program.
func version() string {
	text, _ := runlog.Build()
	return cmp.Or(text, "(unknown)")
}

// openAPI describes the endpoints.
func (s *Server) openAPI(*exchange) (wire.Answer, error) {
	text, err := openapi.Document("t5train serve", version(), s.options.Keys.Required(), Endpoints())
	return wire.Answer{Status: http.StatusOK, ContentType: wire.JSONType, Body: text}, err
}

// description is what GET /v1/model tells.
type description struct {
	Name   string `json:"name,omitempty"`
	Task   string `json:"task"`   // classification, or seq2seq for text in, text out
	Prefix string `json:"prefix"` // what the server puts in front of an input
	// of an input; with one, an input is a text, with more an object with these fields
	TextColumns []string    `json:"text_columns"`
	Labels      []labelInfo `json:"labels"` // what /v1/classify answers with
	Adapters    []string    `json:"adapters,omitempty"`
	Parameters  int64       `json:"parameters"`
	DType       string      `json:"dtype"` // of the weights in memory
	Vocabulary  int         `json:"vocab_size"`
	Limits      limits      `json:"limits"`
}

type labelInfo struct {
	Label string `json:"label"`
	Text  string `json:"text"` // as the model writes it
}

// limits are what a request may ask for.
type limits struct {
	BodyBytes           int64   `json:"body_bytes"`
	Inputs              int     `json:"inputs"`
	InputTokens         int     `json:"input_tokens"`
	MaxNewTokens        int     `json:"max_new_tokens"`
	DefaultMaxNewTokens int     `json:"default_max_new_tokens"`
	Beams               int     `json:"num_beams"`
	Queue               int     `json:"queue_inputs"`
	Seconds             float64 `json:"seconds"`
}

func (s *Server) describe(*exchange) (wire.Answer, error) {
	o, p := s.options, s.profile
	d := description{
		Name: o.Name, Task: p.task.Name, Prefix: p.task.InputPrefix(), TextColumns: p.task.TextColumns,
		Labels: []labelInfo{}, Adapters: s.names()[1:],
		Parameters: p.parameters, DType: p.dtype, Vocabulary: p.vocabulary,
		Limits: limits{
			BodyBytes: o.MaxBody, Inputs: o.MaxInputs, InputTokens: p.maxInput, MaxNewTokens: o.MaxOutputLength,
			DefaultMaxNewTokens: p.maxOutput, Beams: o.MaxBeams, Queue: o.Queue, Seconds: o.Timeout.Seconds(),
		},
	}
	for _, l := range p.task.Labels {
		d.Labels = append(d.Labels, labelInfo{l.Name, l.Text})
	}
	return wire.JSON(http.StatusOK, d)
}
