package trainer

import (
	"errors"
	"time"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
)

// image is what one checkpoint of a run holds.
type image struct {
	step               int
	best               bool // it is the best so far
	files              []tokenizer.File
	weights, optimizer []safetensors.Tensor
}

// saver writes the checkpoints of a run. While training goes on it does so in the background, from a copy: that stops
// training for as long as the copy takes, and costs the memory of one checkpoint, because a second write waits for the
// first. It is for one goroutine.
type saver struct {
	run      *checkpoints.Run
	keepLast int
	step     int        // of the last image handed over
	at       time.Time  // when that was
	memory   []byte     // holds the copy
	flight   chan error // brings the result of the write in the background; nil without one
}

func newSaver(run *checkpoints.Run, keepLast int) *saver {
	return &saver{run: run, keepLast: keepLast, at: time.Now()}
}

// age returns the time since the last image was handed over, or since the run began.
func (s *saver) age() time.Duration { return time.Since(s.at) }

// start writes an image in the background. The caller may change its tensors at once. The error is that of the write
// before: this one's comes from failed or wait.
func (s *saver) start(m image) error {
	if err := s.wait(); err != nil {
		return err
	}
	s.step, s.at = m.step, time.Now()
	m = s.copied(m)
	flight := make(chan error, 1)
	s.flight = flight
	go func() { flight <- s.store(m) }()
	return nil
}

// write writes an image before it returns. That a write before it has failed does no harm if this one is good.
func (s *saver) write(m image) error {
	before := s.wait()
	s.step, s.at = m.step, time.Now()
	if err := s.store(m); err != nil {
		return errors.Join(before, err)
	}
	return nil
}

// failed returns the error of the write in the background, nil while it goes on.
func (s *saver) failed() error {
	select {
	case err := <-s.flight:
		s.flight = nil
		return err
	default:
		return nil
	}
}

// wait ends when nothing is on its way to the disk, and returns the error of what was.
func (s *saver) wait() error {
	if s.flight == nil {
		return nil
	}
	err := <-s.flight
	s.flight = nil
	return err
}

// copied returns an image with tensors of its own, in the memory of the image before.
func (s *saver) copied(m image) image {
	size := 0
	for _, tensors := range [][]safetensors.Tensor{m.weights, m.optimizer} {
		for _, t := range tensors {
			size += len(t.Data)
		}
	}
	if len(s.memory) < size {
		s.memory = make([]byte, size)
	}
	free := s.memory
	take := func(tensors []safetensors.Tensor) []safetensors.Tensor {
		own := make([]safetensors.Tensor, len(tensors))
		for i, t := range tensors {
			n := copy(free, t.Data)
			t.Data, free = free[:n:n], free[n:]
			own[i] = t
		}
		return own
	}
	m.weights, m.optimizer = take(m.weights), take(m.optimizer)
	return m
}

// store brings an image to the disk.
func (s *saver) store(m image) error {
	err := s.run.Save(m.step, func(d *checkpoints.Dir) error {
		if err := writeModelFolder(d, m.files, m.weights); err != nil {
			return err
		}
		return d.WriteTensors(optimizerName, m.optimizer, nil)
	})
	if err != nil {
		return err
	}
	return s.finish(m.step, m.best)
}

// finish does what is left once a checkpoint stands: it is marked as the best, if it is, and others make room. A process
// may be killed before, so the next one does it again.
func (s *saver) finish(step int, best bool) error {
	if best {
		if err := s.run.SetBest(step); err != nil {
			return err
		}
	}
	return s.run.Prune(s.keepLast)
}
