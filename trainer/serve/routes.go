package serve

import (
	"embed"
	"net/http"
	"slices"

	"t5train/model/generate"
)

//go:embed page
var page embed.FS

// Endpoint is something that a server does for its clients, besides its page.
type Endpoint struct {
	Method, Path string // GET stands for HEAD too
	About        string // what a request holds, or what is answered; may have several lines

	route func(s *Server) route
}

// Endpoints lists what a server does: a new endpoint is one more entry.
func Endpoints() []Endpoint {
	return []Endpoint{
		{"POST", "/v1/generate",
			"{\"inputs\": [...]} and options with transformers' names:\n" + requestOptions() + ";\n" +
				"prefix is what outputs begin with, choices is a list of texts of which they are one. A top_k that\n" +
				"is not given is 0, all tokens", func(s *Server) route { return post(s, s.generate) }},
		{"POST", "/v1/classify", `{"inputs": [...]}`, func(s *Server) route { return post(s, s.classify) }},
		{"POST", "/v1/score", `{"inputs": [...], "targets": [...]}`,
			func(s *Server) route { return post(s, s.score) }},
		{"POST", "/v1/tokenize", `{"texts": [...]} or {"ids": [[...], ...]}`,
			func(s *Server) route { return post(s, s.tokenize) }},
		{"GET", "/v1/model", "what is served, and its limits", func(s *Server) route { return s.describe }},
		{"GET", "/healthz", "ok while the process lives", func(s *Server) route { return s.healthy }},
		{"GET", "/readyz", "ready while inputs are taken", func(s *Server) route { return s.ready }},
		{"GET", "/metrics", "figures for Prometheus", func(s *Server) route { return s.prometheus }},
	}
}

// requestOptions lists the names that options of generation have in a request, in lines.
func requestOptions() string {
	const width = 96
	line, lines := "", ""
	for _, o := range generate.Table() {
		switch {
		case o.Request == "" || o.Field == "Prefix" || o.Field == "Allowed": // which have a sentence of their own
			continue
		case line != "" && len(line)+len(o.Request) > width:
			lines, line = lines+line+",\n", ""
		case line != "":
			line += ", "
		}
		line += o.Request
	}
	return lines + line
}

// newRoutes returns all that the server does, and the sorted paths of it that a client is told of.
func (s *Server) newRoutes() (routes *http.ServeMux, paths []string, err error) {
	routes, paths = http.NewServeMux(), []string{"/"}
	for _, e := range Endpoints() {
		routes.Handle(e.Method+" "+e.Path, e.route(s))
		paths = append(paths, e.Path)
	}
	slices.Sort(paths)
	for pattern, file := range map[string]struct{ name, contentType string }{
		"GET /{$}":      {"page/index.html", "text/html; charset=utf-8"},
		"GET /page.css": {"page/page.css", "text/css; charset=utf-8"},
		"GET /page.js":  {"page/page.js", "text/javascript; charset=utf-8"},
	} {
		content, err := page.ReadFile(file.name)
		if err != nil {
			return nil, nil, err
		}
		routes.Handle(pattern, route(func(*exchange) (response, error) {
			return response{status: http.StatusOK, contentType: file.contentType, cache: "no-cache", body: content}, nil
		}))
	}
	return routes, paths, nil
}

func plain(status int, text string) response {
	return response{status: status, contentType: "text/plain; charset=utf-8", body: []byte(text)}
}

// healthy says that the process lives.
func (s *Server) healthy(*exchange) (response, error) { return plain(http.StatusOK, "ok\n"), nil }

// ready says whether the queue takes inputs, for whoever spreads requests over servers.
func (s *Server) ready(*exchange) (response, error) {
	if _, err := s.queue.length(); err != nil {
		return response{}, err
	}
	return plain(http.StatusOK, "ready\n"), nil
}

func (s *Server) prometheus(*exchange) (response, error) {
	answer := plain(http.StatusOK, s.metrics.text())
	answer.contentType = metricsType
	return answer, nil
}

// description is what GET /v1/model tells.
type description struct {
	Name   string `json:"name,omitempty"`
	Task   string `json:"task"`   // classification, or seq2seq for text in, text out
	Prefix string `json:"prefix"` // what the server puts in front of an input
	// of an input; with one, an input is a text, with more an object with these fields
	TextColumns []string    `json:"text_columns"`
	Labels      []labelInfo `json:"labels"` // what /v1/classify answers with
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

func (s *Server) describe(*exchange) (response, error) {
	o, p := s.options, s.profile
	d := description{
		Name: o.Name, Task: p.task.Name, Prefix: p.task.InputPrefix(), TextColumns: p.task.TextColumns,
		Labels:     []labelInfo{},
		Parameters: p.parameters, DType: p.dtype, Vocabulary: p.vocabulary,
		Limits: limits{
			BodyBytes: o.MaxBody, Inputs: o.MaxInputs, InputTokens: p.maxInput, MaxNewTokens: o.MaxOutputLength,
			DefaultMaxNewTokens: p.maxOutput, Beams: o.MaxBeams, Queue: o.Queue, Seconds: o.Timeout.Seconds(),
		},
	}
	for _, l := range p.task.Labels {
		d.Labels = append(d.Labels, labelInfo{l.Name, l.Text})
	}
	return jsonResponse(http.StatusOK, d)
}
