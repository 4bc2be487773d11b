// Package serve answers HTTP requests with a model: it generates, classifies, scores and tokenizes, and shows one page
// to try that in a browser.
//
//	folder, _, err := checkpoints.Open("runs/quickstart")
//	server, err := serve.New(folder, serve.Options{})
//	defer server.Close()
//	listener, err := net.Listen("tcp", "127.0.0.1:8080")
//	err = server.Run(ctx, listener)
//
// It speaks the protocols of other servers too, each a package below this one: see package protocol, and routes.go,
// which lists all endpoints.
//
// A Server is an http.Handler too, for a program that has an HTTP server of its own; a prefix of its paths is cut off
// with http.StripPrefix. Options.Keys say who may ask.
//
// Requests wait in a queue. A worker takes what waits at that moment, inputs of several requests if they ask for the
// same, and computes it as one batch; see queue.go. Nothing is delayed to fill a batch.
package serve

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/embed"
	"t5train/trainer/predict"
	"t5train/trainer/serve/access"
	"t5train/trainer/serve/adapters"
	"t5train/trainer/serve/metrics"
)

// Server answers HTTP requests with a model.
type Server struct {
	options  Options
	profile  profile
	adapted  []served // the model with each of its adapters
	queue    *queue
	badWords func(texts []string) ([][]int32, error)
	metrics  *metrics.Metrics
	bodies   access.Budget
	parsing  chan struct{} // a place for each body that may be parsed and tokenized at the same time
	routes   *http.ServeMux
	paths    []string // of routes
	origins  *http.CrossOriginProtection
	started  time.Time
	seed     uint64       // of the requests that sample and name none
	drawn    atomic.Int64 // inputs of those requests so far

	computing context.Context // of the workers; ended by Close
	cancel    context.CancelFunc
	workers   sync.WaitGroup
}

// bodiesInMemory is the number of the largest bodies that are in memory at once. Most bodies are a thousand times
// smaller.
const bodiesInMemory = 64

