package serve

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"t5train/data/task"
	"t5train/internal/loopback"
	"t5train/model/generate"
	"t5train/trainer/serve/access"
	"t5train/trainer/serve/adapters"
)

// Options configure a server. The zero value of a field is its default, which stands in parentheses.
type Options struct {
	Task task.Spec // what corrects the task that the checkpoint remembers
	Name string    // of the model, for GET /v1/model

	// Adapters of which each request chooses one, or none. They take the memory of their own weights alone.
	Adapters []adapters.Adapter

	// Generation is how text is generated where a request does not say it: what checkpoints.ReadGeneration reads from a
	// checkpoint. MaxTokens 0 is the checkpoint's limit, or else 128.
	Generation generate.Options

	Threads     int // that compute (all processors)
	Workers     int // batches that are computed at the same time (1): more help small models on many processors
	BatchSize   int // sequences of a batch (32); each beam and each sample of an input is one
	BatchTokens int // tokens of a batch (32,768): of the inputs, and of the outputs that they may have

	Queue          int   // inputs that may wait (1,024)
	MaxBody        int64 // bytes of a request's body (1 MiB, at most 1 GiB); all bodies together have 64 times that
	MaxInputs      int   // inputs of a request, and texts of any other list in it (128)
	MaxInputLength int   // tokens of an input, EOS included (the checkpoint's, or else 512)
	// tokens of an output that may be asked for (512, or the checkpoint's if that is more)
	MaxOutputLength int
	MaxBeams        int           // beams or samples of an input (16)
	Timeout         time.Duration // until an answer (1 minute)

	HeaderTimeout time.Duration // for a request's header to arrive, used by Run (5 s)
	ReadTimeout   time.Duration // for a request's body to arrive (10 s)
	WriteTimeout  time.Duration // for an answer to be taken (30 s)
	IdleTimeout   time.Duration // that Run keeps a connection without a request (30 s)
	Connections   int           // at the same time, used by Run (2,048); others wait until one ends
	Grace         time.Duration // that Run gives unfinished requests when it stops (30 s)

	// Hosts are the names under which the server may be asked, whatever the port (those of the loopback interface). A
	// web page that makes its own name point to this machine uses another one, so it is refused. "*" allows every name.
	Hosts []string

	Keys *access.Keys // of which a client must show one (none: everybody may ask)
	TLS  *tls.Config  // of Run: connections are encrypted (they are not)

	Log *slog.Logger // a line for each request, without texts (none)
}

func (o Options) withDefaults() Options {
	setDefault(&o.Workers, 1)
	setDefault(&o.BatchSize, 32)
	setDefault(&o.BatchTokens, 32768)
	setDefault(&o.Queue, 1024)
	setDefault(&o.MaxBody, 1<<20)
	setDefault(&o.MaxInputs, 128)
	setDefault(&o.MaxBeams, 16)
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.HeaderTimeout, 5*time.Second)
	setDefault(&o.ReadTimeout, 10*time.Second)
	setDefault(&o.WriteTimeout, 30*time.Second)
	setDefault(&o.IdleTimeout, 30*time.Second)
	setDefault(&o.Connections, 2048)
	setDefault(&o.Grace, 30*time.Second)
	hosts := make([]string, len(o.Hosts))
	for i, host := range o.Hosts {
		hosts[i] = loopback.Name(host)
	}
	o.Hosts = hosts
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// maxBody is the largest Options.MaxBody: an int holds a byte more, and an int64 all that Server.bodies may hold.
const maxBody = 1 << 30

// check reports what cannot be, after the defaults are in.
func (o Options) check() error {
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"Workers", int64(o.Workers)}, {"BatchSize", int64(o.BatchSize)}, {"BatchTokens", int64(o.BatchTokens)},
		{"Queue", int64(o.Queue)},
		{"MaxBody", o.MaxBody}, {"MaxInputs", int64(o.MaxInputs)}, {"MaxBeams", int64(o.MaxBeams)},
		{"Timeout", int64(o.Timeout)},
		{"HeaderTimeout", int64(o.HeaderTimeout)}, {"ReadTimeout", int64(o.ReadTimeout)},
		{"WriteTimeout", int64(o.WriteTimeout)},
		{"IdleTimeout", int64(o.IdleTimeout)}, {"Connections", int64(o.Connections)}, {"Grace", int64(o.Grace)},
		{"MaxInputLength", int64(o.MaxInputLength) + 1}, {"MaxOutputLength", int64(o.MaxOutputLength) + 1},
		{"Threads", int64(o.Threads) + 1},
	} {
		if limit.value <= 0 {
			return fmt.Errorf("serve: %s is negative, want more than 0, or 0 for the default", limit.name)
		}
	}
	if o.MaxBody > maxBody {
		return fmt.Errorf("serve: MaxBody is %d, want at most %d: send inputs in several requests",
			o.MaxBody, int64(maxBody))
	}
	if o.MaxInputs > o.Queue {
		return fmt.Errorf("serve: a request may have %d inputs, but only %d may wait: raise Queue or lower MaxInputs",
			o.MaxInputs, o.Queue)
	}
	return nil
}
