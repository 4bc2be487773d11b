package serve

import (
	"embed"
	"net/http"
	"slices"
	"strings"
)

//go:embed page
var page embed.FS

// newRoutes returns all that the server does, by path.
func (s *Server) newRoutes() (map[string]route, error) {
	routes := map[string]route{
		"/v1/generate": post(s, s.generate),
		"/v1/classify": post(s, s.classify),
		"/v1/score":    post(s, s.score),
		"/v1/tokenize": post(s, s.tokenize),
		"/v1/model":    get(s.describe),
		"/healthz":     get(s.healthy),
		"/readyz":      get(s.ready),
		"/metrics":     get(s.prometheus),
	}
	for path, file := range map[string]struct{ name, contentType string }{
		"/":         {"page/index.html", "text/html; charset=utf-8"},
		"/page.css": {"page/page.css", "text/css; charset=utf-8"},
		"/page.js":  {"page/page.js", "text/javascript; charset=utf-8"},
	} {
		content, err := page.ReadFile(file.name)
		if err != nil {
			return nil, err
		}
		routes[path] = get(func(*exchange) (response, error) {
			return response{status: http.StatusOK, contentType: file.contentType, cache: "no-cache", body: content}, nil
		})
	}
	return routes, nil
}

func get(h handler) route { return route{http.MethodGet, h} }

// paths lists what a client may ask for.
func (s *Server) paths() []string {
	var paths []string
	for path := range s.routes {
		if !strings.HasPrefix(path, "/page.") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
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
	waiting, _ := s.queue.length()
	answer := plain(http.StatusOK, s.metrics.text(waiting))
	answer.contentType = metricsType
	return answer, nil
}

// description is what GET /v1/model tells.
type description struct {
	Name        string      `json:"name,omitempty"`
	Task        string      `json:"task"`         // classification, or seq2seq for text in, text out
	Prefix      string      `json:"prefix"`       // what the server puts in front of an input
	TextColumns []string    `json:"text_columns"` // of an input; with one, an input is a text, with more an object with these fields
	Labels      []labelInfo `json:"labels"`       // what /v1/classify answers with
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
		Name: o.Name, Task: p.task.Name, Prefix: p.task.Prefix, TextColumns: p.task.TextColumns, Labels: []labelInfo{},
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
