package predict

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/difference"
)

// AnswerFile keeps the answers to many inputs in a file that grows for hours: an interrupted command resumes it, and
// its name holds all answers or none. It is not safe for concurrent use.
//
// While answers come, OUTPUT.part has their lines, each a JSON object that begins with its input, and
// OUTPUT.t5train.json tells what they are made by. After the last one the lines become OUTPUT: by their new name, or as
// rows of parquet. To resume, the inputs are read again, and each is checked against the line that answers it.
//
//	file, err := predict.OpenAnswers("answers.jsonl", job, false)
//	defer file.Close()
//	for each input {
//	    answered, err := file.Match(beginning of its line)
//	    if !answered {
//	        _, err = file.Write(line)
//	    }
//	}
//	err = file.Finish(nil)
type AnswerFile struct {
	path   string // of the complete file
	job    Job
	unlock func()

	part     *atomicfile.File // nil until there is something to write, or a partial file to resume
	writer   *bufio.Writer
	synced   time.Time
	complete bool      // path has all answers
	replaces bool      // path has something else, which stays until all answers are there
	inputs   hash.Hash // of the beginnings so far

	// Of a file that was complete when it was opened: what the hash must become.
	wanted string

	// The lines of an earlier command that are still to be matched, the next of which begins at the byte at.
	old *bufio.Reader
	at  int64
}

// syncEvery bounds what a machine that stops can lose. A process that is killed loses what has not been flushed.
const syncEvery = 5 * time.Second

// OpenAnswers prepares the file of answers at path, or resumes what an interrupted command of the same job has
// left there. With overwrite it begins anew: the answers so far go when the first new one comes, and a file at path is
// replaced when the last one is there. Without, a file of anything else is an error. Nobody else can open it until
// Close.
func OpenAnswers(path string, job Job, overwrite bool) (*AnswerFile, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link shall keep pointing to the file
	}
	unlock, err := atomicfile.TryLock(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".t5train-lock"))
	if errors.Is(err, atomicfile.ErrLocked) {
		return nil, fmt.Errorf("write %s: another process is writing it: wait for it, or choose another run.output",
			path)
	}
	if err != nil {
		return nil, atomicfile.WriteError(path, err)
	}
	f := &AnswerFile{path: path, job: job, unlock: unlock, synced: time.Now(), inputs: sha256.New()}
	if err := f.open(overwrite); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *AnswerFile) partPath() string   { return f.path + ".part" }
func (f *AnswerFile) readyPath() string  { return f.path + ".ready" }
func (f *AnswerFile) recordPath() string { return f.path + ".t5train.json" }

func (f *AnswerFile) open(overwrite bool) error {
	if overwrite {
		_, err := os.Lstat(f.path)
		f.replaces = err == nil
		return nil
	}
	raw, err := bounded.ReadFile(f.recordPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.vacant()
	case err != nil:
		return fmt.Errorf("resume %s: %w", f.path, err)
	}
	r, err := parseRecord(raw)
	if err != nil {
		return fmt.Errorf("resume %s: read %s: %w: start again with run.overwrite, or choose another "+
			"run.output", f.path, f.recordPath(), err)
	}
	if changes := difference.Of(r.Job, f.job); len(changes) > 0 {
		return fmt.Errorf("resume %s: its answers are made otherwise (its value -> yours):\n  %s\nundo the "+
			"changes, choose another run.output, or start again with run.overwrite",
			f.path, strings.Join(changes, "\n  "))
	}
	f.replaces = r.Replaces
	if r.Complete != nil {
		return f.completed(*r.Complete)
	}
	return f.goOn()
}

// vacant makes sure that nothing is where a file is to begin.
func (f *AnswerFile) vacant() error {
	for _, path := range []string{f.path, f.partPath()} {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("write %s: there is a file %s that this command has not made: choose another "+
				"run.output, or replace it with run.overwrite", f.path, path)
		}
	}
	return nil
}

// begin starts a file, with the first answer, so that a command without one changes nothing. Whenever it is killed, the
// record is of the answers that are there: those of another command go before it is written, the new ones come after.
func (f *AnswerFile) begin() error {
	for _, path := range []string{f.readyPath(), f.partPath()} {
		if err := atomicfile.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("overwrite: %w", atomicfile.WithRemedy(err))
		}
	}
	if err := f.note(nil); err != nil {
		return err
	}
	part, err := atomicfile.Create(f.partPath())
	if err != nil {
		return atomicfile.WriteError(f.path, err)
	}
	f.part, f.writer = part, bufio.NewWriter(part)
	return nil
}

// note writes what makes the answers, and what they are once they are complete.
func (f *AnswerFile) note(complete *completion) error {
	raw, err := record{f.job, f.replaces, complete}.file()
	if err == nil {
		err = atomicfile.ReplaceFile(f.recordPath(), raw)
	}
	return atomicfile.WriteError(f.path, err)
}

// completed is for a command of which all answers are there. It may have been killed just before they got their name,
// which something else may still have.
func (f *AnswerFile) completed(c completion) error {
	f.wanted, f.complete = c.Inputs, true
	ready := f.partPath()
	if c.Converted {
		ready = f.readyPath()
	}
	if info, err := os.Stat(ready); err == nil && info.Size() == c.Bytes {
		return f.rename(ready)
	}
	if info, err := os.Stat(f.path); err == nil {
		if info.Size() != c.Bytes {
			return fmt.Errorf("write %s: it has been changed since it was made: choose another run.output, or "+
				"replace it with run.overwrite", f.path)
		}
		return nil
	}
	f.wanted, f.complete, f.replaces = "", false, false
	return f.vacant() // somebody has moved it away
}

// Complete reports whether the file has all answers.
func (f *AnswerFile) Complete() bool { return f.complete }

// goOn opens the answers so far.
func (f *AnswerFile) goOn() error {
	if _, err := os.Lstat(f.path); err == nil && !f.replaces {
		return fmt.Errorf("write %s: it exists, but the answers so far are in %s: move it away, choose another "+
			"run.output, or start again with run.overwrite", f.path, f.partPath())
	}
	part, err := atomicfile.OpenFile(f.partPath(), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("resume %s: %w", f.path, atomicfile.WithRemedy(err))
	}
	f.part = part
	info, err := part.Stat()
	if err != nil {
		return fmt.Errorf("resume %s: %w", f.path, err)
	}
	f.writer, f.old = bufio.NewWriter(part), bufio.NewReader(io.NewSectionReader(part, 0, info.Size()))
	return nil
}

// Close ends the work on the file. Answers that are flushed stay for the command that resumes; without any, no part
// does.
func (f *AnswerFile) Close() error {
	if f.unlock == nil {
		return nil
	}
	defer func() { f.unlock(); f.unlock = nil }()
	if f.part == nil {
		return nil
	}
	info, err := f.part.Stat()
	err = errors.Join(err, f.part.Close())
	if err == nil && info.Size() == 0 && !f.complete {
		err = atomicfile.Remove(f.partPath())
		if !f.replaces {
			err = errors.Join(err, atomicfile.Remove(f.recordPath()))
		}
	}
	return err
}
