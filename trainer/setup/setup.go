package setup

import (
	"errors"

	"t5train/data"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
)

// Datasets is what a run works with: examples to train on, and held-out ones.
type Datasets struct {
	Train   data.Source
	HeldOut evaluate.Set      // nil without evaluation
	Digests map[string]string // of all data by its key in the configuration: equal digests are equal examples
	Tokens  int64             // in the token stores of train
	Notes   []ui.Note         // on the data
	closers []func() error
}

// AddDigest keeps the digest of what a key of the configuration names.
func (m *Datasets) AddDigest(key, digest string) {
	if m.Digests == nil {
		m.Digests = make(map[string]string)
	}
	m.Digests[key] = digest
}

// Close ends the use of everything that is open.
func (m *Datasets) Close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c())
	}
	m.closers = nil
	return errors.Join(errs...)
}

// ErrOtherData says what to do about data that is not what it was.
var ErrOtherData = errors.New("restore the files, choose another run.output, or start again with run.overwrite")
