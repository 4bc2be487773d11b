package serve

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"t5train/model/op"
	"t5train/trainer/serve/request"
)

// served is what requests are answered with: the model, or the model with one of its adapters.
type served struct {
	*Server
	profile profile
	called  string      // by which clients ask for it
	number  int         // of the adapter, from 1; 0 is none
	adapter *op.Adapter // nil: none
}

// base is the model alone.
func (s *Server) base() served {
	return served{Server: s, profile: s.profile, called: cmp.Or(s.options.Name, "t5")}
}

// all returns the model and the model with each of its adapters.
func (s *Server) all() []served { return append([]served{s.base()}, s.adapted...) }

// named returns what clients ask for by a name, that of the model, of an adapter or BASE:ADAPTER.
func (s *Server) named(name string) (found served, ok bool) {
	base := s.base()
	short := strings.TrimPrefix(name, base.called+":")
	for _, m := range s.all() {
		if m.called == name || m.number > 0 && m.called == short {
			return m, true
		}
	}
	return base, false
}

// names returns those of all.
func (s *Server) names() []string {
	var names []string
	for _, m := range s.all() {
		names = append(names, m.called)
	}
	return names
}

// asked returns what the field adapter of a request asks for.
func (s *Server) asked(fields *request.Object) (served, error) {
	if !fields.Has("adapter") {
		return s.base(), nil
	}
	name := fields.Text("adapter")
	if m, ok := s.named(name); ok || fields.Failed() {
		return m, nil
	}
	remedy := "leave it out"
	if len(s.adapted) > 0 {
		remedy = "want one of " + request.List(s.names()[1:])
	}
	return served{}, request.New(http.StatusNotFound, "adapter_not_found", "there is no adapter %.80q here: %s", name,
		remedy)
}

// enqueue puts a job into the queue until ctx ends, and notes what it is. What parsing needed is no longer of use then.
func (s served) enqueue(ctx context.Context, x *exchange, j *job) error {
	j.ctx, j.model = ctx, s
	x.inputs = len(j.inputs)
	for _, in := range j.inputs {
		x.tokensIn += in.tokens
	}
	x.leave()
	return s.queue.add(j)
}

// run waits for the answers to a job.
func (s served) run(x *exchange, j *job) ([]answer, error) {
	if err := s.enqueue(x.Context(), x, j); err != nil {
		return nil, err
	}
	answers, err := s.await(j)
	if err == nil {
		x.queued = j.queued
	}
	return answers, err
}

// adapters returns those of the inputs.
func (b batch) adapters() []*op.Adapter {
	adapters := make([]*op.Adapter, len(b))
	for i, s := range b {
		adapters[i] = s.job.model.adapter
	}
	return adapters
}

// byAdapter puts inputs with the same adapter side by side, which are computed together.
func (b batch) byAdapter() {
	slices.SortStableFunc(b, func(x, y slot) int { return cmp.Compare(x.job.model.number, y.job.model.number) })
}
