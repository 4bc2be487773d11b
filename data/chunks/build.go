package chunks

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"t5train/data/parquetio"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
)

// Options say what to tokenize and how.
type Options struct {
	Column  string
	Threads int // at least 1; changes the time, not the store

	// Expect, if not empty, is the name that the store's folder must have: that of another store is [ErrOther], before
	// anything is made.
	Expect string

	Temporary bool // the caller removes the store: what is kept of it is not worth a word
	Sink      ui.Sink

	phases *ui.Phases // of Sink
}

func (o Options) say(key, format string, args ...any) {
	if !o.Temporary {
		ui.Detail(o.Sink, key, format, args...)
	}
}

// Made is what one call of Build has tokenized: nothing if the store was there already.
type Made struct {
	Rows      int64
	TextBytes int64
	Elapsed   time.Duration
}

// ErrOther says that the files are not those that a store was made of.
var ErrOther = errors.New("the files or the tokenizer are not those that its store was made of")

// Build opens the store of a column of set in the folder dir, and makes it first unless it is there: all of it, or,
// after a call that was stopped by ctx, a crash or a full disk, what is missing. Another process that makes the same
// store is waited for.
//
// A store that is there and damaged is an error that says what to remove. Other stores in dir are left alone.
func Build(ctx context.Context, dir string, set *parquetio.Dataset, tok Tokenizer, o Options) (*Store, Made, error) {
	if set == nil || tok == nil {
		return nil, Made{}, errors.New("make token store: it needs a data set and a tokenizer")
	}
	s, made, err := build(ctx, dir, set, tok, o, commitBytes)
	if err != nil {
		return nil, Made{}, fmt.Errorf("make token store in %s: %w", dir, atomicfile.WithRemedy(err))
	}
	return s, made, nil
}

// commitBytes is the text after which a store that is being made is brought to the disk: the work of some seconds.
const commitBytes = 64 << 20

func build(ctx context.Context, dir string, set *parquetio.Dataset, tok Tokenizer, o Options,
	commitBytes int64) (s *Store, made Made, err error) {
	if err := set.CheckColumns([]string{o.Column}); err != nil {
		return nil, Made{}, err
	}
	o.phases = ui.NewPhases(o.Sink)
	defer o.phases.Stop()
	key, files, err := newKey(ctx, set, tok, o)
	if err != nil {
		return nil, Made{}, err
	}
	if o.Expect != "" && key.name() != o.Expect {
		return nil, Made{}, ErrOther
	}
	path := filepath.Join(dir, key.name())
	if atomicfile.Exists(path) {
		s, err = openKey(ctx, path, key, o)
		return s, Made{}, err
	}
	if err := atomicfile.MkdirAll(dir); err != nil {
		return nil, Made{}, err
	}
	release, err := lock(ctx, filepath.Join(dir, "."+key.name()+".t5train-lock"), o)
	if err != nil {
		return nil, Made{}, err
	}
	defer release()
	if !atomicfile.Exists(path) { // else another process was faster
		if made, err = makeStore(ctx, path, key, set, files, tok, o, commitBytes); err != nil {
			return nil, Made{}, err
		}
	}
	s, err = openKey(ctx, path, key, o)
	return s, made, err
}

// openKey opens a store and makes sure that it is the one of the key.
func openKey(ctx context.Context, path string, key Key, o Options) (*Store, error) {
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if got := s.manifest.Key; got.name() != key.name() {
		s.Close()
		return nil, fmt.Errorf("%s holds the store %s: the folder was renamed, or its %s changed: %s", path,
			got.name(), manifestName, damaged)
	}
	return s, nil
}

// lock waits until no other process makes the store.
func lock(ctx context.Context, path string, o Options) (release func(), err error) {
	release, err = atomicfile.TryLock(path)
	if !errors.Is(err, atomicfile.ErrLocked) {
		return release, err
	}
	o.say("", "another process makes the same token store: waiting for it")
	return atomicfile.Lock(ctx, path)
}

// makeStore makes the store in path.part and renames it. The lock must be held.
func makeStore(ctx context.Context, path string, key Key, set *parquetio.Dataset, files *snapshot, tok Tokenizer,
	o Options, commitBytes int64) (made Made, err error) {
	p, err := openPart(path+".part", key, files, commitBytes)
	if err != nil {
		return Made{}, err
	}
	before := p.counts
	if before.Done > 0 {
		o.say("tokens", "%d of %d rows are there from an earlier call", before.Done, key.Rows)
	}
	begun := time.Now()
	err = tokenize(ctx, set, tok, o, p)
	if err == nil && p.counts.Tokens == 0 {
		err = fmt.Errorf("column %s of %s has no text in %d rows: choose another column or other files", o.Column,
			files.paths[0], key.Rows)
	}
	if err == nil {
		err = p.finish(path)
	}
	if err != nil {
		if kept := p.abandon(); kept > 0 {
			o.say("tokens", "%d of %d rows are kept in %s: the same command resumes from there", kept, key.Rows, p.dir)
		}
		return Made{}, err
	}
	return Made{p.counts.Done - before.Done, p.counts.TextBytes - before.TextBytes, time.Since(begun)}, nil
}
