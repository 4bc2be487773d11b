package trainer

import (
	"errors"
	"io"
	"sync"
	"time"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/model/kernel"
)

// snapshot is what one checkpoint of a run holds.
type snapshot struct {
	step               int
	best               bool // it is the best so far
	files              []tokenizer.File
	weights, optimizer []safetensors.Tensor
}

// saver writes the checkpoints of a run, in the background while training continues:
//
//	save     start: a goroutine writes the tensors from the memory of the model and the optimizer
//	step     forward and backward passes, which only read that memory
//	         detachAll: what is not written yet is copied, and written from the copy
//	         update of the weights
//
// So training stops for no longer than a copy takes, and mostly not at all. The copy takes at most the memory of one
// checkpoint, because a second one waits for the first. A saver is not safe for concurrent use.
type saver struct {
	run      *checkpoints.Run
	keepLast int
	workers  *kernel.Workers
	step     int         // of the last snapshot handed over, or of the checkpoint that the run was resumed at
	at       time.Time   // when the last one was handed over
	pending  chan error  // brings the result of the write in the background; nil without one
	borrowed []*borrowed // what it writes
	buffers  [][]byte    // for the copies, one for each tensor that ever needed one
}

func newSaver(run *checkpoints.Run, keepLast int, w *kernel.Workers) *saver {
	return &saver{run: run, keepLast: keepLast, workers: w, at: time.Now()}
}

// age returns the time since the last snapshot was handed over, or since the run began.
func (s *saver) age() time.Duration { return time.Since(s.at) }

// start writes a snapshot in the background. Its tensors must stay as they are until detachAll. The error is that of
// the write before: this one's comes from failed or wait.
func (s *saver) start(m snapshot) error {
	if err := s.wait(); err != nil {
		return err
	}
	s.step, s.at = m.step, time.Now()
	s.borrowed = nil
	weights, optimizer := s.borrow(m.weights), s.borrow(m.optimizer)
	if s.buffers == nil {
		s.buffers = make([][]byte, len(s.borrowed))
	}
	pending := make(chan error, 1)
	s.pending = pending
	go func() { pending <- s.store(m, weights, optimizer) }()
	return nil
}

// detachAll lets the caller change the tensors of the last snapshot.
func (s *saver) detachAll() {
	s.workers.Run(len(s.borrowed), func(i int) { s.buffers[i] = s.borrowed[i].detach(s.buffers[i]) })
	s.borrowed = nil
}

// write writes a snapshot before it returns. That a write before it has failed does no harm if this one is good.
func (s *saver) write(m snapshot) error {
	before := s.wait()
	s.step, s.at = m.step, time.Now()
	if err := s.store(m, safetensors.LazyOf(m.weights), safetensors.LazyOf(m.optimizer)); err != nil {
		return errors.Join(before, err)
	}
	return nil
}

// failed returns the error of the write in the background, nil while it is not done.
func (s *saver) failed() error {
	select {
	case err := <-s.pending:
		s.pending = nil
		return err
	default:
		return nil
	}
}

// wait ends when nothing is on its way to the disk, and returns the error of what was.
func (s *saver) wait() error {
	if s.pending == nil {
		return nil
	}
	err := <-s.pending
	s.pending = nil
	return err
}

// store brings a snapshot to the disk, with these tensors.
func (s *saver) store(m snapshot, weights, optimizer []safetensors.Lazy) error {
	err := s.run.Save(m.step, func(d *checkpoints.Dir) error {
		if err := checkpoints.WriteFolder(d, m.files, weights); err != nil {
			return err
		}
		if err := d.WriteLazy(optimizerName, optimizer, nil); err != nil {
			return err
		}
		return d.WriteChecksums()
	})
	if err != nil {
		return err
	}
	return tidy(s.run, m.step, m.best, s.keepLast)
}

// tidy does what is left once a checkpoint stands: it is marked as the best, if it is, and others are removed. A
// process may be killed before, so the next one does it again.
func tidy(run *checkpoints.Run, step int, best bool, keepLast int) error {
	if best {
		if err := run.SetBest(step); err != nil {
			return err
		}
	}
	return run.Prune(keepLast)
}

// borrow returns tensors to write, which detachAll takes back.
func (s *saver) borrow(tensors []safetensors.Tensor) []safetensors.Lazy {
	var all []safetensors.Lazy
	for _, t := range tensors {
		l := &borrowed{data: t.Data}
		s.borrowed = append(s.borrowed, l)
		all = append(all, safetensors.Lazy{Name: t.Name, DType: t.DType, Shape: t.Shape, Write: l.write})
	}
	return all
}

// borrowed is a tensor that is written from its owner's memory, or from a copy once the owner wants it back.
type borrowed struct {
	mu   sync.Mutex
	data []byte // nil when it is written
}

func (l *borrowed) write(w io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := w.Write(l.data)
	l.data = nil
	return err
}

// detach copies the tensor if it is not written yet: to buffer, which is made when nil. It returns buffer.
func (l *borrowed) detach(buffer []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.data == nil {
		return buffer
	}
	if buffer == nil {
		buffer = make([]byte, len(l.data))
	}
	copy(buffer, l.data)
	l.data = buffer
	return buffer
}