// newServer returns a server of models, a worker for each.
func newServer(p profile, models []model, o Options) (*Server, error) {
	s := &Server{
		options: o, profile: p, origins: http.NewCrossOriginProtection(),
		started: time.Now(), seed: rand.Uint64(), badWords: predict.BadWords(p.tokenizer),
		parsing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		queue:   newQueue(o.Queue, o.BatchSize, o.BatchTokens),
		bodies:  access.Budget{Limit: bodiesInMemory * o.MaxBody},
	}
	s.metrics = metrics.New(func() float64 {
		waiting, _ := s.queue.length()
		return float64(waiting)
	})
	var err error
	if s.routes, s.paths, err = s.newRoutes(); err != nil {
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

// Open returns a server of a checkpoint, a run or a folder of Hugging Face, by its name. Its task is that of how, and
// generation is as its generation_config.json says.
func Open(path string, how predict.OpenOptions, o Options) (*Server, error) {
	folder, err := predict.OpenEither(path, how)
	if err != nil {
		return nil, err
	}
	predict.SayUnread(folder, how.Sink, "prefix of a request")
	generation, said, err := checkpoints.ReadGeneration(folder.Dir)
	if err != nil {
		return nil, err
	}
	if said != "" {
		ui.Say(how.Sink, "", "%s (a request overrides it)", said)
	}
	o.Task, o.Name, o.Generation = how.Task, filepath.Base(filepath.Clean(path)), generation
	return open(folder, how, o)
}

// New returns a server of a checkpoint. Close frees it.
func New(folder *checkpoints.Folder, o Options) (*Server, error) {
	return open(folder, predict.OpenOptions{Task: o.Task}, o)
}

func open(folder *checkpoints.Folder, how predict.OpenOptions, o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	loaded, err := adapters.Open(o.Adapters, folder, o.Name, how)
	if err != nil {
		return nil, err
	}
	threads := kernel.NewWorkers(o.Threads) // which all workers share
	limits := predict.PredictorOptions{MaxInputLength: adapters.Longest(folder, loaded, o.MaxInputLength),
		MaxOutputLength: o.Generation.MaxTokens}
	var models []model
	var base profile
	for range o.Workers {
		var w worker
		if base, w, err = newWorker(folder, o.Task, threads, limits); err != nil {
			return nil, err
		}
		models = append(models, w)
	}
	all := []*profile{&base}
	adapted := make([]served, len(loaded))
	for i, l := range loaded {
		p, _, err := newWorker(l.Folder, o.Task, threads, limits)
		if err != nil {
			return nil, fmt.Errorf("serve: adapter %s: %w", l.Name, err)
		}
		adapted[i] = served{profile: p, called: l.Name, number: i + 1, adapter: l.Adapter}
		all = append(all, &adapted[i].profile)
	}
	if o.MaxOutputLength == 0 {
		o.MaxOutputLength = 512
		for _, p := range all {
			o.MaxOutputLength = max(o.MaxOutputLength, p.maxOutput)
		}
	}
	for _, p := range all {
		p.maxOutput = min(p.maxOutput, o.MaxOutputLength)
	}
	o.Generation.MaxTokens = base.maxOutput
	if err := o.Generation.Validate(base.vocabulary); err != nil {
		return nil, fmt.Errorf("serve: what generation is by default cannot be: %w", err)
	}
	s, err := newServer(base, models, o)
	if err != nil {
		return nil, err
	}
	for i := range adapted {
		adapted[i].Server = s
	}
	s.adapted = adapted
	return s, nil
}

// newWorker returns a worker for a folder, and what the server knows about it. asked corrects its task.
func newWorker(folder *checkpoints.Folder, asked task.Spec, threads *kernel.Workers,
	limits predict.PredictorOptions) (p profile, w worker, err error) {
	spec, err := folder.PredictionTask(asked)
	if err != nil {
		return p, w, err
	}
	e, err := embed.New(folder, asked, limits.MaxInputLength, threads, embed.Options{})
	if err != nil {
		return p, w, err
	}
	w = worker{predict.NewPredictor(folder, spec, threads, limits), e}
	p = profile{
		tokenizer: folder.Tokenizer, vocabulary: folder.Model.Config.VocabSize, task: spec, dtype: folder.Model.DType(),
		parameters: folder.Model.Config.Parameters(), maxInput: w.Predictor.MaxInputLength(),
		maxOutput: w.MaxOutputLength(),
		embedTask: w.Embedder.Task(), maxEmbed: w.Embedder.MaxInputLength(),
		dimensions: w.Embedder.Dimensions(), encoder: folder.Model.LMHead == nil,
		scorer: predict.NewLabelScorer(folder, spec),
	}
	for _, l := range spec.Labels {
		p.labelTokens += len(folder.Tokenizer.Encode(l.Text)) + 1
	}
	return p, w, nil
}

// model is what the server asks; [predict.Predictor] is one. Texts are what goes into it, by the rule of the task. Each
// call answers one batch, in order. A model is not safe for concurrent use: each worker has one.
type model interface {
	Generate(ctx context.Context, texts []string, o generate.Options) ([]predict.Generated, error)
	Classify(ctx context.Context, texts []string, by ...predict.LabelScorer) ([]predict.Classified, error)
	Score(ctx context.Context, texts []string, targets [][]string) ([]predict.Scored, error)
	Embed(ctx context.Context, texts []string) ([]embed.Vectors, error)
	// Adapted returns the model for one call whose texts have these adapters, nil for none.
	Adapted(adapters []*op.Adapter) model
}

// worker is a model with its decoder and its encoder.
type worker struct {
	*predict.Predictor
	*embed.Embedder
}

func (w worker) Adapted(adapters []*op.Adapter) model {
	return worker{w.Predictor.Adapted(adapters), w.Embedder.Adapted(adapters)}
}

// profile is what the server knows about a model, to read requests and to describe it.
type profile struct {
	tokenizer  *tokenizer.Tokenizer
	vocabulary int       // rows of the embedding, of which the tokenizer may use fewer
	task       task.Spec // what is done with inputs, and the labels
	parameters int64
	dtype      string // of the weights in memory

	maxInput, maxOutput int // tokens, EOS included; of an output where a request does not say it
	labelTokens         int // of all labels' texts
	scorer              predict.LabelScorer

	embedTask  task.Spec // what is done with texts that become vectors
	maxEmbed   int       // tokens of them, EOS included
	dimensions int       // of vectors
	encoder    bool      // the model has no decoder, so it gives vectors only
}

// headerBytes is the most that a request's header may have: what browsers send is a tenth of it.
const headerBytes = 16 << 10

// Run serves on a listener until ctx ends. Then it takes no more requests, gives those that are unfinished
// Options.Grace, and returns nil. The server is closed.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.options.HeaderTimeout,
		IdleTimeout:       s.options.IdleTimeout,
		MaxHeaderBytes:    headerBytes,
		TLSConfig:         s.options.TLS,
		Protocols:         new(http.Protocols),
		// what clients do wrong before a request is there
		ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelDebug),
	}
	server.Protocols.SetHTTP1(true) // alone: limits and the end are those of connections with one request at a time
	serve := server.Serve
	if s.options.TLS != nil {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	limited := access.Limit(l, s.options.Connections)
	ended := make(chan error, 1)
	go func() { ended <- serve(limited) }()
	defer server.Close()
	select {
	case err := <-ended:
		s.Close()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// Not by Shutdown, which drops requests whose header is just arriving. Here each one that comes on an open
	// connection is told that the server stops, and the connection is closed after it.
	s.Stop()
	limited.Close()
	server.SetKeepAlivesEnabled(false)
	ctx = context.WithoutCancel(ctx)
	if !limited.Wait(ctx, s.options.Grace) {
		s.options.Log.Warn("requests are not finished, the time for them is over")
	}
	s.Close() // whoever still waits is told so
	limited.Wait(ctx, lastWords)
	return nil
}

// lastWords is the time for the answers that nothing could be done.
const lastWords = time.Second
