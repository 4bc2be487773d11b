package serve

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"t5train/trainer/predict"
)

// Server answers HTTP requests with a model.
type Server struct {
	options  Options
	profile  profile
	queue    *queue
	badWords func(texts []string) ([][]int32, error)
	metrics  *metrics
	bodies   budget
	parsing  chan struct{} // a place for each body that may be parsed and tokenized at the same time
	routes   *http.ServeMux
	origins  *http.CrossOriginProtection
	seed     uint64       // of the requests that sample and name none
	drawn    atomic.Int64 // inputs of those requests so far

	computing context.Context // of the workers; ended by Close
	cancel    context.CancelFunc
	workers   sync.WaitGroup
}

// bodiesInMemory is the number of the largest bodies that are in memory at once. Most bodies are a thousand times smaller.
const bodiesInMemory = 64

// newServer returns a server of models, a worker for each.
func newServer(p profile, models []model, o Options) (*Server, error) {
	s := &Server{
		options: o, profile: p, origins: http.NewCrossOriginProtection(),
		seed: rand.Uint64(), badWords: predict.BadWords(p.tokenizer), parsing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		queue:  newQueue(o.Queue, o.BatchSize, o.BatchTokens),
		bodies: budget{limit: bodiesInMemory * o.MaxBody},
	}
	s.metrics = newMetrics(func() float64 {
		waiting, _ := s.queue.length()
		return float64(waiting)
	})
	var err error
	if s.routes, err = s.newRoutes(); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	s.computing, s.cancel = context.WithCancel(context.Background())
	for _, m := range models {
		s.workers.Go(func() {
			s.work(m)
		})
	}
	return s, nil
}

// Stop refuses requests to the model from now on. Those that wait or are being computed are still answered.
func (s *Server) Stop() { s.queue.stop() }

// Close ends what is waiting or being computed with an error and waits for the workers.
func (s *Server) Close() {
	s.queue.close()
	s.cancel()
	s.workers.Wait()
}
